//! Aggregates that do not exist but of which commands were refused. Their answers are remembered
//! like all others, but not for ever: anybody can name any number of them.

use std::collections::{HashMap, VecDeque};

use schemas::{AggregateId, command::AggregateState};

/// How many refusals on absent aggregates a partition remembers.
pub const REMEMBERED: usize = AggregateState::<()>::ABSENT_MEMORY;

/// Absent aggregates in the order of their latest refusal.
#[derive(Debug, Default)]
pub struct Absent {
    /// Every refusal, oldest first; all but an aggregate's latest are void.
    order: VecDeque<(u64, AggregateId)>,
    latest: HashMap<AggregateId, u64>,
    next: u64,
}

impl Absent {
    /// A command on it was refused.
    pub fn refused(&mut self, id: AggregateId) {
        self.latest.insert(id.clone(), self.next);
        self.order.push_back((self.next, id));
        self.next += 1;
    }

    /// It exists now, or is not remembered any more.
    pub fn remove(&mut self, id: &AggregateId) {
        self.latest.remove(id);
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    /// Up to `most` aggregates, oldest first, whose latest refusal is too long ago.
    pub fn overdue(&mut self, most: usize) -> Vec<AggregateId> {
        let mut overdue = Vec::new();
        while self.order.len() > REMEMBERED && overdue.len() < most {
            let Some((number, id)) = self.order.pop_front() else { break };
            if self.latest.get(&id) == Some(&number) {
                self.latest.remove(&id);
                overdue.push(id);
            }
        }
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> AggregateId {
        AggregateId::new(&format!("o{n}")).unwrap()
    }

    #[test]
    fn the_oldest_are_forgotten_unless_they_came_again_or_exist() {
        let mut absent = Absent::default();
        (0..REMEMBERED).for_each(|n| absent.refused(id(n)));
        assert_eq!(absent.overdue(9), []);
        absent.refused(id(0));
        absent.remove(&id(1));
        (0..3).for_each(|n| absent.refused(id(REMEMBERED + n)));
        assert_eq!(absent.overdue(9), [id(2), id(3)]);
    }

    #[test]
    fn one_that_comes_all_the_time_takes_no_more_room() {
        let mut absent = Absent::default();
        for _ in 0..REMEMBERED * 2 {
            absent.refused(id(0));
            assert_eq!(absent.overdue(9), []);
        }
        assert!(absent.order.len() <= REMEMBERED);
    }
}
