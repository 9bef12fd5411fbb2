//! One session as it is folded: a reading and one judgement of it. Live and replay are both this.

use crate::core::{input::Input, judgement::Judgement, params::Profile, reading::Reading, time::Micros};

/// A reading and its judgement.
pub struct Engine {
    /// What came in.
    pub reading: Reading,
    /// What is made of it.
    pub judgement: Judgement,
}

impl Engine {
    /// An empty session, to be judged with `profile`.
    pub fn new(profile: Profile) -> Engine {
        Engine { reading: Reading::default(), judgement: Judgement::new(profile) }
    }

    /// Folds one input: every deadline before its stamp fires first.
    pub fn fold(&mut self, input: &Input) {
        self.reading.fold(input);
        self.judgement.catch_up(&self.reading);
    }

    /// Fires every deadline up to `now`, as the next input would.
    pub fn advance(&mut self, now: Micros) {
        self.judgement.advance(&self.reading, now);
    }

    /// Judges the same reading anew.
    pub fn rejudge(&mut self, profile: Profile) {
        self.judgement = Judgement::new(profile);
        self.judgement.catch_up(&self.reading);
    }
}
