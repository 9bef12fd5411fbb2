//! Byte-level mutations, from a seed.

/// SplitMix64: small, good enough, and the same on every machine.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// One of `items`.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A range within `len` bytes, mostly short.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len - start } else { (len - start).min(16) };
        start..start + self.below(most + 1)
    }
}

/// Pieces that streams are made of, whole, broken and out of place.
const TOKENS: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n\r\n",
    b"\xEF\xBB\xBF",
    b"\0",
    b"\0\0\0\x10",
    b"\xFF",
    b"\x80",
    b"\xE4\xBD",
    b"\xED\xA0\xBD",
    b"\\ud83d",
    b"\\ude00",
    b"\\u0000",
    b"\\",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"65535",
    b"65536",
    b"18446744073709551615",
    b"99999999999999999999999",
    b"1e999",
    b"{}",
    b"[]",
    b"\"\"",
    b"[[[[[[[[[[[[[[[[",
    b"data: ",
    b"data: [DONE]\n\n",
    b"event: ",
    b"event: error\n",
    b"id: 7\n",
    b": ping\n\n",
    b"<html>",
    b"\"error\":{\"message\":\"x\"},",
    b"\"index\":",
    b"\"text\":\"",
    b"\"content\":\"",
    b"\"content\":\"a\",\"content\":\"b\",",
    b"\"usage\":{\"output_tokens\":18446744073709551615},",
    b"\"finish_reason\":\"stop\",",
    b"\"type\":\"",
];

/// `seed` changed once to four times; `other` is what it may be spliced with.
pub fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        step(&mut bytes, other, random);
    }
    bytes
}

fn step(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let range = random.range(bytes.len());
    match random.below(9) {
        0 => bytes.truncate(range.start),
        1 => drop(bytes.drain(range)),
        2 => {
            let copy = bytes[range.clone()].to_vec();
            bytes.splice(range.end..range.end, copy);
        }
        3 => {
            let from = random.range(other.len());
            bytes.splice(range, other[from].iter().copied());
        }
        4 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        5 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        6 => number(bytes, random),
        7 => frame_twice(bytes, random),
        _ => {
            let token = *random.pick(TOKENS);
            bytes.splice(range.start..range.start, token.iter().copied());
        }
    }
}

/// Another number, somewhere where there is one.
fn number(bytes: &mut Vec<u8>, random: &mut Random) {
    let from = random.below(bytes.len());
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return };
    let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = *random.pick(&["0", "1", "2", "3", "65535", "65536", "4294967296", "-1", "1.5", "1e400", "null", "\"1\"", "00"]);
    bytes.splice(start..end, value.bytes());
}

/// A whole line or block comes again, or goes.
fn frame_twice(bytes: &mut Vec<u8>, random: &mut Random) {
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    if ends.len() < 2 {
        return;
    }
    let first = random.below(ends.len() - 1);
    let last = (first + 1 + random.below(4)).min(ends.len() - 1);
    let (start, end) = (ends[first], ends[last]);
    let copy = bytes[start..end].to_vec();
    match random.below(3) {
        0 => drop(bytes.drain(start..end)),
        1 => drop(bytes.splice(end..end, copy)),
        _ => {
            let to = *random.pick(&ends);
            bytes.splice(to..to, copy);
        }
    }
}
