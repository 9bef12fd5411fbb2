//! Our own rate limiter: requests per minute to one endpoint, on the Desk's clock.

use std::{cell::Cell, num::NonZeroU32, ops::Add};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{NotKeyed, StateStore},
};

/// A stamp of the Desk's clock in nanoseconds, as the limiter computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp(u64);

impl Add<Nanos> for Stamp {
    type Output = Stamp;

    fn add(self, nanos: Nanos) -> Stamp {
        Stamp(self.0.saturating_add(nanos.as_u64()))
    }
}

impl Reference for Stamp {
    fn duration_since(&self, earlier: Stamp) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Stamp {
        // The trait asks for the same stamp where the difference would be before zero.
        Stamp(self.0.checked_sub(duration.as_u64()).unwrap_or(self.0))
    }
}

/// A clock that shows what it was last told.
#[derive(Debug, Default)]
struct Told(Cell<u64>);

impl Clock for Told {
    type Instant = Stamp;

    fn now(&self) -> Stamp {
        Stamp(self.0.get())
    }
}

/// The limiter's whole state: when the bucket will be full again.
#[derive(Debug, Default)]
struct Store(Cell<Option<Nanos>>);

impl StateStore for Store {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, full_at) = decide(self.0.get())?;
        self.0.set(Some(full_at));
        Ok(answer)
    }
}

/// Lets at most so many requests a minute pass, all of them at once if the minute before was quiet.
#[derive(Debug)]
pub struct Limiter {
    governor: RateLimiter<NotKeyed, Store, Told, StateInformationMiddleware>,
    latest_us: u64,
}

impl Limiter {
    /// A limiter with its whole minute's allowance.
    pub fn new(per_minute: NonZeroU32) -> Limiter {
        let quota = Quota::per_minute(per_minute);
        Limiter { governor: RateLimiter::new(quota, Store::default(), Told::default()), latest_us: 0 }
    }

    /// Takes one request out of the allowance: how many more may follow at once, or the microseconds to wait.
    pub fn take(&mut self, now_us: u64) -> Result<u32, u64> {
        self.latest_us = self.latest_us.max(now_us);
        let now_ns = self.latest_us.saturating_mul(1_000);
        self.governor.clock().0.set(now_ns);
        let wait = |not_until: NotUntil<Stamp>| {
            let wait_ns = not_until.wait_time_from(Stamp(now_ns)).as_nanos();
            u64::try_from(wait_ns.div_ceil(1_000)).unwrap_or(u64::MAX)
        };
        self.governor.check().map(|left| left.remaining_burst_capacity()).map_err(wait)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limiter(per_minute: u32) -> Limiter {
        Limiter::new(NonZeroU32::new(per_minute).unwrap())
    }

    #[test]
    fn a_minute_of_sixty() {
        let mut limiter = limiter(60);
        for left in (0..60).rev() {
            assert_eq!(limiter.take(0), Ok(left));
        }
        for (now_us, expected) in
            [(0, Err(1_000_000)), (999_999, Err(1)), (1_000_000, Ok(0)), (1_000_000, Err(1_000_000)), (61_000_000, Ok(59))]
        {
            assert_eq!(limiter.take(now_us), expected, "at {now_us} us");
        }
    }

    #[test]
    fn a_clock_that_goes_back_stands_still() {
        let mut limiter = limiter(1);
        assert_eq!(limiter.take(3_600_000_000), Ok(0));
        assert_eq!(limiter.take(0), Err(60_000_000));
        assert_eq!(limiter.take(3_660_000_000), Ok(0));
    }

    proptest! {
        /// The closed form: a bucket of `n` that refills evenly, in exact nanoseconds.
        #[test]
        fn equals_the_bucket(per_minute in 1_u32..200, gaps in prop::collection::vec(0_u64..4_000_000, 1..300)) {
            let mut limiter = limiter(per_minute);
            let period_ns = 60_000_000_000 / u64::from(per_minute);
            let (mut now_us, mut full_at_ns) = (0, 0);
            for gap in gaps {
                now_us += gap;
                let now_ns = now_us * 1_000;
                let next_ns = u64::max(full_at_ns, now_ns) + period_ns;
                let fits = next_ns <= now_ns + period_ns * u64::from(per_minute);
                if fits {
                    full_at_ns = next_ns;
                }
                prop_assert_eq!(limiter.take(now_us).is_ok(), fits, "at {} us", now_us);
            }
        }
    }
}
