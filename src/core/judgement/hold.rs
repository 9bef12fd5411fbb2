//! What is undecided: it is held, and decided when a later delta, the end of its channel or the end of the hold says so.

use std::ops::Range;

use super::Judgement;
use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        facts::{Held, Outcome, Proposal, Redundant, Verdict},
        plain::says_little,
    },
    judgement::findings::Draft,
    params::Param,
    reading::{Channel, ChannelKey, DeltaId, FrameId, Reading},
};

/// Characters of all text so far that are spoken of where a delta says them again and goes on.
const RESENT: usize = 4;

/// Characters of each of two readings that a finding shows.
pub(super) const SHOWN: usize = 200;

impl Judgement {
    pub(super) fn hold(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId, why: &str) {
        let (position, since) = (self.output.position(frame), self.session.since.unwrap_or(self.moment()));
        let params = &self.profile.params;
        self.channels.hold(key, id, position, since);
        let text = reading.delta(id).text;
        let channel = self.channels.entry(key);
        let full = if key.channel == Channel::ToolArguments {
            channel.held_size += text.len() as u64;
            channel.held_size > params.get(Param::ToolArgsHold)
        } else {
            channel.held_size += text.chars().count() as u64;
            channel.held_size > params.get(Param::HoldChars)
                || channel.held.len() as u64 > params.get(Param::HoldDeltas)
                || params.get(Param::HoldTime) == 0
        };
        if full {
            self.give_up(reading, key, "the hold was full");
        } else if self.session.cause.is_none() {
            self.session.cause = Some(why.to_string());
        }
    }

    /// Passes on what is held in `key`: the next delta refuted the doubt.
    pub(super) fn give_back(&mut self, reading: &Reading, key: ChannelKey) {
        self.doubt_growth(reading, key);
        for held in self.channels.decide(key) {
            self.accept(reading, key, held, 0);
        }
        if self.session.cause.is_none() {
            self.session.cause = Some("the held text is text to add: the doubt was refuted".into());
        }
    }

    /// One delta is held that began with all text so far, and the next one goes on with text to add: the server may have sent again what
    /// it had held back. Four characters do so by chance in 3 of 82,291 recorded deltas.
    fn doubt_growth(&mut self, reading: &Reading, key: ChannelKey) {
        let Some(channel) = self.channels.get(key) else { return };
        let ([held], known) = (channel.held.as_slice(), channel.accepted.as_str()) else { return };
        let (held, text) = (*held, reading.delta(*held).text);
        let grows = text.len() > known.len() && text.starts_with(known) && known.trim().chars().nth(RESENT - 1).is_some();
        if key.channel == Channel::ToolArguments || !grows || says_little(known) {
            return;
        }
        let evidence =
            format!("frame {} begins with all text so far, and the next frame goes on after it", reading.delta(held).frame.0);
        let redundant = vec![(held, 0..known.len() as u32)];
        self.note_doubt(reading, key, Class::HoldbackResend, &redundant, evidence);
    }

    /// Passes on what is held in `key`, undecided, and notes both readings.
    pub(super) fn give_up(&mut self, reading: &Reading, key: ChannelKey, why: &str) {
        self.close(reading, key, why, false, None);
    }

    /// Channel `key` ends while it holds text: what its hypotheses make of the whole of it decides.
    pub(super) fn conclude(&mut self, reading: &Reading, key: ChannelKey, why: &str) {
        self.close(reading, key, why, true, None);
    }

    /// A typed snapshot says what the channel's text is: one of the readings of what is held may be that. It ends what it restates.
    pub(super) fn restate(&mut self, reading: &Reading, id: DeltaId) {
        let row = reading.delta(id);
        if self.channels.get(row.key).is_some_and(|channel| !channel.held.is_empty()) {
            let why = format!("frame {} restated the text", row.frame.0);
            self.close(reading, row.key, &why, true, Some(row.text));
        }
    }

    /// Concludes every channel of `choice` that holds text, `but` one.
    pub(super) fn conclude_choice(&mut self, reading: &Reading, choice: u16, but: Option<ChannelKey>, why: &str) {
        for key in self.channels.holding_in(choice) {
            if but != Some(key) {
                self.conclude(reading, key, why);
            }
        }
    }

    fn close(&mut self, reading: &Reading, key: ChannelKey, why: &str, ended: bool, typed: Option<&str>) {
        if self.resume_given_up(reading, key, why) {
            return;
        }
        let channel = self.channels.entry(key);
        if channel.held.is_empty() {
            return;
        }
        let held = Held { reading, key, accepted: &channel.accepted, deltas: &channel.held };
        let mut best = channel.hypotheses.weigh(&held, &self.profile.params, ended);
        let redundant = match &best {
            Some((_, Proposal { verdict: Verdict::Undecided(redundant) | Verdict::Proved(redundant), .. })) => redundant.clone(),
            _ => Redundant::new(),
        };
        if let Some(typed) = typed {
            best = match best {
                // The snapshot is the text with all that is held: there is no doubt left.
                _ if held.reads(&Redundant::new(), typed) => None,
                Some((place, doubt)) if held.reads(&redundant, typed) => {
                    Some((place, Proposal::proved(doubt.class, redundant.clone(), doubt.evidence)))
                }
                // It says something else, which proves neither.
                doubt => doubt.map(|(place, doubt)| (place, Proposal::undecided(doubt.class, redundant.clone(), doubt.evidence))),
            };
        }
        let undecided = best.as_ref().filter(|(_, best)| best.strength() < 2).map(|(_, best)| best.class);
        let reason = undecided.and_then(|class| self.reason_to_act(reading, class, &redundant));
        let sure = best.as_ref().filter(|_| undecided.is_none() || reason.is_some()).map(|(place, _)| *place);
        let outcome = if sure.is_some() || typed.is_some() { Outcome::Decided } else { Outcome::GivenUp };
        let channel = self.channels.entry(key);
        let held = Held { reading, key, accepted: &channel.accepted, deltas: &channel.held };
        channel.hypotheses.resolve(&held, outcome, sure);
        match (best, reason) {
            (Some((_, best)), Some(reason)) => {
                let evidence = format!("{}, and {why} before proof came; {reason}", best.evidence);
                let (verdict, certainty) = (Verdict::Proved(redundant), Certainty::Likely);
                self.suppress(reading, key, None, Proposal { score: 900, verdict, certainty, evidence, ..best });
            }
            (Some((_, best)), None) if undecided.is_none() => {
                let evidence = format!("{}, and {why}", best.evidence);
                self.suppress(reading, key, None, Proposal { evidence, ..best });
            }
            (Some((_, best)), None) if !is_blank(reading, &redundant) => {
                let evidence = format!("{}, and {why} before another delta could decide", best.evidence);
                self.note_doubt(reading, key, best.class, &redundant, evidence);
                self.pass_on(reading, key);
            }
            _ => self.give_back(reading, key),
        }
    }

    fn pass_on(&mut self, reading: &Reading, key: ChannelKey) {
        for delta in self.channels.decide(key) {
            self.accept(reading, key, delta, 0);
        }
    }

    /// Notes that what is held in `key` has two readings: as it came, or without `redundant`.
    fn note_doubt(&mut self, reading: &Reading, key: ChannelKey, class: Class, redundant: &Redundant, evidence: String) {
        let channel = self.channel(key);
        let held = channel.held.clone();
        let known = tail(&channel.accepted);
        let mut readings = vec![known.to_string(), known.to_string()];
        let mut cuts = redundant.iter().peekable();
        for delta in &held {
            let text = reading.delta(*delta).text;
            readings[0].push_str(text);
            let cut = cuts.next_if(|(cut, _)| cut == delta).map_or(0..0, |(_, range)| range.start as usize..range.end as usize);
            readings[1].push_str(&text[..cut.start]);
            readings[1].push_str(&text[cut.end..]);
        }
        let draft =
            Draft { class, score: 500, certainty: Certainty::Ambiguous, action: Action::Keep, layer: Layer::Unknown, evidence };
        let first = held[0];
        let frame = reading.delta(first).frame;
        let finding = self.add(reading, draft, Some(key), Some(frame), Some(first));
        for delta in &held[1..] {
            self.extend(finding, Some(*delta));
        }
        let clip = |text: String| text.chars().take(SHOWN).collect::<String>();
        self.findings[finding.0 as usize].readings = readings.into_iter().map(clip).collect();
    }
}

/// True if nobody would miss `redundant`, nor mind it: it is whitespace.
fn is_blank(reading: &Reading, redundant: &Redundant) -> bool {
    let blank = |(delta, range): &(DeltaId, Range<u32>)| {
        reading.delta(*delta).text[range.start as usize..range.end as usize].trim().is_empty()
    };
    redundant.iter().all(blank)
}

/// The end of `text`, on a character boundary, at most [`SHOWN`] / 2 characters of it.
fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().take(SHOWN / 2).last().map_or(0, |(at, _)| at);
    &text[start..]
}
