//! Labelled streams made from a seed: clean ones of every kind that a careless rule mistakes for stutter, and stuttered ones with
//! what they ought to say.
//!
//! ```text
//! seed, number ─▶ texts ─▶ cuts ─▶ pieces ─▶ (a fault) ─▶ frames of a dialect ─▶ (a server's habits) ─▶ reads with times
//! ```
//!
//! Another seed makes other streams, and the same seed the same ones on every machine. They enter the core as any session does: as
//! inputs.

mod cuts;
mod faults;
mod random;
mod script;
mod texts;
mod wire;

use std::collections::BTreeMap;

pub use self::faults::{FAULTS, FaultInfo};
use self::{random::Random, script::Script};
use crate::core::{
    class::{Class, Family},
    dialect::{DIALECTS, DialectInfo},
    engine::Engine,
    input::Input,
    output::Output,
    params::Profile,
    reading::{Channel, Reading},
};

/// A stream with what is known of it.
#[derive(Clone)]
pub struct Stream {
    /// Which one: seed, number and what it is made of.
    pub id: String,
    /// What it is written in.
    pub dialect: &'static DialectInfo,
    /// The class of its fault, if it has one.
    pub fault: Option<Class>,
    /// True if a repair can give exactly the expected texts without taking back what was passed on.
    pub repairable: bool,
    /// The session.
    pub inputs: Vec<Input>,
    /// What it says, by choice and channel, blocks joined; empty texts are not in it.
    pub expected: Texts,
}

/// Texts by choice and channel.
pub type Texts = BTreeMap<(u16, Channel), String>;

/// Clean stream `number` of `seed`.
pub fn clean(seed: u64, number: u64) -> Stream {
    let mut random = Random::new(seed, number);
    let dialect = &DIALECTS[random.below(DIALECTS.len())];
    let script = Script::new(&mut random, dialect, None);
    finish(format!("clean/{seed}/{number}"), random, dialect, script, None, false)
}

/// Stuttered stream `number` of `seed`.
pub fn stuttered(seed: u64, number: u64) -> Stream {
    let mut random = Random::new(seed ^ 0x5_1077_E2ED, number);
    let fault = &FAULTS[random.below(FAULTS.len())];
    let dialects: Vec<_> = DIALECTS.iter().filter(|dialect| fault.fits(dialect)).collect();
    let dialect = dialects[random.below(dialects.len())];
    // Some texts are too short for the fault to show; a model's own fault is never repaired.
    let (mut script, mut repairable) = (Script::new(&mut random, dialect, Some(fault)), false);
    for _ in 0..TRIES {
        repairable = (fault.apply)(&mut script, &mut random);
        if repairable || fault.class.info().family == Family::Model {
            break;
        }
        script = Script::new(&mut random, dialect, Some(fault));
    }
    let id = format!("{}/{seed}/{number}", fault.class.name());
    finish(id, random, dialect, script, Some(fault.class), repairable)
}

/// How often another text is tried.
const TRIES: usize = 50;

fn finish(
    id: String,
    mut random: Random,
    dialect: &'static DialectInfo,
    script: Script,
    fault: Option<Class>,
    repairable: bool,
) -> Stream {
    let id = format!("{id} {} {}", dialect.id, script.about);
    let expected = script.expected.clone();
    let inputs = wire::inputs(&mut random, dialect, script);
    Stream { id, dialect, fault, repairable, inputs, expected }
}

impl Stream {
    /// Folds the stream and judges it with `profile`.
    pub fn judge(&self, profile: Profile) -> Engine {
        let mut engine = Engine::new(profile);
        for input in &self.inputs {
            engine.fold(input);
        }
        engine
    }
}

/// What came out of a judgement, in the shape of [`Stream::expected`].
pub fn texts(reading: &Reading, output: &Output) -> Texts {
    let mut keys: Vec<_> = reading.delta_ids().map(|delta| reading.delta(delta).key).map(|key| (key.choice, key.channel)).collect();
    keys.sort_unstable();
    keys.dedup();
    let texts = keys.into_iter().map(|(choice, channel)| ((choice, channel), output.text(reading, choice, channel)));
    texts.filter(|(_, text)| !text.is_empty()).collect()
}
