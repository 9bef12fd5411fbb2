//! One delta: facts, proposals, the judge, and what becomes of the text.
//!
//! The judge takes proof before doubt and, among proofs, the strongest evidence first: identity, what the frame itself says,
//! then the hypotheses about the channel's text in the order of their list. Without proof or doubt the delta leaves at once.

use std::ops::Range;

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::{
        Detector, TEXT_DETECTORS,
        facts::{Facts, Match, Proposal, Said, Verdict},
        rewrite::near,
    },
    judgement::{FindingId, Judgement, channel::ChannelState, findings::Draft},
    output::Cut,
    reading::{Channel, ChannelKey, Delta, DeltaId, FrameId, Note, Reading},
};

impl Judgement {
    /// Judges one delta of the additive reading.
    pub(super) fn judge_delta(&mut self, reading: &Reading, id: DeltaId, delta: &Delta<'_>, finishes: bool) {
        let Delta { key, frame, .. } = *delta;
        self.condition.cut = false;
        if self.mirrored(reading, id, delta) {
            return;
        }
        if self.channels.entry(key).count == 0 {
            self.conclude_choice(reading, key.choice, Some(key), "another text of its choice began");
        }
        let against_last = self.count_delta(reading, delta);
        if self.flood(reading, id, delta) {
            return;
        }
        loop {
            let held = !self.channel(key).held.is_empty();
            match self.propose(reading, id, delta, against_last, finishes) {
                Some(proposal @ Proposal { verdict: Verdict::Proved(_), .. }) => {
                    let this = proposal.names(id);
                    self.suppress(reading, key, this.then_some(id), proposal);
                    if this {
                        break;
                    }
                    if !held {
                        break self.accept(reading, key, id, 0);
                    }
                    // Only what was held is decided. The delta is looked at anew.
                }
                Some(Proposal { evidence, .. }) => break self.hold(reading, key, frame, id, &evidence),
                // What was held is text to add after all. The delta is looked at anew, against all of it.
                None if held => self.give_back(reading, key),
                None => break self.accept(reading, key, id, 0),
            }
        }
        let channel = self.channel(key);
        channel.last = Some(id);
        channel.count += 1;
    }

    /// Hears what a frame says of its deltas, before they are judged.
    #[inline]
    pub(super) fn listen(&mut self, reading: &Reading, frame: FrameId) {
        let heard = self.heard(reading, frame);
        if !heard.is_empty() || !self.session.said.says_nothing() {
            self.hear_of_text(reading, heard);
        }
    }

    fn hear_of_text(&mut self, reading: &Reading, heard: &[(FrameId, Note)]) {
        self.session.said = Said::of(heard);
        for (_, note) in heard {
            if let Note::Tool { choice, block, id, .. } = note
                && !id.is_empty()
            {
                self.begin_call(reading, ChannelKey { choice: *choice, block: *block, channel: Channel::ToolArguments }, id);
            }
        }
    }

    /// A call of another id in the same place is another call: its arguments begin anew.
    fn begin_call(&mut self, reading: &Reading, key: ChannelKey, id: &str) {
        let known = self.channel(key).call.as_deref().is_none_or(|call| call == id);
        if !known {
            self.conclude(reading, key, "another call began");
            *self.channel(key) = ChannelState::default();
        }
        self.channel(key).call.get_or_insert_with(|| id.to_string());
    }

    /// The notes of `frame`; mostly the latest one, and mostly none.
    fn heard<'a>(&self, reading: &'a Reading, frame: FrameId) -> &'a [(FrameId, Note)] {
        let latest = self.walk.note.checked_sub(1).map(|latest| reading.notes()[latest].0);
        if latest.is_none_or(|latest| latest < frame) { &[] } else { reading.notes_of(frame) }
    }

    /// Takes a delta out that repeats what another field of its frame says; true if it does.
    fn mirrored(&mut self, reading: &Reading, id: DeltaId, delta: &Delta<'_>) -> bool {
        let Delta { key, frame, .. } = *delta;
        if self.session.said.mirrored.is_empty() {
            return false;
        }
        let place = id.0 - reading.deltas_of(frame).start;
        if self.session.said.mirrored.binary_search(&place).is_err() {
            return false;
        }
        self.score(Detector::Typed, 1000);
        let draft = Draft {
            class: Class::ChannelMirror,
            score: 1000,
            certainty: Certainty::Proved,
            action: Action::Suppress,
            layer: Layer::Server,
            evidence: format!("frame {} says this text in another field too", frame.0),
        };
        let finding = self.find_in_channel(reading, key, frame, id, draft);
        self.cut(id, 0..delta.text.len() as u32, finding);
        true
    }

    /// Channels end with their choice's finish, and where a tool call begins.
    pub(super) fn conclude_by_notes(&mut self, reading: &Reading, frame: FrameId, finished: &[u16]) {
        if self.channels.earliest_hold().is_none() {
            return;
        }
        for choice in finished {
            self.conclude_choice(reading, *choice, None, "its choice finished");
        }
        for (_, note) in self.heard(reading, frame) {
            if let Note::Tool { choice, block, .. } = note {
                let call = ChannelKey { choice: *choice, block: *block, channel: Channel::ToolArguments };
                self.conclude_choice(reading, *choice, Some(call), "a tool call began");
            }
        }
    }

    pub(super) fn channel(&mut self, key: ChannelKey) -> &mut super::ChannelState {
        self.channels.entry(key)
    }

    /// Counts a delta, and says how it lies to the one before it.
    fn count_delta(&mut self, reading: &Reading, delta: &Delta<'_>) -> Match {
        let channel = self.channels.entry(delta.key);
        let against_last = channel.last.map_or(Match::Nothing, |last| Match::of(delta.text, reading.delta(last).text));
        channel.distinct += u32::from(against_last != Match::Equals);
        against_last
    }

    /// Asks every hypothesis and picks. Most deltas neither equal, extend nor begin the text so far: nothing is asked about them.
    fn propose(
        &mut self,
        reading: &Reading,
        id: DeltaId,
        delta: &Delta<'_>,
        against_last: Match,
        finishes: bool,
    ) -> Option<Proposal> {
        let Delta { key, frame, text, .. } = *delta;
        if let Some(proposal) = self.resume(reading, key, frame, id) {
            return Some(proposal);
        }
        let channel = self.channels.entry(key);
        let against_accepted = Match::of(text, &channel.accepted);
        let unrelated = match against_accepted {
            Match::Nothing => true,
            Match::Differs => !near(text, &channel.accepted),
            _ => false,
        };
        let said = &self.session.said;
        let plain = !matches!(against_last, Match::Equals | Match::Extends) && !said.opening && said.tokens.is_none();
        if unrelated && plain && channel.held.is_empty() && channel.hypotheses.idle() {
            channel.hypotheses.unrelated(id, self.walk.at, channel.count);
            self.score_none(TEXT_DETECTORS);
            return None;
        }
        let facts = Facts {
            reading,
            delta: id,
            frame,
            key,
            at: reading.clocked().then_some(self.walk.at),
            said,
            text,
            accepted: &channel.accepted,
            against_accepted,
            held: &channel.held,
            last: channel.last,
            same: against_last == Match::Equals,
            grows: against_last == Match::Extends,
            count: channel.count,
            distinct: channel.distinct.saturating_sub(1),
            finishes,
        };
        let (best, scores) = channel.hypotheses.observe(&facts, &self.profile.params);
        for (detector, score) in scores {
            self.score(detector, score);
        }
        best
    }

    /// Takes what `proposal` proves to be redundant out of what is held in `key` and of `delta`, which comes after it.
    pub(super) fn suppress(&mut self, reading: &Reading, key: ChannelKey, delta: Option<DeltaId>, proposal: Proposal) {
        let Proposal { class, score, verdict, certainty, layer, evidence, passed, repaired } = proposal;
        let Verdict::Proved(ranges) = verdict else { return };
        let mut decided = self.channels.decide(key);
        decided.extend(delta);
        let named = passed.iter().chain(ranges.iter().map(|(delta, _)| delta)).chain(&decided);
        let Some(first) = named.copied().next() else { return };
        let draft = Draft { class, score, certainty, action: Action::Suppress, layer, evidence };
        let finding = self.find_in_channel(reading, key, reading.delta(first).frame, first, draft);
        if certainty == Certainty::Likely {
            self.findings[finding.0 as usize].level = Level::Warning;
        }
        for delta in passed.iter().filter(|delta| **delta != first) {
            self.extend(finding, Some(*delta));
        }
        if !passed.is_empty() {
            let deltas = passed.len();
            let already = format!("; {deltas} of its deltas had been passed on by then");
            self.findings[finding.0 as usize].evidence.push_str(&already);
        }
        self.findings[finding.0 as usize].repaired &= repaired && passed.is_empty();
        let mut ranges = ranges.into_iter().peekable();
        for delta in decided {
            let range = match ranges.next_if(|(cut, _)| *cut == delta) {
                Some((_, range)) => {
                    if delta != first {
                        self.extend(finding, Some(delta));
                    }
                    range
                }
                None => 0..0,
            };
            self.cut(delta, range.clone(), finding);
            self.accept(reading, key, delta, range.end);
        }
    }

    /// Extends the open finding of the draft's class in this channel, or makes one and leaves it open.
    pub(super) fn find_in_channel(
        &mut self,
        reading: &Reading,
        key: ChannelKey,
        frame: FrameId,
        id: DeltaId,
        draft: Draft,
    ) -> FindingId {
        let goes_on = matches!(
            draft.class,
            Class::CumulativeFull
                | Class::CumulativeRewrite
                | Class::PerDeltaDouble
                | Class::ChannelMirror
                | Class::HoldbackResend
                | Class::ReplayBySeq
                | Class::RetryRestart
                | Class::WhitespaceFlood
        );
        if goes_on && let Some(open) = self.open_finding(key, draft.class) {
            self.extend(open, Some(id));
            return open;
        }
        let finding = self.add(reading, draft, Some(key), Some(frame), Some(id));
        if goes_on {
            self.channel(key).open.push(finding);
        }
        finding
    }

    pub(super) fn cut(&mut self, delta: DeltaId, range: Range<u32>, finding: FindingId) {
        if range.is_empty() || !matches!(self.finding(finding).action, Action::Suppress | Action::Reorder) {
            return;
        }
        self.condition.cut = true;
        let moment = self.moment();
        let cuts = &mut self.output.cuts;
        let at = cuts.partition_point(|cut| (cut.delta, cut.range.start) <= (delta, range.start));
        cuts.insert(at, Cut { delta, range, finding, moment });
    }

    /// Adds a delta's text from byte `from` on to the channel's text, and follows loops and content in it.
    pub(super) fn accept(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, from: u32) {
        let text = &reading.delta(id).text[from as usize..];
        if text.is_empty() {
            return;
        }
        self.condition.unhealed = false;
        if !self.session.flowed {
            self.session.flowed = true;
            self.session.first_delta_frame = self.output.position(reading.delta(id).frame);
            if self.session.cause.is_none() {
                self.session.cause = Some(format!("the first {} arrived", key.channel.word()));
            }
        }
        self.add_text(reading, key, id, text);
    }
}
