//! Which call a piece of `tool_calls` belongs to.
//!
//! Mostly its index says it. Some leave the index out and tell calls by their ids; some send every call under index 0, where a new id
//! and name after arguments that are complete begin another call.

use std::collections::BTreeMap;

use super::wire::ToolCall;
use crate::core::dialect::{Sink, json};

/// The calls of one stream.
#[derive(Default)]
pub struct Calls {
    /// The call under each choice and index.
    by_index: BTreeMap<(u16, u16), Call>,
    /// Blocks of calls that came without an index, by choice and id.
    by_id: BTreeMap<(u16, Vec<u8>), u16>,
    /// The latest call without an index, by choice.
    latest: BTreeMap<u16, u16>,
    /// One past the highest block, by choice.
    next: BTreeMap<u16, u16>,
}

/// A call that has an index.
#[derive(Default)]
struct Call {
    block: u16,
    id: Vec<u8>,
    name: Vec<u8>,
    arguments: Braces,
}

impl Calls {
    /// The block of a piece that names itself `name` and brings `arguments`.
    pub fn block_of(&mut self, choice: u16, call: &ToolCall<'_>, name: &[u8], arguments: &[u8], sink: &mut Sink) -> u16 {
        match call.index {
            None => self.by_id(choice, call.id.bytes()),
            Some(_) => self.by_index(choice, json::narrow(call.index, "tool_calls.index", sink), call.id.bytes(), name, arguments),
        }
    }

    fn by_index(&mut self, choice: u16, index: u16, id: &[u8], name: &[u8], arguments: &[u8]) -> u16 {
        let next = self.next.entry(choice).or_default();
        let call = self.by_index.entry((choice, index)).or_insert_with(|| Call { block: index, ..Call::default() });
        let renamed = !id.is_empty() && !call.id.is_empty() && id != call.id.as_slice() && !name.is_empty();
        let over = call.arguments.closed() || (call.arguments.is_empty() && name != call.name.as_slice());
        if renamed && over {
            *call = Call { block: *next, ..Call::default() };
        }
        if !id.is_empty() {
            call.id = id.to_vec();
        }
        if !name.is_empty() {
            call.name = name.to_vec();
        }
        call.arguments.read(arguments);
        *next = (*next).max(call.block.saturating_add(1));
        call.block
    }

    fn by_id(&mut self, choice: u16, id: &[u8]) -> u16 {
        let known = if id.is_empty() { self.latest.get(&choice) } else { self.by_id.get(&(choice, id.to_vec())) };
        let block = known.copied().unwrap_or_else(|| {
            let next = self.next.entry(choice).or_default();
            let block = *next;
            *next = next.saturating_add(1);
            block
        });
        if !id.is_empty() {
            self.by_id.insert((choice, id.to_vec()), block);
        }
        self.latest.insert(choice, block);
        block
    }
}

/// How deep a JSON object is open.
#[derive(Default)]
struct Braces {
    depth: u32,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Braces {
    fn read(&mut self, piece: &[u8]) {
        for byte in piece {
            match byte {
                _ if std::mem::take(&mut self.escaped) => {}
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' if !self.in_string => {
                    self.begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b'}' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn closed(&self) -> bool {
        self.begun && self.depth == 0
    }

    fn is_empty(&self) -> bool {
        !self.begun
    }
}
