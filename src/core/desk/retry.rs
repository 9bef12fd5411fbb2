//! Whether and when to try again.

use std::{collections::VecDeque, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::core::error::ErrorClass;

/// When an attempt is repeated. Times in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryConfig {
    /// Attempts in all, the first one included.
    pub max_attempts: u32,
    /// Delay before the second attempt, doubled for each further one,
    pub base_us: u64,
    /// up to this, jitter included.
    pub cap_us: u64,
    /// A Retry-After longer than this is not waited for: the person decides.
    pub patience_us: u64,
    /// Retries in the budget's window, in percent of its requests,
    pub budget_percent: u32,
    /// but at least so many.
    pub budget_min: u32,
    /// The budget's window.
    pub budget_window_us: u64,
}

impl Default for RetryConfig {
    fn default() -> RetryConfig {
        RetryConfig {
            max_attempts: 3,
            base_us: 500_000,
            cap_us: 30_000_000,
            patience_us: 60_000_000,
            budget_percent: 20,
            budget_min: 3,
            budget_window_us: 10_000_000,
        }
    }
}

/// Why an attempt is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRetry {
    /// The same request would fail again, or it was cancelled.
    NotRetryable,
    /// Text has been passed on; a second answer would be glued to it.
    PassedOn,
    /// All attempts are used.
    AttemptsUsed,
    /// The provider asked for a longer wait than anybody would sit through.
    TooLong {
        /// What it asked for.
        retry_after_us: u64,
    },
    /// Too many retries in this program at present.
    BudgetUsed,
}

impl NoRetry {
    /// As a sentence.
    pub fn sentence(self) -> String {
        match self {
            NoRetry::NotRetryable => "not tried again: the same request would fail again".into(),
            NoRetry::PassedOn => "not tried again: text was already passed on".into(),
            NoRetry::AttemptsUsed => "not tried again: all attempts are used".into(),
            NoRetry::TooLong { retry_after_us } => {
                format!("not tried again: the provider asks to wait {} s", retry_after_us.div_ceil(1_000_000))
            }
            NoRetry::BudgetUsed => "not tried again: too many retries in the last seconds".into(),
        }
    }
}

/// A failed attempt, as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// Attempts made so far, this one included.
    pub attempts: u32,
    /// What went wrong.
    pub class: ErrorClass,
    /// Whether a delta of the answer has been passed on.
    pub passed_on: bool,
    /// The provider's Retry-After in microseconds.
    pub retry_after_us: Option<u64>,
    /// A random number for the jitter; the caller records it as a `Draw`.
    pub draw: u64,
}

impl RetryConfig {
    /// Microseconds to wait before the next attempt, or why there is none. The budget is asked apart.
    pub fn decide(&self, failed: &Failed) -> Result<u64, NoRetry> {
        if !failed.class.info().retryable {
            return Err(NoRetry::NotRetryable);
        }
        if failed.passed_on {
            return Err(NoRetry::PassedOn);
        }
        if failed.attempts >= self.max_attempts {
            return Err(NoRetry::AttemptsUsed);
        }
        let retry_after_us = failed.retry_after_us.unwrap_or(0);
        if retry_after_us > self.patience_us {
            return Err(NoRetry::TooLong { retry_after_us });
        }
        Ok(self.backoff(failed.attempts, failed.draw).max(retry_after_us))
    }

    /// Delay after `attempts` attempts: between the doubled base and twice that, by `draw`, never over the cap.
    pub fn backoff(&self, attempts: u32, draw: u64) -> u64 {
        // The iterator's own jitter comes on top of its cap and from a generator whose output may change between versions; so it
        // gives the delays, and the jitter is ours.
        let delays = ExponentialBuilder::new()
            .with_min_delay(Duration::from_micros(self.base_us))
            .with_max_delay(Duration::from_micros(self.cap_us))
            .without_max_times()
            .with_jitter_seed(0);
        // From the hundredth doubling on, nothing grows any more.
        let delay = delays.build().nth(attempts.clamp(1, 100) as usize - 1).unwrap_or_default();
        let delay_us = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX).min(self.cap_us);
        let jitter_us = draw % delay_us.saturating_add(1).max(1);
        delay_us.saturating_add(jitter_us).min(self.cap_us)
    }
}

/// Longest wait that a header can ask for: ten minutes.
const RETRY_AFTER_MAX_US: u64 = 600_000_000;

/// The wait that a response's headers (names in lower case) ask for in microseconds, at most ten minutes.
///
/// `wall` is the wall time of the response: Retry-After may be a date. Garbage is no wish at all.
pub fn retry_after(headers: &[(String, String)], wall: Option<DateTime<Utc>>) -> Option<u64> {
    let value = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    if let Some(us) = value("retry-after-ms").and_then(|text| decimal(text, 1_000)) {
        return Some(us.min(RETRY_AFTER_MAX_US));
    }
    let text = value("retry-after")?;
    if let Some(us) = decimal(text, 1_000_000) {
        return Some(us.min(RETRY_AFTER_MAX_US));
    }
    let wait = http_date(text)?.signed_duration_since(wall?).num_microseconds().unwrap_or(0);
    Some(u64::try_from(wait).unwrap_or(0).min(RETRY_AFTER_MAX_US))
}

/// A number without sign, with an optional fraction that is rounded up; `unit_us` microseconds each. Saturates.
fn decimal(text: &str, unit_us: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let up = u64::from(fraction.bytes().any(|byte| byte != b'0'));
    Some(whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(up).saturating_mul(unit_us))
}

/// The three forms of a date in HTTP.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|date| date.and_utc())
}

/// Keeps retries a small part of all requests, so that a failing provider is not stormed.
#[derive(Debug, Clone, Default)]
pub struct RetryBudget {
    requests: VecDeque<u64>,
    retries: VecDeque<u64>,
}

impl RetryBudget {
    /// A request (a first attempt) begins.
    pub fn request(&mut self, now_us: u64, config: &RetryConfig) {
        self.forget(now_us, config);
        self.requests.push_back(now_us);
    }

    /// Takes one retry out of the budget, if there is one.
    pub fn retry(&mut self, now_us: u64, config: &RetryConfig) -> Result<(), NoRetry> {
        self.forget(now_us, config);
        let share = self.requests.len() as u64 * u64::from(config.budget_percent) / 100;
        if self.retries.len() as u64 >= share.max(u64::from(config.budget_min)) {
            return Err(NoRetry::BudgetUsed);
        }
        self.retries.push_back(now_us);
        Ok(())
    }

    fn forget(&mut self, now_us: u64, config: &RetryConfig) {
        for times in [&mut self.requests, &mut self.retries] {
            while times.front().is_some_and(|at| now_us.saturating_sub(*at) >= config.budget_window_us) {
                times.pop_front();
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn failed() -> Failed {
        Failed { attempts: 1, class: ErrorClass::ServerError, passed_on: false, retry_after_us: None, draw: 0 }
    }

    #[test]
    fn decisions() {
        let config = RetryConfig::default();
        for (what, failed, expected) in [
            ("first", failed(), Ok(500_000)),
            ("second", Failed { attempts: 2, ..failed() }, Ok(1_000_000)),
            ("third", Failed { attempts: 3, ..failed() }, Err(NoRetry::AttemptsUsed)),
            ("jitter", Failed { draw: 499_999, ..failed() }, Ok(999_999)),
            ("text is out", Failed { passed_on: true, ..failed() }, Err(NoRetry::PassedOn)),
            ("a bad key", Failed { class: ErrorClass::Authentication, ..failed() }, Err(NoRetry::NotRetryable)),
            ("cancelled", Failed { class: ErrorClass::Cancelled, ..failed() }, Err(NoRetry::NotRetryable)),
            ("longer wish", Failed { retry_after_us: Some(7_000_000), ..failed() }, Ok(7_000_000)),
            ("shorter wish", Failed { retry_after_us: Some(1), ..failed() }, Ok(500_000)),
            (
                "too long",
                Failed { retry_after_us: Some(61_000_000), ..failed() },
                Err(NoRetry::TooLong { retry_after_us: 61_000_000 }),
            ),
        ] {
            assert_eq!(config.decide(&failed), expected, "{what}");
        }
    }

    #[test]
    fn a_delay_never_passes_its_cap() {
        let config = RetryConfig::default();
        for attempts in [0, 1, 2, 5, 6, 7, 50, u32::MAX] {
            for draw in [0, 1, 12_345_678, u64::MAX] {
                let delay = config.backoff(attempts, draw);
                assert!((config.base_us..=config.cap_us).contains(&delay), "{attempts} {draw}: {delay}");
            }
        }
        let zero = RetryConfig { base_us: 0, ..config };
        assert_eq!(zero.backoff(3, 99), 0);
    }

    #[test]
    fn what_headers_ask_for() {
        let wall = "1994-11-06T08:49:07Z".parse().unwrap();
        let cases: &[(&str, &str, Option<u64>)] = &[
            ("retry-after", "3", Some(3_000_000)),
            ("retry-after", " 0 ", Some(0)),
            ("retry-after", "1.5", Some(2_000_000)),
            ("retry-after-ms", "250", Some(250_000)),
            ("retry-after", "-3", None),
            ("retry-after", "soon", None),
            ("retry-after", "", None),
            ("retry-after", "1e18", None),
            ("retry-after", "1000000000000000000", Some(600_000_000)),
            ("retry-after", "99999999999999999999999999", Some(600_000_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(30_000_000)),
            ("retry-after", "Sunday, 06-Nov-94 08:49:37 GMT", Some(30_000_000)),
            ("retry-after", "Sun Nov  6 08:49:37 1994", Some(30_000_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("retry-after", "Fri, 06 Nov 2015 08:49:37 GMT", Some(600_000_000)),
            ("x-other", "3", None),
        ];
        for (name, value, expected) in cases {
            let headers = [((*name).to_owned(), (*value).to_owned())];
            assert_eq!(retry_after(&headers, Some(wall)), *expected, "{name}: {value}");
        }
        let date = [("retry-after".to_owned(), "Sun, 06 Nov 1994 08:49:37 GMT".to_owned())];
        assert_eq!(retry_after(&date, None), None);
    }

    #[test]
    fn the_budget_is_a_fifth_and_at_least_three() {
        let config = RetryConfig::default();
        for (requests, retries) in [(0, 3), (1, 3), (15, 3), (20, 4), (100, 20)] {
            let mut budget = RetryBudget::default();
            for _ in 0..requests {
                budget.request(0, &config);
            }
            for retry in 0..retries {
                assert_eq!(budget.retry(5_000_000, &config), Ok(()), "{requests} requests, retry {retry}");
            }
            assert_eq!(budget.retry(5_000_000, &config), Err(NoRetry::BudgetUsed), "{requests} requests");
            assert_eq!(budget.retry(15_000_000, &config), Ok(()), "after the window");
        }
    }
}
