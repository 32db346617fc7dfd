//! How many orders come when: twice as many again and again until one instance is not enough, for
//! how fast that is depends on the machine; and then few.

use std::time::Duration;

use super::samples::{Sample, rates};

/// What the load is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To find out what is too much for one instance.
    Rising,
    /// To have several at work.
    High,
    /// So little that one is enough again.
    Low,
}

/// A rate, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Since the load began.
    pub at: Duration,
    /// Orders per second.
    pub rate: u32,
}

/// The load so far.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// How long the load rises by one step.
    step: Duration,
    part: Part,
    /// Since when the part lasts.
    since: Duration,
    turns: Vec<Turn>,
}

impl Schedule {
    /// Begins.
    pub fn new(rate: u32, step: Duration) -> Self {
        let first = Turn { at: Duration::ZERO, rate };
        Self { step, part: Part::Rising, since: first.at, turns: vec![first] }
    }

    /// What the load is for now.
    pub const fn part(&self) -> Part {
        self.part
    }

    /// Since when, from the load's beginning.
    pub const fn since(&self) -> Duration {
        self.since
    }

    /// All rates so far.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Takes note of the newest look, the last of all; the rate from now on, when it changes.
    pub fn turn(&mut self, samples: &[Sample]) -> Option<u32> {
        let last = samples.last()?;
        let now = Duration::from_secs_f64(last.seconds);
        let turn = *self.turns.last()?;
        let is_over = |since: Duration, time| now.saturating_sub(since) >= time;
        let (part, rate) = match self.part {
            Part::Rising if last.instances > 1 => (Part::High, turn.rate),
            Part::Rising if !is_over(turn.at, self.step) => return None,
            // More would only wait at the door.
            Part::Rising if !is_taken(turn, samples) => (Part::Low, self.low()),
            Part::Rising => (Part::Rising, turn.rate.saturating_mul(2)),
            Part::High if is_over(self.since, 2 * self.step) => (Part::Low, self.low()),
            Part::High | Part::Low => return None,
        };
        if part != self.part {
            (self.part, self.since) = (part, now);
        }
        if rate == turn.rate {
            return None;
        }
        self.turns.push(Turn { at: now, rate });
        Some(rate)
    }

    /// Half of what was not too much for one instance, as far as is known.
    fn low(&self) -> u32 {
        let highest = self.turns.iter().map(|turn| turn.rate).max().unwrap_or(1);
        (highest / 4).max(1)
    }
}

/// Whether as many orders are accepted as come, nearly.
fn is_taken(turn: Turn, samples: &[Sample]) -> bool {
    let mut since = samples.iter().filter(|sample| sample.seconds >= turn.at.as_secs_f64());
    let (Some(first), Some(last)) = (since.next(), since.next_back()) else { return true };
    let [accepted, _] = rates(first, last);
    accepted >= 0.8 * f64::from(turn.rate)
}

#[cfg(test)]
mod tests {
    use super::{super::samples::tests::sample, *};

    /// What becomes of the rate, by the instances at each look; all orders that come are accepted.
    fn run(instances: &[usize], taken: u64) -> (Schedule, Vec<u64>) {
        let mut schedule = Schedule::new(10, Duration::from_secs(2));
        let (mut samples, mut created, mut rates) = (Vec::new(), 0, Vec::new());
        for (second, instances) in (0_u32..).zip(instances) {
            samples.push(sample(f64::from(second), created, created, *instances));
            schedule.turn(&samples);
            let rate = u64::from(schedule.turns().last().unwrap().rate);
            rates.push(rate);
            created += rate.min(taken);
        }
        (schedule, rates)
    }

    #[test]
    fn it_rises_until_there_are_two_and_falls_when_they_were_seen_at_work() {
        let (schedule, rates) = run(&[1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 1], u64::MAX);
        assert_eq!(rates, [10, 10, 20, 20, 40, 40, 40, 40, 40, 40, 10, 10, 10]);
        assert_eq!((schedule.part(), schedule.since()), (Part::Low, Duration::from_secs(10)));
        let turns: Vec<_> =
            schedule.turns().iter().map(|turn| (turn.at.as_secs(), turn.rate)).collect();
        assert_eq!(turns, [(0, 10), (2, 20), (4, 40), (10, 10)]);
    }

    #[test]
    fn it_falls_when_no_more_are_accepted() {
        let (schedule, rates) = run(&[1; 8], 20);
        assert_eq!(rates, [10, 10, 20, 20, 40, 40, 10, 10]);
        assert_eq!(schedule.part(), Part::Low);
    }
}
