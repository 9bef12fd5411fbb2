//! Curl's options: what each one means here.

/// What is done with an option.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// `-d`: data, or `@FILE` without line breaks.
    Data,
    /// Data as it is.
    DataRaw,
    /// Data, or `@FILE` as it is.
    DataBinary,
    /// As [`Action::DataBinary`], as JSON.
    Json,
    /// A header.
    Header,
    /// The value of this header.
    HeaderNamed(&'static str),
    /// A bearer token.
    Bearer,
    /// `USER:PASSWORD`.
    User,
    /// Cookies.
    Cookie,
    /// The method.
    Method,
    /// The URL.
    Url,
    /// Seconds for everything.
    MaxTime,
    /// Seconds until a connection stands.
    ConnectTimeout,
    /// Without meaning here, or done anyway.
    Silent,
    /// As [`Action::Silent`], with a value.
    SilentValue,
    /// Left out, and why.
    Dropped(&'static str),
    /// As [`Action::Dropped`], with a value.
    DroppedValue(&'static str),
    /// Not done, and what would do.
    Refused(&'static str),
    /// As [`Action::Refused`], with a value.
    RefusedValue(&'static str),
}

/// An option.
#[derive(Debug)]
pub struct Flag {
    /// Its letter.
    pub short: Option<char>,
    /// Its name.
    pub long: &'static str,
    /// What is done with it.
    pub action: Action,
}

impl Flag {
    /// True if a value follows it.
    pub fn takes_value(&self) -> bool {
        !matches!(self.action, Action::Silent | Action::Dropped(_) | Action::Refused(_))
    }
}

const fn row(short: char, long: &'static str, action: Action) -> Flag {
    Flag { short: if short == ' ' { None } else { Some(short) }, long, action }
}

const OUTPUT: &str = "what comes is recorded, and its text goes to standard output";
const HEADS: &str = "heads are in the recording";
const FORMS: &str = "models take JSON: give it with -d or --json";
const TRUST: &str = "certificates are always checked: leave it out, and add the server's authority to those the system trusts";
const PROXY: &str = "set HTTPS_PROXY in the environment";
const CERTIFICATES: &str =
    "client certificates and authorities of one's own are not supported; ask through a local proxy that adds them";

/// Every option that is known.
pub const FLAGS: &[Flag] = &[
    row('d', "data", Action::Data),
    row(' ', "data-ascii", Action::Data),
    row(' ', "data-raw", Action::DataRaw),
    row(' ', "data-binary", Action::DataBinary),
    row(' ', "json", Action::Json),
    row('H', "header", Action::Header),
    row('X', "request", Action::Method),
    row(' ', "url", Action::Url),
    row('u', "user", Action::User),
    row(' ', "oauth2-bearer", Action::Bearer),
    row('A', "user-agent", Action::HeaderNamed("user-agent")),
    row('e', "referer", Action::HeaderNamed("referer")),
    row('b', "cookie", Action::Cookie),
    row('m', "max-time", Action::MaxTime),
    row(' ', "connect-timeout", Action::ConnectTimeout),
    row('N', "no-buffer", Action::Silent),
    row('s', "silent", Action::Silent),
    row('S', "show-error", Action::Silent),
    row('f', "fail", Action::Silent),
    row(' ', "fail-with-body", Action::Silent),
    row('#', "progress-bar", Action::Silent),
    row(' ', "no-progress-meter", Action::Silent),
    row('g', "globoff", Action::Silent),
    row(' ', "basic", Action::Silent),
    row(' ', "trace-time", Action::Silent),
    row(' ', "tcp-nodelay", Action::Silent),
    row(' ', "no-keepalive", Action::Silent),
    row(' ', "http1.1", Action::Silent),
    row(' ', "http2", Action::Silent),
    row(' ', "tlsv1.2", Action::Silent),
    row('4', "ipv4", Action::Dropped("either protocol is used")),
    row('6', "ipv6", Action::Dropped("either protocol is used")),
    row('i', "include", Action::Dropped(HEADS)),
    row('v', "verbose", Action::Dropped(HEADS)),
    row('D', "dump-header", Action::DroppedValue(HEADS)),
    row('o', "output", Action::DroppedValue(OUTPUT)),
    row('O', "remote-name", Action::Dropped(OUTPUT)),
    row('w', "write-out", Action::DroppedValue(OUTPUT)),
    row(' ', "trace", Action::DroppedValue(OUTPUT)),
    row(' ', "trace-ascii", Action::DroppedValue(OUTPUT)),
    row('c', "cookie-jar", Action::DroppedValue("cookies are not kept")),
    row(' ', "compressed", Action::Dropped("compression hides when each part of a stream came")),
    row('L', "location", Action::Dropped("redirects are not followed: they would show the key to another server")),
    row(' ', "retry", Action::DroppedValue("the configuration says how often is tried")),
    row(' ', "retry-delay", Action::DroppedValue("the configuration says how often is tried")),
    row(' ', "retry-max-time", Action::DroppedValue("the configuration says how often is tried")),
    row('k', "insecure", Action::Refused(TRUST)),
    row('x', "proxy", Action::RefusedValue(PROXY)),
    row(' ', "socks5", Action::RefusedValue(PROXY)),
    row(' ', "cacert", Action::RefusedValue(CERTIFICATES)),
    row('E', "cert", Action::RefusedValue(CERTIFICATES)),
    row(' ', "key", Action::RefusedValue(CERTIFICATES)),
    row('F', "form", Action::RefusedValue(FORMS)),
    row(' ', "data-urlencode", Action::RefusedValue(FORMS)),
    row('G', "get", Action::Refused("every stream is asked for with POST")),
    row('I', "head", Action::Refused("every stream is asked for with POST")),
    row('T', "upload-file", Action::RefusedValue("give the body with --data-binary @FILE")),
    row('K', "config", Action::RefusedValue("put the options on the command line")),
    row(' ', "aws-sigv4", Action::RefusedValue("requests are not signed; use a bearer token where the service takes one")),
    row(' ', "unix-socket", Action::RefusedValue("only TCP is spoken")),
    row(' ', "resolve", Action::RefusedValue("put the address into the URL, and the name into a Host entry of the system")),
    row(' ', "next", Action::Refused("one request is sent at a time")),
    row('Z', "parallel", Action::Refused("one request is sent at a time")),
    row(' ', "limit-rate", Action::SilentValue),
    row(' ', "keepalive-time", Action::SilentValue),
];
