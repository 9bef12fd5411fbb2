//! What a frame's identity says of it: new, delivered before, out of its place; and the frames that wait for others.
//!
//! A frame passes two gates before its text is judged: numbers that are missing before it, and the doubt whose completion it belongs to
//! (`foreign.rs`). Both are first in, first out, so the text after them is judged in the order in which it is passed on.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        Detector,
        identity::Identified,
        order::{GivenUp, Step},
    },
    judgement::{Judgement, findings::Draft},
    params::Param,
    profile::Preset,
    reading::{DeltaId, Frame, FrameId, FrameKind, Reading, Series},
    time::Moment,
};

/// A frame whose text is to be judged.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub frame: FrameId,
    /// The choices that finish in it, ascending.
    pub finished: Vec<u16>,
    pub kind: FrameKind,
    /// The note that gives another completion id than the frame before had.
    pub completion: Option<usize>,
    /// The frame that has the same identity and the same text.
    pub original: Option<FrameId>,
    /// When it came.
    pub since: Moment,
    /// Characters in its deltas; counted where it waits.
    pub chars: u64,
}

/// Frames that are passed on in another order, while they are.
#[derive(Debug)]
pub(super) struct Run {
    /// The first frame that waited.
    pub first: FrameId,
    /// What went on since, in that order.
    order: Vec<FrameId>,
    /// Since when the first of those that wait has waited.
    pub since: Moment,
}

impl Run {
    /// The position of what goes on next.
    pub fn position(&self) -> u32 {
        self.first.0 + self.order.len() as u32
    }
}

impl Judgement {
    /// True if nothing about frame `id` can make it wait: it has no number, and no other frame and no completion is waited for.
    pub(super) fn has_its_turn(&mut self, reading: &Reading, frame: &Frame, id: FrameId) -> bool {
        let text = frame.first_delta < frame.deltas_end;
        reading.identity(id).is_none() && !self.session.order.is_open() && self.session.completions.goes_on(text)
    }

    /// Takes a frame in: it is judged in the order of its number.
    pub(super) fn admit(&mut self, reading: &Reading, mut item: Item) {
        let number = self.identify(reading, &mut item);
        let plain = match number {
            Some(number) => self.session.order.follows(number),
            None => !self.session.order.is_open(),
        };
        if plain {
            return self.pass(reading, item);
        }
        if item.kind == FrameKind::Terminator && number.is_none() {
            self.order_given_up(reading, "the stream ended");
            return self.pass(reading, item);
        }
        let params = &self.profile.params;
        let most = if params.get(Param::HoldTime) == 0 { 0 } else { params.get(Param::HoldDeltas) };
        let (frame, mut out) = (item.frame, Vec::new());
        let deltas = reading.deltas_of(frame).map(|delta| reading.delta(DeltaId(delta)));
        item.chars = deltas.map(|delta| delta.text.chars().count() as u64).sum();
        let step = self.session.order.offer(number, item, most, &mut out);
        if step == Step::Waits && self.session.run.is_none() {
            self.session.run = Some(Run { first: frame, order: Vec::new(), since: self.moment() });
            self.session
                .cause
                .get_or_insert_with(|| format!("frame {} waits for frames whose numbers come before its own", frame.0));
        }
        match step {
            Step::Passes | Step::Waits | Step::Filled | Step::Refuted => {}
            Step::Late => self.report_late(reading, frame),
            Step::Skipped(count) => {
                self.report_gap(reading, frame, count, number.unwrap_or(0), true, "they are too many to wait for")
            }
        }
        self.go_on(reading, out);
        let (count, chars) = (self.session.order.waiting().len(), self.session.order.waiting().map(|item| item.chars).sum::<u64>());
        let full = count as u64 > most || chars > self.profile.params.get(Param::HoldChars);
        if full {
            self.order_given_up(reading, "the hold was full");
        }
    }

    /// The number by which frame `item` is ordered, and what its identity says else.
    fn identify(&mut self, reading: &Reading, item: &mut Item) -> Option<u64> {
        let identity = reading.identity(item.frame)?;
        let session = &mut self.session;
        let counts = identity.series == Series::Sequence;
        let known = counts && session.numbering.1 == identity.generation;
        if known && session.order.missed(identity.number) {
            return Some(identity.number);
        }
        let expected = known && session.order.expects(identity.number);
        let identified = session.identities.observe(reading, item.frame, identity, expected, &self.profile.params);
        match identified {
            Identified::Again { original } => {
                item.original = Some(original);
                return None;
            }
            Identified::Meaningless { original } => {
                self.order_refuted(reading);
                self.note_meaningless(reading, item.frame, original);
                return None;
            }
            Identified::Falls { behind } => self.report_fall(reading, item.frame, behind),
            Identified::New => self.score(Detector::Identity, 0),
        }
        let numbering = (self.session.identities.numbering(), identity.generation);
        if numbering != self.session.numbering {
            self.order_given_up(reading, "numbers began anew");
            self.session.numbering = numbering;
            self.session.order.renumber();
        }
        (counts && self.session.identities.is_trusted()).then_some(identity.number)
    }

    /// What waits for missing numbers waits no longer.
    pub(super) fn order_given_up(&mut self, reading: &Reading, why: &str) {
        if !self.session.order.is_open() {
            return;
        }
        let first = self.session.order.waiting().next().map(|item| item.frame);
        let mut out = Vec::new();
        let given_up = self.session.order.give_up(&mut out);
        let mut gap = false;
        if let (Some(GivenUp::Missing { count, first: number, shown, numbers }), Some(frame)) = (given_up, first) {
            gap = shown || numbers >= 3;
            if gap {
                let evidence = format!("frame {} came before number {number}, which had not come when {why}", frame.0);
                // A frame that could not be read had the number that is missing.
                let before = frame.0.checked_sub(1).map(|before| reading.frame(FrameId(before)).kind);
                if before != Some(FrameKind::Malformed) {
                    self.report_misplaced(reading, frame, Certainty::Likely, evidence);
                }
                self.report_gap(reading, frame, count, number, shown, why);
            }
        }
        self.go_on(reading, out);
        // Their text would seem to have healed what it only follows.
        self.condition.unhealed |= gap;
    }

    /// Numbers mean nothing: what waits goes on as it came.
    fn order_refuted(&mut self, reading: &Reading) {
        let mut out = Vec::new();
        self.session.order.refute(&mut out);
        self.go_on(reading, out);
    }

    /// Passes frames on that waited, or that nothing kept waiting.
    fn go_on(&mut self, reading: &Reading, items: Vec<Item>) {
        let Some(run) = &mut self.session.run else {
            for item in items {
                self.pass(reading, item);
            }
            return;
        };
        let (first, since, kept) = (run.first, run.since, run.order.len());
        run.order.extend(items.iter().map(|item| item.frame));
        run.since = self.session.order.waiting().map(|item| item.since).min().unwrap_or(since);
        let done = !self.session.order.is_open();
        if self.profile.preset != Preset::Observe {
            let rest = items.iter().chain(self.session.order.waiting()).map(|item| item.frame);
            self.output.reorder(first.0, kept, rest, done);
        }
        if done {
            let run = self.session.run.take();
            self.report_order(reading, first, &run.map(|run| run.order).unwrap_or_default(), &items);
        }
        self.waiting_since(since, |judgement| {
            for item in items {
                judgement.pass(reading, item);
            }
        });
    }

    /// Does `what` with text that has been waiting since `since`: that time counts.
    pub(super) fn waiting_since(&mut self, since: Moment, what: impl FnOnce(&mut Judgement)) {
        let before = self.session.since;
        self.session.since = Some(before.map_or(since, |before| before.min(since)));
        what(self);
        self.session.since = before;
    }

    /// Judges a frame in its turn.
    pub(super) fn judge_item(&mut self, reading: &Reading, item: &Item) {
        if let Some(original) = item.original {
            return self.judge_redelivered(reading, item.frame, original);
        }
        self.judge_texts(reading, item.frame, item.kind, &item.finished);
    }

    /// Judges the deltas of a frame of kind `kind`, in which the choices `finished` (ascending) finish.
    pub(super) fn judge_texts(&mut self, reading: &Reading, frame: FrameId, kind: FrameKind, finished: &[u16]) {
        self.pass_ends(reading, frame, kind, finished);
        self.listen(reading, frame);
        for id in reading.deltas_of(frame).map(DeltaId) {
            let delta = reading.delta(id);
            if delta.snapshot {
                self.restate(reading, id);
            } else {
                self.judge_delta(reading, id, &delta, finished.binary_search(&delta.key.choice).is_ok());
            }
        }
        self.conclude_by_notes(reading, frame, finished);
    }

    /// Takes all deltas of a frame out: its identity says that it was delivered before.
    fn judge_redelivered(&mut self, reading: &Reading, frame: FrameId, original: FrameId) {
        self.score(Detector::Identity, 1000);
        self.listen(reading, frame);
        let resumed = self.session.identities.is_resumed();
        for id in reading.deltas_of(frame).map(DeltaId) {
            let delta = reading.delta(id);
            if delta.snapshot {
                continue;
            }
            self.condition.cut = false;
            let (layer, after) = match resumed {
                true => (Layer::Client, ", after a reconnect that did not ask for what comes next"),
                false => (Layer::Server, ""),
            };
            let draft = Draft {
                class: Class::ReplayBySeq,
                score: 1000,
                certainty: Certainty::Proved,
                action: Action::Suppress,
                layer,
                evidence: format!("frame {} has the identity and the text of frame {}{after}", frame.0, original.0),
            };
            let finding = self.find_in_channel(reading, delta.key, frame, id, draft);
            if self.finding(finding).action == Action::Suppress {
                self.cut(id, 0..delta.text.len() as u32, finding);
            } else {
                self.judge_delta(reading, id, &delta, false);
            }
        }
    }

    fn note_meaningless(&mut self, reading: &Reading, frame: FrameId, original: Option<FrameId>) {
        self.note_once(reading, Class::ReplayBySeq, Layer::Server, Some(frame), || match original {
            Some(original) => format!(
                "frame {} has the identity of frame {} and other text: identities mean nothing in this stream",
                frame.0, original.0
            ),
            None => format!("the identity of frame {} falls back: identities mean nothing in this stream", frame.0),
        });
    }

    /// Says what was put in order, if anything was: `order` began at frame `first`.
    fn report_order(&mut self, reading: &Reading, first: FrameId, order: &[FrameId], last: &[Item]) {
        let copy = |frame: FrameId| last.iter().any(|item| item.frame == frame && item.original.is_some());
        let early = order.iter().zip(first.0..).filter(|(frame, position)| *position > frame.0 && !copy(**frame));
        let mut early: Vec<FrameId> = early.map(|(frame, _)| *frame).collect();
        early.sort_unstable();
        let deltas = |frame: FrameId| reading.deltas_of(frame).map(DeltaId);
        let Some(frame) = early.first().copied() else { return };
        let delta = early.iter().copied().flat_map(deltas).next();
        self.score(Detector::Order, 1000);
        let finding = match self.session.reordered {
            Some(open) => {
                self.extend(open, delta);
                open
            }
            None => {
                let draft = Draft {
                    class: Class::OutOfOrder,
                    score: 1000,
                    certainty: Certainty::Proved,
                    action: Action::Reorder,
                    layer: Layer::Server,
                    evidence: format!("frame {} came before frames with smaller numbers, and was put behind them", frame.0),
                };
                let key = delta.map(|delta| reading.delta(delta).key);
                self.add(reading, draft, key, Some(frame), delta)
            }
        };
        self.session.reordered = Some(finding);
        for delta in early.into_iter().flat_map(deltas).skip(1) {
            self.extend(finding, Some(delta));
        }
    }

    /// Text came whose place is behind text that was passed on already.
    fn report_misplaced(&mut self, reading: &Reading, frame: FrameId, certainty: Certainty, evidence: String) {
        let Some(delta) = reading.deltas_of(frame).map(DeltaId).next() else { return };
        let (class, action, layer) = (Class::OutOfOrder, Action::Flag, Layer::Server);
        let draft = Draft { class, score: 1000, certainty, action, layer, evidence };
        self.score(Detector::Order, 1000);
        self.add(reading, draft, Some(reading.delta(delta).key), Some(frame), Some(delta));
    }

    fn report_late(&mut self, reading: &Reading, frame: FrameId) {
        let evidence = format!("frame {} brings a number that was missing, after the frames behind it had been passed on", frame.0);
        self.report_misplaced(reading, frame, Certainty::Proved, evidence);
    }

    fn report_fall(&mut self, reading: &Reading, frame: FrameId, behind: u64) {
        let behind = match behind {
            0..1_000_000 => format!("{} µs", behind / 1_000),
            _ => format!("{} ms", behind / 1_000_000),
        };
        let evidence =
            format!("frame {} is {behind} older at its source than the frame before it, which was passed on already", frame.0);
        self.report_misplaced(reading, frame, Certainty::Likely, evidence);
    }

    /// Numbers from `number` on are missing before `frame`.
    fn report_gap(&mut self, reading: &Reading, frame: FrameId, count: u64, number: u64, shown: bool, why: &str) {
        let what = if count == 1 { "1 number is".to_owned() } else { format!("{count} numbers are") };
        let evidence = format!("{what} missing before frame {}, from number {number} on: {why}", frame.0);
        let certainty = if shown { Certainty::Proved } else { Certainty::Likely };
        let delta = reading.deltas_of(frame).map(DeltaId).next();
        let (class, action, layer) = (Class::SequenceGap, Action::Flag, Layer::Server);
        let draft = Draft { class, score: 1000, certainty, action, layer, evidence };
        self.score(Detector::Order, 1000);
        let finding = self.add(reading, draft, None, Some(frame), delta);
        self.findings[finding.0 as usize].count = u32::try_from(count).unwrap_or(u32::MAX);
        self.condition.unhealed = true;
    }
}
