//! Every parameter: one table that the tuning pane, the command line, the recording's header and the README read.

use serde::{Deserialize, Serialize};

pub use crate::core::profile::Profile;

/// What a parameter's integer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Millis,
    /// Characters (code points).
    Chars,
    /// Bytes of decoded text.
    Bytes,
    /// Deltas.
    Deltas,
    /// Copies of a unit, frames, or another plain number.
    Count,
    /// Thousandths of one.
    Thousandths,
}

impl Unit {
    /// The suffix shown after a value.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::Millis => " ms",
            Unit::Chars => " chars",
            Unit::Bytes => " bytes",
            Unit::Deltas => " deltas",
            Unit::Count => "",
            Unit::Thousandths => "‰",
        }
    }
}

/// A row of [`PARAMS`].
#[derive(Debug)]
pub struct ParamInfo {
    /// The parameter.
    pub param: Param,
    /// Public id, `detector.name`.
    pub id: &'static str,
    /// What the integer counts.
    pub unit: Unit,
    /// Smallest and largest allowed value.
    pub range: (u64, u64),
    /// Value of the `safe` profile.
    pub default: u64,
    /// How far one key press moves it.
    pub step: u64,
    /// What it does, and where its default comes from.
    pub about: &'static str,
}

macro_rules! params {
    ($($variant:ident $id:literal $unit:ident $low:literal..=$high:literal = $default:literal step $step:literal $about:literal;)*) => {
        /// A parameter of a judgement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Param {
            $(#[doc = $about] $variant,)*
        }

        /// One row per parameter, indexed by the parameter.
        pub const PARAMS: &[ParamInfo] = &[
            $(ParamInfo { param: Param::$variant, id: $id, unit: Unit::$unit, range: ($low, $high), default: $default, step: $step, about: $about },)*
        ];
    };
}

params! {
    HoldTime "hold.ms" Millis 0..=10_000 = 1_500 step 100
        "longest time that text is held while undecided";
    HoldChars "hold.chars" Chars 0..=65_536 = 4_096 step 256
        "most characters that are held while undecided";
    HoldDeltas "hold.deltas" Deltas 0..=1_024 = 64 step 4
        "most deltas that are held while undecided";
    CumulativeGrowths "cumulative.growths" Count 1..=16 = 2 step 1
        "growths in a row (each delta starts with the whole delta before) that prove a cumulative stream; two harmed none of 106 negatives";
    CumulativeMinChars "cumulative.min_chars" Chars 1..=1_024 = 32 step 4
        "matched length from which a single growth proves it; 32 harmed none of 106 negatives";
    CumulativeEndChars "cumulative.end_chars" Chars 1..=1_024 = 8 step 1
        "matched length from which a single growth proves it when the text ends with it; no recorded stream grows so";
    ReplayMinChars "replay.min_chars" Chars 1..=1_024 = 16 step 4
        "shortest whole text whose exact repetition proves a replay; real streams repeat short ones";
    ReplayMinDeltas "replay.min_deltas" Deltas 2..=64 = 2 step 1
        "fewest distinct deltas in the text before equality with all of it proves a replay";
    PairingPairs "pairing.pairs" Count 2..=1_024 = 8 step 1
        "pairs of equal deltas in a row that prove a doubled stream; half as many where twins come together and pairs do not";
    PairingMinChars "pairing.min_chars" Chars 1..=1_024 = 16 step 4
        "fewest characters in the units of those pairs together; single letters and digits alone need 32";
    ToolArgsHold "tool_args.hold_bytes" Bytes 0..=16_777_216 = 262_144 step 16_384
        "most bytes of a tool call's arguments that are held until the call ends, where they repeat themselves";
    StampMinFrames "replay.min_frames" Count 2..=256 = 3 step 1
        "rising, distinct identities seen before they count as identities";
    RestartMinChars "restart.min_chars" Chars 8..=1_024 = 32 step 4
        "characters from the first token on that must come again, after a failure, before a retry is proved without its end";
    StitchMinChars "stitch.min_chars" Chars 1..=1_024 = 8 step 1
        "shortest end of the text that a continuation's start must repeat; of 82,291 recorded deltas 5 do so by chance";
    LoopCopies "loop.copies" Count 4..=10_000 = 100 step 5
        "more back-to-back copies of one unit than this are a loop (ten times as many of a ruler, of numbers, in data); no clean body of 274 has them, nor has a clean text of 20,538 eight copies of a sentence that differ in their numbers only";
    LoopFew "loop.few" Count 2..=10_000 = 40 step 2
        "up to this many copies are at most noted; asked-for repetition of 40 passes; above it unit, length and request decide";
    LoopMinChars "loop.min_chars" Chars 16..=65_536 = 400 step 20
        "shortest run of up to loop.copies copies that is spoken of";
    LoopBlock "loop.block_chars" Chars 100..=65_536 = 1_000 step 100
        "shortest run of three or more copies of a long unit (80 characters) that is noted";
    LoopStop "loop.stop" Count 0..=100_000 = 0 step 50
        "copies of a proved loop after which this program ends the stream that it asked for; 0 ends none, since nobody can say what would have come";
    WordsRate "words.rate" Thousandths 1..=1_000 = 30 step 5
        "words said again at once, of the last 100, that are a stutter if three or more different ones are among them; clean streams stay under 5";
    AnswerMinChars "answer.min_chars" Chars 16..=65_536 = 64 step 16
        "shortest text that is said to be given twice when its second half is the first again; four times as much is a warning";
    FloodChars "flood.chars" Chars 8..=65_536 = 64 step 8
        "whitespace in a row, after a closed JSON value, that makes a flood; what comes after it is suppressed";
    StallHeaders "stall.headers_ms" Millis 100..=600_000 = 60_000 step 1_000
        "longest time to the response head; servers that send it with the first token need the prefill (one of 45 s was fine)";
    StallFirst "stall.first_ms" Millis 100..=600_000 = 60_000 step 1_000
        "longest time from the head to the first text, and between texts until the stream has a pace: a client that notes 30 s calls it slow, bridges give up at 300 s, a prefill of 45 s was fine";
    StallGap "stall.gap_ms" Millis 100..=600_000 = 5_000 step 250
        "longest time without text, once text has begun; the slowest steady stream on record has 2.5 s a token";
    StallReasoning "stall.reasoning_ms" Millis 100..=600_000 = 30_000 step 1_000
        "longest time inside the reasoning: summaries of it come in parts, seconds from each other";
    StallTool "stall.tool_ms" Millis 100..=600_000 = 30_000 step 1_000
        "longest time inside tool arguments: some servers release them value by value";
    StallTimes "stall.times" Count 1..=1_000 = 8 step 1
        "how many times the stream's own median gap a stall lasts at least, once four gaps are known";
    KeepaliveCount "keepalive.count" Count 1..=1_000 = 2 step 1
        "keep-alives inside a gap that make it a masked stall; one may be an empty delta that ends a text";
    KeepaliveGap "keepalive.gap_ms" Millis 100..=600_000 = 90_000 step 1_000
        "time without text that keep-alives do not excuse: limits of 60 s cut real thinking of 71 s, clients in use have 90 to 300 s";
    BurstFrames "burst.frames" Count 2..=1_024 = 6 step 1
        "frames within two milliseconds of each other that make a burst";
    BurstGap "burst.gap_ms" Millis 5..=60_000 = 20 step 5
        "shortest silence between two bursts, which is also twenty times the gap inside them; a buffered stream was seen to burst every 44 ms";
    BurstCount "burst.count" Count 2..=64 = 3 step 1
        "bursts in a row that point to a buffer on the way";
}

impl Param {
    /// The parameter's row.
    pub fn info(self) -> &'static ParamInfo {
        &PARAMS[self as usize]
    }

    /// The parameter of public id `id`.
    pub fn from_id(id: &str) -> Option<Param> {
        PARAMS.iter().find(|info| info.id == id).map(|info| info.param)
    }
}

/// A value for every parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Params {
    values: Vec<u64>,
}

impl Default for Params {
    fn default() -> Params {
        Params { values: PARAMS.iter().map(|info| info.default).collect() }
    }
}

impl Params {
    /// The value of `param`, in its unit.
    pub fn get(&self, param: Param) -> u64 {
        self.values[param as usize]
    }

    /// Sets `param` to `value`, clamped to its range.
    pub fn set(&mut self, param: Param, value: u64) {
        let (low, high) = param.info().range;
        self.values[param as usize] = value.clamp(low, high);
    }

    /// Every parameter with its value, in table order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static ParamInfo, u64)> + '_ {
        PARAMS.iter().zip(self.values.iter().copied())
    }
}

/// Which judge reads the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Ours: evidence before text.
    #[default]
    Evidence,
    /// The first of the earlier systems, faults included.
    V1,
    /// The second one, with its score deciding between hold and flush.
    V2,
    /// The second one as it shipped.
    V2States,
    /// Cumulative growth with lock-in.
    Growth,
    /// Everything passes.
    None,
}

/// One row per strategy: name and what it does.
pub const STRATEGIES: &[(Strategy, &str, &str)] = &[
    (Strategy::Evidence, "evidence", "evidence before text; suppresses only what is proved"),
    (Strategy::V1, "v1", "holds the first frame while the next is in prefix relation to it"),
    (Strategy::V2, "v2", "the same states, a weighted score deciding between hold and flush"),
    (Strategy::V2States, "v2-states", "five states over the prefix relation, as it shipped"),
    (Strategy::Growth, "growth", "any growth of the whole text locks into cumulative mode"),
    (Strategy::None, "none", "every byte passes"),
];

impl Strategy {
    /// The public name.
    pub fn name(self) -> &'static str {
        STRATEGIES[self as usize].1
    }

    /// The strategy of public name `name`.
    pub fn from_name(name: &str) -> Option<Strategy> {
        STRATEGIES.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_indexed_by_their_parameter_and_defaults_lie_in_range() {
        for (index, info) in PARAMS.iter().enumerate() {
            assert_eq!(info.param as usize, index);
            assert!(info.range.0 <= info.default && info.default <= info.range.1, "{}", info.id);
            assert_eq!(Param::from_id(info.id), Some(info.param));
        }
        for (index, row) in STRATEGIES.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
        }
    }
}
