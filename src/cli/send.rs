//! `stutterscope send`: one request, headless. Repaired text to standard output the moment it is released.

pub mod follow;
pub mod input;

use std::{
    io::{self, Write},
    iter,
    path::PathBuf,
    process::ExitCode,
};

use tokio::sync::watch;

use crate::{
    cli::{
        Failure, Outcome,
        interrupt::Interrupt,
        judging::{Judging, JudgingArgs},
        send::follow::{Followed, Printer},
    },
    config::Config,
    core::{
        class::Level,
        desk::{Desk, Timeouts},
        engine::Engine,
        error::Fault,
        input::{End, Head, What},
        machine::EndReason,
        params::Profile,
        reading::{ChunkId, Mark},
        time::Micros,
    },
    net::{
        client::{self, Save, SharedDesk},
        curl,
        demo::{DemoServer, scenarios},
        providers::{self, Provider},
        request::{Draft, RequestSpec},
    },
    report::Report,
    session::habits::{self, Habits},
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
    /// Base URL of an API, up to its version
    #[arg(short = 'u', long, value_name = "URL", help = "Base URL, such as https://api.openai.com/v1")]
    base_url: Option<String>,
    /// Provider; the embedded demo provider when nothing else is configured
    #[arg(short = 'P', long)]
    provider: Option<String>,
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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    attempts: Option<u32>,
    /// Send the request as it is, even if it looks wrong
    #[arg(long)]
    unchecked: bool,
    /// Print the request as a curl command, without the key, and send nothing
    #[arg(long)]
    curl: bool,
    /// Speed of the embedded demo provider
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    /// Request and response heads to standard error
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    judging: JudgingArgs,
}

/// Sends one request and prints what is released.
pub fn run(args: Args) -> Outcome {
    let interrupt = Interrupt::watch()?;
    block_on(send(args, &interrupt))
}

/// Runs a command that sends to its end.
///
/// # Errors
/// The command's own, or when no thread can be started.
pub fn block_on(command: impl Future<Output = Outcome>) -> Outcome {
    // Reading must go on while standard output blocks, so it has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::usage)?;
    let outcome = runtime.block_on(command);
    // A read of standard input cannot be stopped, and nothing is left to wait for.
    runtime.shutdown_background();
    outcome
}

async fn send(args: Args, interrupt: &Interrupt) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    let mut config = Config::load().map_err(Failure::usage)?;
    config.max_attempts = args.attempts.unwrap_or(config.max_attempts);
    let mut provider = choose(&args, &config)?;
    let demo = provider.is_demo() && args.base_url.is_none();
    let body = args.data.as_deref().map(input::body).transpose()?;
    let prompt = if body.is_some() { None } else { input::prompt(args.prompt.clone(), demo)? };
    // Kept until the end: it stops when dropped.
    let _server = if demo { Some(start_demo(&args, &mut provider).await?) } else { None };
    let configured = config.timeouts;
    let draft = Draft {
        prompt,
        body,
        model: args.model.clone().map(|model| if demo { scenarios::model(&model) } else { model }),
        base_url: args.base_url.clone(),
        headers: args.headers.clone(),
        timeouts: Timeouts {
            connect: args.connect_timeout.or(configured.connect),
            first_byte: args.first_byte_timeout.or(configured.first_byte),
            idle: args.idle_timeout.or(configured.idle),
            total: args.max_time.or(configured.total),
        },
        max_attempts: config.max_attempts,
        unchecked: args.unchecked,
    };
    // What is only printed names the key's variable, whether or not it is set.
    let unset = || args.curl.then(|| "unset".to_owned());
    let built = RequestSpec::build_all(&provider, &config.all_providers(), draft, |name| std::env::var(name).ok().or_else(unset));
    let (spec, remarks) = built.map_err(Failure::usage)?;
    remarks.iter().for_each(|remark| follow::note(remark));
    if args.curl {
        let command = curl::print(&spec, &provider.key_env).map_err(Failure::usage)?;
        writeln!(io::stdout(), "{command}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let save = match &args.output {
        _ if args.no_save => Save::No,
        Some(path) => Save::At(path),
        None => Save::Library,
    };
    let printer = Printer::new(args.raw, args.verbose);
    let sending =
        Sending { spec, profile: judging.profile(None), habits: judging.live_habits(), desk: config.desk(), save, printer };
    exchange(sending, interrupt).await
}

/// A request that is ready to be sent, and what is done with the answer.
pub struct Sending<'a> {
    /// The request.
    pub spec: RequestSpec,
    /// How the answer is judged.
    pub profile: Profile,
    /// The file of habits that is used and added to.
    pub habits: Option<PathBuf>,
    /// What the client asks for leave.
    pub desk: Desk,
    /// Where the recording goes.
    pub save: Save<'a>,
    /// What writes the answer.
    pub printer: Printer,
}

/// Sends a request, prints what is released and says how it ended.
///
/// # Errors
/// When the recording cannot be made or standard output cannot be written.
pub async fn exchange(sending: Sending<'_>, interrupt: &Interrupt) -> Outcome {
    let Sending { spec, mut profile, habits, desk, save, printer } = sending;
    // A file that cannot be used is told and left alone: the session goes on without it.
    let known = habits.as_deref().map(Habits::load).transpose();
    let habits = habits.filter(|_| known.is_ok());
    match known {
        Ok(known) => profile.habits = known.map(|known| known.of(&spec.start(String::new()))).unwrap_or_default(),
        Err(error) => follow::note(&error.to_string()),
    }
    let log = client::open(&spec, &profile, save).map_err(Failure::usage)?;
    let name = format!("{} {}", spec.provider, spec.model);
    let urls: Vec<_> =
        iter::once(&spec).chain(&spec.fallbacks).map(|spec| (spec.endpoint_key().endpoint, spec.shown_url())).collect();
    let (cancel, cancelled) = watch::channel(None);
    let desk = SharedDesk::new(desk.into());
    let sending = tokio::spawn(client::run(spec, desk, log.clone(), cancelled));
    let followed = follow::follow(&log, Engine::new(profile), printer, interrupt, &cancel).await;
    // The log is closed, so it has ended or is about to.
    let _ = sending.await;
    let Followed { engine, interrupted, broken_pipe } = followed?;
    if let Some(error) = log.take_recording_error() {
        follow::note(&error.to_string());
    }
    if let Some(Err(error)) = habits.map(|path| habits::learn(&path, &engine.reading, &engine.judgement)) {
        follow::note(&error.to_string());
    }
    let report = Report::of(&engine.reading, &engine.judgement, &name);
    follow::summary(&report, log.path().as_deref());
    let failed = failed(&engine);
    if let Some(fault) = fault(&engine).filter(|_| failed) {
        let asked = engine.reading.marks().iter().rev().find_map(|mark| match &mark.what {
            What::Attempt(attempt) => urls.iter().find(|(endpoint, _)| *endpoint == attempt.endpoint),
            _ => None,
        });
        follow::note(&fault.message(asked.map_or(&name, |(_, url)| url)));
    }
    Ok(match () {
        () if interrupted => ExitCode::from(interrupt.code()),
        () if broken_pipe => ExitCode::SUCCESS,
        () if failed => ExitCode::from(3),
        () => ExitCode::from(u8::from(report.level() >= Some(Level::Warning))),
    })
}

/// True if the provider or the transport failed.
fn failed(engine: &Engine) -> bool {
    match engine.judgement.ended {
        None | Some(EndReason::Error | EndReason::TimedOut | EndReason::Refused) => true,
        Some(EndReason::Cut) => last(engine, |mark| matches!(mark.what, What::End(End::Reset))).is_some(),
        Some(_) => false,
    }
}

/// What failed in the last attempt, in the words of the error classes, with what to do about it.
fn fault(engine: &Engine) -> Option<Fault> {
    let Mark { what: What::End(end), .. } = last(engine, |mark| matches!(mark.what, What::End(_)))? else { return None };
    Fault::of_end(end).or_else(|| {
        let head = last(engine, |mark| matches!(mark.what, What::Head(_)))?;
        let What::Head(Head { status, .. }) = head.what else { return None };
        let from = head.chunks.checked_sub(1).map_or(0, |chunk| engine.reading.chunk(ChunkId(chunk)).end);
        Fault::of_response(status, &engine.reading.body()[from as usize..])
    })
}

/// The last mark of the kind that `wanted` tells, if it belongs to the last attempt.
fn last(engine: &Engine, wanted: fn(&Mark) -> bool) -> Option<&Mark> {
    let marks = engine.reading.marks().iter().rev();
    marks.take_while(|mark| !matches!(mark.what, What::Attempt(_))).find(|mark| wanted(mark))
}

/// The provider that the arguments name, else the configured one, else the demo provider.
fn choose(args: &Args, config: &Config) -> Result<Provider, Failure> {
    let known = config.all_providers();
    let name = args.provider.as_ref().or(config.provider.as_ref().filter(|_| args.base_url.is_none()));
    let mut provider = match (name, &args.base_url) {
        (None, Some(url)) => Provider::at(url),
        (name, _) => {
            let name = name.map_or(providers::DEMO, String::as_str);
            known.iter().find(|provider| provider.name == *name).cloned().ok_or_else(|| {
                let names: Vec<_> = known.iter().map(|provider| provider.name.as_str()).collect();
                Failure::usage(format!("there is no provider `{name}`\nhint: known are {}; -u takes any URL", names.join(", ")))
            })?
        }
    };
    if let Some(dialect) = args.judging.dialect {
        provider.dialect = dialect.to_owned();
    }
    if let Some(model) = config.model.as_ref().filter(|_| !provider.is_demo()) {
        provider.model.clone_from(model);
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
