//! Which faults come when. All of it follows from one seed: the same seed, the same faults.
//!
//! Each path has a plan of its own, so that what is done to one does not depend on the other.

use std::{iter::Peekable, ops::Range, time::Duration};

use clap::ValueEnum;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::fault::Fault;

/// Tells the random numbers of the read path from those of the write path.
const OF_READING: u64 = 0x5EAD_0000_0000_0000;

/// Which part of an installation is hurt. Kafka belongs to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Path {
    /// command-apis, command-processors
    Write,
    /// consumers, Postgres
    Read,
    /// Everything
    All,
}

impl Path {
    /// Whether consumers run, and read models are looked at.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::All)
    }

    /// Whether a fault of this name ever comes.
    pub fn has(self, name: &str) -> bool {
        // The rarest is one of thirty-three.
        faults(self, 1).take(2_000).any(|planned| planned.fault.name() == name)
    }
}

/// A fault and how long to wait before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Since the fault before it was done.
    pub wait: Duration,
    /// What is done.
    pub fault: Fault,
}

/// The endless sequence of faults of a seed.
pub fn faults(path: Path, seed: u64) -> Box<dyn Iterator<Item = Planned> + Send> {
    let write = || Plan::new(seed, write_fault);
    let read = || Plan::new(seed ^ OF_READING, read_fault);
    match path {
        Path::Write => Box::new(write()),
        Path::Read => Box::new(read()),
        Path::All => Box::new(Both::new(write(), read())),
    }
}

/// An endless sequence of faults.
#[derive(Debug)]
struct Plan {
    random: StdRng,
    fault: fn(&mut StdRng) -> Fault,
}

impl Plan {
    fn new(seed: u64, fault: fn(&mut StdRng) -> Fault) -> Self {
        Self { random: StdRng::seed_from_u64(seed), fault }
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let wait = Duration::from_millis(self.random.random_range(1_000..7_000));
        Some(Planned { wait, fault: (self.fault)(&mut self.random) })
    }
}

fn seconds(random: &mut StdRng, range: Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(range.start * 1_000..range.end * 1_000))
}

fn write_fault(random: &mut StdRng) -> Fault {
    let victim = random.random_range(0..64);
    match random.random_range(0..100) {
        0..28 => Fault::KillProcessor(victim),
        28..40 => Fault::FreezeProcessor(victim, seconds(random, 1..6)),
        // The session is 10 s.
        40..60 => Fault::FreezeProcessor(victim, seconds(random, 12..22)),
        60..70 => Fault::KillApi(victim),
        70..78 => Fault::GuestLeaves(seconds(random, 3..12)),
        78..84 => Fault::GuestDies(seconds(random, 3..12)),
        84..90 => Fault::KillBroker,
        90..96 => Fault::FreezeBroker(seconds(random, 2..12)),
        // A transaction lives for 25 s.
        _ => Fault::FreezeBroker(seconds(random, 27..33)),
    }
}

fn read_fault(random: &mut StdRng) -> Fault {
    let victim = random.random_range(0..1_024);
    match random.random_range(0..100) {
        0..16 => Fault::KillConsumer(victim),
        16..22 => Fault::FreezeConsumer(victim, seconds(random, 1..6)),
        // The session is 10 s.
        22..38 => Fault::FreezeConsumer(victim, seconds(random, 12..22)),
        38..44 => Fault::ConsumerLeaves(victim, seconds(random, 3..12)),
        44..49 => Fault::ConsumerDies(victim, seconds(random, 3..12)),
        49..55 => Fault::Storm(victim),
        55..61 => Fault::RestartPostgres,
        61..67 => Fault::KillPostgres,
        67..72 => Fault::FreezePostgres(seconds(random, 2..12)),
        // A transaction may take 30 s, a statement 25 s, the wait for a connection 5 s.
        72..76 => Fault::FreezePostgres(seconds(random, 24..31)),
        76..81 => Fault::FillPostgres(seconds(random, 3..12)),
        // A wait for a lock may take 15 s.
        81..88 => Fault::LockTable(victim, seconds(random, 2..20)),
        88..94 => Fault::LockOffset(victim, seconds(random, 2..20)),
        94..97 => Fault::KillBroker,
        _ => Fault::FreezeBroker(seconds(random, 2..12)),
    }
}

/// Two plans side by side: each fault at the time that its own plan has for it.
struct Both {
    plans: [Peekable<Plan>; 2],
    /// How long the last fault of each is past, had the other plan nothing to do.
    since: [Duration; 2],
}

impl Both {
    fn new(write: Plan, read: Plan) -> Self {
        Self { plans: [write.peekable(), read.peekable()], since: [Duration::ZERO; 2] }
    }
}

impl Iterator for Both {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let [write, read] = &mut self.plans;
        let [since_write, since_read] = &mut self.since;
        let left = [write.peek()?.wait - *since_write, read.peek()?.wait - *since_read];
        let [write_left, read_left] = left;
        if write_left <= read_left {
            (*since_write, *since_read) = (Duration::ZERO, *since_read + write_left);
            Some(Planned { wait: write_left, ..write.next()? })
        } else {
            (*since_write, *since_read) = (*since_write + read_left, Duration::ZERO);
            Some(Planned { wait: read_left, ..read.next()? })
        }
    }
}

/// The random numbers of one client: its own, and the same for the same seed.
pub fn of_client(seed: u64, client: u64) -> impl Rng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ client)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan(path: Path, seed: u64, faults: usize) -> Vec<Planned> {
        super::faults(path, seed).take(faults).collect()
    }

    #[test]
    fn a_seed_is_a_plan() {
        for path in [Path::Write, Path::Read, Path::All] {
            assert_eq!(plan(path, 1, 50), plan(path, 1, 50));
            assert_ne!(plan(path, 1, 50), plan(path, 2, 50));
        }
    }

    #[test]
    fn each_path_has_its_faults() {
        let count = |path: Path| Fault::NAMES.iter().filter(|name| path.has(name)).count();
        // Two of Kafka's are in both.
        assert_eq!([Path::Write, Path::Read, Path::All].map(count), [7, 13, 18]);
        assert!(!Path::Write.has("kill Postgres") && !Path::Read.has("kill command-api"));
    }

    #[test]
    fn both_paths_are_hurt_as_each_is_alone() {
        let times = |path, of: &[Planned]| {
            let mut at = Duration::ZERO;
            let timed = plan(path, 3, 100).into_iter().map(move |planned| {
                at += planned.wait;
                (at, planned.fault)
            });
            let of: Vec<_> = of.iter().map(|planned| planned.fault).collect();
            timed.filter(|(_, fault)| of.contains(fault)).take(20).collect::<Vec<_>>()
        };
        for path in [Path::Write, Path::Read] {
            let alone: Vec<_> = plan(path, 3, 20)
                .into_iter()
                .filter(|planned| planned.fault.time().is_some())
                .collect();
            assert_eq!(times(Path::All, &alone), times(path, &alone));
        }
    }

    #[test]
    fn ten_minutes_have_sixty_faults_and_some_run_has_each() {
        let mut missing = BTreeSet::from(Fault::NAMES);
        for (path, seed) in (1..20).flat_map(|seed| [(Path::Write, seed), (Path::Read, seed)]) {
            let mut time = Duration::ZERO;
            let mut count = 0;
            for planned in faults(path, seed) {
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
            assert!(count >= 60, "{path:?}, seed {seed}: {count} faults");
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
