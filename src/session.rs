//! Sessions on disk and in flight: the live log, recordings and captures.

pub mod format;
pub mod live;
pub mod writer;
