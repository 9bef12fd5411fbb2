//! One open session: its engine, where one looks, and how that moves.

use std::path::PathBuf;

use crate::{
    app::{Cursor, comparing::Compared, labels::Noted, peaks::Peaks, rows, shared::Shared, tuning::Change, undone::Undone},
    core::{
        class::Class,
        desk::{BreakerSnapshot, GateDecision},
        input::{Input, What},
        json_value,
        judgement::Judgement,
        metrics::{Meter, Metrics},
        params::Profile,
        time::{Micros, Moment},
    },
    report::Verdict,
};

/// Names an open session for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// How the cursor moves by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It stays at the newest input.
    Follow,
    /// It stays where it is.
    Paused,
    /// It runs along with the session's own clock.
    Playing,
}

/// Speeds of play, in hundredths.
pub const SPEEDS: &[u32] = &[10, 25, 50, 100, 200, 400, 800, 1_600];

/// One open session.
pub struct Session {
    /// Its name among the open ones.
    pub id: SessionId,
    /// Shown name.
    pub title: String,
    /// The recording or capture, if there is a file.
    pub path: Option<PathBuf>,
    /// What was sent, if it was sent from here.
    pub request: Option<crate::app::compose::Request>,
    /// What came in and what is made of it.
    pub engine: Shared,
    /// What was made of it with the profile it was opened with, once another one is tried.
    pub before: Option<Judgement>,
    /// What the other profile changed.
    pub change: Change,
    /// Profiles to go back to, and forward to.
    pub undo: Vec<Profile>,
    /// Profiles that were undone.
    pub redo: Vec<Profile>,
    /// Every strategy on it, once they were asked for.
    pub compared: Option<Compared>,
    /// What a person noted about it.
    pub noted: Noted,
    /// Where one looks.
    pub cursor: Cursor,
    /// How the cursor moves by itself.
    pub mode: Mode,
    /// Index in [`SPEEDS`].
    pub speed: usize,
    /// True while inputs may still come.
    pub live: bool,
    /// True for a call that came through the proxy.
    pub called: bool,
    /// True once the end of a loop was asked for.
    pub stopped: bool,
    /// Time since Start, for a live session.
    pub now: Micros,
    /// Numbers of the whole session.
    pub metrics: Metrics,
    /// What it amounts to.
    pub verdict: Verdict,
    /// True if a habit of the endpoint, and no proof, decided a finding.
    pub by_habit: bool,
    /// What somebody undid in the view.
    pub undone: Undone,
    /// Maxima of the scores.
    pub peaks: Peaks,
    /// Whether the request asks for JSON, once it is known.
    pub asks_json: Option<bool>,
    /// True if it does, or JSON came.
    pub has_json: bool,
    meter: Meter,
}

impl Session {
    /// An empty session to be judged with `profile`.
    pub fn new(id: SessionId, title: String, profile: Profile, live: bool) -> Session {
        Session {
            id,
            title,
            path: None,
            request: None,
            engine: Shared::new(profile),
            before: None,
            change: Change::default(),
            undo: Vec::new(),
            redo: Vec::new(),
            compared: None,
            noted: Noted::default(),
            cursor: Cursor::default(),
            mode: if live { Mode::Follow } else { Mode::Paused },
            speed: SPEEDS.iter().position(|speed| *speed == 100).unwrap_or(0),
            live,
            called: false,
            stopped: false,
            now: Micros::ZERO,
            metrics: Metrics::default(),
            verdict: Verdict::Clean,
            by_habit: false,
            undone: Undone::default(),
            peaks: Peaks::default(),
            asks_json: None,
            has_json: false,
            meter: Meter::default(),
        }
    }

    /// Takes what the endpoint was proved to do in earlier sessions, before anything came.
    pub fn know(&mut self, habits: Vec<(Class, u32)>) {
        if self.engine.reading.start().is_none() {
            self.engine = Shared::new(Profile { habits, ..self.engine.judgement.profile.clone() });
        }
    }

    /// Folds what came, and fires what is due at `now`.
    pub fn fold(&mut self, inputs: &[Input], now: Micros) {
        self.now = self.now.max(now);
        self.engine.fold(inputs, now, self.live);
        if self.engine.judging() {
            return;
        }
        self.now = self.now.max(self.engine.reading.last_at());
        if let Some(before) = &mut self.before {
            before.catch_up(&self.engine.reading);
            if self.live {
                before.advance(&self.engine.reading, now);
            }
        }
        self.refresh();
    }

    /// Brings everything derived up to date with the engine.
    pub fn refresh(&mut self) {
        self.peaks.extend(&self.engine.judgement);
        self.metrics = self.meter.at(&self.engine.reading, Moment::END);
        self.look_for_json();
        let judgement = &self.engine.judgement;
        self.verdict = Verdict::of(&judgement.findings);
        let known = !judgement.profile.habits.is_empty();
        self.by_habit = known && judgement.findings.iter().any(|finding| judgement.habit_behind(finding).is_some());
        self.refresh_undone();
        if let Some(before) = &self.before {
            self.change = Change::between(&self.engine.reading, before, &self.engine.judgement);
        }
        if self.mode == Mode::Follow {
            self.go_to_end();
        }
    }

    fn look_for_json(&mut self) {
        let reading = &self.engine.reading;
        if self.asks_json.is_none() {
            self.asks_json = reading.start().map(|start| json_value::asked(&start.body));
        }
        self.has_json = self.has_json || self.asks_json == Some(true) || json_value::begins(reading);
    }

    /// Moves the cursor to the newest input; a live one's time goes on past it.
    pub fn go_to_end(&mut self) {
        let reading = &self.engine.reading;
        self.cursor = Cursor::on(reading, rows::last(reading));
        if self.live && reading.clocked() {
            self.cursor.at = self.cursor.at.max(self.now);
        }
    }

    /// Moves the cursor by hand; it stays where it is put.
    pub fn seek(&mut self, cursor: Cursor) {
        self.mode = Mode::Paused;
        self.cursor = cursor;
    }

    /// The moment at the cursor.
    pub fn moment(&self) -> Moment {
        self.cursor.moment(&self.engine.reading)
    }

    /// The speed of play, in hundredths.
    pub fn rate(&self) -> u32 {
        SPEEDS[self.speed.min(SPEEDS.len() - 1)]
    }

    /// Plays `us` microseconds of wall time further; stops at the end.
    pub fn play(&mut self, us: u64) {
        let reading = &self.engine.reading;
        let scaled = us.saturating_mul(u64::from(self.rate())) / 100;
        if reading.clocked() {
            let end = reading.last_at();
            self.cursor = Cursor::at_time(reading, (self.cursor.at + Micros(scaled)).min(end));
        } else {
            // Without times, one row each thirtieth of a second at speed 1.
            self.cursor = self.cursor.rows(reading, i64::try_from(scaled / 33_000).unwrap_or(i64::MAX).max(1));
        }
        if self.cursor.row == rows::last(reading) {
            self.mode = if self.live { Mode::Follow } else { Mode::Paused };
        }
    }

    /// What the Desk said last, at the cursor.
    pub fn gate(&self) -> Option<(&GateDecision, &BreakerSnapshot)> {
        let moment = self.moment();
        let marks = self.engine.reading.marks();
        let end = marks.partition_point(|mark| Moment { frames: mark.frames, at: mark.at } <= moment);
        marks[..end].iter().rev().find_map(|mark| match &mark.what {
            What::Gate(record) => Some((&record.decision, &record.breaker)),
            _ => None,
        })
    }
}
