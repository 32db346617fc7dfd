//! How far a partition is behind. Offsets alone cannot tell: the markers of transactions take
//! offsets too and are never delivered, so that the offset after the last record may stay short
//! of the end for ever. Therefore two looks are compared: when nothing more came for a while after
//! the first, everything below the end that the first saw has been delivered.

use std::collections::HashMap;

use event_log::Partition;

/// What was seen of each partition at the last look.
#[derive(Debug, Default)]
pub struct Lag {
    ends: HashMap<Partition, i64>,
}

/// One look at a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The end of what could be read, markers included.
    pub end: i64,
    /// The offset after the last record that was read.
    pub read: i64,
    /// The offset after the last record that was applied.
    pub applied: i64,
    /// Since the last look nothing came for a while.
    pub was_idle: bool,
}

impl Lag {
    /// Offsets between what is applied and the end.
    pub fn look(&mut self, partition: Partition, look: Look) -> i64 {
        let Look { end, read, applied, was_idle } = look;
        let before = self.ends.insert(partition, end);
        let caught_up = was_idle && applied >= read;
        let position = match before {
            Some(before) if caught_up => applied.max(before),
            _ => applied,
        };
        (end - position).max(0)
    }

    /// Forgets a partition that was given up.
    pub fn forget(&mut self, partition: Partition) {
        self.ends.remove(&partition);
    }
}

#[cfg(test)]
mod tests {
    use schemas::Topic;

    use super::*;

    #[test]
    fn markers_at_the_end_are_no_lag() {
        let mut lag = Lag::default();
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        let mut look = |end, read, applied, was_idle| {
            lag.look(partition, Look { end, read, applied, was_idle })
        };
        // Ten records and a marker: at first it may still be a record.
        assert_eq!(look(11, 10, 10, true), 1);
        assert_eq!(look(11, 10, 10, true), 0);
        // More came, and is read, and is applied.
        assert_eq!(look(31, 10, 10, false), 21);
        assert_eq!(look(31, 30, 20, true), 11);
        assert_eq!(look(31, 30, 30, true), 0);
        // Under load it is never idle: what is applied counts.
        assert_eq!(look(100, 90, 80, false), 20);
    }
}
