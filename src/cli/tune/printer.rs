//! The result of a fit as tables and curves.

use std::fmt::{self, Write};

use crate::{
    core::params::Param,
    tune::{
        Fit, Half, Tally,
        curve::Point,
        plot::{Plot, axis},
    },
};

/// Lines of a plot.
const HEIGHT: usize = 6;

/// What was there, what was moved, and how both halves fare before and after.
pub fn tables(fit: &Fit, seed: u64, halves: &[Half]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_tables(&mut out, fit, seed, halves);
    out
}

fn write_tables(out: &mut String, fit: &Fit, seed: u64, halves: &[Half]) -> fmt::Result {
    let (fitted, reported) = (fit.fitted, fit.reported);
    let in_fit = halves.iter().filter(|half| **half == Half::Fit).count();
    writeln!(
        out,
        "{} labelled sessions, {} with stutter and {} fine: fitted to {in_fit}, reported on the other {} (seed {seed}, {} profiles tried)",
        halves.len(),
        fitted.0.positives + reported.0.positives,
        fitted.0.negatives + reported.0.negatives,
        halves.len() - in_fit,
        fit.tried
    )?;
    writeln!(out, "\n{:<26}{:^20}     other half", "", "fitted half")?;
    writeln!(out, "{:<26}{:>9}{:>9}  {:>9}{:>9}", "", "before", "after", "before", "after")?;
    let of = |part: u32, whole: u32| format!("{part}/{whole}");
    type Row = (&'static str, fn(&Tally) -> (u32, u32));
    let rows: [Row; 5] = [
        ("fine sessions harmed", |tally| (tally.harmed, tally.negatives)),
        ("fine sessions flagged", |tally| (tally.alarmed, tally.negatives)),
        ("repaired", |tally| (tally.repaired, tally.repairable)),
        ("right family flagged", |tally| (tally.flagged, tally.positives)),
        ("stutter repaired wrongly", |tally| (tally.spoiled, tally.positives)),
    ];
    for (name, value) in rows {
        let cells = [fitted.0, fitted.1, reported.0, reported.1].map(|tally| {
            let (part, whole) = value(&tally);
            of(part, whole)
        });
        writeln!(out, "{name:<26}{:>9}{:>9}  {:>9}{:>9}", cells[0], cells[1], cells[2], cells[3])?;
    }
    let held = [fitted.0, fitted.1, reported.0, reported.1].map(|tally| tally.held);
    writeln!(out, "{:<26}{:>9}{:>9}  {:>9}{:>9}", "deltas held", held[0], held[1], held[2], held[3])?;
    if fit.moved.is_empty() {
        return writeln!(out, "\nno threshold moved: no other value in reach does better on the fitted half");
    }
    writeln!(out, "\n{:<26}{:>9}{:>9}", "moved", "before", "after")?;
    for (param, before, after) in &fit.moved {
        writeln!(out, "{:<26}{before:>9}{after:>9}{}", param.info().id, param.info().unit.suffix())?;
    }
    let gain = |tally: &Tally| (tally.repaired, tally.flagged);
    if gain(&reported.1) <= gain(&reported.0) {
        writeln!(out, "\nthe other half gains nothing by it: label more sessions before you rely on this profile")?;
    }
    Ok(())
}

/// Precision and recall of the other half against one threshold.
pub fn curves(param: Param, before: u64, after: u64, points: &[Point], ascii: bool) -> String {
    let mut out = String::new();
    let last = (points.len().max(2) - 1) as u32;
    let place = |index: usize| index as u32 * 1_000 / last;
    let labels = || {
        let at = |value: u64| points.iter().position(|point| point.at == value).map(place);
        let named = [(after, format!("^ {after}")), (before, format!("({before})"))];
        let ends = [points.first(), points.last()].into_iter().flatten().map(|point| (point.at, point.at.to_string()));
        named.into_iter().chain(ends).filter_map(|(value, label)| Some((at(value)?, label))).collect::<Vec<_>>()
    };
    type Curve = (&'static str, fn(&Tally) -> Option<u32>);
    let both: [Curve; 2] = [("precision", Tally::precision), ("recall", Tally::recall)];
    for (name, value) in both {
        let points = points.iter().enumerate().filter_map(|(index, point)| Some((place(index), value(&point.tally)?)));
        let plot = Plot { points: points.collect(), height: HEIGHT, ascii };
        out += &format!("\n{name} against {}, other half\n{}{}", param.info().id, plot.draw(), axis(&labels()));
    }
    out
}

/// The share of stutter that is flagged against the share of fine sessions that is.
pub fn roc(points: &[Point], all: bool, ascii: bool) -> String {
    let what = if all { "all thresholds" } else { "the moved thresholds" };
    let mut out = format!(
        "\nROC, other half: {what} from an eighth to eight times their values\nflagged of stutter (up) against flagged of fine (right)\n"
    );
    let mut rates: Vec<(u32, u32)> =
        points.iter().filter_map(|point| Some((point.tally.false_alarms()?, point.tally.recall()?))).collect();
    // The strictest of all judges flags nothing; every curve begins there.
    rates.push((0, 0));
    rates.sort_unstable();
    rates.dedup();
    out += &Plot { points: rates, height: HEIGHT * 2, ascii }.draw();
    out += &axis(&[(0, "0.00".into()), (1_000, "1.00".into())]);
    out
}
