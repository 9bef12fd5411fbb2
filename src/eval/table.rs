//! Tallies as tables for people, no wider than 100 columns.

use std::{collections::BTreeSet, fmt::Write};

use super::Tally;
use crate::core::params::Strategy;

/// One row per strategy: what it did in all.
pub fn summary(tallies: &[(Strategy, Tally)]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<10} {:>12} {:>12} {:>12} {:>12} {:>12} {:>12} {:>8}",
        "strategy", "harmed", "repaired", "flagged", "named", "alarmed", "retracted", "lost"
    );
    for (strategy, tally) in tallies {
        let _ = writeln!(
            out,
            "{:<10} {:>12} {:>12} {:>12} {:>12} {:>12} {:>12} {:>8}",
            strategy.name(),
            of(tally.harmed, tally.negatives),
            of(tally.repaired, tally.repairable),
            of(tally.flagged, tally.positives),
            of(tally.named, tally.ambiguous),
            of(tally.alarmed, tally.negatives),
            of(tally.retraction_repaired, tally.retraction),
            tally.damaged,
        );
    }
    if let Some((strategy, tally)) = tallies.first().filter(|(_, tally)| tally.deltas > 0) {
        let Tally { held, deltas, .. } = tally;
        let _ = writeln!(out, "\n{} held back {held} of the {deltas} deltas of clean streams for a while", strategy.name());
    }
    out
}

/// What the columns of [`summary`] count.
pub const LEGEND: &str = "\
harmed: clean streams that came out changed · repaired: of what can be repaired while it streams
flagged: faults found, by family · named: doubtful streams kept, and the doubt said
alarmed: clean streams not called clean · lost: faulty streams that lost text of the answer
retracted: repaired, of faults that only a view undoes that takes text back
";

/// One row per class: what one strategy did.
pub fn classes(tally: &Tally) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<22} {:>7} {:>9} {:>9} {:>7} {:>7} {:>8} {:>22}",
        "class", "streams", "repaired", "flagged", "missed", "harmed", "named", "deltas to the verdict"
    );
    for (class, row) in &tally.classes {
        let after = match (row.median_deltas, row.max_deltas) {
            (Some(median), Some(max)) if median == max => median.to_string(),
            (Some(median), Some(max)) => format!("{median}, at most {max}"),
            _ => "-".into(),
        };
        let _ = writeln!(
            out,
            "{class:<22} {:>7} {:>9} {:>9} {:>7} {:>7} {:>8} {after:>22}",
            row.negatives + row.positives + row.ambiguous,
            of(row.repaired, row.repairable),
            of(row.flagged, row.positives),
            row.missed,
            row.harmed,
            of(row.named, row.ambiguous),
        );
    }
    out
}

/// One row per class, one column per strategy: how many were repaired of those that can be.
pub fn repaired(tallies: &[(Strategy, Tally)]) -> String {
    let names: BTreeSet<&str> = tallies.iter().flat_map(|(_, tally)| tally.classes.keys().map(String::as_str)).collect();
    let mut out = format!("{:<22}", "repaired, by class");
    tallies.iter().for_each(|(strategy, _)| out += &format!(" {:>10}", strategy.name()));
    out.push('\n');
    for name in names {
        let cells = tallies.iter().map(|(_, tally)| tally.classes.get(name).map_or((0, 0), |row| (row.repaired, row.repairable)));
        if cells.clone().all(|(_, repairable)| repairable == 0) {
            continue;
        }
        let _ = write!(out, "{name:<22}");
        cells.for_each(|(repaired, repairable)| out += &format!(" {:>10}", of(repaired, repairable)));
        out.push('\n');
    }
    out
}

fn of(part: u32, whole: u32) -> String {
    if whole == 0 { "-".into() } else { format!("{part} of {whole}") }
}

/// A set of streams, by its name in the table, and what each strategy did with it.
pub type Group<'a> = (&'a str, &'a [(Strategy, Tally)]);

/// All strategies side by side, as a table in Markdown: for each group of streams, one row per thing that is counted.
pub fn markdown(groups: &[Group<'_>]) -> String {
    type Row = (&'static str, fn(&Tally) -> (u32, u32));
    const ROWS: &[Row] = &[
        ("clean streams changed", |tally| (tally.harmed, tally.negatives)),
        ("clean streams not called clean", |tally| (tally.alarmed, tally.negatives)),
        ("repaired, of what can be while it streams", |tally| (tally.repaired, tally.repairable)),
        ("faults found, by family", |tally| (tally.flagged, tally.positives)),
        ("faulty streams that lost text of the answer", |tally| (tally.damaged, tally.positives)),
        ("doubtful streams kept, and the doubt said", |tally| (tally.named, tally.ambiguous)),
    ];
    let Some((_, first)) = groups.first() else { return String::new() };
    let mut out = String::from("| | of |");
    first.iter().for_each(|(strategy, _)| out += &format!(" `{}` |", strategy.name()));
    out += "\n| --- | --- |";
    out += &" --- |".repeat(first.len());
    out.push('\n');
    for (title, tallies) in groups {
        let _ = writeln!(out, "| **{title}** | |{}", " |".repeat(tallies.len()));
        for (what, count) in ROWS {
            let Some((_, whole)) = tallies.first().map(|(_, tally)| count(tally)).filter(|(_, whole)| *whole > 0) else { continue };
            let _ = write!(out, "| {what} | {whole} |");
            tallies.iter().for_each(|(_, tally)| out += &format!(" {} |", count(tally).0));
            out.push('\n');
        }
    }
    for (title, tallies) in groups {
        if let Some((strategy, tally)) = tallies.first().filter(|(_, tally)| tally.harmed == 0 && tally.negatives > 0) {
            let percent = hundredths_of_a_percent(tally.negatives);
            let (strategy, clean) = (strategy.name(), tally.negatives);
            let _ = writeln!(
                out,
                "\nOf {title}: `{strategy}` changed 0 of {clean} clean streams, which says of such streams that it changes at most \
                 {}.{:02} % (at 95 % confidence).",
                percent / 100,
                percent % 100
            );
        }
    }
    out
}

/// The highest share that nothing in `count` trials is compatible with at 95 %, by the rule of three, in hundredths of a percent.
fn hundredths_of_a_percent(count: u32) -> u32 {
    30_000_u32.div_ceil(count).min(10_000)
}
