//! Labels: what a person says of a delta or a stream, and the list it is picked from.

use std::collections::BTreeMap;

use crate::{
    app::{Session, state::Picker},
    core::{
        class::{CLASSES, Class},
        reading::{DeltaId, FrameId},
    },
    session::notes::{Anchors, DeltaLabel, Label, Notes, resolve},
};

/// What is labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One delta.
    Delta(DeltaId),
    /// The whole stream.
    Stream,
}

/// The open list of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelling {
    /// What gets the label.
    pub target: Target,
    /// What is picked.
    pub picker: Picker,
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Take the label away.
    Remove,
    /// Put this one.
    Put(Label),
}

/// A session's notes as its file has them.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// What is noted.
    pub notes: Notes,
    /// The text of the file, so that what another program writes is not lost.
    pub text: String,
    /// Why the file cannot be used, if so; nothing is written then.
    pub error: Option<String>,
    /// Labels by the deltas of this reading.
    pub labels: BTreeMap<DeltaId, Label>,
    /// Labels that are about none of them.
    pub lost: usize,
}

impl Session {
    /// Takes notes over, as they are in their file.
    pub fn take_notes(&mut self, notes: Notes, text: String) {
        let (labels, lost) = resolve(&notes, &self.engine.reading);
        let labels = labels.into_iter().map(|(delta, label)| (delta, label.label)).collect();
        self.noted = Noted { notes, text, error: None, labels, lost };
    }

    /// The label of a delta of this frame, a fault before what is fine.
    pub fn label_of(&self, frame: FrameId) -> Option<Label> {
        let deltas = self.engine.reading.deltas_of(frame);
        let labels = self.noted.labels.range(DeltaId(deltas.start)..DeltaId(deltas.end)).map(|(_, label)| *label);
        labels.max_by_key(|label| *label != Label::Fine)
    }

    /// The label that `target` has.
    pub fn label(&self, target: Target) -> Option<Label> {
        match target {
            Target::Delta(delta) => self.noted.labels.get(&delta).copied(),
            Target::Stream => self.noted.notes.stream,
        }
    }

    /// The delta at the cursor that a label is most likely about: one with a finding, else the first of the frame.
    pub fn delta_to_label(&self) -> Option<DeltaId> {
        let deltas = self.engine.reading.deltas_of(self.cursor.frame(&self.engine.reading)?);
        let found = deltas.clone().map(DeltaId).find(|delta| self.finding_on(*delta).is_some());
        found.or(deltas.map(DeltaId).next())
    }

    /// The class of the finding that is about this delta.
    fn finding_on(&self, delta: DeltaId) -> Option<Class> {
        let about = |ranges: &[(u32, u32)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&delta.0));
        let found = self.engine.judgement.findings.iter().find(|finding| about(&finding.deltas));
        found.map(|finding| finding.class)
    }

    /// The rows of the list for `target` that `query` leaves: what was found there first.
    pub fn label_choices(&self, target: Target, query: &str) -> Vec<Choice> {
        let found = match target {
            Target::Delta(delta) => self.finding_on(delta),
            Target::Stream => {
                self.engine.judgement.findings.iter().max_by_key(|finding| finding.level).map(|finding| finding.class)
            }
        };
        let remove = self.label(target).map(|_| Choice::Remove);
        let first = found.map(|class| Choice::Put(Label::Stutter(class)));
        let fine = Choice::Put(Label::Fine);
        let rest = CLASSES.iter().filter(|info| Some(info.class) != found).map(|info| Choice::Put(Label::Stutter(info.class)));
        let query = query.to_lowercase();
        let matches = |choice: &Choice| {
            let text = choice_text(*choice, target).join(" ").to_lowercase();
            query.split_whitespace().all(|word| text.contains(word))
        };
        remove.into_iter().chain(first).chain([fine]).chain(rest).filter(matches).collect()
    }

    /// The notes with `target` labelled as it was picked.
    ///
    /// # Errors
    /// When that would contradict another label; the message says which.
    pub fn labelled(&self, target: Target, choice: Choice) -> Result<Notes, String> {
        let mut notes = self.noted.notes.clone();
        match (target, choice) {
            (Target::Stream, Choice::Remove) => notes.stream = None,
            (Target::Stream, Choice::Put(Label::Fine)) if notes.labels.iter().any(|label| label.label != Label::Fine) => {
                return Err("a delta of this stream is labelled as stutter; remove that label first".into());
            }
            (Target::Stream, Choice::Put(label)) => notes.stream = Some(label),
            (Target::Delta(delta), choice) => {
                let anchor = Anchors::of(&self.engine.reading).anchor(delta);
                match choice {
                    Choice::Remove => drop(notes.remove(anchor)),
                    Choice::Put(Label::Stutter(_)) if notes.stream == Some(Label::Fine) => {
                        return Err("the stream is labelled as fine; A changes that first".into());
                    }
                    Choice::Put(label) => notes.set(DeltaLabel::new(anchor, label, self.engine.reading.delta(delta).text)),
                }
            }
        }
        Ok(notes)
    }
}

/// A row's name and what it means.
pub fn choice_text(choice: Choice, target: Target) -> [&'static str; 2] {
    match (choice, target) {
        (Choice::Remove, _) => ["remove", "take the label away"],
        (Choice::Put(Label::Fine), Target::Delta(_)) => ["fine", "this delta belongs to the answer"],
        (Choice::Put(Label::Fine), Target::Stream) => ["fine", "clean: nothing is wrong with this stream"],
        (Choice::Put(Label::Stutter(class)), _) => [class.name(), class.info().title],
    }
}
