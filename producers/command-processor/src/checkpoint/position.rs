//! Up to where a state topic is in a checkpoint, and what proves that it is still the same topic.

/// A record by which a log is known: other logs have another record there, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its offset.
    pub offset: i64,
    /// What it says: an id, or a time in microseconds.
    pub says: String,
}

/// Everything below `next` is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Offset on the state topic.
    pub next: i64,
    /// How many aggregates are in the file: room for so many is made at once.
    pub aggregates: u64,
    /// The record that says that the state topic is complete: a topic that was lost and written
    /// anew has another one.
    pub complete: Mark,
    /// The newest event at that time. Events are never deleted, so a log that has another one at
    /// this offset took another course: it was set back to before this position.
    pub event: Option<Mark>,
}

impl Position {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.next.to_le_bytes(), self.aggregates.to_le_bytes()].concat();
        for mark in [Some(&self.complete), self.event.as_ref()] {
            let (offset, says) = mark.map_or((-1, ""), |mark| (mark.offset, mark.says.as_str()));
            bytes.extend(offset.to_le_bytes());
            bytes.extend(u32::try_from(says.len()).unwrap_or(0).to_le_bytes());
            bytes.extend(says.as_bytes());
        }
        bytes
    }

    /// From bytes; none when they are no position.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (next, rest) = bytes.split_first_chunk()?;
        let (aggregates, rest) = rest.split_first_chunk()?;
        let (complete, rest) = mark(rest)?;
        let (event, rest) = mark(rest)?;
        let event = (event.offset >= 0).then_some(event);
        let (next, aggregates) = (i64::from_le_bytes(*next), u64::from_le_bytes(*aggregates));
        rest.is_empty().then_some(Self { next, aggregates, complete, event })
    }
}

fn mark(bytes: &[u8]) -> Option<(Mark, &[u8])> {
    let (offset, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (says, rest) = rest.split_at_checked(length)?;
    let says = std::str::from_utf8(says).ok()?.to_owned();
    Some((Mark { offset: i64::from_le_bytes(*offset), says }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_bytes_and_from_no_others() {
        let mark = |offset| Mark { offset, says: format!("mark {offset}") };
        for event in [None, Some(mark(7))] {
            let position = Position { next: 12, aggregates: 5, complete: mark(3), event };
            let bytes = position.to_bytes();
            assert_eq!(Position::of_bytes(&bytes), Some(position));
            for length in 0..bytes.len() {
                assert_eq!(Position::of_bytes(&bytes[..length]), None);
            }
        }
    }
}
