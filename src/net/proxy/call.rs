//! One call as a session: what is recorded of it, and how it ends whatever becomes of its connections.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use hyper::{HeaderMap, Uri, http::request::Parts};
use serde::Deserialize;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    core::{
        dialect,
        input::{Attempt, End, Head, Origin, OurEnd, Start, What},
        params::Profile,
    },
    net::proxy::{Upstream, headers, masking, slow::Slow},
    session::{format::Header, habits::Habits, library, live::LiveLog, redact::Secrets, writer::RecordError},
};

/// How calls are recorded.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// The folder of the recordings, or `None` to keep none.
    pub folder: Option<PathBuf>,
    /// What the sessions are judged with.
    pub profile: Profile,
    /// The file of habits that they are judged with, if they are.
    pub habits: Option<PathBuf>,
    /// Dialect id, or `None` to tell it from the path or the frames.
    pub dialect: Option<String>,
    /// Provider name as in PROVIDERS, empty if unknown.
    pub provider: String,
}

/// A call that began, for whoever watches.
pub struct Call {
    /// Counts from 1.
    pub number: u64,
    /// Method, path and model.
    pub title: String,
    /// The model that is asked for, empty if unknown.
    pub model: String,
    /// What it is to be judged with.
    pub profile: Profile,
    /// What happens. It is closed after the call's last input.
    pub log: Arc<LiveLog>,
    /// Ends the call when it turns true: the upstream's request is dropped, and the client's connection is cut.
    pub cancel: watch::Sender<bool>,
    /// Why it is not recorded although it should be.
    pub unrecorded: Option<RecordError>,
}

/// Pushes what happens to a call. Dropped early, it says that the client or whoever watches wants no more, or that the proxy was
/// stopped.
pub struct Observer {
    log: Arc<LiveLog>,
    slow: Arc<Slow>,
    secrets: Secrets,
    stopping: Arc<AtomicBool>,
    watching: JoinHandle<()>,
    cancelled: watch::Receiver<bool>,
    ended: bool,
}

impl Observer {
    /// Begins the session of a call with `body`, whose head is `parts` and whose headers `sent` go to `upstream`.
    pub fn begin(
        number: u64,
        (parts, body): (&Parts, &Bytes),
        sent: &HeaderMap,
        upstream: &Upstream,
        recording: &Recording,
        stopping: Arc<AtomicBool>,
    ) -> (Observer, Call) {
        let (start, secrets) = start(parts, body, sent, upstream, recording);
        // A file that cannot be used was told when the proxy began; without it nothing is known.
        let habits = recording.habits.as_deref().and_then(|path| Habits::load(path).ok()).unwrap_or_default().of(&start);
        let profile = Profile { habits, ..recording.profile.clone() };
        let title = title(parts, &start.model);
        let label = if start.model.is_empty() { parts.uri.path() } else { &start.model };
        let header = || Header::new(start.clone(), &profile);
        let recorder = recording.folder.as_ref().map(|folder| library::autosave_in(folder, &header(), label));
        let (recorder, unrecorded) = match recorder.transpose() {
            Ok(recorder) => (recorder, None),
            Err(error) => (None, Some(error)),
        };
        let log = LiveLog::new(recorder);
        let model = start.model.clone();
        log.push(What::Start(Box::new(start)));
        log.push(What::Attempt(Attempt { number: 0, endpoint: upstream.base_url(), model: model.clone() }));
        let slow = Arc::<Slow>::default();
        let (cancel, cancelled) = watch::channel(false);
        let watching = tokio::spawn(keep_watch(log.clone(), slow.clone()));
        let call = Call { number, title, model, profile, log: log.clone(), cancel, unrecorded };
        (Observer { log, slow, secrets, stopping, watching, cancelled, ended: false }, call)
    }

    /// Waits until whoever watches cancels the call.
    pub async fn cancelled(&mut self) {
        // A sender that is gone cancels nothing any more.
        if self.cancelled.wait_for(|cancel| *cancel).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The answer's head arrived.
    pub fn head(&self, status: u16, headers: &HeaderMap) {
        let mut head = Head { status, headers: headers::listed(headers) };
        self.secrets.mask_headers(&mut head.headers);
        self.log.push(What::Head(head));
    }

    /// A piece of the answer's body was read.
    pub fn bytes(&mut self, bytes: &Bytes) {
        let mut bytes = bytes.to_vec();
        self.secrets.mask_read(&mut bytes);
        self.log.push(What::Bytes(bytes));
    }

    /// What was read last goes to the client.
    pub fn given(&self) {
        self.slow.given(&self.log);
    }

    /// The client can take more.
    pub fn asked(&self) {
        self.slow.asked(&self.log);
    }

    /// The call ended; nothing is pushed any more.
    pub fn end(&mut self, end: End) {
        if !std::mem::replace(&mut self.ended, true) {
            self.log.push(What::End(end));
            self.log.close();
            self.watching.abort();
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.slow.asked(&self.log);
        if self.stopping.load(Ordering::Acquire) {
            return self.end(End::Us(OurEnd::Shutdown));
        }
        self.log.push(What::Cancel);
        self.end(End::Us(OurEnd::Cancelled));
    }
}

/// Notices while a call lasts that the process was suspended, or that the client is slow.
async fn keep_watch(log: Arc<LiveLog>, slow: Arc<Slow>) {
    tokio::join!(log.pulse(), slow.watch(&log));
}

fn start(parts: &Parts, body: &Bytes, sent: &HeaderMap, upstream: &Upstream, recording: &Recording) -> (Start, Secrets) {
    let (headers, secrets) = masking::call_headers(sent, &parts.uri);
    let url = upstream.url(&masking::target(&parts.uri)).map_or_else(|| upstream.base_url(), String::from);
    let told = || dialect::by_url(parts.uri.path()).map(|dialect| dialect.id.to_owned());
    let start = Start {
        wall: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        origin: Origin::Proxied,
        clocked: true,
        provider: recording.provider.clone(),
        dialect: recording.dialect.clone().or_else(told),
        url: secrets.mask_text(&format!("{} {url}", parts.method)),
        model: secrets.mask_text(&model(&parts.uri, body)),
        headers,
        // What is no text (an upload, a compressed request) is not recorded.
        body: std::str::from_utf8(body).map(|body| secrets.mask_text(body)).unwrap_or_default(),
    };
    (start, secrets)
}

/// The model that a call asks for: as its body says, else as its path does (`models/NAME:…`, `deployments/NAME/…`, `model/NAME/…`).
fn model(uri: &Uri, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Asked {
        model: String,
    }
    if let Ok(Asked { model }) = serde_json::from_slice(body) {
        return model;
    }
    let path = uri.path();
    let after = |marker: &str| path.find(marker).map(|at| &path[at + marker.len()..]);
    let name = match (after("/models/"), after("/deployments/").or_else(|| after("/model/"))) {
        // A name may have slashes in it, and ends where the method begins.
        (Some(rest), _) => rest.rsplit_once(':').map_or(rest, |(name, _)| name),
        (None, Some(rest)) => rest.split('/').next().unwrap_or_default(),
        (None, None) => "",
    };
    name.to_owned()
}

fn title(parts: &Parts, model: &str) -> String {
    let title = format!("{} {} {model}", parts.method, parts.uri.path());
    title.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_told_from_body_or_path() {
        let check = |uri: &'static str, body: &str, wanted: &str| {
            assert_eq!(model(&Uri::from_static(uri), body.as_bytes()), wanted, "{uri} {body}");
        };
        check("/v1/chat/completions", r#"{"stream": true, "model": "gpt-5"}"#, "gpt-5");
        check("/v1beta/models/gemini-2:streamGenerateContent", r#"{"contents": []}"#, "gemini-2");
        check("/v1beta/models/tuned/a:streamGenerateContent?alt=sse", "{}", "tuned/a");
        check("/model/amazon.nova-lite-v1:0/converse-stream", "{}", "amazon.nova-lite-v1:0");
        check("/openai/deployments/mine/chat/completions", "{}", "mine");
        check("/v1/chat/completions", r#"{"model": 7}"#, "");
        check("/v1/files", "no JSON", "");
    }
}
