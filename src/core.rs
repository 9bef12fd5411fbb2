//! The pure core: inputs in, readings and judgements out.
//!
//! Nothing here knows a clock, a socket, a file, the environment or a terminal; time is an argument. Whatever a server can
//! send is data: broken input becomes findings, never an error and never a panic.

pub mod time;
pub mod input;
pub mod decode;
pub mod frame;
pub mod dialect;
pub mod reading;
pub mod class;
pub mod params;
pub mod profile;
pub mod detect;
pub mod machine;
pub mod output;
pub mod judgement;
pub mod engine;
pub mod hindsight;
pub mod repair;
pub mod desk;
pub mod error;
pub mod metrics;
pub mod json_value;
pub mod usage;
