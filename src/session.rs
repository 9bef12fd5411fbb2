//! Sessions on disk and in flight: the live log, recordings, captures, and the library of recordings.
//!
//! [`live::LiveLog`] carries a session from the wire to its consumer and through [`writer::Recorder`] onto the disk;
//! [`open`] reads any file back as the same inputs.

pub mod live;
pub mod format;
pub mod writer;
pub mod reader;
pub mod import;
pub mod head;
pub mod pipe;
pub mod source;
pub mod library;
pub mod habits;
pub mod notes;
pub mod redact;

pub use source::{LoadError, Loaded, Source, load, open, open_all};
