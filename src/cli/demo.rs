//! `stutterscope demo`: the demo provider alone, so that curl and any client can talk to it.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;

use crate::{
    cli::{Failure, Outcome},
    net::{
        demo::{DemoServer, scenarios},
        request::join,
    },
};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port on the loopback interface; 0 takes a free one
    #[arg(short, long, default_value_t = 0)]
    port: u16,
    /// Play so many times as fast as the scenarios say
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    /// Print the scenarios and exit
    #[arg(long)]
    list: bool,
}

/// Serves until it is interrupted, or lists the scenarios.
pub fn run(args: &Args) -> Outcome {
    if args.list {
        return list(&mut io::stdout().lock());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::usage)?;
    runtime.block_on(async {
        let server = DemoServer::start(args.port, args.speed).await.map_err(|error| {
            Failure::usage(format!(
                "the demo provider cannot listen on port {}: {error}\nhint: choose another port with -p",
                args.port
            ))
        })?;
        introduce(&server, &mut io::stdout().lock())?;
        tokio::signal::ctrl_c().await.map_err(Failure::usage)?;
        Ok(ExitCode::from(130))
    })
}

fn list(out: &mut impl Write) -> Outcome {
    let width = scenarios::all().map(|scenario| scenario.name.len()).max().unwrap_or(0) + "demo/".len();
    for scenario in scenarios::all() {
        let class = scenario.class.map_or(String::new(), |class| format!(" [{}]", class.name()));
        writeln!(out, "{:width$}  {}{class}", format!("demo/{}", scenario.name), scenario.title)?;
    }
    writeln!(out, "\nEach in every dialect, on the paths that its providers have:")?;
    for dialect in DemoServer::dialects() {
        writeln!(out, "{:width$}  POST {}", dialect.id, DemoServer::path(dialect))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn introduce(server: &DemoServer, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "The demo provider listens on {} until you press Ctrl-C.\n", server.root())?;
    for dialect in DemoServer::dialects() {
        let model = format!("demo/{}", scenarios::OPENER);
        let url = join(&server.base_url(dialect), &dialect.path.replace("{model}", &model));
        // What the dialect's own request looks like, whatever its keys.
        let body: Value = serde_json::from_str(&(dialect.request)(&model, "Hello")).unwrap_or_default();
        writeln!(out, "{}\n  curl -N '{url}' -H 'content-type: application/json' -d '{body}'\n", dialect.title)?;
    }
    writeln!(out, "Scenarios: stutterscope demo --list, or curl {}/", server.root())?;
    out.flush()
}
