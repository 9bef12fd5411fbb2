//! The CRC of gzip, PNG and AWS messages: polynomial 0xEDB88320, reflected.

/// The checksum.
#[derive(Debug)]
pub struct Crc32;

/// `TABLES[k][byte]` is what `byte` does to the sum with `k` bytes after it, so that eight bytes are taken in one step.
const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { 0xEDB8_8320 ^ sum >> 1 } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut after = 1;
    while after < 8 {
        let mut byte = 0;
        while byte < 256 {
            let sum: u32 = tables[after - 1][byte];
            tables[after][byte] = tables[0][(sum & 0xFF) as usize] ^ sum >> 8;
            byte += 1;
        }
        after += 1;
    }
    tables
}

impl Crc32 {
    /// The checksum of `bytes`.
    pub fn of(bytes: &[u8]) -> u32 {
        let (groups, rest) = bytes.as_chunks::<8>();
        let mut sum = !0_u32;
        for group in groups {
            let mixed = u64::from_le_bytes(*group) ^ u64::from(sum);
            let place = |index: usize| TABLES[7 - index][usize::from((mixed >> (8 * index)) as u8)];
            sum = (0..8).fold(0, |sum, index| sum ^ place(index));
        }
        !rest.iter().fold(sum, |sum, byte| TABLES[0][usize::from(sum as u8 ^ byte)] ^ sum >> 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_the_published_one() {
        assert_eq!(Crc32::of(b"123456789"), 0xCBF4_3926);
        assert_eq!(Crc32::of(b""), 0);
        assert_eq!(Crc32::of(b"The quick brown fox jumps over the lazy dog"), 0x414F_A339);
    }
}
