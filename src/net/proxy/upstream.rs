//! Where calls are passed on to: one place, fixed when the proxy starts.

use reqwest::Url;

/// A URL that calls cannot be passed on to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("calls cannot be passed on to {url}: {reason}\nhint: give the base URL of an API, such as https://api.openai.com/v1")]
pub struct UpstreamError {
    /// The URL as it was given.
    pub url: String,
    /// Why not.
    pub reason: String,
}

/// The upstream: scheme, host and port of every call, and the path below which all calls lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Without a path.
    root: Url,
    /// The base URL's path, without a slash at its end; empty for none.
    path: String,
}

impl Upstream {
    /// The upstream at base URL `url`.
    ///
    /// # Errors
    /// When it is no http or https URL, or holds what a base URL cannot: a user, a query or a fragment.
    pub fn parse(url: &str) -> Result<Upstream, UpstreamError> {
        let failed = |reason: String| UpstreamError { url: url.to_owned(), reason };
        let mut root = Url::parse(url).map_err(|error| failed(error.to_string()))?;
        if !matches!(root.scheme(), "http" | "https") {
            return Err(failed(format!("`{}` is not http or https", root.scheme())));
        }
        if !root.username().is_empty() || root.password().is_some() {
            // The URL is recorded, so it is no place for a password; nor is this message.
            return Err(UpstreamError {
                url: root.host_str().unwrap_or_default().to_owned(),
                reason: "it holds a user name".into(),
            });
        }
        if root.query().is_some() || root.fragment().is_some() {
            return Err(failed("it has a query or a fragment".into()));
        }
        let path = root.path().trim_end_matches('/').to_owned();
        root.set_path("");
        Ok(Upstream { root, path })
    }

    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> String {
        self.root.as_str().trim_end_matches('/').to_owned() + &self.path
    }

    /// The base URL's path, without a slash at its end; empty for none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The root of all paths, as a URL.
    pub fn root(&self) -> &Url {
        &self.root
    }

    /// True if `base_url` is this place too, in whatever version of its API.
    pub fn is(&self, base_url: &str) -> bool {
        Url::parse(base_url).is_ok_and(|url| url.origin() == self.root.origin())
    }

    /// The URL of a call to `target`, the path and query of its request line. A client that is given the base URL's path, or the
    /// end of it (`/v1`), means the same as one that is not. `None` if `target` leads elsewhere.
    pub fn url(&self, target: &str) -> Option<Url> {
        let root = self.root.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{root}{}", below(&self.path, target))).ok()?;
        let same = target.starts_with('/') && url.origin() == self.root.origin() && url.username().is_empty();
        same.then_some(url)
    }
}

/// `target` below `base`. The longest end of `base`, in whole segments, that `target` begins with is there once.
fn below(base: &str, target: &str) -> String {
    let overlap = base.match_indices('/').find_map(|(at, _)| {
        let rest = target.strip_prefix(&base[at..])?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    });
    format!("{base}{}", overlap.unwrap_or(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_below_the_base_however_the_client_was_pointed_here() {
        let check = |base: &str, target: &str, wanted: &str| {
            let upstream = Upstream::parse(base).expect("a base URL");
            assert_eq!(upstream.url(target).map(String::from).as_deref(), Some(wanted), "{base} and {target}");
        };
        check("https://a", "/v1/messages?beta=true", "https://a/v1/messages?beta=true");
        check("https://a/", "/v1/messages", "https://a/v1/messages");
        check("https://a/v1", "/v1/chat/completions", "https://a/v1/chat/completions");
        check("https://a/v1/", "/chat/completions", "https://a/v1/chat/completions");
        check("https://a/v1", "/v1beta/models", "https://a/v1/v1beta/models");
        check("https://a/api/v1", "/v1/models?x=1", "https://a/api/v1/models?x=1");
        check("https://a/api/v1", "/api/v1/models", "https://a/api/v1/models");
        check("https://a/api/v1", "/v1", "https://a/api/v1");
        check("http://a:81", "//b/x", "http://a:81//b/x");
        check("http://a:81", "/@b/x", "http://a:81/@b/x");
    }

    #[test]
    fn a_target_cannot_lead_elsewhere() {
        let upstream = Upstream::parse("http://a").expect("a base URL");
        for target in ["@b/x", ":99/x", ".b/x", "http://b/x", "*", ""] {
            assert_eq!(upstream.url(target), None, "{target}");
        }
    }

    #[test]
    fn a_base_url_is_checked() {
        for url in ["ftp://a", "a/v1", "file:///etc", "https://user:secret@a/v1", "https://a/v1?key=secret", "https://a/#x"] {
            let error = Upstream::parse(url).expect_err(url).to_string();
            assert!(error.contains("hint: ") && !error.contains("user:secret"), "{error}");
        }
    }
}
