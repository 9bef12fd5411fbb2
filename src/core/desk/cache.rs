//! Remembers which recording answers a request, so that the same request need not be sent again. Off unless it has room.

use std::hash::{BuildHasherDefault, DefaultHasher};

use quick_cache::{UnitWeighter, unsync};
use serde::{Deserialize, Serialize};

use crate::core::desk::Outcome;

/// How much is remembered, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Most requests that are remembered; zero switches the cache off.
    pub entries: u32,
    /// How long an answer is good for, in microseconds.
    pub ttl_us: u64,
}

impl Default for CacheConfig {
    /// Off; 300 s.
    fn default() -> CacheConfig {
        CacheConfig { entries: 0, ttl_us: 300_000_000 }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    expires_us: u64,
    recording: String,
}

// Seeded hashing would evict differently in every process.
type Hasher = BuildHasherDefault<DefaultHasher>;
type Store = unsync::Cache<String, Entry, UnitWeighter, Hasher>;

/// Requests and the recordings that answer them.
pub struct Cache {
    store: Option<Store>,
    ttl_us: u64,
    hits: u64,
    misses: u64,
}

impl Cache {
    /// An empty cache.
    pub fn new(config: &CacheConfig) -> Cache {
        let entries = config.entries as usize;
        let store = (entries > 0)
            .then(|| Store::with(entries, entries as u64, UnitWeighter, Hasher::default(), unsync::DefaultLifecycle::default()));
        Cache { store, ttl_us: config.ttl_us, hits: 0, misses: 0 }
    }

    /// The name under which a request is remembered: everything that decides the answer, so that no two requests share it.
    pub fn key(url: &str, body: &str) -> String {
        format!("{url}\n{body}")
    }

    /// The recording that answers the request `key`, unless it is too old.
    pub fn get(&mut self, now_us: u64, key: &str) -> Option<&str> {
        let store = self.store.as_mut()?;
        if store.peek(key).is_some_and(|entry| now_us >= entry.expires_us) {
            store.remove(key);
        }
        let found = store.get(key);
        self.hits += u64::from(found.is_some());
        self.misses += u64::from(found.is_none());
        found.map(|entry| entry.recording.as_str())
    }

    /// Remembers that `recording` answers the request `key`, if the answer was whole: errors and cut streams are asked anew.
    pub fn put(&mut self, now_us: u64, key: &str, outcome: Outcome, recording: &str) {
        let whole = matches!(outcome, Outcome::Success | Outcome::Slow);
        if let Some(store) = self.store.as_mut().filter(|_| whole) {
            let expires_us = now_us.saturating_add(self.ttl_us);
            store.insert(key.to_owned(), Entry { expires_us, recording: recording.to_owned() });
        }
    }

    /// Answers found and not found since the program started.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits, self.misses)
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries = self.store.as_ref().map(Store::len);
        f.debug_struct("Cache").field("entries", &entries).field("hits", &self.hits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let mut cache = Cache::new(&CacheConfig { entries: 4, ttl_us: 10 });
        let key = Cache::key("http://x", "{}");
        assert_eq!(cache.get(0, &key), None);
        cache.put(0, &key, Outcome::Success, "a.session");
        for (outcome, name) in [(Outcome::Failure, "cut"), (Outcome::Throttled, "429"), (Outcome::Ignored, "cancelled")] {
            cache.put(0, name, outcome, name);
            assert_eq!(cache.get(0, name), None, "{name}");
        }
        for (now, expected) in [(0, Some("a.session")), (9, Some("a.session")), (10, None), (11, None)] {
            assert_eq!(cache.get(now, &key), expected, "at {now}");
        }
        assert_eq!(cache.hits_and_misses(), (2, 6));
    }

    #[test]
    fn it_stays_within_its_room_and_forgets_the_same_every_time() {
        let kept = || {
            let mut cache = Cache::new(&CacheConfig { entries: 8, ttl_us: 1_000 });
            for number in 0..100 {
                cache.put(0, &number.to_string(), Outcome::Success, "r");
            }
            (0..100).filter(|number| cache.get(1, &number.to_string()).is_some()).collect::<Vec<_>>()
        };
        assert!(!kept().is_empty() && kept().len() <= 8);
        assert_eq!(kept(), kept());
    }

    #[test]
    fn off_by_default() {
        let mut cache = Cache::new(&CacheConfig::default());
        cache.put(0, "k", Outcome::Success, "r");
        assert_eq!(cache.get(0, "k"), None);
    }
}
