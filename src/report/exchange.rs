//! What the HTTP exchanges and the provider's counters say.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::core::{
    input::{Head, What},
    reading::{Note, Reading, Usage},
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

/// The provider's counts: of each counter the last one given. Some give the prompt's with the first frame and the
/// completion's with the last.
pub fn usage(reading: &Reading) -> Option<UsageReport> {
    let mut last: Option<Usage> = None;
    for (_, note) in reading.notes() {
        if let Note::Usage(usage) = note {
            let before = last.unwrap_or_default();
            last = Some(Usage {
                input: usage.input.or(before.input),
                output: usage.output.or(before.output),
                total: usage.total.or(before.total),
            });
        }
    }
    let Usage { input, output, total } = last?;
    let sum = || input?.checked_add(output?);
    Some(UsageReport { input, output, total: total.or_else(sum), estimated: false })
}
