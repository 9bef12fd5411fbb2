//! `created_at`: RFC 3339 with a fraction of a second, the only per-token time on any wire.

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Nanoseconds since 1970 of an RFC 3339 time, if it has a fraction: a stamp of whole seconds orders nothing.
pub(super) fn nanos(text: &[u8]) -> Option<u64> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b't' | b' ', h0, h1, b':', n0, n1, b':', s0, s1, b'.', ref rest @ ..] =
        text
    else {
        return None;
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?);
    if !(1970..=2553).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = rest.split_at(digits);
    if digits == 0 {
        return None;
    }
    let nanos = (0..9).fold(0, |nanos, place| nanos * 10 + fraction.get(place).map_or(0, |digit| u64::from(digit - b'0')));
    let local = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = match zone {
        [b'Z' | b'z'] => local,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let offset = number(&[*h0, *h1])? * 3_600 + number(&[*m0, *m1])? * 60;
            if *sign == b'+' { local.checked_sub(offset)? } else { local + offset }
        }
        _ => return None,
    };
    Some(seconds * NANOS_PER_SECOND + nanos)
}

/// The RFC 3339 time of `nanos` since 1970, as Ollama writes it.
pub(super) fn write(nanos: u64) -> String {
    let (seconds, fraction) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z")
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

/// Days from 1970-01-01 to a date; years are counted from March so that the leap day is the last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a day counted from 1970-01-01; the inverse of [`days`].
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_with_a_fraction_are_read_and_written_back() {
        for (text, expected) in [
            ("2026-11-21T03:47:00.123456789Z", Some(1_795_232_820_123_456_789)),
            ("2024-02-29T23:59:59.5Z", Some(1_709_251_199_500_000_000)),
            ("2024-02-29T23:59:59.5+01:00", Some(1_709_247_599_500_000_000)),
            ("2026-08-07T06:08:21.08266-07:00", Some(1_786_108_101_082_660_000)),
            ("2026-11-21T03:47:00Z", None),
            ("2026-11-21T03:47:00.Z", None),
            ("2026-13-21T03:47:00.1Z", None),
            ("", None),
        ] {
            assert_eq!(nanos(text.as_bytes()), expected, "{text}");
        }
        for stamp in [0, 951_782_399_999_999_999, 1_709_251_199_500_000_000, 4_107_542_400_000_000_001] {
            assert_eq!(nanos(write(stamp).as_bytes()), Some(stamp), "{}", write(stamp));
        }
    }
}
