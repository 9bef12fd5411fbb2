//! Texts that repeat all so far, by their type: what is new in them where a channel has nothing else.

use std::collections::BTreeMap;

use crate::core::{dialect::Sink, reading::ChannelKey};

/// Bytes of the end of a whole text that are no chance when a piece behind it says them.
const STALE: usize = 3;

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
    /// What the latest whole text said first: pieces that say it too were overtaken by it.
    early: Option<(ChannelKey, Vec<u8>)>,
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

    /// Whether `text`, which is to be added next, goes on with what a whole text said first, or is the end of one with which the
    /// channel began: it was overtaken.
    pub fn is_stale(&mut self, key: ChannelKey, text: &[u8]) -> bool {
        if text.is_empty() {
            return false;
        }
        let Some((early, rest)) = self.early.take().filter(|(early, _)| *early == key) else { return false };
        if let Some(Said::Wholes(whole)) = self.said.get(&key) {
            return whole.ends_with(text) && (text.len() >= STALE || *whole == text);
        }
        let Some(after) = rest.strip_prefix(text) else { return false };
        if !after.is_empty() {
            self.early = Some((early, after.to_vec()));
        }
        true
    }

    /// Gives the whole text so far. It is said where nothing was, and so is what it adds to a whole text before it.
    pub fn restate(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        match self.said.get_mut(&key) {
            _ if text.is_empty() => {}
            None => {
                self.said.insert(key, Said::Wholes(text.to_vec()));
                self.early = Some((key, text.to_vec()));
                sink.add(key, text);
            }
            Some(Said::Wholes(known)) if text.starts_with(known) => {
                sink.snapshot(key, known);
                sink.add(key, &text[known.len()..]);
                known.extend_from_slice(&text[known.len()..]);
            }
            Some(Said::Pieces(said)) if text.starts_with(said) => {
                let tail = text[said.len()..].to_vec();
                sink.add(key, &tail);
                sink.snapshot(key, text);
                said.extend_from_slice(&tail);
                self.early = Some((key, tail)).filter(|(_, tail)| !tail.is_empty());
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
        self.early = None;
    }
}
