//! The only I/O with providers: the client that sends, and the demo provider that answers.
//!
//! Nothing here judges. The client stamps what comes in and pushes it as [inputs](crate::core::input); the demo provider
//! plays scripts. Whoever started a request folds its inputs.

pub mod client;
pub mod curl;
pub mod demo;
pub mod providers;
pub mod proxy;
pub mod request;
