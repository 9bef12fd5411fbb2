//! replay_by_seq: frames that were already delivered come again, with the same identity.
//!
//! An identity (sequence number, numeric event id, time at the source) counts only while the stream itself shows that it
//! identifies: it must have risen, without a repetition, over `replay.min_frames` frames. After an announced reconnect, where
//! repetition is what one expects, one equal number with equal deltas suffices. A number that comes again with other text refutes it for
//! the rest of the stream: servers send sequence 0 for every event, and stamps of whole seconds. In the recorded bodies no number that
//! identifies came again with the same text but where a frame was delivered again.

use crate::core::{
    params::{Param, Params},
    reading::{DeltaId, FrameId, Identity, Reading, Series},
};

/// What an identity says of its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// New, or no identity worth the name.
    New,
    /// Frame `original` had the same identity and the same deltas, and identities are trusted.
    Again {
        /// The frame that came first.
        original: FrameId,
    },
    /// The identity came again with other text, or fell back to one that never came: identities mean nothing here.
    Meaningless {
        /// The frame that had the same identity, if one had.
        original: Option<FrameId>,
    },
    /// The time at the source is this many nanoseconds before that of the frame before.
    Falls {
        /// Nanoseconds.
        behind: u64,
    },
}

/// Whether what was said of the last identity is sure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certain {
    /// A number fell back, to frames that said the same; the next ones decide.
    No,
    /// Numbers go on from the last one, or came again up to it, or at length.
    Yes,
    /// Numbers began anew or mean nothing: nothing was delivered again.
    #[default]
    Refuted,
}

/// Numbering, generation and number: what orders identities.
type Key = (u32, u32, u64);

/// State of one session.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    /// Identities in rising order, with the frame that brought each first.
    seen: Vec<(Key, FrameId)>,
    series: Option<Series>,
    /// Grows where numbers begin anew without saying so.
    numbering: u32,
    refuted: bool,
    /// The stream was resumed, and no new number came since; the last number that came again.
    resumed: Option<Option<Key>>,
    /// An attempt began, and no text said yet whether it goes on with the numbers or begins anew.
    fresh: bool,
    /// The last number, how many came, and how many of them were smaller than the one before.
    latest: u64,
    count: u32,
    falls: u32,
    /// Numbers that came again in a row: the place in `seen` of the one that would come next, the characters in their frames, and
    /// whether they began with the first, as numbers that begin anew do.
    chain: Option<(usize, u64, bool)>,
    certain: Certain,
    /// A message began: a number that falls back begins anew.
    turned: bool,
}

impl Identities {
    /// Looks at the identity of `frame`; `expected` says that a gap waits for just this number.
    pub fn observe(
        &mut self,
        reading: &Reading,
        frame: FrameId,
        identity: Identity,
        expected: bool,
        params: &Params,
    ) -> Identified {
        if self.series.replace(identity.series).is_some_and(|series| series != identity.series) {
            self.renumber();
        }
        self.certain = Certain::Refuted;
        if self.refuted {
            return Identified::New;
        }
        let before = std::mem::replace(&mut self.latest, identity.number);
        self.count = self.count.saturating_add(1);
        let key = (self.numbering, identity.generation, identity.number);
        if self.seen.last().is_none_or(|(last, _)| key > *last) {
            self.seen.push((key, frame));
            (self.resumed, self.fresh, self.chain, self.turned) = (None, false, None, false);
            self.certain = Certain::Yes;
            return Identified::New;
        }
        if self.turned && identity.series == Series::Sequence {
            return self.anew(frame, identity);
        }
        match self.seen.binary_search_by_key(&key, |(seen, _)| *seen) {
            Ok(index) => self.again(reading, frame, index, params),
            // Few numbers are greater: those that wait for this one.
            Err(index) if expected => {
                self.seen.insert(index, (key, frame));
                Identified::New
            }
            Err(_) if self.fresh => self.anew(frame, identity),
            Err(_) if identity.series == Series::Time => self.fall(before.saturating_sub(identity.number)),
            Err(_) => self.refute(None),
        }
    }

    /// True while numbers may order frames.
    pub fn is_trusted(&self) -> bool {
        !self.refuted
    }

    /// True between a reconnect and the first new number after it.
    pub fn is_resumed(&self) -> bool {
        self.resumed.is_some()
    }

    /// Which numbering a number belongs to.
    pub fn numbering(&self) -> u32 {
        self.numbering
    }

    /// The reader connected again: what follows may have been delivered before.
    pub fn resume(&mut self) {
        self.resumed = Some(None);
    }

    /// An attempt begins: it may go on with the numbers, repeat them, or begin anew.
    pub fn begin_attempt(&mut self) {
        self.fresh = true;
    }

    /// A message begins.
    pub fn begin_turn(&mut self) {
        self.turned = true;
    }

    /// Whether what was said of the last identity is sure.
    pub fn certain(&self) -> Certain {
        self.certain
    }

    /// Numbers begin anew.
    pub fn renumber(&mut self) {
        self.numbering = self.numbering.saturating_add(1);
        (self.refuted, self.fresh, self.resumed, self.chain, self.turned) = (false, false, None, None, false);
        (self.latest, self.count, self.falls) = (0, 0, 0);
    }

    fn again(&mut self, reading: &Reading, frame: FrameId, index: usize, params: &Params) -> Identified {
        let (key, original) = self.seen[index];
        if !same_deltas(reading, original, frame) {
            return match key {
                (_, generation, number) if self.fresh => {
                    let series = self.series.unwrap_or(Series::Sequence);
                    self.anew(frame, Identity { series, generation, number })
                }
                _ => self.refute(Some(original)),
            };
        }
        let trusted = self.seen.len() as u64 >= params.get(Param::StampMinFrames);
        // What was resumed comes in order, so that no frame of it comes twice.
        let resumed = self.resumed.is_some_and(|last| last.is_none_or(|last| key > last));
        if !trusted && !resumed {
            return Identified::New;
        }
        if self.resumed.is_some() {
            self.resumed = Some(Some(key));
        }
        let chars: usize = reading.deltas_of(frame).map(|delta| reading.delta(DeltaId(delta)).text.chars().count()).sum();
        let before = self.chain.filter(|(next, ..)| *next == index);
        let chars = before.map_or(0, |(_, chars, _)| chars) + chars as u64;
        // A time at the source does not begin anew, a generation says where numbers do, and behind a reconnect what was delivered is
        // expected.
        let told = resumed || self.fresh || self.series == Some(Series::Time) || key.1 != 0;
        // Where numbers begin anew, they begin with the first.
        let begins = index == 0 || self.seen[index - 1].0.0 != key.0;
        let doubted = begins || before.is_some_and(|(_, _, doubted)| doubted);
        let sure = told || !doubted || index + 1 == self.seen.len() || chars >= params.get(Param::RestartMinChars);
        self.chain = Some((index + 1, chars, doubted));
        self.certain = if sure { Certain::Yes } else { Certain::No };
        Identified::Again { original }
    }

    fn anew(&mut self, frame: FrameId, identity: Identity) -> Identified {
        self.renumber();
        (self.latest, self.count) = (identity.number, 1);
        self.seen.push(((self.numbering, identity.generation, identity.number), frame));
        Identified::New
    }

    /// A time fell. One fall is a frame out of its place; falls one after the other are no times.
    fn fall(&mut self, behind: u64) -> Identified {
        if behind == 0 {
            return Identified::New;
        }
        self.falls += 1;
        if self.falls > 1 && self.falls.saturating_mul(4) > self.count {
            return self.refute(None);
        }
        Identified::Falls { behind }
    }

    fn refute(&mut self, original: Option<FrameId>) -> Identified {
        self.refuted = true;
        Identified::Meaningless { original }
    }
}

fn same_deltas(reading: &Reading, one: FrameId, two: FrameId) -> bool {
    // A call that has no number of its own is another one each time that it is read, in bytes it is the same.
    if reading.frame_bytes(one).trim_ascii_end() == reading.frame_bytes(two).trim_ascii_end() {
        return true;
    }
    let deltas = |frame| reading.deltas_of(frame).map(|delta| reading.delta(DeltaId(delta))).map(|delta| (delta.key, delta.text));
    deltas(one).eq(deltas(two))
}
