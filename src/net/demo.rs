//! The embedded demo provider: a real HTTP server on the loopback interface that plays scenarios with real timing.
//!
//! It speaks the dialects through their own writers, so that any client can talk to it. The scenario is chosen by model
//! name (`demo/cumulative`), and its n-th request gives the same bytes in every run. Broken HTTP goes around hyper, which
//! would not write it: the connection is taken back and written by hand.

mod answer;
mod raw;
mod render;
pub mod scenarios;
pub mod script;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::{
    core::dialect::{self, DialectInfo},
    net::demo::script::Scenario,
};

pub use render::{EPOCH, Write, render};

/// How long a client may take over its request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A running demo provider; it stops when dropped.
#[derive(Debug)]
pub struct DemoServer {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// What the connections share.
#[derive(Debug)]
struct State {
    /// Time is divided by this.
    speed: f64,
    connections: AtomicU64,
    /// Requests of each scenario, indexed as [`scenarios::all`].
    requests: Vec<AtomicU64>,
}

impl State {
    /// Counts a request of `scenario` and gives its number, from 0.
    fn number(&self, scenario: &Scenario) -> u64 {
        scenarios::position(scenario.name).map_or(0, |index| self.requests[index].fetch_add(1, Ordering::Relaxed))
    }

    /// How long after a response head something happens that lies `at_us` after it at speed 1.
    fn scaled(&self, at_us: u64) -> Duration {
        Duration::from_micros(at_us).div_f64(self.speed)
    }
}

impl DemoServer {
    /// Starts on `port` of the loopback interface (0: a free one), `speed` times as fast as the scenarios say.
    ///
    /// Needs a tokio runtime. Fails if the port cannot be had, or if `speed` is not a positive number.
    pub async fn start(port: u16, speed: f64) -> io::Result<DemoServer> {
        if !(speed.is_finite() && speed > 0.0) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("the speed must be a positive number, not {speed}")));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let requests = scenarios::all().map(|_| AtomicU64::new(0)).collect();
        let state = Arc::new(State { speed, connections: AtomicU64::new(0), requests });
        let accepting = tokio::spawn(accept(listener, state.clone()));
        Ok(DemoServer { address, state, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root of all paths: `http://127.0.0.1:PORT`.
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The dialects that it speaks.
    pub fn dialects() -> impl Iterator<Item = &'static DialectInfo> {
        answer::DIALECTS.iter().filter_map(|id| dialect::by_id(id))
    }

    /// The base URL below which the path of `dialect` lies.
    pub fn base_url(&self, dialect: &DialectInfo) -> String {
        self.root() + version(dialect)
    }

    /// The whole path of `dialect`; `{model}` stands for the model's name.
    pub fn path(dialect: &DialectInfo) -> String {
        format!("{}{}", version(dialect), dialect.path)
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How many requests of all scenarios were answered or refused.
    pub fn requests(&self) -> u64 {
        self.state.requests.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// How many requests of scenario `name` came.
    pub fn requests_of(&self, name: &str) -> u64 {
        scenarios::position(name).map_or(0, |index| self.state.requests[index].load(Ordering::Relaxed))
    }
}

/// What stands before the path of `dialect`, which may have its version in it.
fn version(dialect: &DialectInfo) -> &'static str {
    let versioned = ["/v1/", "/v1beta/", "/api/"].iter().any(|start| dialect.path.starts_with(start));
    if versioned { "" } else { "/v1" }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                state.connections.fetch_add(1, Ordering::Relaxed);
                connections.spawn(connection(stream, state.clone()));
            }
            // Out of file descriptors, or the peer was gone already: the next one may do better.
            Err(error) => {
                tracing::warn!(%error, "the demo provider could not accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    // Each write of a scenario is to be a packet of its own.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let (takeover, mut taken) = mpsc::channel(1);
    let service = {
        let state = state.clone();
        service_fn(move |request| answer::answer(request, state.clone(), takeover.clone()))
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .half_close(false)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let raw = tokio::select! {
        result = &mut connection => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection of the demo provider ended");
            }
            None
        }
        raw = taken.recv() => raw,
    };
    if let Some(raw) = raw {
        let stream = connection.into_parts().io.into_inner();
        if let Err(error) = raw::play(stream, raw, &state).await {
            tracing::debug!(%error, "a raw connection of the demo provider ended");
        }
    }
}
