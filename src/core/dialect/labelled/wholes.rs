//! Texts that repeat all so far, by their type: what is new in them where a channel has nothing else.

use std::collections::BTreeMap;

use crate::core::{dialect::Sink, reading::ChannelKey};

/// What a channel has said so far.
enum Said {
    /// Text to add, all of it; a whole text beside it is checked against it, and may bring the end that no piece brought.
    Pieces(Vec<u8>),
    /// Whole texts only, of which this is the last.
    Wholes(Vec<u8>),
}

/// What the channels of one stream have said.
#[derive(Default)]
pub(super) struct Wholes {
    said: BTreeMap<ChannelKey, Said>,
}

impl Wholes {
    /// Adds text.
    pub fn say(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if !text.is_empty() {
            match self.said.entry(key).or_insert_with(|| Said::Pieces(Vec::new())) {
                Said::Pieces(said) => said.extend_from_slice(text),
                wholes @ Said::Wholes(_) => *wholes = Said::Pieces(text.to_vec()),
            }
            sink.add(key, text);
        }
    }

    /// Gives the whole text so far. It is said where nothing was, and so is what it adds to a whole text before it.
    pub fn restate(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        match self.said.get_mut(&key) {
            _ if text.is_empty() => {}
            None => {
                self.said.insert(key, Said::Wholes(text.to_vec()));
                sink.add(key, text);
            }
            Some(Said::Wholes(known)) if text.starts_with(known) => {
                sink.snapshot(key, known);
                sink.add(key, &text[known.len()..]);
                known.extend_from_slice(&text[known.len()..]);
            }
            Some(Said::Pieces(said)) if text.starts_with(said) => {
                sink.add(key, &text[said.len()..]);
                said.extend_from_slice(&text[said.len()..]);
                sink.snapshot(key, text);
            }
            Some(_) => sink.snapshot(key, text),
        }
    }

    /// True if any channel has said anything.
    pub fn any(&self) -> bool {
        !self.said.is_empty()
    }

    /// A new message begins.
    pub fn new_turn(&mut self) {
        self.said.clear();
    }
}
