//! Which faults come when. All of it follows from one seed: the same seed, the same faults.

use std::{fmt, time::Duration};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// What is done to an installation. Victims are numbered; the number is taken modulo how many
/// there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A command-processor is killed without warning.
    KillProcessor(usize),
    /// A command-processor stands still; longer than its session it becomes a zombie.
    FreezeProcessor(usize, Duration),
    /// A command-api is killed without warning, with its answers on the way.
    KillApi(usize),
    /// One more command-processor joins, works for a while, and leaves in good order.
    GuestLeaves(Duration),
    /// One more command-processor joins, works for a while, and is killed.
    GuestDies(Duration),
    /// Kafka is killed without warning.
    KillBroker,
    /// Kafka stands still; longer than the life of a transaction all that are open are lost.
    FreezeBroker(Duration),
}

/// A fault and how long to wait before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Since the fault before it was done.
    pub wait: Duration,
    /// What is done.
    pub fault: Fault,
}

/// An endless sequence of faults.
#[derive(Debug)]
pub struct Plan {
    random: StdRng,
}

impl Plan {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    fn seconds(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(range.start * 1_000..range.end * 1_000))
    }

    fn fault(&mut self) -> Fault {
        let victim = self.random.random_range(0..64);
        match self.random.random_range(0..100) {
            0..28 => Fault::KillProcessor(victim),
            28..40 => Fault::FreezeProcessor(victim, self.seconds(1..6)),
            // The session is 10 s.
            40..60 => Fault::FreezeProcessor(victim, self.seconds(12..22)),
            60..70 => Fault::KillApi(victim),
            70..78 => Fault::GuestLeaves(self.seconds(3..12)),
            78..84 => Fault::GuestDies(self.seconds(3..12)),
            84..90 => Fault::KillBroker,
            90..96 => Fault::FreezeBroker(self.seconds(2..12)),
            // A transaction lives for 25 s.
            _ => Fault::FreezeBroker(self.seconds(27..33)),
        }
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let wait = Duration::from_millis(self.random.random_range(1_000..7_000));
        Some(Planned { wait, fault: self.fault() })
    }
}

impl Fault {
    /// The names of all.
    pub const NAMES: [&str; 7] = [
        "kill command-processor",
        "freeze command-processor",
        "kill command-api",
        "add and remove command-processor",
        "add and kill command-processor",
        "kill Kafka",
        "freeze Kafka",
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KillProcessor(_) => "kill command-processor",
            Self::FreezeProcessor(..) => "freeze command-processor",
            Self::KillApi(_) => "kill command-api",
            Self::GuestLeaves(_) => "add and remove command-processor",
            Self::GuestDies(_) => "add and kill command-processor",
            Self::KillBroker => "kill Kafka",
            Self::FreezeBroker(_) => "freeze Kafka",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::KillProcessor(_) | Self::KillApi(_) | Self::KillBroker => Ok(()),
            Self::FreezeProcessor(_, time)
            | Self::GuestLeaves(time)
            | Self::GuestDies(time)
            | Self::FreezeBroker(time) => write!(f, " for {:.1} s", time.as_secs_f32()),
        }
    }
}

/// The random numbers of one client: its own, and the same for the same seed.
pub fn of_client(seed: u64, client: u64) -> impl Rng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_plan() {
        let plan = |seed| Plan::new(seed).take(50).collect::<Vec<_>>();
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn ten_minutes_have_sixty_faults_and_some_run_has_each() {
        let mut missing = std::collections::BTreeSet::from(Fault::NAMES);
        for seed in 1..20 {
            let mut time = Duration::ZERO;
            let mut count = 0;
            for planned in Plan::new(seed) {
                time += planned.wait;
                if let Fault::FreezeBroker(frozen) = planned.fault {
                    time += frozen;
                }
                if time > Duration::from_mins(10) {
                    break;
                }
                count += 1;
                missing.remove(planned.fault.name());
            }
            assert!(count >= 60, "seed {seed}: {count} faults");
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
