//! Secrets are masked before anything is folded, shown or recorded, at the same length, so that live and replay see the same.

use memchr::memmem::Finder;

/// Header names (lower case) whose values are secret wherever they appear.
pub const SECRET_HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-amz-security-token",
    "cookie",
    "set-cookie",
];

/// A value shorter than this is not searched for: it would mask innocent text.
const SHORTEST: usize = 8;

/// A secret cut by the end of a read is masked from this many matching bytes on; fewer are often a common prefix (`sk-proj-`).
const PARTIAL: usize = 12;

/// Masks the values of [`SECRET_HEADERS`]. The scheme of an authorization (`Bearer `) stays, for it explains 401s.
pub fn mask_headers(headers: &mut [(String, String)]) {
    for (name, value) in headers {
        if SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let scheme =
                value.find(' ').filter(|_| name.to_ascii_lowercase().ends_with("authorization")).map_or(0, |space| space + 1);
            let stars = "*".repeat(value.len() - scheme);
            value.replace_range(scheme.., &stars);
        }
    }
}

/// Known secret values, and what is needed to find one that two reads share. One per stream.
#[derive(Clone)]
pub struct Secrets {
    finders: Vec<Finder<'static>>,
    /// The last bytes before the next read, unmasked; at most one less than the longest secret.
    tail: Vec<u8>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.finders.len())
    }
}

impl Secrets {
    /// Masks these values; those shorter than eight bytes are ignored.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Secrets {
        let long = values.into_iter().filter(|value| value.len() >= SHORTEST);
        Secrets { finders: long.map(|value| Finder::new(value.as_bytes()).into_owned()).collect(), tail: Vec::new() }
    }

    /// Masks a text that stands alone.
    pub fn mask_text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for finder in &self.finders {
            let found: Vec<usize> = finder.find_iter(text.as_bytes()).collect();
            for start in found {
                bytes[start..start + finder.needle().len()].fill(b'*');
            }
        }
        // A secret is a whole string, so what is replaced begins and ends on character boundaries.
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Masks header values: secret names whole, known secrets in all others.
    pub fn mask_headers(&self, headers: &mut [(String, String)]) {
        mask_headers(headers);
        for (_, value) in headers {
            *value = self.mask_text(value);
        }
    }

    /// Masks the next read of a stream in place. A secret that two reads share is masked in both where the first has enough of
    /// it to be sure, and in the second otherwise.
    pub fn mask_read(&mut self, bytes: &mut [u8]) {
        if self.finders.is_empty() {
            return;
        }
        let before = self.tail.len();
        let mut all = std::mem::take(&mut self.tail);
        all.extend_from_slice(bytes);
        for finder in &self.finders {
            let needle = finder.needle();
            for start in finder.find_iter(&all) {
                let end = (start + needle.len()).saturating_sub(before);
                bytes[start.saturating_sub(before)..end].fill(b'*');
            }
            let longest = (PARTIAL..needle.len()).rev().find(|len| all.ends_with(&needle[..*len]));
            if let Some(len) = longest {
                let start = (all.len() - len).saturating_sub(before);
                bytes[start..].fill(b'*');
            }
        }
        let keep = self.finders.iter().map(|finder| finder.needle().len()).max().unwrap_or(1) - 1;
        all.drain(..all.len().saturating_sub(keep));
        self.tail = all;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const KEY: &str = "sk-proj-0123456789abcdef";

    #[test]
    fn secret_headers_keep_length_and_scheme() {
        let mut headers = vec![
            ("authorization".to_owned(), format!("Bearer {KEY}")),
            ("X-Api-Key".to_owned(), KEY.to_owned()),
            ("via".to_owned(), "1.1 caddy".to_owned()),
        ];
        mask_headers(&mut headers);
        assert_eq!(headers[0].1, format!("Bearer {}", "*".repeat(KEY.len())));
        assert_eq!(headers[1].1, "*".repeat(KEY.len()));
        assert_eq!(headers[2].1, "1.1 caddy");
    }

    #[test]
    fn a_secret_is_masked_however_reads_split_it() {
        let stream = format!("data: echo {KEY} and sk-proj-other and {KEY}!");
        for split in 0..=stream.len() {
            let mut secrets = Secrets::new([KEY]);
            let (first, second) = stream.as_bytes().split_at(split);
            let (mut first, mut second) = (first.to_vec(), second.to_vec());
            secrets.mask_read(&mut first);
            secrets.mask_read(&mut second);
            let out = String::from_utf8([first, second].concat()).unwrap();
            assert_eq!(out.len(), stream.len());
            assert!(!out.contains(&KEY[PARTIAL - 1..]), "split at {split}: {out}");
            assert!(out.contains("sk-proj-other"), "split at {split}: {out}");
        }
        assert_eq!(Secrets::new([KEY]).mask_text(&stream), stream.replace(KEY, &"*".repeat(KEY.len())));
    }
}
