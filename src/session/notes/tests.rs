use super::*;

fn label(byte: u32, label: Label) -> DeltaLabel {
    let anchor = Anchor { attempt: 0, byte, channel: Channel::ToolArguments, choice: 0, block: 2, nth: 0 };
    DeltaLabel::new(anchor, label, "some \"text\"\n")
}

fn notes() -> Notes {
    let mut notes = Notes { stream: Some(Label::Stutter(Class::ReplayBySeq)), ..Notes::default() };
    notes.set(label(900, Label::Fine));
    notes.set(label(20, Label::Stutter(Class::ReplayBySeq)));
    notes.labels[0].redundant = Some((2, 7));
    notes
}

#[test]
fn the_file_is_readable_and_read_back() {
    let text = notes().to_ron().unwrap();
    let expected = r#"StutterscopeNotes(
    format: 1,
    stream: stutter("replay_by_seq"),
    labels: [
        Label(attempt: 0, byte: 20, channel: tool_arguments, choice: 0, block: 2, label: stutter("replay_by_seq"), redundant: (2, 7), text: "some \"text\"\n"),
        Label(attempt: 0, byte: 900, channel: tool_arguments, choice: 0, block: 2, label: fine, text: "some \"text\"\n"),
    ],
)
"#;
    assert_eq!(text, expected);
    assert_eq!(Notes::parse(&text, Path::new("x")).unwrap(), notes());
}

#[test]
fn what_is_written_by_hand_may_be_short() {
    let text = r#"(format: 1, stream: fine, labels: [(attempt: 0, byte: 3, channel: text, label: fine)])"#;
    let notes = Notes::parse(text, Path::new("x")).unwrap();
    assert_eq!((notes.stream, notes.labels.len()), (Some(Label::Fine), 1));
    assert_eq!(Notes::parse("(format: 1)", Path::new("x")).unwrap(), Notes::default());
}

#[test]
fn errors_name_the_place() {
    for (text, place, reason) in [
        ("", "run.notes.ron:1:", ""),
        ("(format: 1, stream: fine, mood: 3)", "run.notes.ron:1:27", "mood"),
        ("(\n  format: 1,\n  stream: stutter(\"cumulative_ful\"),\n)", "run.notes.ron:3:", "did you mean cumulative_full?"),
        ("(format: 1, labels: [(attempt: 0, byte: 3, channel: txt, label: fine)])", "run.notes.ron:1:", "txt"),
        ("(format: 2, anything: [1, 2])", "run.notes.ron has notes of version 2", "hint: "),
    ] {
        let error = Notes::parse(text, Path::new("run.notes.ron")).unwrap_err().to_string();
        assert!(error.starts_with(place) && error.contains(reason) && error.contains("hint: "), "{text}: {error}");
    }
}

#[test]
fn notes_lie_beside_their_recording() {
    for (recording, notes) in [
        ("a/run.session", "a/run.notes.ron"),
        ("run.session.zst", "run.notes.ron"),
        ("x.sse", "x.sse.notes.ron"),
        ("x.har#3", "x.har#3.notes.ron"),
    ] {
        assert_eq!(path_of(Path::new(recording)), Path::new(notes));
    }
}

#[test]
fn writing_is_private_whole_and_never_over_the_words_of_others() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run.session");
    let path = path_of(&recording);
    assert_eq!(read(&recording).unwrap(), (Notes::default(), String::new()));
    let text = write(&recording, &notes(), "").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&recording).unwrap(), (notes(), text.clone()));
    let error = write(&recording, &Notes::default(), "").unwrap_err();
    assert!(matches!(error, NotesError::Changed { .. }), "{error}");
    assert_eq!(write(&recording, &Notes::default(), &text).unwrap(), "");
    assert!(!path.exists(), "without notes there is no file");
    let other = folder.path().join("other");
    fs::write(&other, &text).unwrap();
    symlink(&other, &path).unwrap();
    assert!(matches!(read(&recording).unwrap_err(), NotesError::NotAFile { .. }));
    assert!(matches!(write(&recording, &notes(), "").unwrap_err(), NotesError::NotAFile { .. }));
    assert_eq!(fs::read_to_string(&other).unwrap(), text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
}
