//! Loops: one finding a run, which grows with it.

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::{
        Detector,
        lines::Alike,
        loops::{self, Asked, Kind, Speech, Unit, Weight},
        prompt::Prompt,
        repeat::Run,
        surroundings::{self, Place},
    },
    judgement::{FindingId, Judgement, findings::Draft},
    params::{Param, Params},
    reading::{Channel, ChannelKey, DeltaId, FrameId, Note, Reading},
    time::Moment,
};

/// Where a profile asks for a stream to be ended because it goes round in a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopStop {
    /// When.
    pub moment: Moment,
    /// The delta that brought the last copy of those that were enough.
    pub delta: DeltaId,
    /// The loop.
    pub finding: FindingId,
    /// Its copies then.
    pub copies: u64,
}

/// A run that is followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looped {
    /// Where it begins in the accepted text.
    start: usize,
    /// Bytes from there to where its unit naturally begins.
    skip: usize,
    unit: Unit,
    place: Place,
    asked: Asked,
    /// Where it stands and what was asked are known; before that it counts as prose that nobody knows of.
    settled: bool,
    /// The delta in which its second copy begins.
    second: DeltaId,
    pub finding: Option<FindingId>,
}

impl Looped {
    /// What `run`, of `chars` characters, means.
    fn weigh(&self, run: Run, chars: u64, params: &Params) -> Option<Weight> {
        match run.counted {
            Some((copies, _)) => loops::weigh_counting(self.unit, copies, self.place, self.asked, params),
            None => loops::weigh(self.unit, run.copies(), chars, self.place, self.asked, params),
        }
    }
}

impl Judgement {
    /// Judges the run that the text of delta `id` ended, or goes on with.
    pub(super) fn judge_loop(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, run: Run) {
        let looped = self.channel(key).content.loop_of(run).filter(|looped| looped.start == run.start);
        let looped = match looped {
            Some(looped) => looped,
            None => self.begin_loop(key, id, run),
        };
        let run = run.after(looped.skip);
        let counts = run.counted.is_some();
        // A row of data counts as it likes, and a loop that is told already is not told again.
        let told = |exact: Looped| exact.finding.is_some() && exact.start >= run.start;
        let exact =
            || looped.finding.is_none() && self.channels.get(key).is_some_and(|known| known.content.looped.is_some_and(told));
        if counts && (looped.unit.speech == Speech::Row || exact()) {
            return;
        }
        let (copies, chars) = (run.copies(), run.copies() * looped.unit.chars);
        let params = &self.profile.params;
        let weight = looped.weigh(run, chars, params);
        let needed = loops::limit(looped.unit, looped.place, params).max(1);
        self.score(Detector::Loop, (copies * 1000 / needed).min(1000) as u16);
        let Some(mut weight) = weight else { return };
        if looped.unit.kind == Kind::Blank && self.channel(key).content.flooded.is_some_and(|start| start <= run.start) {
            return;
        }
        let mut looped = looped;
        if !looped.settled {
            self.settle_loop(reading, key, run, &mut looped);
            let params = &self.profile.params;
            match looped.weigh(run, chars, params) {
                Some(settled) => weight = settled,
                None => return,
            }
        }
        let evidence = loops::sentence(&self.channels.entry(key).accepted, run, chars);
        let readings = match weight.certainty {
            Certainty::Ambiguous => {
                let meant = if counts { "a list that counts" } else { "asked for, or data" };
                vec![format!("a loop: {evidence}"), format!("{meant}: {copies} copies that were meant")]
            }
            _ => Vec::new(),
        };
        let open = match looped.finding {
            Some(open) => {
                self.extend(open, Some(id));
                open
            }
            None => {
                let cause = self.session.cause.take();
                let (class, action, layer) = (looped.unit.class(counts), Action::Flag, Layer::Model);
                let draft = Draft { class, score: 1000, certainty: weight.certainty, action, layer, evidence: evidence.clone() };
                let known = self.findings.len();
                let second = looped.second;
                let finding = self.add(reading, draft, Some(key), Some(reading.delta(second).frame), Some(second));
                if weight.level == Level::Note {
                    self.session.cause = cause;
                }
                let after: Vec<DeltaId> = self.channels.entry(key).content.deltas_after(second).collect();
                after.into_iter().for_each(|delta| self.extend(finding, Some(delta)));
                if self.findings.len() == known {
                    // There are too many of them, and the last one counts the rest.
                    return;
                }
                finding
            }
        };
        let score = (copies * 1000 / needed).min(1000) as u16;
        *self.channel(key).content.loop_of_mut(run) = Some(Looped { finding: Some(open), ..looped });
        let finding = &mut self.findings[open.0 as usize];
        finding.count = u32::try_from(copies).unwrap_or(u32::MAX);
        finding.evidence = evidence;
        finding.level = weight.level;
        finding.certainty = weight.certainty;
        finding.readings = readings;
        finding.score = score;
        let proved = weight.level >= Level::Warning && weight.certainty == Certainty::Proved;
        if proved && run.end >= self.channels.entry(key).accepted.len() {
            self.ask_to_stop(id, open, copies);
        }
    }

    /// A proved loop goes on at the end of the text: the profile may want no more of it. One that only looks on wants all.
    fn ask_to_stop(&mut self, delta: DeltaId, finding: FindingId, copies: u64) {
        let least = self.profile.params.get(Param::LoopStop);
        if least > 0 && copies >= least && self.waits() && self.ended.is_none() {
            let moment = self.moment();
            self.stop.get_or_insert(LoopStop { moment, delta, finding, copies });
            self.session.stopping = Some(finding);
        }
    }

    /// True if the profile asks for the stream's end, and the loop goes on up to the last delta of `reading`.
    pub fn wants_stop(&self, reading: &Reading) -> bool {
        let last = |finding: FindingId| self.findings[finding.0 as usize].deltas.last().map(|(_, last)| *last);
        self.ended.is_none() && self.session.stopping.and_then(last).is_some_and(|last| last + 1 >= reading.delta_count())
    }

    fn begin_loop(&mut self, key: ChannelKey, id: DeltaId, run: Run) -> Looped {
        let channel = self.channels.entry(key);
        let natural = run.natural(&channel.accepted);
        let looped = Looped {
            start: run.start,
            skip: natural.start - run.start,
            unit: Unit::of(natural.unit(&channel.accepted)),
            place: Place::Prose,
            asked: Asked::Unknown,
            settled: false,
            second: channel.content.delta_at(natural.start + run.period).unwrap_or(id),
            finding: None,
        };
        *channel.content.loop_of_mut(run) = Some(looped);
        looped
    }

    /// Looks where the run stands and what was asked, once it would matter. Both only speak for it.
    fn settle_loop(&mut self, reading: &Reading, key: ChannelKey, run: Run, looped: &mut Looped) {
        let channel = self.channels.entry(key);
        let (text, content) = (&channel.accepted, &mut channel.content);
        let unit = run.unit(text);
        if looped.unit.kind != Kind::Special {
            looped.place = if key.channel == Channel::ToolArguments || content.json.holds(text, run.start) {
                Place::Json
            } else if content.fences.inside(text, run.start) {
                Place::Fence
            } else {
                surroundings::place(text, run.start, unit)
            };
        }
        let body = || reading.start().map_or("", |start| &start.body);
        let prompt = self.session.prompt.get_or_insert_with(|| Prompt::of(body()));
        looped.asked = match prompt.asks(unit) {
            _ if prompt.is_unknown() => Asked::Unknown,
            0 => Asked::No,
            most => Asked::UpTo(most),
        };
        looped.settled = true;
        *content.loop_of_mut(run) = Some(*looped);
    }

    /// A line that is one of too many alike, at byte `at` of the text.
    pub(super) fn judge_lines(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, at: usize, alike: Alike) {
        let channel = self.channels.entry(key);
        let (text, content) = (&channel.accepted, &mut channel.content);
        if content.goes_round() || content.json.holds(text, at) || content.fences.inside(text, at) {
            return;
        }
        let first = content.delta_at(at).unwrap_or(id);
        if let Some(open) = content.alike {
            return self.extend(open, Some(first));
        }
        let (evidence, meant) = match alike {
            Alike::Begun(times) => (format!("a paragraph is begun {times} times in a row"), "lines of a list that begin alike"),
            Alike::Said(times) => (format!("{times} of the last short lines had been said before"), "short answers that recur"),
        };
        let cause = self.session.cause.take();
        let readings = vec![format!("a loop: {evidence}"), meant.to_string()];
        let (class, certainty, action, layer) = (Class::PhraseLoop, Certainty::Ambiguous, Action::Flag, Layer::Model);
        let draft = Draft { class, score: 500, certainty, action, layer, evidence };
        let known = self.findings.len();
        let finding = self.add(reading, draft, Some(key), Some(reading.delta(first).frame), Some(first));
        self.session.cause = cause;
        if self.findings.len() > known {
            self.findings[finding.0 as usize].readings = readings;
        }
        self.channel(key).content.alike = Some(finding);
    }

    /// Where the provider counted far fewer tokens than the copies would take, they were not generated one by one: no loop is
    /// proved.
    pub(super) fn weigh_loops_by_usage(&mut self, reading: &Reading) {
        let first = FrameId(self.session.first_frame);
        let notes = reading.notes().iter().rev().skip_while(|(frame, _)| frame.0 >= self.walk.frame);
        let output = notes.take_while(|(frame, _)| *frame >= first).find_map(|(_, note)| match note {
            Note::Usage(usage) => usage.output,
            _ => None,
        });
        let Some(output) = output else { return };
        for key in self.channels.keys() {
            let content = self.channels.get(key).map(|channel| [channel.content.looped, channel.content.counting]);
            for looped in content.into_iter().flatten().flatten() {
                let Some(id) = looped.finding else { continue };
                let finding = &mut self.findings[id.0 as usize];
                let chars = looped.unit.chars * u64::from(finding.count);
                if output == 0 || finding.level == Level::Note || chars <= output.saturating_mul(MOST_CHARS) {
                    continue;
                }
                (finding.level, finding.certainty, finding.layer) = (Level::Note, Certainty::Ambiguous, Layer::Unknown);
                finding.readings = vec![
                    format!("a loop: {}", finding.evidence),
                    format!("text that no model said word by word: {output} tokens are too few for {chars} characters"),
                ];
            }
        }
    }
}

/// Characters of the longest tokens, which are rulers and indentation.
const MOST_CHARS: u64 = 128;
