//! One delta: facts, proposals, the judge, and what becomes of the text.
//!
//! The judge takes proof before doubt and, among proofs, the strongest evidence first: identity, then another serializer's
//! key order, then growth in a row, then equality with the whole text. Without proof or doubt the delta leaves at once.

use std::ops::Range;

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        Detector,
        facts::{Facts, Match, Proposal, Verdict},
        replay,
    },
    judgement::{FindingId, Judgement, findings::Draft},
    output::Cut,
    params::Param,
    reading::{ChannelKey, DeltaId, FrameId, Reading},
};

impl Judgement {
    /// Judges one delta of the additive reading.
    pub(super) fn judge_delta(&mut self, reading: &Reading, frame: FrameId, id: DeltaId, finishes: bool) {
        let delta = reading.delta(id);
        let key = delta.key;
        self.condition.cut = false;
        self.count_delta(reading, key, id);
        if self.flood(reading, key, frame, id) {
            return;
        }
        let mut proposal = self.propose(reading, key, frame, id, finishes);
        if proposal.is_none() && !self.channel(key).held.is_empty() {
            // What was held is text to add after all. The delta is looked at anew, against all of it.
            self.give_back(reading, key);
            proposal = self.propose(reading, key, frame, id, finishes);
        }
        match proposal {
            Some(Proposal { verdict: Verdict::Proved(ranges), class, score, certainty, layer, evidence }) => {
                let draft = Draft { class, score, certainty, action: Action::Suppress, layer, evidence };
                self.suppress(reading, key, frame, id, draft, ranges);
            }
            Some(Proposal { evidence, .. }) => self.hold(reading, key, frame, id, &evidence),
            None => self.accept(reading, key, id, 0),
        }
        let channel = self.channel(key);
        channel.last = Some(id);
        channel.count += 1;
    }

    pub(super) fn channel(&mut self, key: ChannelKey) -> &mut super::ChannelState {
        self.channels.entry(key)
    }

    fn count_delta(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId) {
        let channel = self.channels.entry(key);
        let same = channel.last.is_some_and(|last| reading.delta(last).text == reading.delta(id).text);
        channel.distinct += u32::from(!same);
    }

    /// Asks every text detector and picks; the order of the list is the order of strength. Most deltas neither equal, extend
    /// nor begin the text so far: nothing is asked about them.
    fn propose(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId, finishes: bool) -> Option<Proposal> {
        let text = reading.delta(id).text;
        let channel = self.channels.entry(key);
        let against_accepted = Match::of(text, &channel.accepted);
        let unrelated = matches!(against_accepted, Match::Nothing | Match::Differs);
        if unrelated && channel.held.is_empty() && channel.cumulative.is_additive() {
            channel.double.unrelated(channel.count);
            for detector in [Detector::Double, Detector::Replay, Detector::Cumulative] {
                self.score(detector, 0);
            }
            return None;
        }
        let facts = Facts {
            reading,
            delta: id,
            frame,
            text,
            accepted: &channel.accepted,
            against_accepted,
            held: &channel.held,
            last: channel.last,
            count: channel.count,
            distinct: channel.distinct.saturating_sub(1),
            finishes,
        };
        let params = &self.profile.params;
        // In a stream of snapshots one that equals the one before is no replay.
        let snapshots = channel.cumulative.is_proved();
        let replay = if snapshots { Proposal::pass(Class::CumulativeReplay) } else { replay::observe(&facts, params) };
        let proposals = [
            (Detector::Double, channel.double.observe(&facts)),
            (Detector::Replay, replay),
            (Detector::Cumulative, channel.cumulative.observe(&facts, params)),
        ];
        for (detector, proposal) in &proposals {
            self.score(*detector, proposal.score);
        }
        let strength = |proposal: &Proposal| match proposal.verdict {
            Verdict::Proved(_) => 2,
            Verdict::Hold => 1,
            Verdict::Pass => 0,
        };
        let [(_, first), rest @ ..] = proposals;
        let pick = |best, next| if strength(&next) > strength(&best) { next } else { best };
        Some(rest.into_iter().map(|(_, proposal)| proposal).fold(first, pick)).filter(|best| best.verdict != Verdict::Pass)
    }

    fn hold(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId, why: &str) {
        let at = self.walk.at;
        let (max_chars, max_deltas) = (self.profile.params.get(Param::HoldChars), self.profile.params.get(Param::HoldDeltas));
        let max_time = self.profile.params.get(Param::HoldTime);
        self.channels.hold(key, id, frame, at);
        let channel = self.channel(key);
        channel.held_chars += reading.delta(id).text.chars().count() as u64;
        let full = channel.held.len() as u64 > max_deltas || channel.held_chars > max_chars;
        if full || max_time == 0 {
            self.give_up(reading, key, "the hold was full");
        } else if self.session.cause.is_none() {
            self.session.cause = Some(why.to_string());
        }
    }

    /// Passes on what is held in `key`: the next delta refuted the doubt.
    fn give_back(&mut self, reading: &Reading, key: ChannelKey) {
        for held in self.channels.decide(key) {
            self.accept(reading, key, held, 0);
        }
        if self.session.cause.is_none() {
            self.session.cause = Some("the held text is text to add: the doubt was refuted".into());
        }
    }

    /// Passes on what is held in `key`, undecided, and notes both readings.
    pub(super) fn give_up(&mut self, reading: &Reading, key: ChannelKey, why: &str) {
        let Some(held) = self.channels.get(key).map(|channel| channel.held.clone()).filter(|held| !held.is_empty()) else {
            return;
        };
        let (first, last) = (held[0], held[held.len() - 1]);
        let additive = held.iter().fold(self.channel(key).accepted.clone(), |text, delta| text + reading.delta(*delta).text);
        let snapshot = reading.delta(last).text.to_string();
        let draft = Draft {
            class: Class::CumulativeFull,
            score: 500,
            certainty: Certainty::Ambiguous,
            action: Action::Keep,
            layer: Layer::Unknown,
            evidence: format!("delta {} repeats the text so far, and {why} before another delta could decide", first.0),
        };
        let frame = reading.delta(first).frame;
        let finding = self.add(reading, draft, Some(key), Some(frame), Some(first));
        for delta in &held[1..] {
            self.extend(finding, Some(*delta));
        }
        let clip = |text: String| text.chars().take(200).collect::<String>();
        self.findings[finding.0 as usize].readings = vec![clip(additive), clip(snapshot)];
        let channel = self.channel(key);
        channel.cumulative.give_up();
        channel.double.reset(false);
        for delta in self.channels.decide(key) {
            self.accept(reading, key, delta, 0);
        }
    }

    fn suppress(
        &mut self,
        reading: &Reading,
        key: ChannelKey,
        frame: FrameId,
        id: DeltaId,
        draft: Draft,
        ranges: Vec<(DeltaId, Range<u32>)>,
    ) {
        let first = ranges.first().map_or(id, |(delta, _)| *delta);
        let first_frame = if first == id { frame } else { reading.delta(first).frame };
        let class = draft.class;
        let finding = self.find_in_channel(reading, key, first_frame, first, draft);
        let mut decided = self.channels.decide(key);
        decided.push(id);
        let channel = self.channel(key);
        if class != Class::CumulativeFull {
            channel.cumulative.give_up();
        }
        for delta in decided {
            let end = match ranges.iter().find(|(cut, _)| *cut == delta) {
                Some((_, range)) => {
                    if delta != first {
                        self.extend(finding, Some(delta));
                    }
                    self.cut(delta, range.clone(), finding);
                    range.end
                }
                None => 0,
            };
            self.accept(reading, key, delta, end);
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
        let goes_on = matches!(draft.class, Class::CumulativeFull | Class::ReplayBySeq | Class::WhitespaceFlood);
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
        if range.is_empty() {
            return;
        }
        self.condition.cut = true;
        let moment = self.moment();
        let cuts = &mut self.output.cuts;
        let at = cuts.partition_point(|cut| (cut.delta, cut.range.start) <= (delta, range.start));
        cuts.insert(at, Cut { delta, range, finding, moment });
    }

    /// Adds a delta's text from byte `from` on to the channel's text, and follows loops and content in it.
    fn accept(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, from: u32) {
        let text = &reading.delta(id).text[from as usize..];
        if text.is_empty() {
            return;
        }
        let channel = self.channels.entry(key);
        let before = channel.accepted.len();
        channel.accepted.push_str(text);
        self.condition.unhealed = false;
        if !self.session.flowed {
            self.session.flowed = true;
            self.session.first_delta_frame = reading.delta(id).frame.0;
            if self.session.cause.is_none() {
                self.session.cause = Some(format!("the first {} arrived", key.channel.word()));
            }
        }
        self.follow_content(reading, key, id, before);
    }
}
