//! Generated streams as labelled ones.

use super::Labelled;
use crate::{
    core::{class::Family, reading::Channel},
    generate::{self, Stream},
    session::import::cases::{Kind, Label, Repair},
};

/// One stuttered stream is made for so many clean ones.
const CLEAN_PER_STUTTERED: u64 = 4;

impl From<Stream> for Labelled {
    fn from(stream: Stream) -> Labelled {
        let said = |channel| stream.expected.get(&(0, channel)).cloned();
        let faulty = stream.fault.is_some();
        let label = Label {
            class: stream.fault.map_or("legit", |class| class.name()).to_owned(),
            kind: if faulty { Kind::Positive } else { Kind::Negative },
            repair: match stream.fault {
                None => Repair::None,
                Some(class) if class.info().family == Family::Model && !stream.repairable => Repair::Flag,
                Some(_) if stream.repairable => Repair::Latch,
                Some(_) => Repair::Flag,
            },
            text: Some(said(Channel::Text).unwrap_or_default()),
            reasoning: Some(said(Channel::Reasoning).unwrap_or_default()),
            append_only: None,
            tool_arguments: said(Channel::ToolArguments).filter(|_| faulty).map(|arguments| vec![arguments]),
            alternatives: Vec::new(),
            signalled: true,
            first: None,
        };
        Labelled { id: stream.id, inputs: stream.inputs, label }
    }
}

/// `count` clean streams of `seed`, with a stuttered one after every four of them.
pub fn streams(seed: u64, count: u64) -> impl Iterator<Item = Labelled> {
    (0..count).flat_map(move |number| {
        let stuttered = (number % CLEAN_PER_STUTTERED == CLEAN_PER_STUTTERED - 1)
            .then(|| generate::stuttered(seed, number / CLEAN_PER_STUTTERED));
        [Some(generate::clean(seed, number)), stuttered].into_iter().flatten().map(Labelled::from)
    })
}
