//! Text under another completion's id: it waits until it is known whose it is.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        Detector,
        foreign::Step,
        restart::{self, Retold},
    },
    judgement::{FindingId, Judgement, findings::Draft, identity::Item},
    params::Param,
    reading::{ChannelKey, DeltaId, Note, Reading},
    time::Moment,
};

/// Frames that wait while it is in doubt whose text they have.
#[derive(Debug)]
pub(super) struct Doubtful {
    /// In order, with whether each is under the other id.
    pub items: Vec<(Item, bool)>,
    /// When the waiting began.
    pub since: Moment,
    chars: u64,
    /// How far the text under the other id repeats what was passed on, by channel; `None` once it does not.
    retold: Option<Vec<(ChannelKey, Retold)>>,
    /// It repeats all that was passed on of a channel.
    whole: bool,
}

impl Judgement {
    /// Passes on a frame that has its turn, unless it is in doubt to which completion it belongs.
    pub(super) fn pass(&mut self, reading: &Reading, item: Item) {
        if item.completion.is_none() && self.session.completions.goes_on(!reading.deltas_of(item.frame).is_empty()) {
            return self.judge_item(reading, &item);
        }
        let id = item.completion.and_then(|note| match &reading.notes()[note].1 {
            Note::CompletionId(id) => Some(id.as_str()),
            _ => None,
        });
        let deltas = || reading.deltas_of(item.frame).map(|delta| reading.delta(DeltaId(delta))).filter(|delta| !delta.snapshot);
        let text = item.original.is_none() && deltas().next().is_some();
        let continues = text && deltas().any(|delta| self.has_text(delta.key));
        let step = self.session.completions.step(id, text, continues);
        if step == Step::Passes {
            return self.judge_item(reading, &item);
        }
        let since = self.session.since.unwrap_or(self.moment());
        let foreign = matches!(step, Step::WaitsForeign | Step::Stays);
        let doubtful = self.session.doubtful.get_or_insert_with(|| {
            let (items, retold) = (Vec::new(), Some(Vec::new()));
            Doubtful { items, since, chars: 0, retold, whole: false }
        });
        doubtful.chars += deltas().map(|delta| delta.text.chars().count() as u64).sum::<u64>();
        let ends = !item.finished.is_empty();
        doubtful.items.push((item, foreign));
        if foreign {
            self.follow_retold(reading);
            self.session.cause.get_or_insert_with(|| "text comes under another completion id".into());
        }
        let params = &self.profile.params;
        let full = self.session.doubtful.as_ref().is_some_and(|doubtful| {
            doubtful.items.len() as u64 > params.get(Param::HoldDeltas) || doubtful.chars > params.get(Param::HoldChars)
        });
        match step {
            Step::Foreign => self.settle_foreign(reading),
            Step::Meaningless => self.settle_nothing(reading, true),
            _ if self.is_retold(2) => self.settle_restart(reading),
            Step::Stays if !self.may_be_retold() => self.settle_nothing(reading, false),
            _ if ends => self.settle_completions(reading, true),
            _ if full || params.get(Param::HoldTime) == 0 => self.settle_nothing(reading, false),
            _ => {}
        }
    }

    fn has_text(&self, key: ChannelKey) -> bool {
        self.channels.get(key).is_some_and(|channel| !channel.accepted.is_empty())
    }

    /// Decides by what came so far: nothing more does, and the answer is `finished` or not.
    pub(super) fn settle_completions(&mut self, reading: &Reading, finished: bool) {
        if !self.session.completions.in_doubt() {
            return;
        }
        if self.session.completions.returned(finished) {
            self.settle_foreign(reading);
        } else if self.is_retold(1) {
            self.settle_restart(reading);
        } else {
            self.doubt_end(reading);
            self.settle_nothing(reading, false);
        }
    }

    /// The text ends under another id: the end of this answer, or of another one. Nothing tells.
    fn doubt_end(&mut self, reading: &Reading) {
        let Some(doubtful) = self.session.doubtful.as_ref().filter(|_| self.session.completions.ends_elsewhere()) else { return };
        let foreign = doubtful.items.iter().filter(|(_, foreign)| *foreign);
        let deltas: Vec<DeltaId> = foreign.flat_map(|(item, _)| reading.deltas_of(item.frame)).map(DeltaId).collect();
        let (own, other) = self.session.completions.ids();
        let evidence = format!("the text of completion {own:?} ends under the id {other:?}: it may be of another answer");
        self.find_doubt(reading, Class::CrossStreamLeak, &deltas, |_| evidence);
    }

    /// Another completion may begin after one that finished: what waits to know whose it is was before it.
    pub(super) fn begin_completion(&mut self, reading: &Reading) {
        self.settle_completions(reading, true);
        self.session.completions.begin();
    }

    /// Frames that wait longer than a hold may last go on.
    pub(super) fn completions_given_up(&mut self, reading: &Reading) {
        self.settle_nothing(reading, false);
    }

    /// Compares the latest frame under the other id with what was passed on.
    fn follow_retold(&mut self, reading: &Reading) {
        let Some(doubtful) = &mut self.session.doubtful else { return };
        let (Some((item, _)), Some(retold)) = (doubtful.items.last(), &mut doubtful.retold) else { return };
        for delta in reading.deltas_of(item.frame).map(|delta| reading.delta(DeltaId(delta))).filter(|delta| !delta.snapshot) {
            let Some(channel) = self.channels.get(delta.key).filter(|channel| !channel.accepted.is_empty()) else { continue };
            let index = retold.iter().position(|(key, _)| *key == delta.key).unwrap_or(retold.len());
            if index == retold.len() {
                retold.push((delta.key, Retold::default()));
            }
            let told = &mut retold[index].1;
            let done = told.place >= channel.accepted.len();
            match told.step(&channel.accepted, delta.text) {
                _ if done => {}
                restart::Step::Follows => {}
                restart::Step::Reaches(_) => doubtful.whole = true,
                restart::Step::Parts => {
                    doubtful.retold = None;
                    doubtful.whole = false;
                    return;
                }
            }
        }
    }

    /// True while the text under the other id only repeats.
    fn may_be_retold(&self) -> bool {
        self.session.doubtful.as_ref().is_some_and(|doubtful| doubtful.retold.is_some() && !doubtful.whole)
    }

    /// True if the text under the other id, in at least so many frames, repeats enough from its start to be a retry. Nothing announced
    /// it, so all of the text must come again, and not be short, or a good part of it.
    fn is_retold(&self, frames: u32) -> bool {
        let (foreign, returned) = self.session.completions.counts();
        let Some(doubtful) = self.session.doubtful.as_ref().filter(|_| foreign >= frames && returned == 0) else { return false };
        let Some(retold) = &doubtful.retold else { return false };
        let chars = retold.iter().map(|(_, told)| told.chars).max().unwrap_or(0);
        let params = &self.profile.params;
        chars >= params.get(Param::RestartMinChars) || doubtful.whole && chars >= params.get(Param::StitchMinChars)
    }

    /// What waits begins the text again under another id.
    fn settle_restart(&mut self, reading: &Reading) {
        let (own, other) = self.session.completions.ids();
        let evidence = format!("the completion id changes from {own:?} to {other:?} without a finish");
        self.session.completions.settle_moved();
        let Some(doubtful) = self.session.doubtful.take() else { return };
        self.expect_restart(&evidence, false);
        self.waiting_since(doubtful.since, |judgement| {
            for (item, _) in &doubtful.items {
                judgement.judge_item(reading, item);
            }
        });
    }

    /// What waits is passed on: ids mean nothing, or another message began.
    fn settle_nothing(&mut self, reading: &Reading, meaningless: bool) {
        self.session.completions.settle_nothing(meaningless);
        let Some(doubtful) = self.session.doubtful.take() else { return };
        self.session.cause.get_or_insert_with(|| "the text under the other completion id is passed on".into());
        self.waiting_since(doubtful.since, |judgement| {
            for (item, _) in &doubtful.items {
                judgement.judge_item(reading, item);
            }
        });
    }

    /// What waits under the other id is of another answer.
    fn settle_foreign(&mut self, reading: &Reading) {
        let (own, other) = self.session.completions.ids();
        let evidence =
            format!("text under the completion id {other:?} stands in the midst of completion {own:?}, which goes on after it");
        self.session.completions.settle_foreign();
        let Some(doubtful) = self.session.doubtful.take() else { return };
        let mut finding = None;
        self.score(Detector::Identity, 1000);
        self.waiting_since(doubtful.since, |judgement| {
            for (item, foreign) in &doubtful.items {
                if !foreign || !judgement.cut_foreign(reading, item, &evidence, &mut finding) {
                    judgement.judge_item(reading, item);
                }
            }
        });
    }

    /// Takes the text of a frame out; false if the profile only looks on.
    fn cut_foreign(&mut self, reading: &Reading, item: &Item, evidence: &str, finding: &mut Option<FindingId>) -> bool {
        let mut cut = true;
        for id in reading.deltas_of(item.frame).map(DeltaId) {
            let delta = reading.delta(id);
            let finding = match *finding {
                Some(finding) => {
                    self.extend(finding, Some(id));
                    finding
                }
                None => {
                    let draft = Draft {
                        class: Class::CrossStreamLeak,
                        score: 1000,
                        certainty: Certainty::Proved,
                        action: Action::Suppress,
                        layer: Layer::Proxy,
                        evidence: evidence.to_owned(),
                    };
                    *finding.insert(self.add(reading, draft, Some(delta.key), Some(item.frame), Some(id)))
                }
            };
            cut = self.finding(finding).action == Action::Suppress;
            if cut {
                self.condition.cut = false;
                self.cut(id, 0..delta.text.len() as u32, finding);
            }
        }
        cut
    }
}
