//! One call, from its first input to the line that tells of its end.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use crate::{
    cli::{Failure, send::follow::note},
    core::{
        engine::Engine,
        input::{Head, Input, What},
    },
    net::proxy::Call,
    report::{Report, to_json},
    session::habits,
};

/// What becomes of a call that ended, beside the line that tells of it.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its report goes to standard output.
    pub json: bool,
    /// What it showed of its endpoint goes to this file.
    pub habits: Option<PathBuf>,
}

/// Folds a call as it happens, and says at its end what became of it.
///
/// # Errors
/// When standard output cannot be written.
pub async fn call(call: Call, told: Told) -> Result<(), Failure> {
    let mut remarks: Vec<String> = call.unrecorded.iter().map(ToString::to_string).collect();
    let mut engine = Engine::new(call.profile);
    let mut inputs: Vec<Input> = Vec::new();
    loop {
        // Asked before draining: what was pushed before the close is in this drain or an earlier one.
        let closed = call.log.is_closed();
        let now = call.log.drain(&mut inputs);
        inputs.drain(..).for_each(|input| engine.fold(&input));
        if closed {
            break;
        }
        engine.advance(now);
        let wait = engine.judgement.next_deadline().map(|deadline| Duration::from_micros(deadline.since(now).0));
        tokio::select! {
            () = call.log.changed() => {}
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
        }
    }
    remarks.extend(call.log.take_recording_error().map(|error| error.to_string()));
    let learnt = told.habits.map(|path| habits::learn(&path, &engine.reading, &engine.judgement));
    remarks.extend(learnt.and_then(Result::err).map(|error| error.to_string()));
    let path = call.log.path();
    let name = path.as_ref().map_or_else(|| format!("call {}", call.number), |path| path.display().to_string());
    let report = Report::of(&engine.reading, &engine.judgement, &name);
    let place = path.map_or(String::new(), |path| format!("; recorded in {}", path.display()));
    note(&format!("call {}: {}{place}", call.number, summary(&engine, &report)));
    remarks.iter().for_each(|remark| note(remark));
    if told.json {
        let line = to_json(&report).map_err(io::Error::other)? + "\n";
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// `stutter: cumulative_full; status 200, finished after 1234 ms`.
fn summary(engine: &Engine, report: &Report) -> String {
    let mut classes: Vec<_> = report.findings.iter().map(|finding| finding.class.name()).collect();
    classes.dedup();
    let findings = if classes.is_empty() { String::new() } else { format!(": {}", classes.join(", ")) };
    let status = engine.reading.marks().iter().rev().find_map(|mark| match mark.what {
        What::Head(Head { status, .. }) => Some(format!("status {status}")),
        _ => None,
    });
    let status = status.unwrap_or_else(|| "no answer".into());
    let ended = engine.judgement.ended.map_or("unended", |reason| reason.word());
    let ms = engine.reading.last_at().0 / 1_000;
    format!("{}{findings}; {status}, {ended} after {ms} ms", report.verdict.word())
}
