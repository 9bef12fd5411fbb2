//! Reports as a JUnit test suite: one test case a session.

use std::fmt::Write;

use super::Report;
use crate::{report::text::to_text, sanitise::sanitise_block};

/// A suite in the making.
#[derive(Debug, Default)]
pub struct Suite {
    cases: String,
    tests: u32,
    failures: u32,
    errors: u32,
}

impl Suite {
    /// Adds a judged session, which failed or not.
    pub fn judged(&mut self, report: &Report, failed: bool) {
        self.failures += u32::from(failed);
        self.case(&report.file, report.duration_us, failed.then(|| ("failure", report.verdict.word(), to_text(report))));
    }

    /// Adds a file that cannot be read.
    pub fn unreadable(&mut self, file: &str, error: &str) {
        self.errors += 1;
        self.case(file, None, Some(("error", "unreadable", error.to_owned())));
    }

    fn case(&mut self, file: &str, duration_us: Option<u64>, problem: Option<(&str, &str, String)>) {
        self.tests += 1;
        let time = duration_us.map_or(String::new(), |us| format!(" time=\"{}.{:06}\"", us / 1_000_000, us % 1_000_000));
        let name = escape(file);
        // Writing to a String cannot fail.
        let _ = match problem {
            None => writeln!(self.cases, "  <testcase classname=\"stutterscope\" name=\"{name}\"{time}/>"),
            Some((element, kind, text)) => writeln!(
                self.cases,
                "  <testcase classname=\"stutterscope\" name=\"{name}\"{time}>\n    <{element} message=\"{kind}\">{}</{element}>\n  </testcase>",
                escape(&text)
            ),
        };
    }

    /// The document.
    pub fn finish(self) -> String {
        let Suite { cases, tests, failures, errors } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"stutterscope\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n{cases}</testsuite>\n"
        )
    }
}

/// Text for XML: what is markup is escaped, and what XML cannot carry, which a terminal would obey, is shown as pictures.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in sanitise_block(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            _ => out.push(char),
        }
    }
    out
}
