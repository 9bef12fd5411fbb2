//! `stutterscope proxy`: watch the calls of a real client, headless.

mod watch;

use std::{process::ExitCode, sync::Arc};

use tokio::{sync::mpsc::UnboundedReceiver, task::JoinSet};

use crate::{
    cli::{
        Failure, Outcome,
        interrupt::{INTERRUPTED, Interrupt},
        judging::{Judging, JudgingArgs},
        send::follow::note,
    },
    net::proxy::{Event, ProxyServer, Recording, Upstream},
    session::library,
};

/// Arguments of `proxy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where calls are passed on to: a base URL, such as https://api.openai.com/v1, or the name of a provider
    #[arg(value_name = "URL|PROVIDER")]
    upstream: String,
    /// Port on the loopback interface; 0 takes a free one
    #[arg(short, long, default_value_t = 0)]
    port: u16,
    /// Keep no recordings
    #[arg(long)]
    no_save: bool,
    /// One JSON report per call to standard output, as `check --format json` prints it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    judging: JudgingArgs,
}

/// Passes calls on until it is interrupted, and says what became of each.
pub fn run(args: &Args) -> Outcome {
    let interrupt = Interrupt::watch()?;
    let judging = Judging::load(&args.judging)?;
    // Passing on must go on while a report is made or standard output blocks, so it has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::usage)?;
    runtime.block_on(async {
        let (server, events) = start(args, &judging).await?;
        watch(server, events, Arc::new(judging), args.json, &interrupt).await
    })
}

async fn start(args: &Args, judging: &Judging) -> Result<(ProxyServer, UnboundedReceiver<Event>), Failure> {
    let config = judging.config();
    let known = config.all_providers();
    let named = known.iter().find(|provider| provider.name == args.upstream && !provider.base_url.is_empty());
    let url = named.map_or(&args.upstream, |provider| &provider.base_url);
    let upstream = Upstream::parse(url).map_err(Failure::usage)?;
    let provider = named.or_else(|| known.iter().find(|provider| upstream.is(&provider.base_url)));
    let recording = Recording {
        folder: (!args.no_save).then(library::folder),
        profile: judging.profile(None),
        dialect: args.judging.dialect.map(str::to_owned),
        provider: provider.map(|provider| provider.name.clone()).unwrap_or_default(),
    };
    let (base_url, path) = (upstream.base_url(), upstream.path().to_owned());
    let started = ProxyServer::start(args.port, upstream, config.timeouts.connect, recording).await;
    let (server, events) = started.map_err(Failure::usage)?;
    note(&format!("calls to {}{path} are passed on to {base_url} until you press Ctrl-C", server.root()));
    Ok((server, events))
}

/// Tells of every call until an interrupt, and then of the ends of those that are under way.
async fn watch(
    server: ProxyServer,
    mut events: UnboundedReceiver<Event>,
    judging: Arc<Judging>,
    json: bool,
    interrupt: &Interrupt,
) -> Outcome {
    interrupt.expect();
    let mut server = Some(server);
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Call(call)) => {
                    note(&format!("call {}: {}", call.number, call.title));
                    calls.spawn(watch::call(call, judging.clone(), json));
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
    Ok(ExitCode::from(INTERRUPTED))
}
