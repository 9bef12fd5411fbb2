//! Streams made from seeds: clean ones come out byte for byte, stuttered ones come out repaired.

use stutterscope::{
    core::params::Profile,
    generate::{Clean, Tally},
};

fn tally(seed: u64, clean: u64, stuttered: u64) -> Tally {
    let mut tally = Tally::default();
    (0..clean).for_each(|number| tally.clean(seed, number, Profile::default()));
    (0..stuttered).for_each(|number| tally.stuttered(seed, number, Profile::default()));
    tally
}

/// Clean streams change in nothing, one in a hundred may be accused, and one delta in fifty held.
#[test]
fn clean_streams_come_out_as_they_came() {
    let tally = tally(1, 2_000, 0);
    let Clean { streams, harmed, accused, deltas, held } = tally.clean;
    let failures = tally.failures.join("\n");
    assert_eq!(harmed, 0, "{failures}");
    assert!(accused * 100 <= streams, "{accused} of {streams} accused:\n{failures}");
    assert!(held * 50 <= deltas, "{held} of {deltas} held");
}

#[test]
#[ignore = "a figure to reach: run it by name"]
fn stuttered_streams_come_out_repaired() {
    let tally = tally(1, 0, 1_400);
    let sum = |count: fn(&stutterscope::generate::Stuttered) -> u64| tally.stuttered.values().map(count).sum::<u64>();
    let (streams, flagged) = (sum(|row| row.streams), sum(|row| row.flagged));
    let (repairable, repaired) = (sum(|row| row.repairable), sum(|row| row.repaired));
    let failures = tally.failures.join("\n");
    assert!(flagged * 100 >= streams * 95, "{flagged} of {streams} flagged:\n{failures}\n{:#?}", tally.stuttered);
    assert!(repaired * 100 >= repairable * 90, "{repaired} of {repairable} repaired:\n{failures}\n{:#?}", tally.stuttered);
}

/// More streams of more seeds, in the time of a long look.
#[test]
#[ignore = "takes minutes; run it by name"]
fn many_clean_streams_come_out_as_they_came() {
    let mut failures = Vec::new();
    for seed in 100..104 {
        let tally = tally(seed, 10_000, 0);
        println!("seed {seed}: {:?}", tally.clean);
        failures.extend(tally.failures);
    }
    assert!(!failures.iter().any(|failure| failure.starts_with("harmed")), "{}", failures.join("\n"));
}
