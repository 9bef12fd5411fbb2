//! What the HTTP exchanges and the provider's counters say.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::core::{
    input::{Head, What},
    output::Output,
    reading::{Reading, Usage},
    time::Moment,
    usage,
};

/// One HTTP exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AttemptReport {
    /// Status, null if no head came.
    pub status: Option<u16>,
    /// The provider's id of the request, if a header has one.
    pub request_id: Option<String>,
    /// Response headers; values of the same name are joined with `, `.
    pub headers: BTreeMap<String, String>,
}

/// Token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct UsageReport {
    /// Prompt tokens.
    pub input: Option<u64>,
    /// Completion tokens.
    pub output: Option<u64>,
    /// All tokens: as given, or the sum of the other two.
    pub total: Option<u64>,
    /// True if we counted; the provider's own counts are never changed.
    pub estimated: bool,
    /// How an estimate was made, null for the provider's own counts.
    pub basis: Option<&'static str>,
}

impl UsageReport {
    /// The provider's counts, or what `bytes` of text, less what was taken out of it, probably are in tokens; `None` without any.
    pub fn of(reading: &Reading, output: &Output, bytes: u64) -> Option<UsageReport> {
        if let Some(Usage { input, output, total }) = usage::given(reading, Moment::END) {
            let sum = || input?.checked_add(output?);
            return Some(UsageReport { input, output, total: total.or_else(sum), estimated: false, basis: None });
        }
        let tokens = usage::estimate(bytes.saturating_sub(usage::bytes_cut(output, Moment::END)))?;
        Some(UsageReport { input: None, output: Some(tokens), total: None, estimated: true, basis: Some(usage::BASIS) })
    }

    /// On one line for people: `24 in, 118 out`, `~118 out (estimate)`, with the `basis` `~118 out (estimate, bytes / 4)`.
    pub fn line(&self, basis: bool) -> String {
        let sign = if self.estimated { "~" } else { "" };
        let parts = [(self.input, "in"), (self.output, "out"), (self.total.filter(|_| self.output.is_none()), "in all")];
        let parts: Vec<String> = parts.iter().filter_map(|(count, word)| Some(format!("{sign}{} {word}", (*count)?))).collect();
        let estimate = match self.basis {
            Some(words) if basis => format!(" (estimate, {words})"),
            Some(_) => " (estimate)".to_owned(),
            None => String::new(),
        };
        format!("{}{estimate}", parts.join(", "))
    }
}

/// Headers in which providers and gateways tell the id of a request.
const REQUEST_IDS: [&str; 5] = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id"];

/// The exchanges of a session, in order. A head without an attempt, as captures have it, is one of its own.
pub fn attempts(reading: &Reading) -> Vec<AttemptReport> {
    let mut attempts = Vec::new();
    let mut open = false;
    for mark in reading.marks() {
        match &mark.what {
            What::Attempt(_) => {
                attempts.push(AttemptReport::default());
                open = true;
            }
            What::Head(head) => {
                if !std::mem::take(&mut open) {
                    attempts.push(AttemptReport::default());
                }
                if let Some(attempt) = attempts.last_mut() {
                    *attempt = of_head(head);
                }
            }
            _ => {}
        }
    }
    attempts
}

fn of_head(head: &Head) -> AttemptReport {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in &head.headers {
        let joined = headers.entry(name.clone()).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(value);
    }
    let request_id = REQUEST_IDS.iter().find_map(|name| head.header(name)).map(str::to_owned);
    AttemptReport { status: Some(head.status), request_id, headers }
}
