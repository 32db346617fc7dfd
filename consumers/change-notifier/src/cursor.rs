//! Where a reader of the notifications stands: in every partition at once, so that any replica can
//! go on from there, in whatever order its own partitions arrive.

use std::{fmt, hash::Hasher, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// First byte of the text form.
const VERSION: u8 = 1;

/// Longest text form, in bytes.
const LONGEST: usize = 2_048;

/// The next offset of each partition of one log. Opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which log: positions of another one mean nothing.
    pub log: LogId,
    /// By number of the partition.
    pub next: Box<[i64]>,
}

/// Tells a log from others, such as that of an earlier installation at the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogId(u32);

/// Why a text is no [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no id that this service has given")]
pub struct Malformed;

impl LogId {
    /// Of a topic of a cluster.
    pub fn new(cluster: &str, topic: &str) -> Self {
        let mut hash = Fnv::default();
        for text in [cluster, topic] {
            hash.write(text.as_bytes());
            hash.write_u8(0);
        }
        let [a, b, c, d, e, f, g, h] = hash.finish().to_be_bytes();
        Self(u32::from_be_bytes([a ^ e, b ^ f, c ^ g, d ^ h]))
    }
}

/// FNV-1a: unlike the standard library's, the same in every process and version.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Cursor {
    /// The later of both in every partition: where a reader stands that has seen what lies before
    /// either.
    pub fn latest(log: LogId, a: &[i64], b: &[i64]) -> Self {
        let next = a.iter().zip(b).map(|(a, b)| *a.max(b)).collect();
        Self { log, next }
    }
}

/// Where the offset of the partition with this number is.
pub fn index(number: i32) -> usize {
    // No topic has a partition with the number that nothing is at.
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// True when `a` is behind `b` in no partition.
pub fn reaches(a: &[i64], b: &[i64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a >= b)
}

/// Writes positions as text.
pub fn text(log: LogId, next: &[i64]) -> String {
    let mut bytes = Vec::with_capacity(8 + 4 * next.len());
    bytes.push(VERSION);
    bytes.extend(log.0.to_be_bytes());
    for offset in next {
        let mut rest = offset.cast_unsigned();
        loop {
            let [low, ..] = (rest & 0x7f).to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                bytes.push(low);
                break;
            }
            bytes.push(low | 0x80);
        }
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.log, &self.next))
    }
}

impl FromStr for Cursor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Malformed)?;
        let [VERSION, a, b, c, d, rest @ ..] = bytes.as_slice() else { return Err(Malformed) };
        let mut next = Vec::new();
        let (mut value, mut shift) = (0_u64, 0_u32);
        for byte in rest {
            let bits = u64::from(byte & 0x7f);
            if shift > 56 {
                return Err(Malformed);
            }
            value |= bits << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                next.push(i64::try_from(value).map_err(|_| Malformed)?);
                (value, shift) = (0, 0);
            }
        }
        if shift != 0 || next.is_empty() {
            return Err(Malformed);
        }
        Ok(Self { log: LogId(u32::from_be_bytes([*a, *b, *c, *d])), next: next.into() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_read_back(log: u32, next in proptest::collection::vec(0..=i64::MAX, 1..40)) {
            let cursor = Cursor { log: LogId(log), next: next.into() };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn nonsense_is_refused_and_never_panics(text in ".{0,40}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn ids_are_compact() {
        let cursor = Cursor { log: LogId::new("c", "t"), next: [1, 100_000, 0, 5].into() };
        assert!(cursor.to_string().len() < 20, "{cursor}");
    }

    #[test]
    fn what_is_cut_or_foreign_is_malformed() {
        let whole = Cursor { log: LogId(7), next: [300].into() }.to_string();
        let cut = &whole[..whole.len() - 1];
        for bad in ["", "x", "AQ", cut, "ä", "AgAAAAcB", &"A".repeat(3_000)] {
            assert_eq!(bad.parse::<Cursor>(), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn logs_differ_by_cluster_and_topic() {
        let ids = [("a", "t"), ("b", "t"), ("a", "u"), ("", "at")].map(|(c, t)| LogId::new(c, t));
        for (n, id) in ids.iter().enumerate() {
            assert!(!ids[..n].contains(id));
        }
    }
}
