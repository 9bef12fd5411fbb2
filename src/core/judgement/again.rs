//! Frames whose numbers came before: delivered again, or numbers that begin anew with every block without saying so.
//!
//! A numbering that begins anew may begin with the same text: items of a list do. So where a number falls back, its frame waits, and those
//! after it: what was delivered comes again up to the last number, or at length, or goes on with the number after that. Where
//! one of them has another text, numbers mean nothing, and all that waited is text.

use super::{Judgement, identity::Item};
use crate::core::{
    class::Class,
    detect::identity::Certain,
    params::Param,
    reading::{DeltaId, FrameKind, Reading},
    time::Moment,
};

/// Frames that wait for it to be known whether they come again.
#[derive(Debug)]
pub(super) struct Again {
    /// In order, with the frames without a number between them.
    items: Vec<Item>,
    /// Since when the first of them waits.
    pub since: Moment,
    chars: u64,
}

impl Again {
    /// The first frame that waits.
    pub fn first(&self) -> Option<&Item> {
        self.items.first()
    }
}

impl Judgement {
    /// Takes a frame whose number was looked at: gives it back if it is not to wait here.
    pub(super) fn recall(&mut self, reading: &Reading, item: Item) -> Option<Item> {
        let certain = self.session.identities.certain();
        let doubted = item.original.is_some() && certain == Certain::No && !self.session.order.is_open();
        if self.session.again.is_none() && !doubted {
            return Some(item);
        }
        let numbered = reading.identity(item.frame).is_some();
        if doubted || !numbered && item.kind != FrameKind::Terminator {
            self.wait_again(reading, item);
            return None;
        }
        match certain {
            Certain::Yes if numbered => self.settle_again(reading, true),
            _ if numbered => self.settle_again(reading, false),
            _ => self.again_given_up(reading, "the stream ended"),
        }
        Some(item)
    }

    fn wait_again(&mut self, reading: &Reading, item: Item) {
        let since = self.moment();
        let again = self.session.again.get_or_insert_with(|| Again { items: Vec::new(), since, chars: 0 });
        let deltas = reading.deltas_of(item.frame).map(|delta| reading.delta(DeltaId(delta)));
        again.chars += deltas.map(|delta| delta.text.chars().count() as u64).sum::<u64>();
        again.items.push(item);
        let params = &self.profile.params;
        let full = again.items.len() as u64 > params.get(Param::HoldDeltas) || again.chars > params.get(Param::HoldChars);
        if full || params.get(Param::HoldTime) == 0 {
            self.again_given_up(reading, "the hold was full");
        }
        self.session.cause.get_or_insert_with(|| "a number comes again: its frame may have been delivered before".into());
    }

    /// Passes on what waits: `delivered` before, or text of a numbering that began anew.
    fn settle_again(&mut self, reading: &Reading, delivered: bool) {
        let Some(again) = self.session.again.take() else { return };
        self.waiting_since(again.since, |judgement| {
            for item in again.items {
                let original = item.original.filter(|_| delivered);
                judgement.pass(reading, Item { original, ..item });
            }
        });
    }

    /// What waits is passed on undecided, and both readings are noted.
    pub(super) fn again_given_up(&mut self, reading: &Reading, why: &str) {
        let Some(again) = &self.session.again else { return };
        let frames = again.items.iter().filter(|item| item.original.is_some());
        let deltas: Vec<DeltaId> = frames.flat_map(|item| reading.deltas_of(item.frame)).map(DeltaId).collect();
        self.settle_again(reading, false);
        self.find_doubt(reading, Class::ReplayBySeq, &deltas, |frame| {
            format!("frame {frame} has a number and a text that came before, and {why} before more could decide")
        });
    }
}
