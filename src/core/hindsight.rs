//! Hindsight: a finished session read a second time, with its end known.
//!
//! Streaming never takes back what it passed on. This does: it gives the texts as they would be had all that was proved in the end been
//! known in the beginning, and names each change with its reason. It stands beside the streaming output and never in its place. Without
//! proof it is the same text.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::core::{
    class::{Certainty, Class},
    input::What,
    judgement::{Finding, Judgement},
    machine::EndReason,
    output::Fate,
    reading::{Channel, ChannelKey, DeltaId, FrameId, Identity, Note, Reading, Series},
};

mod typed;

/// What hindsight makes of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindsight {
    /// The text of each channel that has any.
    pub texts: BTreeMap<ChannelKey, String>,
    /// Where and why they differ from what was passed on, in the order in which it was found.
    pub changes: Vec<Change>,
}

/// One text that hindsight reads otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The fault that it undoes.
    pub class: Class,
    /// Whose text.
    pub key: ChannelKey,
    /// One sentence.
    pub evidence: String,
}

/// A piece of a channel's text: a range of a delta.
type Piece = (DeltaId, Range<u32>);

/// The second look.
struct Look<'a> {
    reading: &'a Reading,
    judgement: &'a Judgement,
    /// What was passed on, and then what should have been.
    channels: BTreeMap<ChannelKey, Vec<Piece>>,
    changes: Vec<Change>,
}

/// Reads a finished session again; `None` if hindsight would have passed the same texts on.
pub fn look_back(reading: &Reading, judgement: &Judgement) -> Option<Hindsight> {
    judgement.ended?;
    let mut look = Look { reading, judgement, channels: passed_on(reading, judgement), changes: Vec::new() };
    look.keep_last_attempt();
    look.put_in_order();
    for finding in judgement.findings.iter().filter(|finding| finding.certainty == Certainty::Proved) {
        match finding.class {
            Class::CumulativeFull | Class::ToolArgsCumulative => look.read_as_snapshots(finding),
            Class::PerDeltaDouble => look.drop_copies(finding),
            _ => {}
        }
    }
    let mut texts = look.texts();
    typed::believe(reading, judgement, &mut texts, &mut look.changes);
    texts.retain(|_, text| !text.is_empty());
    (!look.changes.is_empty()).then_some(Hindsight { texts, changes: look.changes })
}

/// What streaming passed on, channel by channel.
fn passed_on(reading: &Reading, judgement: &Judgement) -> BTreeMap<ChannelKey, Vec<Piece>> {
    let output = &judgement.output;
    let mut channels = BTreeMap::<ChannelKey, Vec<Piece>>::new();
    for delta in output.deltas(reading) {
        let pieces = channels.entry(reading.delta(delta).key).or_default();
        let emitted = output.segments(reading, delta, output.released).into_iter().filter(|segment| segment.fate == Fate::Emitted);
        pieces.extend(emitted.map(|segment| (delta, segment.range)));
    }
    channels
}

impl Look<'_> {
    fn text(&self, delta: DeltaId) -> &str {
        self.reading.delta(delta).text
    }

    fn join(&self, pieces: &[Piece]) -> String {
        pieces.iter().map(|(delta, range)| &self.text(*delta)[range.start as usize..range.end as usize]).collect()
    }

    fn texts(&self) -> BTreeMap<ChannelKey, String> {
        self.channels.iter().map(|(key, pieces)| (*key, self.join(pieces))).collect()
    }

    /// Puts `pieces` in the place of a channel's own, if that says anything else.
    fn replace(&mut self, class: Class, key: ChannelKey, pieces: Vec<Piece>, evidence: String) {
        let Some(own) = self.channels.get(&key) else { return };
        if self.join(own) != self.join(&pieces) {
            self.channels.insert(key, pieces);
            self.changes.push(Change { class, key, evidence });
        }
    }

    /// The deltas of `finding` that are of its own channel, ascending.
    fn concerned(&self, finding: &Finding) -> Vec<DeltaId> {
        let deltas = finding.deltas.iter().flat_map(|(first, last)| *first..=*last).map(DeltaId);
        deltas.filter(|delta| Some(self.reading.delta(*delta).key) == finding.key).collect()
    }

    /// A session whose last attempt finished is that attempt: what the failed ones before it had sent is void, in whatever words it was
    /// sent again.
    fn keep_last_attempt(&mut self) {
        let Some(first) = self.last_attempt() else { return };
        let keys: Vec<ChannelKey> = self.channels.keys().copied().collect();
        for key in keys {
            let output = &self.judgement.output;
            let own = |delta: &DeltaId| self.reading.delta(*delta).key == key && self.reading.delta(*delta).frame >= first;
            // What was taken out as a repetition of the void text is the text now.
            let void = |fate: Fate| match fate {
                Fate::Emitted => true,
                Fate::Suppressed(finding) => self.judgement.finding(finding).class == Class::RetryRestart,
                Fate::Restated | Fate::Held => false,
            };
            let segments =
                output.deltas(self.reading).filter(own).flat_map(|delta| output.segments(self.reading, delta, output.released));
            let pieces = segments.filter(|segment| void(segment.fate)).map(|segment| (segment.delta, segment.range)).collect();
            let evidence = "an attempt that failed had sent text; the last one finished, and is the answer".to_owned();
            self.replace(Class::RetryRestart, key, pieces, evidence);
        }
    }

    /// The first frame of the last attempt, if it finished and is no continuation of the one before.
    fn last_attempt(&self) -> Option<FrameId> {
        let attempt = self.reading.marks().iter().rfind(|mark| matches!(mark.what, What::Attempt(_)))?;
        let first = FrameId(attempt.frames);
        let continues = |(_, note): &(FrameId, Note)| matches!(note, Note::Boundary(_));
        let stitched = self.judgement.findings.iter().any(|finding| finding.class == Class::OverlapStitch);
        let whole = self.judgement.ended == Some(EndReason::Finished) && !stitched && !self.reading.notes().iter().any(continues);
        let said =
            self.reading.delta_ids().map(|delta| self.reading.delta(delta)).any(|delta| delta.frame >= first && !delta.snapshot);
        (whole && first.0 > 0 && said).then_some(first)
    }

    /// Text that came after text behind it had been passed on goes to its place, by the number or time that its source gave it.
    fn put_in_order(&mut self) {
        let late = |finding: &&Finding| finding.class == Class::OutOfOrder && !finding.repaired;
        let keys: BTreeSet<ChannelKey> = self.judgement.findings.iter().filter(late).filter_map(|finding| finding.key).collect();
        for key in keys {
            let Some(pieces) = self.channels.get(&key) else { continue };
            let identities: Option<Vec<Identity>> =
                pieces.iter().map(|(delta, _)| self.reading.identity(self.reading.delta(*delta).frame)).collect();
            // One without identity has no place to go to, nor have those that share one.
            let Some(identities) = identities.filter(|identities| are_places(identities, pieces, self.reading)) else { continue };
            let mut sorted: Vec<(Identity, Piece)> = identities.into_iter().zip(pieces.iter().cloned()).collect();
            sorted.sort_by_key(|(identity, (delta, range))| (*identity, *delta, range.start));
            let evidence = "text came behind text that follows it, as the numbers or times of its source say".to_owned();
            self.replace(Class::OutOfOrder, key, sorted.into_iter().map(|(_, piece)| piece).collect(), evidence);
        }
    }

    /// Snapshots that were passed on as text to add, before they were known for what they are: the longest of them is the text.
    fn read_as_snapshots(&mut self, finding: &Finding) {
        let run = self.concerned(finding);
        let Some(longest) = run.iter().copied().rev().max_by_key(|delta| self.text(*delta).len()) else { return };
        let (Some(key), Some(first)) = (finding.key, run.first()) else { return };
        let Some(pieces) = self.channels.get(&key) else { return };
        let whole = self.text(longest);
        let before: Vec<Piece> = pieces.iter().filter(|(delta, _)| delta < first).cloned().collect();
        let among: Vec<&Piece> = pieces.iter().filter(|(delta, _)| (*first..=longest).contains(delta)).collect();
        // Only what the longest one says too may go: all text before the run, and every one of its own.
        let told = |text: &str| whole.starts_with(text);
        if !told(&self.join(&before)) || !among.iter().all(|(delta, _)| told(self.text(*delta))) {
            return;
        }
        let after = pieces.iter().filter(|(delta, _)| *delta > longest).cloned();
        let pieces = std::iter::once((longest, 0..whole.len() as u32)).chain(after).collect();
        let evidence = format!("{} deltas are snapshots, and some were passed on before that was proved", run.len());
        self.replace(finding.class, key, pieces, evidence);
    }

    /// Copies that were passed on before they were known to be copies.
    fn drop_copies(&mut self, finding: &Finding) {
        let Some(key) = finding.key else { return };
        let Some(pieces) = self.channels.get(&key) else { return };
        let copies: BTreeSet<DeltaId> = self.concerned(finding).into_iter().collect();
        let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let original = kept.last().map(|(delta, _)| self.text(*delta));
            if !copies.contains(&piece.0) || original != Some(self.text(piece.0)) {
                kept.push(piece.clone());
            }
        }
        let evidence = "deltas are delivered in pairs, and some copies were passed on before that was proved".to_owned();
        self.replace(Class::PerDeltaDouble, key, kept, evidence);
    }
}

/// True if the frames of these pieces have one numbering, and a place each.
fn are_places(identities: &[Identity], pieces: &[Piece], reading: &Reading) -> bool {
    let mut places: BTreeMap<Identity, FrameId> = BTreeMap::new();
    let one = identities.windows(2).all(|pair| (pair[0].series, pair[0].generation) == (pair[1].series, pair[1].generation));
    let own = identities.iter().zip(pieces).all(|(identity, (delta, _))| {
        let frame = reading.delta(*delta).frame;
        *places.entry(*identity).or_insert(frame) == frame
    });
    one && own && (identities.first().is_some_and(|identity| identity.series == Series::Time) || dense(places.keys()))
}

/// True if no number is missing between the first and the last: a place each, and a text for each place.
fn dense<'a>(mut numbers: impl Iterator<Item = &'a Identity>) -> bool {
    let Some(first) = numbers.next() else { return false };
    numbers.zip(first.number + 1..).all(|(identity, number)| identity.number == number)
}

/// The text of choice `choice` in `channel`, blocks joined in ascending order.
pub fn text(texts: &BTreeMap<ChannelKey, String>, choice: u16, channel: Channel) -> String {
    let own = texts.iter().filter(|(key, _)| key.choice == choice && key.channel == channel);
    own.map(|(_, text)| text.as_str()).collect()
}
