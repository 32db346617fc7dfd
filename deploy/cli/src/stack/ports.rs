//! Which ports a stack uses, and that nobody else has them: all are checked before anything starts.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::ValueEnum;
use rand::seq::SliceRandom;

use crate::failure::{Failure, Result};

/// Free ports are searched below those that operating systems hand to outgoing connections: a
/// service that is being restarted could lose one of those to any client.
const FREE: std::ops::Range<u16> = 20_000..30_000;

/// How ports are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// The well-known ones: Kafka 9092 and 9093, registry 8081, Postgres 5432, services 3001…
    Default,
    /// Whichever are free
    Auto,
}

/// A port that somebody needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What for, such as "Kafka".
    pub purpose: String,
    /// Which one; none when any free one will do.
    pub port: Option<u16>,
}

impl Wanted {
    /// A port that has to be this one, unless ports are chosen automatically.
    pub fn new(policy: Policy, purpose: impl Into<String>, port: u16) -> Self {
        let port = (policy == Policy::Default).then_some(port);
        Self { purpose: purpose.into(), port }
    }

    /// A port that may be any.
    pub fn any(purpose: impl Into<String>) -> Self {
        Self { purpose: purpose.into(), port: None }
    }
}

/// Free ports that were given out, kept from other stacks of the workspace until it is dropped: between
/// the choice of a port and the process that listens there pass seconds, and tests start many stacks.
#[derive(Debug, Default)]
pub struct Reservation {
    held: Vec<(PathBuf, File)>,
}

impl Reservation {
    /// Reserves a port, unless another stack has it.
    fn claim(&mut self, folder: &Path, port: u16) -> bool {
        let path = folder.join(port.to_string());
        let Ok(file) = File::options().create(true).append(true).open(&path) else { return false };
        let claimed = file.try_lock().is_ok() && is_free(port);
        if claimed {
            self.held.push((path, file));
        }
        claimed
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        for (path, _file) in self.held.drain(..) {
            // Left behind it does no harm: its lock ends with this process.
            let _ = fs::remove_file(path);
        }
    }
}

/// Gives everybody a port, in the order of the wishes; those given out are noted in the folder.
pub fn assign(wanted: &[Wanted], folder: &Path) -> Result<(Vec<u16>, Reservation)> {
    let mut candidates: Vec<u16> = FREE.collect();
    candidates.shuffle(&mut rand::rng());
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make {}", folder.display()))
        .map_err(Failure::Setup)?;
    let mut reservation = Reservation::default();
    let ports = choose(wanted, candidates, is_free, |port| reservation.claim(folder, port));
    Ok((ports.map_err(Failure::setup)?, reservation))
}

fn choose(
    wanted: &[Wanted],
    candidates: Vec<u16>,
    is_free: impl Fn(u16) -> bool,
    mut claim: impl FnMut(u16) -> bool,
) -> Result<Vec<u16>, String> {
    let fixed: BTreeSet<u16> = wanted.iter().filter_map(|wish| wish.port).collect();
    let mut candidates =
        candidates.into_iter().filter(|port| !fixed.contains(port) && claim(*port));
    let mut taken = Vec::new();
    let mut chosen = Vec::with_capacity(wanted.len());
    let mut given = BTreeSet::new();
    for Wanted { purpose, port } in wanted {
        match port {
            Some(port) if given.insert(*port) && is_free(*port) => chosen.push(*port),
            Some(port) => taken.push(format!("{port} ({purpose})")),
            None => match candidates.next() {
                Some(port) => chosen.push(port),
                None => taken.push(format!("any ({purpose})")),
            },
        }
    }
    match taken.as_slice() {
        [] => Ok(chosen),
        [one] => Err(format!(
            "port {one} is taken: stop what listens there, or let `--ports auto` find free ones"
        )),
        many => Err(format!(
            "ports {} are taken: stop what listens there, or let `--ports auto` find free ones",
            many.join(", ")
        )),
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(wanted: &[Wanted], busy: &[u16]) -> Result<Vec<u16>, String> {
        let is_free = |port: u16| !busy.contains(&port);
        choose(wanted, vec![1, 2, 3], is_free, is_free)
    }

    #[test]
    fn fixed_and_free_ports() {
        let wanted = [Wanted::new(Policy::Default, "Kafka", 1), Wanted::any("x"), Wanted::any("y")];
        assert_eq!(plan(&wanted, &[]).unwrap(), [1, 2, 3]);
        let auto = [Wanted::new(Policy::Auto, "Kafka", 1), Wanted::any("x")];
        assert_eq!(plan(&auto, &[1]).unwrap(), [2, 3]);
    }

    #[test]
    fn all_taken_ports_are_named_at_once() {
        let wanted = [
            Wanted::new(Policy::Default, "Kafka", 9),
            Wanted::new(Policy::Default, "registry", 8),
            Wanted::new(Policy::Default, "Postgres", 7),
        ];
        let one = plan(&wanted, &[9]).unwrap_err();
        assert!(one.starts_with("port 9 (Kafka) is taken: stop what listens there"), "{one}");
        let two = plan(&wanted, &[9, 7]).unwrap_err();
        assert!(two.starts_with("ports 9 (Kafka), 7 (Postgres) are taken:"), "{two}");
    }

    #[test]
    fn a_listener_takes_its_port() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }

    #[test]
    fn reserved_ports_are_not_given_out_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (Reservation::default(), Reservation::default());
        let port = FREE.clone().find(|port| one.claim(folder.path(), *port)).unwrap();
        assert!(!other.claim(folder.path(), port));
        drop(one);
        assert!(other.claim(folder.path(), port));
        drop(other);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
