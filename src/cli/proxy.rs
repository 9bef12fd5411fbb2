//! `stutterscope proxy`: watch the calls of a real client, in the interface or headless.

mod watch;

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
};

use tokio::{sync::mpsc::UnboundedReceiver, task::JoinSet};

use crate::{
    cli::{
        Failure, Outcome,
        interrupt::Interrupt,
        judging::{Judging, JudgingArgs},
        open,
        send::follow::note,
    },
    net::proxy::{Event, ProxyServer, Recording, Upstream},
    session::library,
    tui::{live::Proxy, run::Opening},
};

use watch::Told;

/// Arguments of `proxy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where calls are passed on to: a base URL, such as `https://api.openai.com/v1`, or the name of a provider
    #[arg(value_name = "URL|PROVIDER")]
    upstream: String,
    /// Port on the loopback interface; 0 takes a free one
    #[arg(short, long, default_value_t = 0)]
    port: u16,
    /// Keep no recordings; of calls that have ended the interface then keeps the latest only
    #[arg(long)]
    no_save: bool,
    /// Show no interface; tell of each call on standard error. So it is too where there is no terminal
    #[arg(long)]
    headless: bool,
    /// One JSON report per call to standard output, as `check --format json` prints it; headless
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    judging: JudgingArgs,
}

/// Passes calls on until it is interrupted, or the interface is left.
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    // Passing on must go on while a report is made or the screen is drawn, so it has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::usage)?;
    let headless = args.headless || args.json || !io::stdout().is_terminal() || !io::stdin().is_terminal();
    let interrupt = if headless { Some(Interrupt::watch()?) } else { None };
    let habits = judging.live_habits();
    let (title, server, events) = runtime.block_on(start(args, &judging, habits.clone()))?;
    let Some(interrupt) = interrupt else {
        let outcome = open::start(Opening::Proxy(Proxy::new(title, server, events, habits)));
        runtime.shutdown_background();
        if !args.no_save {
            note(&format!("the calls are recorded in {}", library::folder().display()));
        }
        return outcome;
    };
    note(&format!("{title}; Ctrl-C ends it"));
    let outcome = runtime.block_on(watch(server, events, Told { json: args.json, habits }, &interrupt));
    // The resolver's answer to a call that is gone is nothing to wait for.
    runtime.shutdown_background();
    outcome
}

/// Starts the proxy, and says from where to where calls go.
async fn start(
    args: &Args,
    judging: &Judging,
    habits: Option<PathBuf>,
) -> Result<(String, ProxyServer, UnboundedReceiver<Event>), Failure> {
    let config = judging.config();
    let known = config.all_providers();
    let named = known.iter().find(|provider| provider.name == args.upstream && !provider.base_url.is_empty());
    let url = named.map_or(&args.upstream, |provider| &provider.base_url);
    let upstream = Upstream::parse(url).map_err(Failure::usage)?;
    let provider = named.or_else(|| known.iter().find(|provider| upstream.is(&provider.base_url)));
    let recording = Recording {
        folder: (!args.no_save).then(library::folder),
        profile: judging.profile(None),
        habits,
        dialect: args.judging.dialect.map(str::to_owned),
        provider: provider.map(|provider| provider.name.clone()).unwrap_or_default(),
    };
    let (base_url, path) = (upstream.base_url(), upstream.path().to_owned());
    let started = ProxyServer::start(args.port, upstream, config.timeouts.connect, recording).await;
    let (server, events) = started.map_err(Failure::usage)?;
    Ok((format!("calls to {}{path} are passed on to {base_url}", server.root()), server, events))
}

/// Tells of every call until an interrupt or a request to terminate, and then of the ends of those that are under way.
async fn watch(server: ProxyServer, mut events: UnboundedReceiver<Event>, told: Told, interrupt: &Interrupt) -> Outcome {
    interrupt.expect();
    let mut server = Some(server);
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Call(call)) => {
                    note(&format!("call {}: {}", call.number, call.title));
                    calls.spawn(watch::call(call, told.clone()));
                }
                Some(Event::Passed { method, path, status }) => {
                    note(&format!("passed on: {method} {path}: {}", status.map_or("no answer".into(), |status| status.to_string())));
                }
                Some(Event::Refused { method, path, reason }) => note(&format!("refused: {method} {path}: {reason}")),
                None => break,
            },
            // A second interrupt is not expected and ends the program at once.
            () = interrupt.arrived(), if server.is_some() => {
                if let Some(server) = server.take() {
                    server.stop().await;
                }
            }
            Some(told) = calls.join_next() => told.map_err(Failure::usage)??,
        }
    }
    while let Some(told) = calls.join_next().await {
        told.map_err(Failure::usage)??;
    }
    Ok(ExitCode::from(interrupt.code()))
}
