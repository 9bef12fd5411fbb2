//! The report as GitHub workflow commands, which show up as annotations of a run.

use std::fmt::Write;

use super::{FindingReport, Level, Report};
use crate::sanitise::sanitise;

/// One command a finding; nothing for a session without findings.
pub fn to_github(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let title = format!("{} ({})", finding.class.info().title, finding.class.name());
        let message = format!("{}\nhint: {}", sanitise(&finding.evidence), finding.hint);
        let (file, title, message) = (property(&report.file), property(&title), data(&message));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "::{command} file={file}{},title={title}::{message}", line(report, finding));
    }
    out
}

/// The command of a file that cannot be read.
pub fn unreadable(file: &str, error: &str) -> String {
    format!("::error file={},title=cannot be read::{}\n", property(file), data(error))
}

/// The line of the body is the line of the file only in a capture that is nothing but a body.
fn line(report: &Report, finding: &FindingReport) -> String {
    let only_body = report.duration_us.is_none() && report.attempts.is_empty();
    if only_body { format!(",line={}", finding.first.line) } else { String::new() }
}

/// Text after the `::`, in the escapes of workflow commands. The runner's own log is a terminal too.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| sanitise(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A value before the `::`.
fn property(text: &str) -> String {
    sanitise(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}
