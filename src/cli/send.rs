//! `stutterscope send`: one request, headless. Repaired text to standard output the moment it is released.

mod input;
mod print;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    cli::{Failure, Outcome},
    core::{
        class::Level,
        desk::{Desk, Timeouts},
        engine::Engine,
        input::{End, What},
        machine::EndReason,
        params::{Profile, Strategy},
        time::Micros,
    },
    net::{
        client::{self, Save},
        demo::DemoServer,
        providers::{self, Provider},
        request::{Draft, RequestSpec},
    },
    session::live::LiveLog,
};

/// Arguments of `send`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The prompt; standard input when it is piped
    prompt: Option<String>,
    /// JSON body instead of a prompt: the JSON itself, @FILE, or @- for standard input
    #[arg(short, long, value_name = "JSON|@FILE|@-", conflicts_with = "prompt")]
    data: Option<String>,
    /// Add a request header
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = input::header)]
    headers: Vec<(String, String)>,
    /// Model; for the demo provider the name of a scenario
    #[arg(short, long)]
    model: Option<String>,
    /// Base URL, such as https://api.openai.com/v1
    #[arg(short = 'u', long, value_name = "URL")]
    base_url: Option<String>,
    /// Provider; the embedded demo provider when nothing else is configured
    #[arg(short = 'P', long)]
    provider: Option<String>,
    /// Dialect to speak, when the provider's name and URL do not say
    #[arg(long, value_name = "ID")]
    dialect: Option<String>,
    /// Record here instead of in the data directory
    #[arg(short, long, value_name = "RECORDING")]
    output: Option<PathBuf>,
    /// Keep no recording
    #[arg(long, conflicts_with = "output")]
    no_save: bool,
    /// Wire bytes to standard output, as they came
    #[arg(long)]
    raw: bool,
    /// Longest time for everything, such as 90s or 2m
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    max_time: Option<Micros>,
    /// Longest time until a connection stands
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    connect_timeout: Option<Micros>,
    /// Longest time until the first byte of the body
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    first_byte_timeout: Option<Micros>,
    /// Longest time between two reads of the body
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    idle_timeout: Option<Micros>,
    /// Most attempts
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20))]
    attempts: u32,
    /// How to judge: evidence, v1, v2, v2-states, growth or none
    #[arg(long, value_parser = input::strategy, default_value = "evidence")]
    strategy: Strategy,
    /// Speed of the embedded demo provider
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    /// Request and response heads to standard error
    #[arg(short, long)]
    verbose: bool,
}

/// Sends one request and prints what is released.
pub fn run(args: Args) -> Outcome {
    // Reading must go on while standard output blocks, so it has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::usage)?;
    let outcome = runtime.block_on(send(args));
    // A read of standard input cannot be stopped, and nothing is left to wait for.
    runtime.shutdown_background();
    outcome
}

async fn send(args: Args) -> Outcome {
    let mut provider = choose(&args)?;
    let demo = provider.name == providers::DEMO && args.base_url.is_none();
    let body = args.data.as_deref().map(input::body).transpose()?;
    let prompt = if body.is_some() { None } else { input::prompt(args.prompt.clone(), demo)? };
    // Kept until the end: it stops when dropped.
    let _server = if demo { Some(start_demo(&args, &mut provider).await?) } else { None };
    let defaults = Timeouts::default();
    let draft = Draft {
        prompt,
        body,
        model: args.model.clone(),
        base_url: args.base_url.clone(),
        headers: args.headers.clone(),
        timeouts: Timeouts {
            connect: args.connect_timeout.or(defaults.connect),
            first_byte: args.first_byte_timeout.or(defaults.first_byte),
            idle: args.idle_timeout.or(defaults.idle),
            total: args.max_time,
        },
        max_attempts: args.attempts,
    };
    let (spec, remarks) = RequestSpec::build(&provider, draft, |name| std::env::var(name).ok()).map_err(Failure::usage)?;
    for remark in remarks {
        print::note(&remark);
    }
    let profile = Profile { strategy: args.strategy, ..Profile::default() };
    let save = match &args.output {
        _ if args.no_save => Save::No,
        Some(path) => Save::At(path),
        None => Save::Library,
    };
    let log = client::open(&spec, &profile, save).map_err(Failure::usage)?;
    let (cancel, cancelled) = watch::channel(false);
    let desk = Arc::new(Mutex::new(Desk::default()));
    let sending = tokio::spawn(client::run(spec, desk, log.clone(), cancelled));
    let followed = follow(&args, &log, Engine::new(profile), &cancel).await;
    // The log is closed, so it has ended or is about to.
    let _ = sending.await;
    let Followed { engine, end, interrupted, broken_pipe } = followed?;
    if let Some(error) = log.take_recording_error() {
        print::note(&error.to_string());
    }
    print::summary(&engine, log.path().as_deref());
    Ok(match () {
        () if interrupted => ExitCode::from(130),
        () if broken_pipe => ExitCode::SUCCESS,
        () => exit_code(&engine, end.as_ref()),
    })
}

/// What following a session came to.
struct Followed {
    engine: Engine,
    /// The last end.
    end: Option<End>,
    interrupted: bool,
    broken_pipe: bool,
}

/// Folds what comes and prints what is released, until the log is closed.
async fn follow(args: &Args, log: &LiveLog, mut engine: Engine, cancel: &watch::Sender<bool>) -> Result<Followed, Failure> {
    let mut printer = print::Printer::new(io::stdout(), args.raw, args.verbose);
    let mut inputs = Vec::new();
    let (mut end, mut interrupted, mut broken_pipe) = (None, false, false);
    loop {
        // Asked before draining: what was pushed before the close is in this drain or an earlier one.
        let closed = log.is_closed();
        let now = log.drain(&mut inputs);
        let mut written = Ok(());
        for input in inputs.drain(..) {
            engine.fold(&input);
            written = written.and_then(|()| printer.input(&input.what));
            if let What::End(this) = input.what {
                end = Some(this);
            }
        }
        engine.advance(now);
        written = written.and_then(|()| printer.release(&engine));
        if let Err(error) = written
            && !broken_pipe
        {
            // Whoever read us wants no more, so neither do we of the provider.
            cancel.send_replace(true);
            broken_pipe = true;
            printer.mute();
            if error.kind() != io::ErrorKind::BrokenPipe {
                return Err(error.into());
            }
        }
        if closed {
            printer.finish()?;
            return Ok(Followed { engine, end, interrupted, broken_pipe });
        }
        let wait = engine.judgement.next_deadline().map(|deadline| Duration::from_micros(deadline.since(log.now()).0));
        tokio::select! {
            () = log.changed() => {}
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            interrupt = tokio::signal::ctrl_c() => {
                interrupt.map_err(Failure::usage)?;
                if interrupted {
                    return Err(Failure { code: 130, message: "interrupted twice; the recording may lack its end".into() });
                }
                interrupted = true;
                cancel.send_replace(true);
            }
        }
    }
}

/// 3 when the provider or the transport failed, 1 when something is to be looked at, else 0.
fn exit_code(engine: &Engine, end: Option<&End>) -> ExitCode {
    let failed = matches!(engine.judgement.ended, None | Some(EndReason::Error | EndReason::TimedOut | EndReason::Refused));
    if failed || end == Some(&End::Reset) {
        return ExitCode::from(3);
    }
    let flagged = engine.judgement.findings.iter().any(|finding| finding.level >= Level::Warning);
    ExitCode::from(u8::from(flagged))
}

/// The provider that the arguments name, or the demo provider.
fn choose(args: &Args) -> Result<Provider, Failure> {
    let known = providers::all(&BTreeMap::new());
    let mut provider = match (&args.provider, &args.base_url) {
        (Some(name), _) => known.iter().find(|provider| provider.name == *name).cloned().ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|provider| provider.name.as_str()).collect();
            Failure::usage(format!("there is no provider `{name}`\nhint: known are {}; -u takes any URL", names.join(", ")))
        })?,
        (None, Some(url)) => Provider::at(url),
        (None, None) => known
            .into_iter()
            .find(|provider| provider.name == providers::DEMO)
            .ok_or_else(|| Failure::usage("no provider is configured\nhint: name one with -P, or give a URL with -u"))?,
    };
    if let Some(dialect) = &args.dialect {
        provider.dialect.clone_from(dialect);
    }
    Ok(provider)
}

async fn start_demo(args: &Args, provider: &mut Provider) -> Result<DemoServer, Failure> {
    let server = DemoServer::start(0, args.speed).await;
    let server = server.map_err(|error| Failure::usage(format!("the demo provider cannot start: {error}\nhint: check --speed")))?;
    if let Some(dialect) = crate::core::dialect::by_id(&provider.dialect) {
        provider.base_url = server.base_url(dialect);
    }
    Ok(server)
}
