//! What is undecided: it is held, and decided when a later delta, the end of its channel or the end of the hold says so.

use super::Judgement;
use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::facts::{Held, Outcome, Proposal, Redundant, Verdict},
    judgement::findings::Draft,
    params::Param,
    reading::{Channel, ChannelKey, DeltaId, FrameId, Reading},
};

/// Characters of each of two readings that a finding shows.
const SHOWN: usize = 200;

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
        for held in self.channels.decide(key) {
            self.accept(reading, key, held, 0);
        }
        if self.session.cause.is_none() {
            self.session.cause = Some("the held text is text to add: the doubt was refuted".into());
        }
    }

    /// Passes on what is held in `key`, undecided, and notes both readings.
    pub(super) fn give_up(&mut self, reading: &Reading, key: ChannelKey, why: &str) {
        self.close(reading, key, why, false);
    }

    /// Channel `key` ends while it holds text: what its hypotheses make of the whole of it decides.
    pub(super) fn conclude(&mut self, reading: &Reading, key: ChannelKey, why: &str) {
        self.close(reading, key, why, true);
    }

    /// Concludes every channel of `choice` that holds text, `but` one.
    pub(super) fn conclude_choice(&mut self, reading: &Reading, choice: u16, but: Option<ChannelKey>, why: &str) {
        for key in self.channels.holding_in(choice) {
            if but != Some(key) {
                self.conclude(reading, key, why);
            }
        }
    }

    fn close(&mut self, reading: &Reading, key: ChannelKey, why: &str, ended: bool) {
        if self.resume_given_up(reading, key, why) {
            return;
        }
        let params = &self.profile.params;
        let channel = self.channels.entry(key);
        if channel.held.is_empty() {
            return;
        }
        let held = Held { reading, key, accepted: &channel.accepted, deltas: &channel.held };
        let best = channel.hypotheses.weigh(&held, params, ended);
        let proved = best.as_ref().filter(|(_, best)| best.strength() == 2).map(|(place, _)| *place);
        let outcome = if proved.is_some() { Outcome::Decided } else { Outcome::GivenUp };
        channel.hypotheses.resolve(&held, outcome, proved);
        match best {
            Some((_, proposal @ Proposal { verdict: Verdict::Proved(_), .. })) => {
                let evidence = format!("{}, and {why}", proposal.evidence);
                self.suppress(reading, key, None, Proposal { evidence, ..proposal });
            }
            Some((_, Proposal { verdict: Verdict::Undecided(redundant), class, evidence, .. })) => {
                if let Some(reason) = self.reason_to_act(reading, class, &redundant) {
                    let evidence = format!("{evidence}, and {why} before proof came; {reason}");
                    let (verdict, certainty) = (Verdict::Proved(redundant), Certainty::Likely);
                    let proposal = Proposal { score: 900, verdict, certainty, evidence, ..Proposal::pass(class) };
                    return self.suppress(reading, key, None, proposal);
                }
                self.note_doubt(
                    reading,
                    key,
                    class,
                    &redundant,
                    format!("{evidence}, and {why} before another delta could decide"),
                );
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

/// The end of `text`, on a character boundary, at most [`SHOWN`] / 2 characters of it.
fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().take(SHOWN / 2).last().map_or(0, |(at, _)| at);
    &text[start..]
}
