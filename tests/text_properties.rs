//! Faults made of arbitrary texts in arbitrary cuts are repaired exactly, and clean ones come out byte for byte and at once.

mod support;

use proptest::{collection::vec, prelude::*, sample::select};
use stutterscope::core::{
    class::{Certainty, Level},
    detect::plain::{is_number, is_one_line, says_little},
    engine::Engine,
    params::Profile,
};
use support::{judge, session, text};

/// Words of several kinds: prose, scripts without spaces, digits, code and signs.
const WORDS: &[&str] = &[
    "the",
    "a",
    "stream",
    "of",
    "tokens",
    "that",
    "comes",
    "from",
    "server",
    "Hello",
    "ha",
    "in",
    "into",
    "1",
    "10",
    "100",
    "2024",
    "共",
    "高兴",
    "ありがとう",
    "안녕",
    "🎉",
    "=>",
    "{",
    "}",
    "[0]",
    "()",
    "|",
    "---",
    "fn",
    "let x = 1;",
    "</div>",
    "**",
    "`code`",
    "…",
    "naïve",
];

/// How a text is cut into deltas.
#[derive(Debug, Clone, Copy)]
enum By {
    Char,
    Token,
    Word,
    Line,
}

/// `words` with spaces, and a line end after every seventh.
fn prose(words: &[&str]) -> String {
    let ends = words.iter().enumerate().map(|(at, word)| format!("{word}{}", if at % 7 == 6 { "\n" } else { " " }));
    ends.collect()
}

fn cut(text: &str, by: By) -> Vec<String> {
    let mut deltas: Vec<String> = Vec::new();
    let mut last = ' ';
    for (at, char) in text.chars().enumerate() {
        let begins = match by {
            By::Char => true,
            // Up to four characters that begin with a space or a sign, as byte-pair tokens do.
            By::Token => char == ' ' || !char.is_alphabetic() || deltas.last().is_some_and(|delta| delta.chars().count() >= 4),
            By::Word => char == ' ',
            By::Line => last == '\n',
        };
        if at == 0 || begins {
            deltas.push(String::new());
        }
        deltas.last_mut().expect("the first character begins a delta").push(char);
        last = char;
    }
    deltas
}

fn any_cut(words: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    let by = select(&[By::Char, By::Token, By::Word, By::Line][..]);
    (vec(select(WORDS), words), by).prop_map(|(words, by)| cut(&prose(&words), by))
}

fn run(deltas: &[String], gap_ms: u64) -> Engine {
    let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
    judge(&session(&deltas, gap_ms), Profile::default())
}

fn held(engine: &Engine) -> usize {
    engine.judgement.output.holds.iter().map(|hold| (hold.end - hold.first) as usize).sum()
}

fn sure(engine: &Engine) -> Vec<(&'static str, Level)> {
    let findings = engine.judgement.findings.iter().filter(|finding| finding.certainty != Certainty::Ambiguous);
    findings.map(|finding| (finding.class.name(), finding.level)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Snapshots of a text are repaired to the text, however it is cut and however slowly they come, as long as they are held.
    #[test]
    fn snapshots_become_the_text(deltas in any_cut(4..40), gap_ms in 0_u64..400) {
        prop_assume!(deltas.len() > 2 && !says_little(&deltas[..2].concat()));
        // A number that grows proves nothing, and may leave before the text does.
        prop_assume!(!is_number(&deltas[..3].concat()));
        let mut all = String::new();
        let snapshots: Vec<String> = deltas.iter().map(|delta| { all.push_str(delta); all.clone() }).collect();
        let engine = run(&snapshots, gap_ms);
        prop_assert_eq!(text(&engine), all);
        prop_assert!(engine.judgement.findings.iter().any(|finding| finding.repaired && finding.class.name() == "cumulative_full"));
    }

    /// Increments, and then snapshots of all so far.
    #[test]
    fn hybrids_become_the_text(deltas in any_cut(16..40), share in 1_usize..9) {
        let switch = (deltas.len() * share / 10).max(1);
        prop_assume!(deltas.len() > switch + 3 && sure(&run(&deltas[..switch], 20)).is_empty());
        let mut all = deltas[..switch].concat();
        let mut mixed = deltas[..switch].to_vec();
        for delta in &deltas[switch..] {
            all.push_str(delta);
            mixed.push(all.clone());
        }
        prop_assert_eq!(text(&run(&mixed, 20)), all);
    }

    /// A text whose every delta comes twice is repaired, if it has enough to prove it: distinct units, and characters.
    #[test]
    fn pairs_become_the_text(deltas in any_cut(8..40), gap_ms in 0_u64..40) {
        let pairs: Vec<String> = deltas.iter().flat_map(|delta| [delta.clone(), delta.clone()]).collect();
        // Where two units in a row are equal, or one begins with the other, the stream itself is in doubt.
        prop_assume!(deltas.windows(2).take(3).all(|pair| !pair[1].starts_with(pair[0].as_str())) && deltas.len() > 3);
        let engine = run(&pairs, gap_ms);
        prop_assert_eq!(text(&engine), deltas.concat());
    }

    /// One delta that repeats all so far is taken out wherever it comes.
    #[test]
    fn a_replay_is_taken_out(deltas in any_cut(12..40), share in 3_usize..10) {
        let at = deltas.len() * share / 10;
        let so_far = deltas[..at].concat();
        prop_assume!(at > 2 && so_far.chars().count() >= 16 && deltas[0] != deltas[1]);
        prop_assume!(!says_little(&so_far) && !is_one_line(&so_far));
        let mut replayed = deltas.clone();
        replayed.insert(at, so_far);
        prop_assert_eq!(text(&run(&replayed, 20)), deltas.concat());
    }

    /// Clean text comes out byte for byte, and nothing sure is said of it.
    #[test]
    fn clean_text_passes(deltas in any_cut(1..120), gap_ms in 0_u64..200) {
        let grows = deltas.windows(3).any(|three| three[1].starts_with(three[0].as_str()) && three[2].starts_with(three[1].as_str()));
        prop_assume!(!grows);
        let engine = run(&deltas, gap_ms);
        prop_assert_eq!(text(&engine), deltas.concat());
        prop_assert_eq!(sure(&engine), []);
    }
}

/// Of the deltas of clean texts fewer than two in a hundred are ever held.
#[test]
fn clean_text_is_not_held() {
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for by in [By::Char, By::Token, By::Word, By::Line] {
        let (mut deltas, mut waited) = (0, 0);
        for _ in 0..100 {
            let words: Vec<&str> = (0..60).map(|_| WORDS[random(WORDS.len())]).collect();
            let pieces = cut(&prose(&words), by);
            let engine = run(&pieces, 20);
            deltas += pieces.len();
            waited += held(&engine);
        }
        assert!(waited * 100 < deltas * 2, "{by:?}: {waited} of {deltas} deltas were held");
    }
}
