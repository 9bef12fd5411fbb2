//! Time as the core knows it: microseconds since the session's Start, and moments in a reading.

use std::{fmt, ops};

use serde::{Deserialize, Serialize};

/// Microseconds since the session's Start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// The session's Start.
    pub const ZERO: Micros = Micros(0);

    /// `ms` milliseconds.
    pub const fn from_millis(ms: u64) -> Micros {
        Micros(ms.saturating_mul(1_000))
    }

    /// Whole milliseconds, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The time from `earlier` to `self`, zero when `earlier` is later.
    pub const fn since(self, earlier: Micros) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Add for Micros {
    type Output = Micros;

    fn add(self, other: Micros) -> Micros {
        Micros(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Micros {
    /// Seconds with three decimals: `2.335s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

/// A point in a session: how many frames had been read, and when.
///
/// Both parts only grow, so moments are totally ordered, also in a capture without times (where `at` stays zero) and inside a
/// stall (where `frames` stands still and `at` moves).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Moment {
    /// Number of frames read so far; frame `frames - 1` is the latest one.
    pub frames: u32,
    /// Time since Start; zero throughout in a capture without times.
    pub at: Micros,
}

impl Moment {
    /// After everything.
    pub const END: Moment = Moment { frames: u32::MAX, at: Micros(u64::MAX) };
}
