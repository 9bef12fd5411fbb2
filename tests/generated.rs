//! Streams made from seeds: clean ones come out byte for byte, stuttered ones come out repaired.

use std::collections::BTreeMap;

use stutterscope::{
    core::params::Profile,
    generate::{self, Stream, texts},
    report::Verdict,
};

/// What came of some streams.
#[derive(Debug, Default)]
struct Tally {
    streams: u64,
    changed: Vec<String>,
    not_clean: Vec<String>,
    deltas: u64,
    held: u64,
}

#[test]
#[ignore = "prints what is wrong, for a look"]
fn look() {
    let number: u64 = std::env::var("STREAMS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let seed: u64 = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut kinds = BTreeMap::<String, (u64, u64, u64, u64, u64)>::new();
    for index in 0..number {
        let stream = generate::clean(seed, index);
        let engine = stream.judge(Profile::default());
        let got = texts(&engine.reading, &engine.judgement.output);
        let row = kinds.entry(stream.dialect.id.to_string()).or_default();
        row.0 += 1;
        let held: u64 = engine.judgement.output.holds.iter().map(|hold| u64::from(hold.end - hold.first)).sum();
        row.3 += held;
        row.4 += u64::from(engine.reading.delta_count());
        if got != stream.expected {
            row.1 += 1;
            println!(
                "CHANGED {} {:?}",
                stream.id,
                engine.judgement.findings.iter().map(|f| (f.class.name(), &f.evidence)).collect::<Vec<_>>()
            );
            if engine.judgement.output.cuts.is_empty() {
                for (key, text) in &stream.expected {
                    if got.get(key) != Some(text) {
                        println!("   {key:?}\n   want {text:.300?}\n   got  {:.300?}", got.get(key));
                    }
                }
            }
        }
        let verdict = Verdict::of(&engine.judgement.findings);
        if verdict != Verdict::Clean {
            row.2 += 1;
            println!(
                "{verdict:?} {} {:?}",
                stream.id,
                engine.judgement.findings.iter().map(|f| (f.class.name(), f.level, &f.evidence)).take(4).collect::<Vec<_>>()
            );
        }
    }
    println!("{kinds:#?}");
    let _ = Tally::default();
    let _ = |_: Stream| ();
}

#[test]
#[ignore = "prints what is wrong, for a look"]
fn look_stuttered() {
    let number: u64 = std::env::var("STREAMS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let seed: u64 = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut kinds = BTreeMap::<String, (u64, u64, u64, u64)>::new();
    for index in 0..number {
        let stream = generate::stuttered(seed, index);
        let engine = stream.judge(Profile::default());
        let got = texts(&engine.reading, &engine.judgement.output);
        let class = stream.fault.unwrap();
        let row = kinds.entry(class.name().to_string()).or_default();
        row.0 += 1;
        let flagged = engine.judgement.findings.iter().any(|finding| finding.class.info().family == class.info().family);
        row.1 += u64::from(flagged);
        let trim =
            |texts: &generate::Texts| texts.iter().map(|(key, text)| (*key, text.trim_end().to_string())).collect::<Vec<_>>();
        let repaired = trim(&got) == trim(&stream.expected);
        row.2 += u64::from(stream.repairable);
        row.3 += u64::from(stream.repairable && repaired);
        if stream.repairable && !repaired || !flagged {
            println!(
                "{} {} {:?}",
                if flagged { "NOT REPAIRED" } else { "MISSED" },
                stream.id,
                engine
                    .judgement
                    .findings
                    .iter()
                    .map(|f| (f.class.name(), f.level, f.evidence.chars().take(90).collect::<String>()))
                    .take(4)
                    .collect::<Vec<_>>()
            );
        }
    }
    println!("class: streams, flagged, repairable, repaired\n{kinds:#?}");
}
