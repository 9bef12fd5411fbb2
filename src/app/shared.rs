//! A session's reading, which a judge on another thread may read along, and the judgement on the screen.
//!
//! A heavy re-judgement runs while the keys go on working. Until it is done, the old judgement is shown and what a live session
//! brings waits; only the latest profile that was asked for counts.

use std::sync::Arc;

use crate::{
    app::SecondLook,
    core::{engine::Engine, input::Input, judgement::Judgement, params::Profile, reading::Reading, time::Micros},
};

/// From this many deltas on a session is judged anew in the background. Below it that takes less than a frame.
pub const HEAVY: u32 = 20_000;

/// A reading and its judgement, as [`Engine`], but shareable.
pub struct Shared {
    /// What came in.
    pub reading: Arc<Reading>,
    /// What is made of it.
    pub judgement: Judgement,
    /// What hindsight makes of it, once it has ended and if that is anything else.
    pub second_look: Option<SecondLook>,
    waiting: Vec<Input>,
    wanted: Option<Profile>,
}

impl Shared {
    /// An empty session, to be judged with `profile`.
    pub fn new(profile: Profile) -> Shared {
        Shared::from(Engine::new(profile))
    }

    /// True while a judge in the background has the reading.
    pub fn judging(&self) -> bool {
        self.wanted.is_some()
    }

    /// The profile that was asked for last; its judgement may still be under way.
    pub fn profile(&self) -> &Profile {
        self.wanted.as_ref().unwrap_or(&self.judgement.profile)
    }

    /// Folds `inputs` and, if `live`, fires what is due at `now`. While the reading is shared they wait, and so does time.
    pub fn fold(&mut self, inputs: &[Input], now: Micros, live: bool) {
        self.waiting.extend_from_slice(inputs);
        if self.judging() {
            return;
        }
        // Nobody else holds the reading then; if somebody did, the inputs would go on waiting, not be lost.
        let Some(reading) = Arc::get_mut(&mut self.reading) else { return };
        // While a session is live every input would ask for another look.
        let look_back = !live && !self.waiting.is_empty();
        for input in self.waiting.drain(..) {
            reading.fold(&input);
            self.judgement.catch_up(reading);
        }
        if live {
            self.judgement.advance(reading, now);
        }
        if look_back {
            self.second_look = SecondLook::of(&self.reading, &self.judgement);
        }
    }

    /// Says that nothing follows what was folded.
    pub fn close(&mut self) {
        if !self.judging() {
            self.second_look = SecondLook::of(&self.reading, &self.judgement);
        }
    }

    /// Asks for a judgement with `profile`: true if a judge is to be started on the reading, false if one is under way.
    pub fn want(&mut self, profile: Profile) -> bool {
        self.wanted.replace(profile).is_none()
    }

    /// Takes a new judgement and returns the one before it.
    ///
    /// # Errors
    /// When another profile was asked for meanwhile: the judgement is dropped, and the judge has to be started with that one.
    pub fn take(&mut self, fresh: Fresh) -> Result<Judgement, Profile> {
        match self.wanted.take() {
            Some(wanted) if wanted != fresh.judgement.profile => Err(wanted),
            _ => {
                self.second_look = fresh.second_look;
                Ok(std::mem::replace(&mut self.judgement, fresh.judgement))
            }
        }
    }
}

impl From<Engine> for Shared {
    fn from(engine: Engine) -> Shared {
        let Engine { reading, judgement } = engine;
        let second_look = SecondLook::of(&reading, &judgement);
        Shared { reading: Arc::new(reading), judgement, second_look, waiting: Vec::new(), wanted: None }
    }
}

/// A judgement on its way from the judge to the screen.
pub struct Fresh {
    judgement: Judgement,
    second_look: Option<SecondLook>,
}

impl Fresh {
    /// Judges all of `reading` with `profile`, and looks back.
    pub fn of(reading: &Reading, profile: Profile) -> Fresh {
        let judgement = judge(reading, profile);
        let second_look = SecondLook::of(reading, &judgement);
        Fresh { judgement, second_look }
    }
}

impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fresh").field(&self.judgement.profile).finish()
    }
}

/// Judges `reading` with `profile`, all of it.
pub fn judge(reading: &Reading, profile: Profile) -> Judgement {
    let mut judgement = Judgement::new(profile);
    judgement.catch_up(reading);
    judgement
}
