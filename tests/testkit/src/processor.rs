//! A command processor of an installation that the test starts and stops itself, instead of the
//! installation's supervisor.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::installation::{Installation, binary};

/// A running command processor; killed when dropped.
#[derive(Debug)]
pub struct Processor {
    child: Child,
    log: PathBuf,
}

impl Processor {
    /// Starts one by the name of an instance, with its checkpoints and its log in a folder. A
    /// further one by the same name and folder goes on with both.
    #[must_use]
    pub fn start(installation: &Installation, instance: &str, folder: &Path) -> Self {
        let settings = installation.settings();
        let log = folder.join(format!("{instance}.log"));
        let output = fs::File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(binary("command-processor"))
            .env("KAFKA_BROKERS", &settings.brokers)
            .env("SCHEMA_REGISTRY_URL", &settings.registry_url)
            .env("ONEWAY_NAMESPACE", settings.namespace.as_str())
            .env("ONEWAY_INSTANCE", instance)
            .env("COMMAND_PROCESSOR_CHECKPOINT_DIR", folder)
            .stdin(Stdio::null())
            .stdout(output)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends of its own, and tells its exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// What it and those before it by its name logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(40)..];
            eprintln!("--- {}\n{}", self.log.display(), tail.join("\n"));
        }
        // It may have ended of its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
