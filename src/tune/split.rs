//! Two halves of the labelled sessions, by a hash of their names.

use super::{Example, Side};

/// Which half a session is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Thresholds are fitted to it.
    Fit,
    /// It says what the fit is worth.
    Report,
}

/// Fewest sessions of a side: two of them in each half.
pub const FEWEST: usize = 4;

/// Why sessions cannot be fitted to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is labelled.
    #[error("none of the sessions has labels\nhint: in the interface `a` labels a delta and `A` the whole stream")]
    NoLabels,
    /// Only one side is labelled.
    #[error(
        "all {count} labelled sessions are {what}: nothing says when a threshold goes too far\nhint: label {FEWEST} or more sessions as {other}"
    )]
    OneSide {
        /// How many there are.
        count: usize,
        /// What they are.
        what: &'static str,
        /// What is missing.
        other: &'static str,
    },
    /// Too few to be split.
    #[error("{positives} sessions are labelled as stutter and {negatives} as fine; {FEWEST} of each are needed, two for each half\nhint: label {}", missing(*positives, *negatives))]
    TooFew {
        /// Sessions in which something is wrong.
        positives: usize,
        /// Sessions in which nothing is.
        negatives: usize,
    },
}

fn missing(positives: usize, negatives: usize) -> String {
    let more = |count: usize, what| (count < FEWEST).then(|| format!("{} more as {what}", FEWEST - count));
    [more(positives, "stutter"), more(negatives, "fine")].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// The half of each example. Sessions of one class are dealt in turn, in an order that their names and the seed give, so that both
/// halves have of everything.
///
/// # Errors
/// When there are not enough of both sides.
pub fn split(examples: &[Example], seed: u64) -> Result<Vec<Half>, Refusal> {
    let count = |holds: fn(&Side) -> bool| examples.iter().filter(|example| holds(&example.side())).count();
    let (positives, negatives) = (count(|side| matches!(side, Side::Positive(_))), count(|side| *side == Side::Negative));
    match (positives, negatives) {
        (0, 0) => return Err(Refusal::NoLabels),
        (count, 0) => return Err(Refusal::OneSide { count, what: "stutter", other: "fine" }),
        (0, count) => return Err(Refusal::OneSide { count, what: "fine", other: "stutter" }),
        _ if positives < FEWEST || negatives < FEWEST => return Err(Refusal::TooFew { positives, negatives }),
        _ => {}
    }
    let group = |side: Side| match side {
        Side::Positive(class) => (0, class as usize),
        Side::Negative => (1, 0),
        Side::Partial => (2, 0),
    };
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|index| {
        let example = &examples[*index];
        (group(example.side()), hash(seed, &example.id), example.id.clone())
    });
    let mut halves = vec![Half::Report; examples.len()];
    // One turn for all positives and one for the rest, so that single ones of many classes do not all fall to one half.
    let (mut positive, mut other) = (false, false);
    for index in order {
        let turn = if matches!(examples[index].side(), Side::Positive(_)) { &mut positive } else { &mut other };
        *turn = !*turn;
        halves[index] = if *turn { Half::Fit } else { Half::Report };
    }
    Ok(halves)
}

/// FNV-1a over the seed and the name, mixed so that names which differ at their ends fall far apart.
fn hash(seed: u64, id: &str) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(id.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}
