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
    out
}

/// What the columns of [`summary`] count.
pub const LEGEND: &str = "\
harmed: clean streams that came out changed · repaired: of what can be repaired while it streams
flagged: faults found, by family · named: doubtful streams kept, and the doubt said
alarmed: clean streams not called clean · retracted: faults that only a view that takes text back undoes
lost: faulty streams that lost text of the answer
";

/// One row per class: what one strategy did.
pub fn classes(tally: &Tally) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<22} {:>8} {:>10} {:>10} {:>8} {:>8} {:>10} {:>14}",
        "class", "streams", "repaired", "flagged", "missed", "harmed", "named", "verdict after"
    );
    for (class, row) in &tally.classes {
        let after = match (row.median_deltas, row.max_deltas) {
            (Some(median), Some(max)) if median == max => format!("{median} deltas"),
            (Some(median), Some(max)) => format!("{median} to {max}"),
            _ => "-".into(),
        };
        let _ = writeln!(
            out,
            "{class:<22} {:>8} {:>10} {:>10} {:>8} {:>8} {:>10} {after:>14}",
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
