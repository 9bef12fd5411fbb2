//! Which call a chunk of tool arguments belongs to: the same index with another id is another call.

/// A call: its index, its id if one came, and the block that it has here.
#[derive(Debug)]
struct Call {
    index: u64,
    id: Vec<u8>,
    block: u16,
}

/// The calls of one stream, latest last.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    blocks: u16,
}

impl Calls {
    /// The block of the call at `index` with `id`, which is empty if none came.
    pub fn block(&mut self, index: u64, id: &[u8]) -> u16 {
        // From the end: a stream of many calls mostly goes on with the latest one.
        let mut known = self.calls.iter_mut().rev().filter(|call| call.index == index);
        let call = if id.is_empty() { known.next() } else { known.find(|call| call.id == id || call.id.is_empty()) };
        match call {
            Some(call) => {
                if call.id.is_empty() {
                    call.id = id.to_vec();
                }
                call.block
            }
            None => self.begin(index, id),
        }
    }

    /// The block of a call that begins at `index`.
    pub fn begin(&mut self, index: u64, id: &[u8]) -> u16 {
        let block = self.blocks;
        self.blocks = self.blocks.saturating_add(1);
        self.calls.push(Call { index, id: id.to_vec(), block });
        block
    }

    /// A new message begins: its indexes mean other calls.
    pub fn new_turn(&mut self) {
        self.calls.clear();
    }
}
