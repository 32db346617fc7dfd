//! `stack.json`: what runs where, for tests and scripts. It is there while the stack is ready.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The whole file. Shows no password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Bootstrap servers.
    pub kafka_brokers: String,
    /// Base URL of the Confluent-compatible API.
    pub schema_registry_url: String,
    /// `postgres://…`
    pub database_url: String,
    /// How a client says who it is, in the variables that say so to services, besides the password
    /// in the URL of the database; empty when everybody is let in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub client_environment: BTreeMap<String, String>,
    /// Prefix of topics, groups and transactional ids; may be empty.
    pub namespace: String,
    /// The folder with data, logs and this file.
    pub state_dir: PathBuf,
    /// The process that keeps all others alive; SIGTERM to it stops the stack.
    pub supervisor_pid: u32,
    /// How far the clock of the services is ahead, in a simulation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clock_offset_seconds: i64,
    /// `kafka`, `registry`, `postgres`: those that this stack started itself.
    pub infrastructure: BTreeMap<String, Infrastructure>,
    /// By name; further instances are called `name-2`, `name-3`, …
    pub services: BTreeMap<String, Service>,
}

/// A part of the infrastructure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infrastructure {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Its process.
    #[serde(flatten)]
    pub process: Process,
}

/// A service. Shows no password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Where it serves HTTP; null when it serves none.
    pub url: Option<String>,
    /// Where it serves health and metrics.
    pub admin_url: String,
    /// How it says who it is, where not everybody is let in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub client_environment: BTreeMap<String, String>,
    /// The part whose process it shares with other services; absent when it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Its process.
    #[serde(flatten)]
    pub process: Process,
}

/// A supervised process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Null while it waits to be started again.
    pub pid: Option<u32>,
    /// What it wrote to stdout and stderr.
    pub log: PathBuf,
    /// How often it was started again.
    pub restarts: u32,
    /// How it ended the last time, such as "exit status 70"; null when it never did.
    pub last_exit: Option<String>,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("state_dir", &self.state_dir)
            .field("infrastructure", &self.infrastructure)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("url", &self.url)
            .field("admin_url", &self.admin_url)
            .field("part_of", &self.part_of)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Process {
    /// One that was not started yet.
    pub const fn new(log: PathBuf) -> Self {
        Self { pid: None, log, restarts: 0, last_exit: None }
    }
}

impl Stack {
    /// What is told of the process of that name: once, or with each of the services that share it.
    pub fn processes_mut(&mut self, name: &str) -> impl Iterator<Item = &mut Process> {
        let services = self.services.iter_mut();
        let services = services
            .filter(move |(own, service)| service.part_of.as_ref().unwrap_or(own) == name)
            .map(|(_, service)| &mut service.process);
        services.chain(self.infrastructure.get_mut(name).map(|part| &mut part.process))
    }

    /// Has all services share a process.
    pub fn unite(&mut self, name: &str, log: &Path) {
        for service in self.services.values_mut() {
            service.part_of = Some(name.to_owned());
            service.process = Process::new(log.to_owned());
        }
    }
}

/// Reads a JSON file; none when there is none.
///
/// # Errors
/// When it cannot be read, or is not what it should be.
pub fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a JSON file that only its owner can read, at once or not at all.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    serde_json::to_writer_pretty(&mut file, value)?;
    file.write_all(b"\n")?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack() -> Stack {
        let process = |pid| Process { pid: Some(pid), ..Process::new("/s/logs/x.log".into()) };
        Stack {
            kafka_brokers: "127.0.0.1:9092".into(),
            schema_registry_url: "http://127.0.0.1:8081/apis/ccompat/v7".into(),
            database_url: "postgres://oneway:oneway@127.0.0.1:5432/oneway".into(),
            client_environment: BTreeMap::new(),
            namespace: String::new(),
            state_dir: "/s".into(),
            supervisor_pid: 1,
            clock_offset_seconds: 0,
            infrastructure: [("kafka".into(), Infrastructure { port: 9092, process: process(2) })]
                .into(),
            services: [(
                "orders".into(),
                Service {
                    url: Some("http://127.0.0.1:3005".into()),
                    admin_url: "http://127.0.0.1:9105".into(),
                    client_environment: BTreeMap::new(),
                    part_of: None,
                    process: process(3),
                },
            )]
            .into(),
        }
    }

    #[test]
    fn survives_the_disk_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack.json");
        assert_eq!(read::<Stack>(&path).unwrap(), None);
        write(&path, &stack()).unwrap();
        write(&path, &stack()).unwrap();
        assert_eq!(read::<Stack>(&path).unwrap(), Some(stack()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn has_the_fields_that_scripts_rely_on() {
        let json = serde_json::to_value(stack()).unwrap();
        assert_eq!(json["services"]["orders"]["pid"], 3);
        assert_eq!(json["services"]["orders"]["url"], "http://127.0.0.1:3005");
        assert_eq!(json["services"]["orders"]["admin_url"], "http://127.0.0.1:9105");
        assert_eq!(json["services"]["orders"]["restarts"], 0);
        assert_eq!(json["infrastructure"]["kafka"]["port"], 9092);
        assert_eq!(json["infrastructure"]["kafka"]["log"], "/s/logs/x.log");
    }

    #[test]
    fn processes_are_found_by_name_and_may_be_shared() {
        let pids = |stack: &mut Stack, name| -> Vec<_> {
            stack.processes_mut(name).map(|process| process.pid).collect()
        };
        let mut stack = stack();
        stack.services.insert("customers".into(), stack.services["orders"].clone());
        assert_eq!(pids(&mut stack, "orders"), [Some(3)]);
        assert_eq!(pids(&mut stack, "kafka"), [Some(2)]);
        assert_eq!(pids(&mut stack, "nobody"), []);
        stack.unite("all", Path::new("/s/logs/all.log"));
        assert_eq!(pids(&mut stack, "orders"), []);
        assert_eq!(pids(&mut stack, "all"), [None, None]);
        assert_eq!(stack.services["orders"].process.log, Path::new("/s/logs/all.log"));
    }
}
