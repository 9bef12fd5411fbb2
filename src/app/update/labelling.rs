//! Opening the list of labels, and putting the picked one.

use crate::{
    app::{
        App, Effect, Overlay,
        labels::{Labelling, Target},
        state::Picker,
    },
    core::reading::DeltaId,
};

/// Opens the list for the delta at the cursor, or for the stream.
pub fn open(app: &mut App, stream: bool) {
    let Some(session) = app.session() else { return };
    let target = if stream { Some(Target::Stream) } else { session.delta_to_label().map(Target::Delta) };
    let notice = match (&session.path, &session.noted.error, target) {
        (None, ..) => {
            "this session has no file that a label could lie beside; runs are recorded, so label the run or open a recording"
        }
        (_, Some(error), _) => &error.clone(),
        (_, _, None) => "no delta at the cursor; , and . go to one, A labels the whole stream",
        (Some(_), None, Some(target)) => {
            app.overlays.push(Overlay::Label(Labelling { target, picker: Picker::default() }));
            return;
        }
    };
    app.notice = Some(notice.to_owned());
}

/// Goes to the next or previous delta of the frame.
pub fn other(app: &mut App, forward: bool) {
    let Some(session) = app.sessions.get(app.current) else { return };
    let Some(Overlay::Label(Labelling { target: Target::Delta(delta), picker })) = app.overlays.last_mut() else { return };
    let reading = &session.engine.reading;
    let deltas = reading.deltas_of(reading.delta(*delta).frame);
    let next = if forward { delta.0 + 1 } else { delta.0.saturating_sub(1) };
    *delta = DeltaId(next.clamp(deltas.start, deltas.end.saturating_sub(1)));
    picker.selected = 0;
}

/// Puts the picked label: the file first, then the screen.
pub fn accept(app: &mut App, labelling: &Labelling) -> Vec<Effect> {
    let Some(session) = app.session() else { return Vec::new() };
    let choices = session.label_choices(labelling.target, &labelling.picker.query);
    let (Some(choice), Some(path)) = (choices.get(labelling.picker.selected), &session.path) else { return Vec::new() };
    match session.labelled(labelling.target, *choice) {
        Ok(notes) => vec![Effect::Note { session: session.id, recording: path.clone(), notes, before: session.noted.text.clone() }],
        Err(notice) => {
            app.notice = Some(notice);
            Vec::new()
        }
    }
}
