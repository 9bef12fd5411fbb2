//! stutterscope: a terminal debugger for streaming LLM providers.
//!
//! The one idea: **record what came in, derive everything else.**
//!
//! ```text
//! live request ─┐                    ┌──────────── core: pure, no clock, no I/O ─────────────┐
//! proxied call ─┤                    │ Reading:   decode ▶ frame ▶ delta                     │
//! pipe ─────────┼─ Input(at, what) ─▶│ Judgement: facts ▶ evidence ▶ judge ▶ state ▶ output  │─▶ view(reading, judgement, cursor)
//! recording ────┘        │           │ Desk:      validate · limit · cache · select · break  │     ├─▶ headless report
//!                        ▼           └────────────────────────────────────────────────────────┘     └─▶ export
//!                    recording
//! ```
//!
//! Modules in reading order: [`core`] is the pure fold; [`session`] stores and loads its inputs; [`net`] produces them from
//! the wire; [`app`] is the user interface's state without a terminal; [`tui`] draws it; [`cli`] is the command line.

pub mod core;
pub mod sanitise;
pub mod session;
pub mod generate;
pub mod net;
pub mod report;
pub mod eval;
pub mod compare;
pub mod tune;
pub mod config;
pub mod app;
pub mod tui;
pub mod cli;
