//! cross_stream_leak: text under another completion's id, in the midst of a completion.
//!
//! Completion ids count only while they identify. The first text under another id, with no end before it, waits: when the first id
//! comes back and stays, the text between was foreign. When the other id comes again after that, or a third one does, ids mean nothing
//! here (servers send a new id for every chunk, or two in turn). When the other id stays, another message began.

/// So many frames with text make an id stay.
const STAYS: u32 = 4;
/// Doubts about ids that came to nothing, after which ids mean nothing.
const MOST_DOUBTS: u32 = 2;

/// What is done with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    Passes,
    /// It waits, as a frame of another completion.
    WaitsForeign,
    /// It waits behind one.
    WaitsOwn,
    /// The text under the other id was foreign.
    Foreign,
    /// The other id stays.
    Stays,
    /// Ids mean nothing here.
    Meaningless,
}

/// State of one turn.
#[derive(Debug, Clone, Default)]
pub struct Completions {
    /// The id of the completion, empty before one is known.
    own: String,
    /// The id of the latest frame, where it is another one.
    other: Option<String>,
    /// Frames that are known to be under the own id, and those of them with text, before the doubt.
    frames: u32,
    texts: u32,
    /// How often the id changed, with or without text.
    changes: u32,
    doubt: Option<Doubt>,
    /// Doubts that came to nothing.
    doubts: u32,
}

#[derive(Debug, Clone, Default)]
struct Doubt {
    id: String,
    /// Frames with text under it.
    foreign: u32,
    /// Frames with text since the first id came back.
    returned: u32,
}

impl Completions {
    /// A frame, with its id where it is another one than that of the frame before. `continues` says that it has text for a channel that
    /// has text already, `text` that it has any.
    pub fn step(&mut self, id: Option<&str>, text: bool, continues: bool) -> Step {
        if let Some(id) = id {
            if self.own.is_empty() {
                self.own = id.to_owned();
            } else {
                self.changes = self.changes.saturating_add(1);
            }
            self.other = (id != self.own).then(|| id.to_owned());
        }
        if self.doubts >= MOST_DOUBTS {
            return Step::Passes;
        }
        match (&mut self.doubt, &self.other) {
            (None, None) => {
                self.frames = self.frames.saturating_add(u32::from(text || id.is_some()));
                self.texts += u32::from(text);
                Step::Passes
            }
            (None, Some(_)) if !text => Step::Passes,
            (None, Some(id)) if self.texts > 0 && continues => {
                self.doubt = Some(Doubt { id: id.clone(), foreign: 1, returned: 0 });
                Step::WaitsForeign
            }
            (None, Some(_)) => {
                self.move_on(1);
                Step::Passes
            }
            (Some(doubt), Some(id)) if *id == doubt.id && doubt.returned == 0 => {
                doubt.foreign += u32::from(text);
                match doubt.foreign > STAYS {
                    _ if !text => Step::WaitsOwn,
                    true => Step::Stays,
                    false => Step::WaitsForeign,
                }
            }
            (Some(_), Some(_)) => Step::Meaningless,
            (Some(doubt), None) => {
                doubt.returned += u32::from(text);
                if doubt.returned >= STAYS { Step::Foreign } else { Step::WaitsOwn }
            }
        }
    }

    /// True if a frame without an id of its own cannot be another completion's.
    pub fn is_plain(&self) -> bool {
        self.doubts >= MOST_DOUBTS || self.doubt.is_none() && self.other.is_none()
    }

    /// Counts a frame without an id of its own while there is no doubt; false if it must be looked at.
    #[inline]
    pub fn goes_on(&mut self, text: bool) -> bool {
        let plain = self.is_plain();
        if plain && text {
            (self.frames, self.texts) = (self.frames.saturating_add(1), self.texts.saturating_add(1));
        }
        plain
    }

    /// True while it is undecided whose text waits.
    pub fn in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// The ids in doubt: the completion's, and the other.
    pub fn ids(&self) -> (&str, &str) {
        (&self.own, self.doubt.as_ref().map_or("", |doubt| &doubt.id))
    }

    /// Frames with text under the other id, and since the first one came back.
    pub fn counts(&self) -> (u32, u32) {
        self.doubt.as_ref().map_or((0, 0), |doubt| (doubt.foreign, doubt.returned))
    }

    /// True if what came is one excursion to the other id and back. Two ids in turn look so too where a `finished` answer is of three
    /// frames, so it must have begun with more than one.
    pub fn returned(&self, finished: bool) -> bool {
        self.changes == 2 && self.counts().1 > 0 && (self.frames > 1 || !finished)
    }

    /// The text under the other id was foreign; the completion goes on.
    pub fn settle_foreign(&mut self) {
        let (_, returned) = self.counts();
        self.texts += returned;
        self.doubt = None;
    }

    /// The completion goes on under the other id.
    pub fn settle_moved(&mut self) {
        let (foreign, _) = self.counts();
        self.doubt = None;
        self.move_on(foreign);
    }

    /// The doubt came to nothing. `meaningless` if it showed that ids identify nothing.
    pub fn settle_nothing(&mut self, meaningless: bool) {
        self.doubts = if meaningless { MOST_DOUBTS } else { self.doubts + 1 };
        self.settle_moved();
    }

    /// Another completion may begin: the next id is its own. Ids that meant nothing still do.
    pub fn begin(&mut self) {
        *self = Completions { doubts: self.doubts, ..Completions::default() };
    }

    /// The id of the completion, empty before one is known.
    pub fn own(&self) -> &str {
        &self.own
    }

    fn move_on(&mut self, texts: u32) {
        if let Some(id) = self.other.take() {
            self.own = id;
            (self.frames, self.texts) = (texts, texts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps for frames with text under these ids, one letter each.
    fn steps(ids: &str) -> Vec<Step> {
        let mut completions = Completions::default();
        let mut before = String::new();
        let mut steps = Vec::new();
        for id in ids.chars().map(String::from) {
            let step = completions.step((id != before).then_some(&id), true, true);
            match step {
                Step::Foreign => completions.settle_foreign(),
                Step::Stays => completions.settle_nothing(false),
                Step::Meaningless => completions.settle_nothing(true),
                _ => {}
            }
            steps.push(step);
            before = id;
        }
        steps
    }

    #[test]
    fn ids_count_only_while_they_identify() {
        use Step::*;
        for (ids, expected) in [
            ("aaaa", vec![Passes; 4]),
            ("abaaaa", vec![Passes, WaitsForeign, WaitsOwn, WaitsOwn, WaitsOwn, Foreign]),
            ("abcdef", vec![Passes, WaitsForeign, Meaningless, Passes, Passes, Passes]),
            ("ababab", vec![Passes, WaitsForeign, WaitsOwn, Meaningless, Passes, Passes]),
            ("abbbbbb", vec![Passes, WaitsForeign, WaitsForeign, WaitsForeign, WaitsForeign, Stays, Passes]),
        ] {
            assert_eq!(steps(ids), expected, "{ids}");
        }
    }
}
