//! The lock file: `<topic> <record> <revision> sha256:<fingerprint>`, a line for each revision.

use std::{collections::BTreeSet, fmt, str::FromStr as _};

use sha2::{Digest, Sha256};

const HEADER: &str = "\
# Every schema revision that was registered, with the fingerprint of its whole text. Written by
# `oneway schemas lock`; lines are added, never changed.
";

/// A line that means nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not `<topic> <record> <revision> sha256:<fingerprint>`")]
pub struct LockError {
    /// From 1.
    pub line: usize,
}

/// A revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Logical name of its topic.
    pub topic: String,
    /// Full name of its record.
    pub record: String,
    /// From 1.
    pub revision: usize,
    /// Of its text, see [`fingerprint`].
    pub fingerprint: String,
}

/// All revisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    entries: BTreeSet<Entry>,
}

impl Lock {
    /// Reads the file.
    ///
    /// # Errors
    /// Names the first line that means nothing.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let lines = (1..).zip(text.lines());
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let entry = |(number, line): (usize, &str)| entry(line).ok_or(LockError { line: number });
        Ok(Self { entries: lines.map(entry).collect::<Result<_, _>>()? })
    }

    /// The revisions of a subject, oldest first.
    #[must_use]
    pub fn of(&self, topic: &str, record: &str) -> Vec<&Entry> {
        self.entries.iter().filter(|one| one.topic == topic && one.record == record).collect()
    }

    /// Adds a revision.
    pub fn add(&mut self, entry: Entry) {
        self.entries.insert(entry);
    }
}

fn entry(line: &str) -> Option<Entry> {
    let mut words = line.split(' ');
    let mut word = || words.next().map(str::to_owned);
    let (topic, record, revision) = (word()?, word()?, word()?);
    let fingerprint = word()?.strip_prefix("sha256:")?.to_owned();
    let revision = usize::from_str(&revision).ok().filter(|number| *number > 0)?;
    words.next().is_none().then_some(Entry { topic, record, revision, fingerprint })
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        for Entry { topic, record, revision, fingerprint } in &self.entries {
            writeln!(f, "{topic} {record} {revision} sha256:{fingerprint}")?;
        }
        Ok(())
    }
}

/// SHA-256 of a text, in hexadecimal digits. Of the whole text: Avro's own canonical form drops
/// docs, defaults and logical types, which matter here.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = format!("{HEADER}order.events oneway.order.OrderCreated 2 sha256:ab\n");
        let lock = Lock::parse(&text).unwrap();
        assert_eq!(lock.to_string(), text);
        assert_eq!(lock.of("order.events", "oneway.order.OrderCreated")[0].revision, 2);
    }

    #[test]
    fn nonsense_is_named() {
        for line in ["order.events", "a b 0 sha256:cc", "a b 1 md5:cc", "a b 1 sha256:cc more"] {
            assert_eq!(
                Lock::parse(&format!("# fine\n{line}")),
                Err(LockError { line: 2 }),
                "{line}"
            );
        }
    }

    #[test]
    fn the_fingerprint_is_that_of_the_tools() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(fingerprint(""), empty);
    }
}
