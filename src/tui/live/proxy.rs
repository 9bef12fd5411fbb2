//! A running proxy, as the interface watches it: each call is a live session.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::{Cancel, Live, Sources};
use crate::{
    app::{Action, App, update},
    net::proxy::{Event, ProxyServer},
};

/// A proxy and what it has told.
pub struct Proxy {
    /// From where to where calls go, as a sentence.
    pub title: String,
    server: ProxyServer,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Proxy {
    /// The proxy `server`, which tells of its calls through `events`.
    pub fn new(title: String, server: ProxyServer, events: mpsc::UnboundedReceiver<Event>) -> Proxy {
        Proxy { title, server, events }
    }

    /// The same, waking the loop with `wake` when there is something to [`take`](Proxy::take).
    pub fn waking(mut self, wake: Arc<Notify>) -> Proxy {
        let (forward, events) = mpsc::unbounded_channel();
        let mut source = std::mem::replace(&mut self.events, events);
        tokio::spawn(async move {
            while let Some(event) = source.recv().await {
                if forward.send(event).is_err() {
                    break;
                }
                wake.notify_one();
            }
        });
        self
    }

    /// What it has told since the last time.
    pub fn take(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// Ends every call; their logs are closed when this returns.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl Sources {
    /// Takes the calls through a proxy as live sessions, from now on.
    pub fn watch(&mut self, app: &mut App, proxy: Proxy) {
        update(app, Action::Say(format!("{}; waiting for the first", proxy.title)));
        self.proxy = Some(proxy.waking(self.wake.clone()));
    }

    /// Opens a session for each call that began; returns whether any did.
    pub(super) fn take_calls(&mut self, app: &mut App) -> bool {
        let events = self.proxy.as_mut().map(Proxy::take).unwrap_or_default();
        let any = !events.is_empty();
        for event in events {
            match event {
                Event::Call(call) => {
                    // The model tells calls apart; the path is mostly the same.
                    let name = if call.model.is_empty() { &call.title } else { &call.model };
                    update(app, Action::Called(format!("{}. {name}", call.number), call.profile));
                    let Some(session) = app.sessions.last().map(|session| session.id) else { continue };
                    if let Some(path) = call.log.path() {
                        update(app, Action::Recording(session, path));
                    }
                    if let Some(error) = call.unrecorded {
                        update(app, Action::Say(error.to_string()));
                    }
                    self.add(Live { session, log: call.log, cancel: Some(Cancel::Proxied(call.cancel)), task: None });
                }
                Event::Refused { method, path, reason } => {
                    update(app, Action::Say(format!("refused: {method} {path}: {reason}")));
                }
                Event::Passed { .. } => {}
            }
        }
        any
    }
}
