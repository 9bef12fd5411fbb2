//! Where the text before and the text after do not simply follow each other: retries, continuations, reconnects.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        Detector,
        facts::{Proposal, Verdict},
        plain::{is_one_line, says_little},
        restart::{Retold, Step},
        stitch,
    },
    judgement::{Judgement, findings::Draft},
    params::Param,
    reading::{Boundary, Channel, ChannelKey, DeltaId, FrameId, Reading},
};

/// Bytes of a single delta that another one under another id must begin with, and go on, to be a retry.
const RETOLD: usize = 8;

/// What is expected of a channel's next text.
#[derive(Debug, Default)]
pub(super) enum Resume {
    /// It follows the text so far.
    #[default]
    No,
    /// It may begin again from the first token.
    Restart {
        /// How far it does.
        retold: Retold,
        /// What announced it, as the begin of a sentence.
        cause: String,
        /// True if a failure or a new attempt did.
        announced: bool,
    },
    /// It continues the text so far, and may repeat its end.
    Stitch,
}

impl Judgement {
    /// The text before and the text after are parted by `boundary`.
    pub(super) fn cross(&mut self, reading: &Reading, boundary: Boundary) {
        match boundary {
            // What is missing may just be on its way again.
            Boundary::Reconnect => self.session.identities.resume(),
            Boundary::Restart => {
                self.again_given_up(reading, "the server restarted");
                self.order_given_up(reading, "the server restarted");
                self.session.identities.renumber();
            }
            Boundary::Cut => self.let_go(reading, "the answer was cut", false),
            Boundary::Continuation => {
                self.let_go(reading, "a continuation began", false);
                self.session.completions.begin();
                self.channels.each_with_text(|channel| channel.resume = Resume::Stitch);
            }
        }
    }

    /// Nothing waits any longer for other frames, nor for other text; `ended` if that is because the text ended.
    pub(super) fn let_go(&mut self, reading: &Reading, why: &str, ended: bool) {
        self.again_given_up(reading, why);
        self.order_given_up(reading, why);
        self.settle_completions(reading, false);
        for key in self.channels.holding() {
            if ended { self.conclude(reading, key, why) } else { self.give_up(reading, key, why) }
        }
    }

    /// An error was reported inside the body: text after it may be another attempt's.
    pub(super) fn broken_off(&mut self, reading: &Reading) {
        self.let_go(reading, "an error was reported", false);
        self.session.completions.begin();
        if self.session.finished.is_empty() {
            self.expect_restart("text follows an error", true);
        }
    }

    /// The next text of each channel may begin again from its first token.
    pub(super) fn expect_restart(&mut self, cause: &str, announced: bool) {
        self.channels.each_with_text(|channel| {
            channel.resume = Resume::Restart { retold: Retold::default(), cause: cause.to_owned(), announced };
        });
    }

    /// What the boundary before a delta makes of it.
    pub(super) fn resume(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId) -> Option<Proposal> {
        let channel = self.channels.entry(key);
        // Where deltas are snapshots, one that falls back into the text so far is known to.
        if channel.hypotheses.are_snapshots() {
            channel.resume = Resume::No;
        }
        match &channel.resume {
            Resume::No => None,
            Resume::Stitch => self.stitch(reading, key, id),
            Resume::Restart { .. } => self.retell(reading, key, frame, id),
        }
    }

    /// Compares a delta behind a failure with the text before it, from the start of both.
    fn retell(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId) -> Option<Proposal> {
        let enough = self.profile.params.get(Param::RestartMinChars);
        let channel = self.channels.entry(key);
        let Resume::Restart { mut retold, cause, announced } = std::mem::take(&mut channel.resume) else { return None };
        // Ids that take turns are no failure: where nothing else announces one, a single delta said twice is none either.
        let text = reading.delta(id).text;
        let goes_on = text.len() > channel.accepted.len() && channel.accepted.len() >= RETOLD;
        let single = channel.distinct < 3 && !goes_on;
        if !announced && (single || says_little(&channel.accepted) || is_one_line(&channel.accepted)) {
            return None;
        }
        let step = retold.step(&channel.accepted, text);
        let score = (retold.chars * 1000 / enough.max(1)).min(1000) as u16;
        let held = channel.held.iter().map(|held| (*held, 0..reading.delta(*held).text.len() as u32));
        let proposal = |ranges, evidence| Proposal {
            score: 1000,
            verdict: Verdict::Proved(ranges),
            certainty: Certainty::Proved,
            layer: Layer::Proxy,
            evidence,
            ..Proposal::pass(Class::RetryRestart)
        };
        let chars = retold.chars;
        let proposed = match step {
            Step::Reaches(bytes) => {
                let ranges = held.chain([(id, 0..bytes as u32)]).collect();
                proposal(ranges, format!("{cause}, and begins again: all {chars} characters of before come first"))
            }
            Step::Follows => {
                channel.resume = Resume::Restart { retold, cause: cause.clone(), announced };
                if chars >= enough {
                    let ranges = held.chain([(id, 0..text.len() as u32)]).collect();
                    proposal(ranges, format!("{cause}, and begins again: its first {chars} characters are those of before"))
                } else {
                    Proposal {
                        score: score.min(999),
                        verdict: Verdict::Hold,
                        evidence: format!("frame {} begins as the text before did: it may be a retry", frame.0),
                        ..Proposal::pass(Class::RetryRestart)
                    }
                }
            }
            Step::Parts => {
                self.score(Detector::Restart, 0);
                if announced {
                    self.report_reworded(reading, key, frame, id, &cause, retold.chars);
                }
                return None;
            }
        };
        self.score(Detector::Restart, proposed.score);
        Some(proposed)
    }

    /// A new attempt was worded differently: what the first one said cannot be taken back.
    fn report_reworded(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId, cause: &str, alike: u64) {
        let how = match (alike, key.channel) {
            (0, Channel::ToolArguments) => "does not continue a call, but begins one".to_owned(),
            (0, _) => "is worded differently from its start".to_owned(),
            (alike, _) => format!("is worded differently after {alike} characters"),
        };
        let draft = Draft {
            class: Class::RetryRestart,
            score: 1000,
            certainty: Certainty::Likely,
            action: Action::Flag,
            layer: Layer::Proxy,
            evidence: format!("{cause}, and {how}: the text of the first attempt is void, and had been passed on"),
        };
        let first = self.channel(key).held.first().copied().unwrap_or(id);
        let frame = if first == id { frame } else { reading.delta(first).frame };
        self.add(reading, draft, Some(key), Some(frame), Some(first));
    }

    /// Compares a delta of a continuation with the end of the text before it.
    fn stitch(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId) -> Option<Proposal> {
        let enough = self.profile.params.get(Param::StitchMinChars);
        let channel = self.channels.entry(key);
        let tail = stitch::tail(&channel.accepted);
        let pieces = channel.held.iter().chain([&id]).map(|delta| reading.delta(*delta).text);
        let new: String = pieces.collect();
        let overlap = stitch::overlap(tail, &new);
        let chars = new.get(..overlap.bytes).map_or(0, |overlap| overlap.chars().count() as u64);
        let score = (chars * 1000 / enough.max(1)).min(1000) as u16;
        if overlap.open {
            self.score(Detector::Restart, score.min(999));
            return Some(Proposal {
                score: score.min(999),
                verdict: Verdict::Hold,
                evidence: format!(
                    "the continuation may repeat the end of the text before it, in frame {}",
                    reading.delta(id).frame.0
                ),
                ..Proposal::pass(Class::OverlapStitch)
            });
        }
        channel.resume = Resume::No;
        if chars < enough {
            self.score(Detector::Restart, score.min(999));
            self.report_unstitched(reading, key, id, &new, chars);
            return None;
        }
        let mut ranges = Vec::new();
        let mut left = overlap.bytes;
        for delta in self.channel(key).held.iter().copied().chain([id]) {
            let cut = left.min(reading.delta(delta).text.len());
            ranges.push((delta, 0..cut as u32));
            left -= cut;
        }
        self.score(Detector::Restart, 1000);
        Some(Proposal {
            score: 1000,
            verdict: Verdict::Proved(ranges),
            certainty: Certainty::Proved,
            layer: Layer::Server,
            evidence: format!("the continuation repeats the last {chars} characters before it"),
            ..Proposal::pass(Class::OverlapStitch)
        })
    }

    /// Decides what is held behind a boundary by what came of it; false if nothing is.
    pub(super) fn resume_given_up(&mut self, reading: &Reading, key: ChannelKey, why: &str) -> bool {
        let channel = self.channels.entry(key);
        let held = channel.held.clone();
        let [first, ..] = held[..] else { return false };
        let new: String = held.iter().map(|delta| reading.delta(*delta).text).collect();
        match std::mem::take(&mut channel.resume) {
            Resume::No => return false,
            Resume::Stitch => {
                let overlap = stitch::overlap(stitch::tail(&channel.accepted), &new);
                let chars = new.get(..overlap.bytes).map_or(0, |overlap| overlap.chars().count() as u64);
                self.report_unstitched(reading, key, first, &new, chars);
            }
            Resume::Restart { cause, .. } => {
                let draft = Draft {
                    class: Class::RetryRestart,
                    score: 500,
                    certainty: Certainty::Ambiguous,
                    action: Action::Keep,
                    layer: Layer::Unknown,
                    evidence: format!(
                        "{cause}, frame {} begins as the text before did, and {why} before more could decide",
                        reading.delta(first).frame.0
                    ),
                };
                let finding = self.add(reading, draft, Some(key), Some(reading.delta(first).frame), Some(first));
                let clip = |text: String| text.chars().take(200).collect::<String>();
                let accepted = self.channel(key).accepted.clone();
                self.findings[finding.0 as usize].readings = vec![clip(format!("{accepted}{new}")), clip(accepted)];
            }
        }
        for delta in self.channels.decide(key) {
            self.accept(reading, key, delta, 0);
        }
        true
    }

    /// A continuation that overlaps nothing is a clean one, or the answer to a prefill that was ignored: text does not tell.
    fn report_unstitched(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, new: &str, chars: u64) {
        let channel = self.channels.entry(key);
        let first = channel.held.first().copied().unwrap_or(id);
        let before = channel.accepted.clone();
        let overlap = match chars {
            0 => "overlaps nothing of the text before it".to_owned(),
            1 => "overlaps the text before it by 1 character, too little to be no chance".to_owned(),
            chars => format!("overlaps the text before it by {chars} characters, too few to be no chance"),
        };
        let draft = Draft {
            class: Class::OverlapStitch,
            score: 500,
            certainty: Certainty::Ambiguous,
            action: Action::Keep,
            layer: Layer::Model,
            evidence: format!("the continuation {overlap}: it goes on cleanly, or begins anew and ignores the text before"),
        };
        let frame = reading.delta(first).frame;
        let finding = self.add(reading, draft, Some(key), Some(frame), Some(first));
        let clip = |text: &str| text.chars().rev().take(100).collect::<Vec<_>>().into_iter().rev().collect::<String>();
        let (before, new) = (clip(&before), new.chars().take(100).collect::<String>());
        self.findings[finding.0 as usize].readings = vec![format!("{before}{new}"), before];
    }
}
