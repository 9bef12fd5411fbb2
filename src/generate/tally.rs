//! What a strategy makes of generated streams, counted.

use std::collections::BTreeMap;

use super::{Stream, Texts, clean, stuttered, texts};
use crate::{
    core::{class::Class, params::Profile},
    report::{self, Verdict},
};

/// What a strategy made of some streams.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Clean streams.
    pub clean: Clean,
    /// Stuttered streams, by the class of their fault.
    pub stuttered: BTreeMap<&'static str, Stuttered>,
    /// Ids of the streams that went wrong, with what did.
    pub failures: Vec<String>,
}

/// Clean streams: they must come out as they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clean {
    /// How many there were.
    pub streams: u64,
    /// How many of them came out changed.
    pub harmed: u64,
    /// How many were not called clean.
    pub accused: u64,
    /// Deltas in all of them.
    pub deltas: u64,
    /// Deltas that were held back for a while.
    pub held: u64,
}

/// Stuttered streams of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stuttered {
    /// How many there were.
    pub streams: u64,
    /// How many have a finding of the fault's family.
    pub flagged: u64,
    /// How many can be repaired exactly.
    pub repairable: u64,
    /// How many of these were.
    pub repaired: u64,
}

impl Tally {
    /// Judges clean stream `number` of `seed` with `profile`, and counts it.
    pub fn clean(&mut self, seed: u64, number: u64, profile: Profile) {
        let stream = clean(seed, number);
        let engine = stream.judge(profile);
        let harmed = texts(&engine.reading, &engine.judgement.output) != stream.expected;
        let verdict = Verdict::of(&engine.judgement.findings);
        self.clean.streams += 1;
        self.clean.harmed += u64::from(harmed);
        self.clean.accused += u64::from(verdict != Verdict::Clean);
        self.clean.deltas += u64::from(engine.reading.delta_count());
        self.clean.held += u64::from(report::held(&engine.reading, &engine.judgement).deltas);
        if harmed {
            self.fail("harmed", &stream, &engine.judgement.findings);
        } else if verdict != Verdict::Clean {
            self.fail(verdict.word(), &stream, &engine.judgement.findings);
        }
    }

    /// Judges stuttered stream `number` of `seed` with `profile`, and counts it.
    pub fn stuttered(&mut self, seed: u64, number: u64, profile: Profile) {
        let stream = stuttered(seed, number);
        let Some(class) = stream.fault else { return };
        let engine = stream.judge(profile);
        let findings = &engine.judgement.findings;
        let flagged = findings.iter().any(|finding| finding.class.info().family == class.info().family);
        let got = texts(&engine.reading, &engine.judgement.output);
        let repaired = stream.repairable
            && if class == Class::WhitespaceFlood { trimmed(&got) == trimmed(&stream.expected) } else { got == stream.expected };
        let row = self.stuttered.entry(class.name()).or_default();
        row.streams += 1;
        row.flagged += u64::from(flagged);
        row.repairable += u64::from(stream.repairable);
        row.repaired += u64::from(repaired);
        if !flagged {
            self.fail("missed", &stream, findings);
        } else if stream.repairable && !repaired {
            self.fail("not repaired", &stream, findings);
        }
    }

    fn fail(&mut self, what: &str, stream: &Stream, findings: &[crate::core::judgement::Finding]) {
        let said = findings.first().map_or_else(String::new, |finding| format!(": {}: {}", finding.class.name(), finding.evidence));
        self.failures.push(format!("{what}: {}{said}", stream.id));
    }
}

/// A flood passes up to its limit, so only the end of a text may differ.
fn trimmed(texts: &Texts) -> Vec<(&(u16, crate::core::reading::Channel), &str)> {
    texts.iter().map(|(key, text)| (key, text.trim_end())).collect()
}
