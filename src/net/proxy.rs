//! The observing proxy: a real client calls it instead of its provider, gets the provider's bytes unchanged as they come, and each
//! call is a session.
//!
//! It listens on the loopback interface alone and passes calls on to one place. A call's POST is a session: told to whoever
//! watches, and recorded. Other methods (lists of models) pass through and are only told of. Reading follows the client: the
//! upstream is read when the client can take more, each read is pushed and passed on at once, and time in which the client was slow is
//! recorded as such. A client that goes away ends the upstream's request; an upstream that cuts the connection has the client's
//! cut. The only timeout is the connection's, for the client has its own.

mod admission;
mod answer;
mod call;
mod headers;
mod masking;
mod slow;
mod upstream;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hyper::{HeaderMap, http::request::Parts, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, mpsc},
    task::{JoinHandle, JoinSet},
};

use crate::{core::time::Micros, net::client::transport};

pub use answer::BODY_LIMIT;
pub use call::{Call, Recording};
pub use upstream::{Upstream, UpstreamError};

use call::Observer;

/// How long a client may take over its request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest request head, and most bytes of an answer that wait for a slow client before the upstream is read no further.
const BUFFER: usize = 128 << 10;

/// Most header fields of a request.
const MOST_HEADERS: usize = 128;

/// Most connections at a time; further ones wait.
const MOST_CONNECTIONS: usize = 256;

/// What happens at the proxy.
pub enum Event {
    /// A call begins, which is a session.
    Call(Call),
    /// A request that is no session was passed on.
    Passed {
        /// Its method.
        method: String,
        /// Its path, without the query.
        path: String,
        /// The answer's status, if there was one.
        status: Option<u16>,
    },
    /// A request was refused.
    Refused {
        /// Its method.
        method: String,
        /// Its path, without the query.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Why the proxy cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The port cannot be had.
    #[error("the proxy cannot listen on port {port}: {source}\nhint: choose another port with -p")]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// The upstream is the proxy.
    #[error("the proxy would call itself at {0}\nhint: choose another port with -p")]
    Itself(SocketAddr),
    /// There is no client for the upstream.
    #[error("{upstream} cannot be asked: {source}\nhint: check the system's certificates and proxy settings")]
    Client {
        /// The upstream's base URL.
        upstream: String,
        /// Why not.
        source: reqwest::Error,
    },
}

/// A running proxy; it stops when dropped, and in order by [`ProxyServer::stop`].
#[derive(Debug)]
pub struct ProxyServer {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    stopped: Arc<Notify>,
    accepting: JoinHandle<()>,
}

/// What the connections share.
struct Shared {
    upstream: Upstream,
    port: u16,
    http: reqwest::Client,
    recording: Recording,
    calls: AtomicU64,
    events: mpsc::UnboundedSender<Event>,
    stopping: Arc<AtomicBool>,
}

impl Shared {
    fn tell(&self, event: Event) {
        // Nobody may watch; the calls are passed on and recorded all the same.
        let _ = self.events.send(event);
    }

    fn observe(&self, call: (&Parts, &Bytes), sent: &HeaderMap) -> Observer {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let (observer, call) = Observer::begin(number, call, sent, &self.upstream, &self.recording, self.stopping.clone());
        self.tell(Event::Call(call));
        observer
    }
}

impl ProxyServer {
    /// Starts on `port` of the loopback interface (0: a free one), and passes calls on to `upstream`. What happens is told to the
    /// receiver, which gets nothing more once the proxy has stopped.
    ///
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// When the port cannot be had, or the upstream cannot be asked.
    pub async fn start(
        port: u16,
        upstream: Upstream,
        connect_timeout: Option<Micros>,
        recording: Recording,
    ) -> Result<(ProxyServer, mpsc::UnboundedReceiver<Event>), ProxyError> {
        let http = transport::builder(Some(upstream.root()), connect_timeout).build();
        let http = http.map_err(|source| ProxyError::Client { upstream: upstream.base_url(), source })?;
        let listen = |source| ProxyError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let root = upstream.root();
        if root.port_or_known_default() == Some(address.port()) && root.host_str().is_some_and(transport::is_local) {
            return Err(ProxyError::Itself(address));
        }
        let (events, receiver) = mpsc::unbounded_channel();
        let (stopping, stopped) = (Arc::<AtomicBool>::default(), Arc::<Notify>::default());
        let (port, calls) = (address.port(), AtomicU64::new(0));
        let shared = Shared { upstream, port, http, recording, calls, events, stopping: stopping.clone() };
        let accepting = tokio::spawn(accept(listener, Arc::new(shared), stopped.clone()));
        Ok((ProxyServer { address, stopping, stopped, accepting }, receiver))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root of all paths: `http://127.0.0.1:PORT`.
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends every call; when this returns, every session has its end and every log is closed.
    pub async fn stop(mut self) {
        self.stopping.store(true, Ordering::Release);
        self.stopped.notify_one();
        // It cannot fail but by a panic, and then the calls are gone as well.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for ProxyServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stopped: Arc<Notify>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    let next = async || {
        let place = places.clone().acquire_owned().await.ok();
        listener.accept().await.map(|(stream, _)| (stream, place))
    };
    loop {
        let accepted = tokio::select! {
            accepted = next() => accepted,
            () = stopped.notified() => break,
        };
        match accepted {
            Ok((stream, place)) => {
                let shared = shared.clone();
                connections.spawn(async move {
                    connection(stream, shared).await;
                    drop(place);
                });
            }
            // Out of file descriptors, or the peer was gone already: the next one may do better.
            Err(error) => {
                tracing::warn!(%error, "the proxy could not accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Each read is passed on at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request| answer::answer(request, shared.clone()));
    // A client that shuts down its sending side has gone away: without that, nobody would notice until the next write.
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .max_headers(MOST_HEADERS)
        .half_close(false)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the proxy ended");
    }
}
