//! The terminal interface: what [`crate::app`] holds, drawn; keys, turned into its actions.
//!
//! Drawing is a pure function of state and size: it changes nothing and costs what is on the screen, however long the session.

pub mod theme;
pub mod text;
pub mod layout;
pub mod keymap;
pub mod mouse;
pub mod widgets;
pub mod panes;
pub mod draw;
pub mod terminal;
pub mod live;
pub mod run;

pub use draw::draw;
pub use theme::Theme;
