//! Versions of one key: 1..n. Pure.

use std::{cmp::Ordering, collections::HashMap};

use event_log::Position;
use uuid::Uuid;

use super::findings::{Finding, Kind};

/// Where a version stands after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It follows.
    Next,
    /// Others are missing between.
    Gap,
    /// It has been there before.
    Past,
}

/// Where a version stands after `current`, which is zero before the first.
pub fn place(current: i64, version: i64) -> Place {
    match version.cmp(&current.saturating_add(1)) {
        Ordering::Equal => Place::Next,
        Ordering::Greater => Place::Gap,
        Ordering::Less => Place::Past,
    }
}

/// An event with a version that has been there before. Ids are not kept, so that a second look
/// has to tell whether it is the same event or another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Where it is.
    pub at: Position,
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: i64,
    /// Its id.
    pub id: Option<Uuid>,
    /// Its command, if one made it.
    pub command: Option<Uuid>,
}

/// Tells twins apart, given the partition's events once more.
#[derive(Debug)]
pub struct SecondLook {
    firsts: HashMap<(String, i64), Option<Uuid>>,
    twins: Vec<Twin>,
}

impl SecondLook {
    /// Begins.
    pub fn new(twins: Vec<Twin>) -> Self {
        let firsts = twins.iter().map(|twin| ((twin.key.clone(), twin.version), None)).collect();
        Self { firsts, twins }
    }

    /// An event, in the order of the log.
    pub fn event(&mut self, key: &str, version: i64, id: Option<Uuid>) {
        if let Some(first) = self.firsts.get_mut(&(key.to_owned(), version)) {
            *first = first.or(id);
        }
    }

    /// What the twins are.
    pub fn findings(self) -> impl Iterator<Item = (Kind, Finding)> {
        let Self { firsts, twins } = self;
        twins.into_iter().map(move |twin| {
            let Twin { at, key, version, id, command } = twin;
            let finding = Finding {
                version: Some(version),
                event_id: id,
                command_id: command,
                ..Finding::at(at).of(key.as_str())
            };
            let first = firsts.get(&(key, version)).copied().flatten();
            let is_same = id.is_some() && first == id;
            (if is_same { Kind::Repeat } else { Kind::Fork }, finding)
        })
    }
}

#[cfg(test)]
mod tests {
    use event_log::Partition;
    use schemas::Topic;

    use super::*;

    #[test]
    fn versions_have_their_place() {
        assert_eq!(
            [1, 2, 0, -1].map(|v| place(0, v)),
            [Place::Next, Place::Gap, Place::Past, Place::Past]
        );
        assert_eq!([7, 8, 9].map(|v| place(7, v)), [Place::Past, Place::Next, Place::Gap]);
    }

    #[test]
    fn a_repeat_is_told_from_a_fork() {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        let (same, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let twin = |offset, id| Twin {
            at: Position { partition, offset },
            key: "o1".to_owned(),
            version: 1,
            id: Some(id),
            command: None,
        };
        let mut look = SecondLook::new(vec![twin(5, same), twin(6, other)]);
        for (key, version, id) in
            [("o2", 1, other), ("o1", 1, same), ("o1", 2, other), ("o1", 1, same), ("o1", 1, other)]
        {
            look.event(key, version, Some(id));
        }
        let found: Vec<_> = look.findings().map(|(kind, f)| (kind, f.offset)).collect();
        assert_eq!(found, [(Kind::Repeat, 5), (Kind::Fork, 6)]);
    }
}
