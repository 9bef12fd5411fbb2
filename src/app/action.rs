//! Everything a user can do: one table that keys, help, the hint bar and the README's key list read.

use std::path::PathBuf;

use crate::{
    app::{Cursor, Pane, session::SessionId, shared::Fresh},
    core::{class::Class, input::Input, params::Profile},
    session::{library::Entry, notes::Notes},
};

/// Where a command's keys hold. The innermost context that knows a key takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere, text fields included.
    Everywhere,
    /// No overlay is open.
    Screen,
    /// The tuning pane has the focus; before [`Context::Screen`].
    Tuning,
    /// The composer is open.
    Composer,
    /// A list to pick from is open (help, sessions); typing filters it.
    List,
}

impl Context {
    /// Heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Context::Everywhere => "everywhere",
            Context::Screen => "screen",
            Context::Tuning => "tuning",
            Context::Composer => "composer",
            Context::List => "lists",
        }
    }
}

/// A row of [`ACTIONS`].
#[derive(Debug)]
pub struct ActionInfo {
    /// The command.
    pub command: Command,
    /// Its public id.
    pub id: &'static str,
    /// Where its keys hold.
    pub context: Context,
    /// Default keys, the shown one first, in the notation of [`crate::tui::keymap`].
    pub keys: &'static [&'static str],
    /// What it does.
    pub title: &'static str,
    /// Its label in the hint bar, and its place there; 0 keeps it out.
    pub hint: (&'static str, u8),
}

macro_rules! actions {
    ($($variant:ident $id:literal $context:ident [$($key:literal),*] $title:literal $(hint $label:literal $place:literal)?;)*) => {
        /// What a key can mean.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Command {
            $(#[doc = $title] $variant,)*
        }

        /// One row per command, indexed by the command.
        pub const ACTIONS: &[ActionInfo] = &[
            $(ActionInfo {
                command: Command::$variant,
                id: $id,
                context: Context::$context,
                keys: &[$($key),*],
                title: $title,
                hint: actions!(@hint $($label $place)?),
            },)*
        ];
    };
    (@hint) => { ("", 0) };
    (@hint $label:literal $place:literal) => { ($label, $place) };
}

actions! {
    StepBack "step-back" Screen [",", "left", "h"] "step one delta back" hint "step" 1;
    StepForward "step-forward" Screen [".", "right", "l"] "step one delta forward";
    StepBackTen "step-back-ten" Screen ["H"] "step ten deltas back";
    StepForwardTen "step-forward-ten" Screen ["L"] "step ten deltas forward";
    FindingBack "finding-back" Screen ["["] "to the previous finding" hint "finding" 2;
    FindingForward "finding-forward" Screen ["]"] "to the next finding";
    TransitionBack "transition-back" Screen ["{"] "to the previous change of state" hint "transition" 9;
    TransitionForward "transition-forward" Screen ["}"] "to the next change of state";
    GapBack "gap-back" Screen ["("] "to the previous gap" hint "gap" 10;
    GapForward "gap-forward" Screen [")"] "to the next gap";
    Start "start" Screen ["g", "home"] "to the start";
    Live "live" Screen ["G", "end", "F"] "to the end; follow while it is live" hint "live" 8;
    Play "play" Screen ["space"] "play in its own time, or pause" hint "play" 3;
    Slower "slower" Screen ["<"] "play slower";
    Faster "faster" Screen [">"] "play faster";
    Up "up" Screen ["up", "k"] "one row up in this pane";
    Down "down" Screen ["down", "j"] "one row down in this pane";
    PageUp "page-up" Screen ["pgup", "ctrl-u"] "one page up in this pane";
    PageDown "page-down" Screen ["pgdn", "ctrl-d"] "one page down in this pane";
    NextPane "next-pane" Screen ["tab"] "focus the next pane" hint "pane" 11;
    PreviousPane "previous-pane" Screen ["backtab"] "focus the previous pane";
    Chunks "chunks" Screen ["1"] "focus the chunks";
    States "states" Screen ["2"] "focus the states";
    Scores "scores" Screen ["3"] "focus the scores and the breaker";
    Output "output" Screen ["4"] "focus the output";
    Inspector "inspector" Screen ["5"] "focus the inspector";
    Tuning "tuning" Screen ["6"] "focus the tuning pane";
    Zoom "zoom" Screen ["z"] "give the whole screen to this pane, or take it back" hint "zoom" 12;
    View "view" Screen ["v"] "next view of this pane (output, inspector)" hint "view" 13;
    Tune "tune" Screen ["t"] "open or close the tuning pane" hint "tune" 5;
    LabelDelta "label-delta" Screen ["a"] "label the delta at the cursor: stutter of a class, or fine" hint "label" 16;
    LabelStream "label-stream" Screen ["A"] "label the whole stream";
    UndoFinding "undo-finding" Screen ["x"] "undo in the view what the finding at the cursor took out or moved, or repair it again" hint "undo" 18;
    Compare "compare" Screen ["d"] "compare the strategies on this session" hint "compare" 17;
    Compose "compose" Screen ["c"] "compose a request" hint "compose" 6;
    Sessions "sessions" Screen ["s"] "list sessions and recordings" hint "sessions" 7;
    Resend "resend" Screen ["r"] "send this session's request again" hint "resend" 14;
    Save "save" Screen ["w"] "save a copy of the recording here";
    Help "help" Screen ["?"] "all keys; type to filter, Enter runs one" hint "help" 4;
    Palette "palette" Screen [":"] "all commands, as help";
    Back "back" Screen ["q"] "back one layer; on the last one, quit" hint "back/quit" 15;
    Escape "escape" Screen ["esc"] "back one layer";
    Mouse "mouse" Screen ["m"] "take the mouse, or leave it to the terminal";
    Quit "quit" Screen ["Q"] "quit";
    ParamUp "param-up" Tuning ["up", "k"] "previous parameter" hint "parameter" 1;
    ParamDown "param-down" Tuning ["down", "j"] "next parameter";
    Less "less" Tuning ["left", "h"] "lower the parameter by one step" hint "move" 2;
    More "more" Tuning ["right", "l"] "raise the parameter by one step";
    MuchLess "much-less" Tuning ["H"] "halve the parameter";
    MuchMore "much-more" Tuning ["L"] "double the parameter";
    Reset "reset" Tuning ["0"] "put the parameter back to its default" hint "default" 3;
    NextProfile "next-profile" Tuning ["p"] "next ready profile: observe, safe, eager" hint "profile" 5;
    Undo "undo" Tuning ["u"] "undo the last change" hint "undo" 4;
    Redo "redo" Tuning ["U"] "redo what was undone";
    Send "send" Composer ["ctrl-s", "f5"] "send the request" hint "send" 1;
    NextField "next-field" Composer ["tab"] "next field" hint "field" 2;
    PreviousField "previous-field" Composer ["backtab"] "previous field";
    PickUp "pick-up" Composer ["up"] "previous choice, or one line up" hint "pick" 3;
    PickDown "pick-down" Composer ["down"] "next choice, or one line down";
    Enter "enter" Composer ["enter"] "send; in a JSON body a new line";
    ToggleBody "toggle-body" Composer ["ctrl-b"] "prompt or whole JSON body" hint "prompt/JSON" 4;
    CloseComposer "close-composer" Composer ["esc"] "close the composer; what it holds is kept" hint "close" 5;
    ListUp "list-up" List ["up"] "previous row" hint "pick" 1;
    ListDown "list-down" List ["down"] "next row";
    ListPageUp "list-page-up" List ["pgup"] "ten rows up";
    ListPageDown "list-page-down" List ["pgdn"] "ten rows down";
    OtherBack "other-back" List ["left"] "previous delta of the frame (labels)";
    OtherForward "other-forward" List ["right"] "next delta of the frame (labels)";
    Accept "accept" List ["enter"] "run or open the row" hint "run/open" 2;
    CloseList "close-list" List ["esc"] "close the list" hint "close" 3;
    Interrupt "interrupt" Everywhere ["ctrl-c"] "cancel the stream in flight; without one, ask to quit";
    Redraw "redraw" Everywhere ["ctrl-l"] "draw the screen anew";
    Suspend "suspend" Everywhere ["ctrl-z"] "suspend the program";
}

impl Command {
    /// The command's row.
    pub fn info(self) -> &'static ActionInfo {
        &ACTIONS[self as usize]
    }

    /// What `key` means where `contexts` hold, innermost first.
    pub fn resolve(key: &str, contexts: &[Context]) -> Option<Command> {
        let row = |context: &Context| ACTIONS.iter().find(|row| row.context == *context && row.keys.contains(&key));
        contexts.iter().find_map(row).map(|row| row.command)
    }
}

/// What a click meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A pane, and a place in the session that one of its rows stands for.
    Pane(Pane, Option<Cursor>),
    /// A parameter in the tuning pane.
    Parameter(usize),
    /// A column of the timeline.
    Timeline(Cursor),
    /// A row of the list that lies over the screen.
    Row(usize),
}

/// One thing that changes the state: what a user asks, or what the loop learned.
#[derive(Debug)]
pub enum Action {
    /// A command.
    Run(Command),
    /// A key that no command took, for the text field that has the focus.
    Type(tui_textarea::Input),
    /// Text that was pasted.
    Paste(String),
    /// A live session brought inputs, or its time went on.
    Arrived {
        /// Which.
        session: SessionId,
        /// What came, in order; may be empty.
        inputs: Vec<Input>,
        /// Time since its Start, read after the last input.
        now: crate::core::time::Micros,
        /// True if nothing more will come.
        closed: bool,
    },
    /// The mouse points at something.
    Point(Target),
    /// The wheel turned over a pane, or over what lies over the screen.
    Wheel {
        /// The pane, if it is one.
        pane: Option<Pane>,
        /// True for away from the start.
        forward: bool,
    },
    /// Wall time passed, in microseconds.
    Tick(u64),
    /// A live session is recorded here.
    Recording(SessionId, PathBuf),
    /// What the endpoint of a session that begins was proved to do in earlier ones.
    Known(SessionId, Vec<(Class, u32)>),
    /// A live session could not begin, with the reason.
    Failed(SessionId, String),
    /// A session was judged anew in the background.
    Judged(SessionId, Box<Fresh>),
    /// A session was judged with every strategy in the background.
    Compared(SessionId, Box<crate::app::comparing::Compared>),
    /// The notes of a session were written: what they are, and the text of the file.
    Noted(SessionId, Box<Notes>, String),
    /// Something opened: a title, its file, its inputs, remarks, and the profile it was recorded with.
    Opened(Box<crate::app::state::OpenedFile>),
    /// The library's recordings.
    Listed(Vec<Entry>),
    /// Something to say in the status line.
    Say(String),
    /// A live pipe begins under this title.
    Piped(String),
    /// A call through the proxy begins under this title, to be judged with this profile.
    Called(String, Profile),
}
