//! Strategies over a reading: one decision after another, per frame or per delta, in the order in which text leaves.

use std::{collections::BTreeMap, ops::Range};

use crate::core::{
    params::Strategy,
    reading::{Channel, ChannelKey, DeltaId, FrameId, FrameKind, Reading},
    time::Micros,
};

use super::{Chunk, Loss, Machine, Op, growth::Growth, lines, payload};

/// What a strategy does with a frame or a part of it.
///
/// Every frame gets [`Pass`](Decision::Pass) or [`Drop`](Decision::Drop) once, at once or after one
/// [`Hold`](Decision::Hold). The order of `Pass` is the order in which frames leave, so that a frame which overtakes a
/// held one comes before it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The frame leaves, whole but for its trims.
    Pass(FrameId),
    /// The frame waits.
    Hold(FrameId),
    /// The frame never leaves: all its text is lost.
    Drop(FrameId, Loss),
    /// A byte range of a delta's text does not leave; comes before its frame passes.
    Trim(DeltaId, Range<u32>, Loss),
    /// An event with empty data leaves that nobody sent; it carries no text.
    Void,
}

/// One attempt's stream under one strategy.
#[derive(Debug)]
pub struct Runner {
    strategy: Strategy,
    mode: Mode,
    lines: u32,
    ops: Vec<Op>,
    /// The frame whose line is held.
    waiting: Option<Tally>,
}

#[derive(Debug)]
enum Mode {
    Pass,
    Growth(BTreeMap<ChannelKey, Growth>),
    Machine(Machine),
}

/// What became of one frame's lines so far.
#[derive(Debug, Clone, Copy)]
struct Tally {
    frame: FrameId,
    /// The line that is held.
    held: Option<u32>,
    /// Why a line that matters was lost.
    lost: Option<Loss>,
}

impl Runner {
    /// A runner at the beginning of a stream; `None` for [`Strategy::Evidence`], which is not one of these.
    pub fn new(strategy: Strategy) -> Option<Runner> {
        let mode = match strategy {
            Strategy::Evidence => return None,
            Strategy::None => Mode::Pass,
            Strategy::Growth => Mode::Growth(BTreeMap::new()),
            Strategy::V1 | Strategy::V2 | Strategy::V2States => Mode::Machine(Machine::new(strategy)?),
        };
        Some(Runner { strategy, mode, lines: 0, ops: Vec::new(), waiting: None })
    }

    /// Judges `frame`, the next one of `reading`, which came at `at`, and appends what follows to `out`.
    pub fn step(&mut self, reading: &Reading, frame: FrameId, at: Micros, out: &mut Vec<Decision>) {
        match &mut self.mode {
            Mode::Pass => out.push(Decision::Pass(frame)),
            Mode::Growth(channels) => {
                for delta in reading.deltas_of(frame).map(DeltaId) {
                    let row = reading.delta(delta);
                    if row.snapshot || !matches!(row.key.channel, Channel::Text | Channel::Reasoning) {
                        continue;
                    }
                    if let Some((range, loss)) = channels.entry(row.key).or_default().step(row.text) {
                        out.push(Decision::Trim(delta, range.start as u32..range.end as u32, loss));
                    }
                }
                out.push(Decision::Pass(frame));
            }
            Mode::Machine(_) if is_lines(reading, frame) => self.step_lines(reading.frame_bytes(frame), frame, at, out),
            Mode::Machine(machine) => {
                let mut tally = Tally { frame, held: None, lost: None };
                if machine.stopped() {
                    tally.lost = Some(Loss::AfterDone);
                }
                for chunk in text_chunks(reading, frame).into_iter().flatten() {
                    self.take(chunk, true, at, &mut tally, out);
                }
                self.close(tally, out);
            }
        }
    }

    /// Ends the stream: what is held is lost. The runner is at a beginning again, for a further attempt.
    pub fn end(&mut self, out: &mut Vec<Decision>) {
        out.extend(self.waiting.map(|tally| Decision::Drop(tally.frame, Loss::HeldAtEnd)));
        if let Some(fresh) = Runner::new(self.strategy) {
            *self = fresh;
        }
    }

    /// The frame that is held.
    pub fn held(&self) -> Option<FrameId> {
        self.waiting.map(|tally| tally.frame)
    }

    /// The machine behind it, for v1, v2 and v2-states.
    pub fn machine(&self) -> Option<&Machine> {
        match &self.mode {
            Mode::Machine(machine) => Some(machine),
            Mode::Pass | Mode::Growth(_) => None,
        }
    }

    fn step_lines(&mut self, bytes: &[u8], frame: FrameId, at: Micros, out: &mut Vec<Decision>) {
        let mut tally = Tally { frame, held: None, lost: None };
        // A frame leaves with its data; what becomes of an `event:` or comment line beside it does not matter.
        let has_data = lines::split(bytes).any(|line| line.starts_with(b"data:"));
        for line in lines::split(bytes) {
            let matters = !has_data || line.starts_with(b"data:");
            if line.ends_with(b"\n") {
                self.take(lines::parse(line), matters, at, &mut tally, out);
            } else if matters && lines::parse(line) != Chunk::Empty {
                tally.lost = Some(Loss::NoLineFeed);
            }
        }
        self.close(tally, out);
    }

    /// Gives one chunk of the frame of `tally` to the machine. Whether it `matters` decides if its loss loses the frame.
    fn take(&mut self, chunk: Chunk, matters: bool, at: Micros, tally: &mut Tally, out: &mut Vec<Decision>) {
        let Mode::Machine(machine) = &mut self.mode else { return };
        let source = self.lines;
        self.lines += 1;
        self.ops.clear();
        machine.step(source, chunk, at, &mut self.ops);
        for op in &self.ops {
            match *op {
                Op::Void => out.push(Decision::Void),
                Op::Hold(line) => tally.held = Some(line),
                Op::Emit(line) => settle(line, None, tally, &mut self.waiting, out),
                Op::Drop(line, loss) if line != source || matters => settle(line, Some(loss), tally, &mut self.waiting, out),
                Op::Drop(..) => {}
            }
        }
    }

    fn close(&mut self, tally: Tally, out: &mut Vec<Decision>) {
        if tally.held.is_some() {
            out.push(Decision::Hold(tally.frame));
            self.waiting = Some(tally);
        } else {
            out.push(tally.fate());
        }
    }
}

impl Tally {
    fn fate(&self) -> Decision {
        match self.lost {
            None => Decision::Pass(self.frame),
            Some(loss) => Decision::Drop(self.frame, loss),
        }
    }
}

/// Notes what became of `line`, which belongs to the frame being read or to the one that waits.
fn settle(line: u32, loss: Option<Loss>, tally: &mut Tally, waiting: &mut Option<Tally>, out: &mut Vec<Decision>) {
    match waiting {
        Some(earlier) if earlier.held == Some(line) => {
            earlier.lost = earlier.lost.or(loss);
            out.push(earlier.fate());
            *waiting = None;
        }
        _ => {
            tally.lost = tally.lost.or(loss);
            if tally.held == Some(line) {
                tally.held = None;
            }
        }
    }
}

/// Whether the frame is read line by line, as the earlier systems read everything: an SSE frame, unless its data is plainly of
/// another dialect, that is an object without `choices` which has text, ends the stream, or names its own type.
///
/// Only the frame itself is asked, since the dialect may be settled later, and judging a session again must decide the same.
fn is_lines(reading: &Reading, frame: FrameId) -> bool {
    let bytes = reading.frame_bytes(frame);
    let is_field = |line: &[u8]| [b":".as_slice(), b"data", b"event", b"id", b"retry"].iter().any(|name| line.starts_with(name));
    if !lines::split(bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes)).any(is_field) {
        return false;
    }
    let speaks = text_chunks(reading, frame) != [None, None];
    let mut data = lines::split(bytes).filter_map(|line| line.strip_prefix(b"data:"));
    !data.any(|data| payload::has(data, "choices") == Some(false) && (speaks || payload::has(data, "type") == Some(true)))
}

/// A frame of another dialect as chunks: its text of choice 0, then its end or its damage. A frame with neither passes without
/// being looked at: v1 and v2 know text only, and a `message_start` must not switch them off.
fn text_chunks(reading: &Reading, frame: FrameId) -> [Option<Chunk>; 2] {
    let mut text = Vec::new();
    for delta in reading.deltas_of(frame).map(DeltaId) {
        let row = reading.delta(delta);
        if row.key.choice == 0 && row.key.channel == Channel::Text && !row.snapshot {
            text.extend_from_slice(row.text.as_bytes());
        }
    }
    let end = match reading.frame(frame).kind {
        FrameKind::Terminator => Some(Chunk::Done),
        FrameKind::Malformed => Some(Chunk::Malformed),
        _ => None,
    };
    [(!text.is_empty()).then_some(Chunk::Data(Some(text))), end]
}
