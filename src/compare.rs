//! Comparing what judges and sessions come to: where they first part, what each keeps, and the difference as text.
//!
//! Two judgements of one reading are compared byte by byte, from their cuts: that is exact, and costs what was cut, not what came.
//! Two sessions have no byte in common, so their texts are compared by words.

pub mod cuts;
pub mod pieces;
pub mod sessions;
pub mod side;

pub use cuts::{Losses, Partings};
pub use pieces::{Keeps, Piece, pieces};
pub use side::{Counts, Side};
