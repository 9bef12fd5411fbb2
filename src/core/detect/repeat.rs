//! Exact repetition: the same bytes again at one distance, for units of up to 16 KiB.
//!
//! At every fourth position the eight bytes before it are entered in a small table, the newest of a kind wins. Every 32 to 63 bytes
//! the table is asked where the last eight stood before, at four positions in a row: that distance is a lead. A lead is compared backwards once, and forwards as text comes, so each byte
//! is looked at a bounded number of times. Two copies prove it, and then its unit is made as short as it can be. Positions, not
//! deltas, set the pace: chunking does not matter.
//!
//! Where nothing but a number breaks a distance, [`Drift`] goes on with it.

use super::drift::{self, Drift};

/// Longest unit in bytes: 512 tokens, or 4,096 characters of the widest kind.
pub const LONGEST: usize = 16 << 10;
/// Signs after which something begins, without a space.
const OPENING: [char; 13] = ['"', '\'', '`', '(', '[', '{', '>', '“', '„', '‘', '«', '「', '（'];
/// Bytes that are looked up at once.
const GRAM: usize = 8;
/// Equal bytes from which a distance is followed. Shorter ones recur everywhere.
const LEAD: usize = 16;
/// Shortest run that is told, in bytes, and its fewest copies.
const LEAST: usize = 64;
const COPIES: u64 = 3;
/// One position of so many is entered.
const EVERY: usize = 4;
/// Bytes of text from which on there is a table, and the most slots that it has; it grows with the text.
const SLOTS: (usize, usize) = (64, 4096);
/// Fewest bytes between two questions, and the bits of what is added to them, so that no period keeps step with them.
const STRIDE: usize = 32;
const SPREAD: u32 = 5;
/// An odd number without pattern (the golden ratio in 64 bits).
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// A run of copies of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Length of the unit in bytes.
    pub period: usize,
    /// Offset of the run's first byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// For a run whose copies differ in their numbers, and so in their lengths: whole copies, and where the last of them ends. The
    /// period is the first one's length then.
    pub counted: Option<(u64, usize)>,
}

impl Run {
    /// Whole copies in the run.
    pub fn copies(self) -> u64 {
        self.counted.map_or(((self.end - self.start) / self.period) as u64, |(copies, _)| copies)
    }

    /// The same run without its first `skip` bytes, which are fewer than a copy.
    pub fn after(self, skip: usize) -> Run {
        let whole = |(copies, end): (u64, usize)| (copies - u64::from(end + skip > self.end), end);
        Run { start: self.start + skip, counted: self.counted.map(whole), ..self }
    }

    /// The same run from where its unit naturally begins: at a whole character, a word or a line, if the text before it happens to
    /// end as the unit does. `text` is the text that it lies in.
    pub fn natural(self, text: &str) -> Run {
        let start = (self.start..self.end).find(|at| text.is_char_boundary(*at)).unwrap_or(self.start);
        let whole = Run { start, ..self };
        let unit = whole.unit(text);
        // What opens a quotation or a value ends nothing.
        let inside = text[..start].chars().next_back().is_some_and(|char| !char.is_whitespace() && !OPENING.contains(&char));
        let skip = match unit.find(char::is_whitespace) {
            Some(at) if unit[at..].starts_with('\n') && (inside || at == 0) => at + 1,
            Some(at) if inside => at,
            _ => 0,
        };
        self.after(start - self.start + if skip < unit.len() { skip } else { 0 })
    }

    /// One copy, of a natural run; `text` is the text that it lies in.
    pub fn unit(self, text: &str) -> &str {
        text.get(self.start..self.start + self.period).unwrap_or("")
    }

    fn told(self) -> bool {
        self.end - self.start >= LEAST && self.copies() >= COPIES
    }
}

/// Follows one channel's accepted text.
#[derive(Debug, Clone, Default)]
pub struct Repeat {
    seen: usize,
    /// Up to where positions are entered.
    entered: usize,
    /// Where the table is asked next.
    next: usize,
    /// Positions by the hash of the eight bytes before them; zero for none.
    slots: Vec<u32>,
    /// What leaves as many bits of a hash as number them.
    shift: u32,
    /// The distance that is followed, and whether two copies proved it.
    lead: Option<(Run, bool)>,
    drift: Drift,
}

impl Repeat {
    /// Follows `text`, which only ever grows. Runs that end before the text does are given
    /// to `ended`, in order.
    #[inline]
    pub fn feed(&mut self, text: &str, ended: &mut Vec<Run>) {
        if self.lead.is_none() && text.len() < self.stop() && self.drift.is_idle() {
            self.seen = text.len();
        } else {
            self.look(text.as_bytes(), ended);
        }
    }

    fn look(&mut self, bytes: &[u8], ended: &mut Vec<Run>) {
        while self.seen < bytes.len() {
            if let Some((run, proved)) = self.lead {
                self.follow(bytes, run, proved, ended);
            } else {
                self.search(bytes, ended);
            }
        }
    }

    /// The run at the end of the text whose copies differ in their numbers.
    #[inline]
    pub fn drift(&self) -> Option<Run> {
        self.drift.run()
    }

    /// The run at the end of the text.
    #[inline]
    pub fn run(&self) -> Option<Run> {
        self.lead.filter(|(run, proved)| *proved && run.told()).map(|(run, _)| run)
    }

    fn follow(&mut self, bytes: &[u8], mut run: Run, mut proved: bool, ended: &mut Vec<Run>) {
        let from = self.seen;
        // A lead is taken up to its second copy first: a shorter unit may be found in it.
        let stop = if proved { bytes.len() } else { bytes.len().min(run.start + 2 * run.period) };
        run.end = from + equal(&bytes[from..stop], &bytes[from - run.period..]);
        self.enter(bytes, run.end);
        self.seen = run.end;
        self.drift.advance(bytes, run.end, ended);
        if run.end < stop {
            if proved && run.told() {
                ended.push(run);
            }
            if drift::counts(bytes, run.end - run.period, run.end) {
                self.drift.begin(bytes, run.end - run.period, run.end);
            }
            self.lead = None;
            // What ended it is the mark by which a longer unit around this one is known again.
            self.next = run.end + GRAM;
            return;
        }
        if !proved && run.end >= run.start + 2 * run.period {
            proved = true;
            run = shortest(bytes, run);
        }
        self.lead = Some((run, proved));
    }

    /// Where the table is asked next.
    fn stop(&self) -> usize {
        self.next.max(SLOTS.0)
    }

    fn search(&mut self, bytes: &[u8], ended: &mut Vec<Run>) {
        let stop = self.stop();
        self.drift.advance(bytes, bytes.len().min(stop), ended);
        if bytes.len() < stop {
            self.seen = bytes.len();
            return;
        }
        self.enter(bytes, stop - EVERY);
        self.seen = stop;
        if self.slots.is_empty() {
            self.grow(bytes, stop - EVERY);
        }
        // One of so many positions in a row stands where the same bytes were entered, whatever the distance.
        let (mut lead, mut counting): (Option<Run>, Option<(usize, usize)>) = (None, None);
        for run in (0..EVERY).filter_map(|back| self.lead_at(bytes, stop - back)) {
            let same = run.end - run.start - run.period;
            if same >= LEAD && lead.is_none_or(|lead| run.period < lead.period) {
                lead = Some(run);
            }
            let (then, now) = (run.start, run.start + run.period);
            if self.drift.is_idle()
                && counting.is_none_or(|(then, now)| run.period < now - then)
                && drift::counts(bytes, then, now)
                && drift::reaches(bytes, run.end - run.period, run.end)
            {
                counting = Some((run.end - run.period, run.end));
            }
        }
        if let Some((then, now)) = counting {
            self.drift.begin(bytes, then, now);
            self.drift.advance(bytes, stop, ended);
        }
        self.enter(bytes, stop);
        self.next = stop + STRIDE + ((stop as u64).wrapping_mul(MIX) >> (64 - SPREAD)) as usize;
        if stop >= 4 * EVERY * self.slots.len() && self.slots.len() < SLOTS.1 {
            self.grow(bytes, stop);
        }
        let Some(run) = lead else { return };
        let run = Run { end: run.end + equal(&bytes[run.end..stop], &bytes[run.end - run.period..]), ..run };
        let proved = run.end - run.start >= 2 * run.period;
        if run.end == stop {
            self.lead = Some((if proved { shortest(bytes, run) } else { run }, proved));
        }
    }

    /// The distance at which the bytes before `end` stood before.
    fn lead_at(&self, bytes: &[u8], end: usize) -> Option<Run> {
        let before = *self.slots.get(self.slot(bytes, end))? as usize;
        if before == 0 || end - before > LONGEST || gram(bytes, before) != gram(bytes, end) {
            return None;
        }
        let period = end - before;
        let pairs = bytes[..end].iter().rev().zip(bytes[..before].iter().rev());
        let same = pairs.take(2 * LONGEST).take_while(|(now, then)| now == then).count();
        Some(Run { period, start: end - same - period, end, counted: None })
    }

    /// Makes the table four times as large, and enters what it had again.
    fn grow(&mut self, bytes: &[u8], end: usize) {
        self.slots = vec![0; (4 * self.slots.len()).max(SLOTS.0 / EVERY)];
        self.shift = 64 - self.slots.len().trailing_zeros();
        self.entered = 0;
        self.enter(bytes, end);
    }

    /// Enters every fourth position up to `end` in the table.
    fn enter(&mut self, bytes: &[u8], end: usize) {
        if !self.slots.is_empty() {
            let first = (self.entered / EVERY + 1).max(GRAM / EVERY) * EVERY;
            for at in (first..=end).step_by(EVERY) {
                let slot = self.slot(bytes, at);
                self.slots[slot] = at as u32;
            }
        }
        self.entered = self.entered.max(end);
    }

    /// The slot of the bytes before `end`.
    fn slot(&self, bytes: &[u8], end: usize) -> usize {
        (gram(bytes, end).wrapping_mul(MIX) >> self.shift) as usize
    }
}

/// The eight bytes before `end`.
fn gram(bytes: &[u8], end: usize) -> u64 {
    bytes[..end].last_chunk::<GRAM>().map_or(0, |gram| u64::from_le_bytes(*gram))
}

/// How many bytes `one` and `two` begin with alike.
fn equal(one: &[u8], two: &[u8]) -> usize {
    one.iter().zip(two).take_while(|(one, two)| one == two).count()
}

/// The same run with the shortest unit that it has, and from where copies of that begin. The run is at least two copies long.
fn shortest(bytes: &[u8], mut run: Run) -> Run {
    let unit = &bytes[run.end - run.period..run.end];
    let (mut rest, mut prime) = (run.period, 2);
    while rest > 1 {
        if prime * prime > rest {
            prime = rest;
        }
        while rest.is_multiple_of(prime) {
            rest /= prime;
            let shorter = run.period / prime;
            if unit[..run.period - shorter] == unit[shorter..run.period] {
                run.period = shorter;
            }
        }
        prime += 1;
    }
    while run.start > 0 && bytes[run.start - 1] == bytes[run.start - 1 + run.period] {
        run.start -= 1;
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every run told of `text`, as (period, copies, start), whatever the pieces.
    fn check(text: &str, expected: &[(usize, u64, usize)]) {
        for piece in [1, 3, 7, 64, 1000, text.len().max(1)] {
            let mut repeat = Repeat::default();
            let (mut runs, mut last, mut end) = (Vec::new(), None, 0);
            while end < text.len() {
                end = (end + piece..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                repeat.feed(&text[..end], &mut runs);
                last = repeat.run();
            }
            let found: Vec<_> = runs.into_iter().chain(last).map(|run| (run.period, run.copies(), run.start)).collect();
            assert_eq!(found, expected, "{} bytes by {piece}", text.len());
        }
    }

    const FOX: &str = "The quick brown fox jumps over the lazy dog and then does so no more, because it has grown tired.";

    fn lines(count: usize, line: impl FnMut(usize) -> String) -> String {
        (0..count).map(line).collect()
    }

    #[test]
    fn a_run_is_found_with_its_unit_and_its_copies_however_it_is_cut() {
        check(&" court".repeat(300), &[(6, 300, 0)]);
        check(&format!("It was a dark night.{}", " VM".repeat(200)), &[(3, 200, 20)]);
        check(FOX, &[]);
        check(&format!("{} and so on, he said to them all.", "ha ".repeat(200)), &[(3, 200, 0)]);
        check(&format!("{FOX}{}{FOX}{}{FOX}", " court".repeat(30), " VM".repeat(50)), &[(6, 30, 97), (3, 50, 374)]);
    }

    #[test]
    fn a_long_unit_is_found_and_the_runs_inside_it_are_not_in_its_way() {
        let list = lines(40, |at| format!("Line {at}: item number {at} of forty.\n"));
        check(&list.repeat(5), &[(list.len(), 5, 0)]);
        let ruled = format!("{}ab", "=".repeat(62));
        let mut repeat = Repeat::default();
        repeat.feed(&ruled.repeat(9), &mut Vec::new());
        assert_eq!(repeat.run().map(|run| (run.period, run.copies())), Some((64, 9)));
        let block = lines(92, |at| format!("    row_{at:02} = load({})\n", at * 37 % 92));
        check(&block.repeat(4), &[(block.len(), 4, 0)]);
        let wide = lines(400, |at| format!("第{at}项：{}\n", at * 7919 % 10_007));
        assert!(wide.len() < LONGEST, "{}", wide.len());
        check(&wide.repeat(3), &[(wide.len(), 3, 0)]);
    }

    #[test]
    fn ordinary_text_has_no_run_and_a_bounded_table() {
        let text = lines(5_000, |at| format!("{at} {}\n", at * at % 7919));
        let mut repeat = Repeat::default();
        repeat.feed(&text, &mut Vec::new());
        assert_eq!((repeat.run(), repeat.seen), (None, text.len()));
        assert!(repeat.slots.len() <= SLOTS.1);
    }
}
