//! Habits of endpoints: looked up before a session of this program begins, added to when it has finished.

use crate::{
    app::{Action, App, session::SessionId},
    core::{class::Class, input::Start},
    session::habits::{Habits, Lesson},
};

use super::Sources;

impl Sources {
    /// What the endpoint of a session that begins with `start` was proved to do. A file that cannot be used is told and left alone.
    pub(super) fn known(&self, start: &Start, remarks: &mut Vec<String>) -> Vec<(Class, u32)> {
        let known = self.habits.as_deref().map(Habits::load).transpose();
        known.map(|known| known.unwrap_or_default().of(start)).unwrap_or_else(|error| {
            remarks.push(error.to_string());
            Vec::new()
        })
    }

    /// Remembers that a session ended, to learn from it.
    pub(super) fn ended(&mut self, session: SessionId) {
        if self.habits.is_some() {
            self.to_learn.push(session);
        }
    }

    /// Learns from sessions that ended, in the background. One that is being judged anew has to wait for that.
    pub(super) fn learn(&mut self, app: &App) {
        let Some(path) = self.habits.clone() else { return };
        for id in std::mem::take(&mut self.to_learn) {
            let Some(session) = app.sessions.iter().find(|session| session.id == id) else { continue };
            if session.engine.judging() {
                self.to_learn.push(id);
                continue;
            }
            // What somebody tries out on it meanwhile is no proof.
            let judgement = session.before.as_ref().unwrap_or(&session.engine.judgement);
            let Some(lesson) = Lesson::of(&session.engine.reading, judgement) else { continue };
            let (finish, path) = (self.finish.clone(), path.clone());
            self.lessons.push(tokio::task::spawn_blocking(move || {
                if let Err(error) = lesson.keep(&path) {
                    // Nobody listens any more when the program ends.
                    let _ = finish.send(Action::Say(error.to_string()));
                }
            }));
        }
        self.lessons.retain(|lesson| !lesson.is_finished());
    }
}
