//! The state of the whole interface.

use std::path::PathBuf;

use crate::{
    app::{
        Session,
        action::{ACTIONS, ActionInfo, Context},
        compose::{Composer, Request},
        labels::Labelling,
        session::SessionId,
    },
    core::{engine::Engine, input::Input, params::Profile},
    net::providers::Provider,
    session::{library::Entry, notes::Notes},
};

/// The panes; each keeps its number at every size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    /// 1: what came in.
    Chunks,
    /// 2: changes of state.
    States,
    /// 3: detectors and breaker.
    Scores,
    /// 4: what came out.
    Output,
    /// 5: the frame at the cursor.
    Inspector,
    /// 6: the parameters.
    Tuning,
}

impl Pane {
    /// All panes, in the order of their numbers.
    pub const ALL: [Pane; 6] = [Pane::Chunks, Pane::States, Pane::Scores, Pane::Output, Pane::Inspector, Pane::Tuning];

    /// The shown number.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The shown name.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Chunks => "Chunks",
            Pane::States => "States",
            Pane::Scores => "Scores",
            Pane::Output => "Output",
            Pane::Inspector => "Inspector",
            Pane::Tuning => "Tuning",
        }
    }
}

/// Views of the output pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputView {
    /// What came out, with what was taken out in its place.
    Diff,
    /// What came out.
    Clean,
    /// All text as it came.
    Raw,
    /// The JSON in what came out, where it was asked for or found.
    Json,
}

/// Views of the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectorView {
    /// The frame's JSON, indented.
    Json,
    /// The frame's bytes.
    Hex,
    /// The response head.
    Head,
}

/// A list to pick from, filtered by what is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picker {
    /// What was typed.
    pub query: String,
    /// The row picked, among those that match.
    pub selected: usize,
}

/// What lies over the screen; the topmost takes the keys first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// All commands.
    Help(Picker),
    /// Open sessions and recordings.
    Sessions(Picker),
    /// The composer.
    Composer,
    /// The labels, to pick one.
    Label(Labelling),
    /// The strategies side by side; the picked row.
    Compare(usize),
}

/// What the loop is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a request; its inputs belong to this session.
    Send(SessionId, Request),
    /// Cancel the stream of this session.
    Cancel(SessionId),
    /// End the stream of this session, if it is this program's own: it goes round in a loop, and its profile wants no more.
    EndLoop(SessionId),
    /// Judge the reading of this session with this profile, on another thread.
    Judge(SessionId, Profile),
    /// Judge the reading of this session with every strategy and the thresholds of this profile, on another thread.
    Compare(SessionId, Profile),
    /// Write the notes of this session's recording.
    Note {
        /// Which session.
        session: SessionId,
        /// Its recording, beside which they lie.
        recording: PathBuf,
        /// The notes.
        notes: Notes,
        /// The text that the file had when it was read.
        before: String,
    },
    /// Open this file.
    Open(PathBuf),
    /// List the library.
    List,
    /// Copy this recording into the current folder.
    Copy(PathBuf),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Suspend the program.
    Suspend,
    /// Leave.
    Quit,
}

/// An opened recording or capture, folded already: that may take a while, and the interface does not wait for it.
pub struct OpenedFile {
    /// Shown name.
    pub title: String,
    /// The file, if it is one.
    pub path: Option<PathBuf>,
    /// What there is to say about the file.
    pub remarks: Vec<String>,
    /// Its inputs, folded and judged.
    pub engine: Engine,
    /// Its notes and the text of their file, or why that cannot be used.
    pub notes: Result<(Notes, String), String>,
}

impl OpenedFile {
    /// Folds `inputs`, to be judged with `profile`.
    pub fn fold(title: String, path: Option<PathBuf>, inputs: impl IntoIterator<Item = Input>, profile: Profile) -> OpenedFile {
        let mut engine = Engine::new(profile);
        for input in inputs {
            engine.fold(&input);
        }
        OpenedFile { title, path, remarks: Vec::new(), engine, notes: Ok(Default::default()) }
    }
}

impl std::fmt::Debug for OpenedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedFile").field("title", &self.title).field("path", &self.path).finish_non_exhaustive()
    }
}

/// Whether the user was asked about quitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Nobody spoke of it.
    No,
    /// The next request to quit is granted.
    Asked,
}

/// A row of the sessions list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// One that is open, by index.
    Open(usize),
    /// A recording, by index in [`App::library`].
    Recorded(usize),
}

/// Everything the screen shows.
pub struct App {
    /// The open sessions.
    pub sessions: Vec<Session>,
    /// Index of the one on the screen.
    pub current: usize,
    /// The focused pane.
    pub focus: Pane,
    /// The pane beside the chunks, where only one fits.
    pub beside: Pane,
    /// True while the focused pane has the whole screen.
    pub zoomed: bool,
    /// True while the tuning pane is open.
    pub tuning: bool,
    /// The row of the tuning pane.
    pub tuning_row: usize,
    /// View of the output pane.
    pub output_view: OutputView,
    /// View of the inspector.
    pub inspector_view: InspectorView,
    /// First shown line of the inspector.
    pub inspector_scroll: u16,
    /// What lies over the screen, topmost last.
    pub overlays: Vec<Overlay>,
    /// The composer.
    pub composer: Composer,
    /// True while this program, and not the terminal, has the mouse.
    pub mouse: bool,
    /// What new sessions are judged with.
    pub profile: Profile,
    /// The library, as it was listed last.
    pub library: Vec<Entry>,
    /// What the status line says until the next command.
    pub notice: Option<String>,
    /// Whether the user was asked about quitting.
    pub leaving: Leaving,
    pub(super) next_id: u32,
}

impl App {
    /// An interface without sessions.
    pub fn new(providers: Vec<Provider>) -> App {
        App {
            sessions: Vec::new(),
            current: 0,
            focus: Pane::Chunks,
            beside: Pane::Output,
            zoomed: false,
            tuning: false,
            tuning_row: 0,
            output_view: OutputView::Diff,
            inspector_view: InspectorView::Json,
            inspector_scroll: 0,
            overlays: Vec::new(),
            composer: Composer::new(providers),
            mouse: false,
            profile: Profile::default(),
            library: Vec::new(),
            notice: None,
            leaving: Leaving::No,
            next_id: 0,
        }
    }

    /// The session on the screen.
    pub fn session(&self) -> Option<&Session> {
        self.sessions.get(self.current)
    }

    /// The session on the screen, to be changed.
    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        self.sessions.get_mut(self.current)
    }

    /// Adds a session and shows it.
    pub(super) fn add(&mut self, title: String, profile: Profile, live: bool) -> SessionId {
        let id = SessionId(self.next_id);
        self.next_id += 1;
        self.sessions.push(Session::new(id, title, profile, live));
        self.current = self.sessions.len() - 1;
        id
    }

    /// The contexts whose keys hold, innermost first.
    pub fn contexts(&self) -> &'static [Context] {
        match self.overlays.last() {
            Some(Overlay::Composer) => &[Context::Composer, Context::Everywhere],
            Some(Overlay::Help(_) | Overlay::Sessions(_) | Overlay::Label(_) | Overlay::Compare(_)) => {
                &[Context::List, Context::Everywhere]
            }
            None if self.focus == Pane::Tuning => &[Context::Tuning, Context::Screen, Context::Everywhere],
            None => &[Context::Screen, Context::Everywhere],
        }
    }

    /// The commands that help shows for `query`: those of the screen and of tuning, then the rest.
    pub fn help_rows(&self, query: &str) -> Vec<&'static ActionInfo> {
        let query = query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let matches = |row: &&ActionInfo| {
            let text = format!("{} {} {} {}", row.keys.join(" "), row.id, row.title, row.context.title()).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        ACTIONS.iter().filter(matches).collect()
    }

    /// The rows of the sessions list for `query`: open ones first, then recordings that are not open, newest first.
    pub fn listed(&self, query: &str) -> Vec<Listed> {
        let query = query.to_lowercase();
        let matches = |text: &str| query.split_whitespace().all(|word| text.to_lowercase().contains(word));
        let open = (0..self.sessions.len()).rev().filter(|index| matches(&self.sessions[*index].title)).map(Listed::Open);
        let is_open = |entry: &Entry| self.sessions.iter().any(|session| session.path.as_ref() == Some(&entry.path));
        let recorded = self.library.iter().enumerate().filter(|(_, entry)| matches(&entry.name) && !is_open(entry));
        open.chain(recorded.map(|(index, _)| Listed::Recorded(index))).collect()
    }
}
