//! One delta: facts, proposals, the judge, and what becomes of the text.
//!
//! The judge takes proof before doubt and, among proofs, the strongest evidence first: identity, then another serializer's
//! key order, then growth in a row, then equality with the whole text. Without proof or doubt the delta leaves at once.

use std::ops::Range;

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        Detector,
        content::Json,
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

    /// Takes all deltas of a frame out: its identity says that it was delivered before.
    pub(super) fn judge_redelivered(&mut self, reading: &Reading, frame: FrameId, original: FrameId) {
        self.score(Detector::Identity, 1000);
        for id in reading.deltas_of(frame).map(DeltaId) {
            let delta = reading.delta(id);
            self.condition.cut = false;
            let draft = Draft {
                class: Class::ReplayBySeq,
                score: 1000,
                certainty: Certainty::Proved,
                action: Action::Suppress,
                layer: Layer::Server,
                evidence: format!("frame {} has the identity and the text of frame {}", frame.0, original.0),
            };
            let finding = self.find_in_channel(reading, delta.key, frame, id, draft);
            self.cut(id, 0..delta.text.len() as u32, finding);
        }
    }

    fn channel(&mut self, key: ChannelKey) -> &mut super::ChannelState {
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
    fn find_in_channel(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId, draft: Draft) -> FindingId {
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
        channel.accepted.push_str(text);
        channel.json.feed(text);
        let solid = text.trim_end();
        let blanks = text[solid.len()..].chars().count() as u64;
        channel.blanks = if solid.is_empty() { channel.blanks + blanks } else { blanks };
        self.condition.unhealed = false;
        if !self.session.flowed {
            self.session.flowed = true;
            self.session.first_delta_frame = reading.delta(id).frame.0;
            if self.session.cause.is_none() {
                self.session.cause = Some(format!("the first {} arrived", key.channel.word()));
            }
        }
        self.follow_loop(reading, key, id);
    }

    fn follow_loop(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId) {
        let channel = self.channels.entry(key);
        let Some(run) = channel.repeat.feed(&channel.accepted).map(|run| run.aligned(&channel.accepted)) else {
            self.score(Detector::Loop, 0);
            return;
        };
        let params = &self.profile.params;
        let unit = String::from_utf8_lossy(&channel.accepted.as_bytes()[run.start..run.start + run.period]);
        // One character, or no letter at all, is mostly data, a ruler or art: ten times as many copies are asked for.
        let weak = unit.chars().count() < 2 || !unit.chars().any(char::is_alphabetic);
        let needed = params.get(Param::LoopCopies) * if weak { 10 } else { 1 };
        let (copies, chars) = (run.copies(), run.chars(&channel.accepted));
        let enough = copies >= needed && chars >= params.get(Param::LoopMinChars) && !unit.chars().all(char::is_whitespace);
        let evidence = (enough && !channel.fences.inside(&channel.accepted))
            .then(|| format!("{copies} copies of {unit:?} back to back ({chars} characters)"));
        let reported = channel.looped.filter(|(start, _)| *start == run.start).map(|(_, finding)| finding);
        self.score(Detector::Loop, (copies * 1000 / needed.max(1)).min(1000) as u16);
        let Some(evidence) = evidence else { return };
        let finding = match reported {
            Some(open) => {
                self.extend(open, Some(id));
                open
            }
            None => {
                let draft = Draft::flag(Class::TokenLoop, Layer::Model, evidence.clone());
                self.add(reading, draft, Some(key), Some(reading.delta(id).frame), Some(id))
            }
        };
        self.channel(key).looped = Some((run.start, finding));
        let finding = &mut self.findings[finding.0 as usize];
        finding.count = u32::try_from(copies).unwrap_or(u32::MAX);
        finding.evidence = evidence;
    }

    /// Whitespace without end after a closed JSON value is taken out; true if this delta was.
    fn flood(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId) -> bool {
        let limit = self.profile.params.get(Param::FloodChars);
        let text = reading.delta(id).text;
        let channel = self.channels.entry(key);
        if channel.json != Json::Closed || !text.trim_end().is_empty() {
            self.score(Detector::Flood, 0);
            return false;
        }
        let blanks = channel.blanks + text.chars().count() as u64;
        self.score(Detector::Flood, (blanks * 1000 / limit.max(1)).min(1000) as u16);
        let channel = self.channels.entry(key);
        if blanks <= limit || !channel.held.is_empty() {
            return false;
        }
        // Brackets that balance look closed; only JSON is.
        let known = channel.open.iter().any(|open| self.findings[open.0 as usize].class == Class::WhitespaceFlood);
        if !known && serde_json::from_str::<serde::de::IgnoredAny>(&channel.accepted).is_err() {
            channel.json = Json::No;
            return false;
        }
        channel.blanks = blanks;
        channel.last = Some(id);
        channel.count += 1;
        let draft = Draft {
            class: Class::WhitespaceFlood,
            score: 1000,
            certainty: Certainty::Proved,
            action: Action::Suppress,
            layer: Layer::Model,
            evidence: format!("{blanks} whitespace characters in a row after the JSON value closed"),
        };
        let evidence = draft.evidence.clone();
        let finding = self.find_in_channel(reading, key, frame, id, draft);
        self.findings[finding.0 as usize].evidence = evidence;
        self.cut(id, 0..text.len() as u32, finding);
        true
    }
}
