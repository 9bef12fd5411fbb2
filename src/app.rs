//! The user interface's state, without a terminal.
//!
//! [`update()`] is the only place where it changes: actions in, effects out, both plain data. Drawing reads it and changes
//! nothing; the loop in [`crate::tui`] carries the effects out and turns their results into actions again.

pub mod action;
pub mod rows;
pub mod cursor;
pub mod second_look;
pub mod shared;
pub mod peaks;
pub mod session;
pub mod tuning;
pub mod undone;
pub mod compose;
pub mod comparing;
pub mod labels;
pub mod state;
pub mod update;

pub use action::{ACTIONS, Action, Command, Context};
pub use cursor::Cursor;
pub use second_look::SecondLook;
pub use session::Session;
pub use state::{App, Effect, Overlay, Pane};
pub use update::update;
