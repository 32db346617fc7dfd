//! One process of a service, beside those of its installation and without a supervisor: for tests
//! of how it starts and ends, and of several instances.

use std::{
    fs,
    net::TcpListener,
    ops::Range,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rand::RngExt;

use crate::{Installation, installation::binary, wait::eventually};

/// Below those that the system gives away, and beside those of stacks.
const PORTS: Range<u16> = 10_000..20_000;

/// A running process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: tempfile::NamedTempFile,
    http: reqwest::Client,
    /// Base of its public address, for services that have one.
    pub url: String,
    admin_url: String,
}

impl Process {
    /// Starts a service on an installation's topics, as the instance of that name.
    #[must_use]
    pub fn start(
        installation: &Installation,
        service: &str,
        instance: &str,
        env: &[(&str, &str)],
    ) -> Self {
        Self::start_build(&binary(service), installation, service, instance, env)
    }

    /// The same of a build of the service that is elsewhere.
    #[must_use]
    pub fn start_build(
        program: &Path,
        installation: &Installation,
        service: &str,
        instance: &str,
        env: &[(&str, &str)],
    ) -> Self {
        let settings = installation.settings();
        let output = tempfile::NamedTempFile::new().unwrap();
        let (address, admin) = (free_address(), free_address());
        let prefix = service.to_uppercase().replace('-', "_");
        let child = Command::new(program)
            .env("KAFKA_BROKERS", settings.brokers)
            .env("SCHEMA_REGISTRY_URL", settings.registry_url)
            .env("DATABASE_URL", &installation.database_url)
            .env("ONEWAY_NAMESPACE", settings.namespace.as_str())
            .env("ONEWAY_INSTANCE", instance)
            .env(format!("{prefix}_HTTP_ADDRESS"), &address)
            .env(format!("{prefix}_ADMIN_ADDRESS"), &admin)
            .env("ONEWAY_ANONYMOUS", "true")
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.reopen().unwrap())
            .stderr(output.reopen().unwrap())
            .spawn()
            .unwrap();
        let (url, admin_url) = (format!("http://{address}"), format!("http://{admin}"));
        Self { child, output, http: installation.http.clone(), url, admin_url }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(self.output.path()).unwrap()
    }

    /// Waits until it is ready.
    pub async fn ready(&mut self) {
        let look = async || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", self.output());
            self.health().await
        };
        eventually("the process to be ready", look, |(status, _)| *status == 200).await;
    }

    /// What it says of its parts: 200 when it is ready.
    pub async fn health(&self) -> (u16, String) {
        self.admin("/health/ready").await
    }

    /// Its metrics.
    pub async fn metrics(&self) -> String {
        self.admin("/metrics").await.1
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) -> ExitStatus {
        let look = async || self.child.try_wait().unwrap();
        eventually("the process to end", look, Option::is_some).await.unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        kill(Pid::from_raw(i32::try_from(self.pid()).unwrap()), Signal::SIGTERM).unwrap();
        self.end().await
    }

    async fn admin(&self, path: &str) -> (u16, String) {
        match self.http.get(format!("{}{path}", self.admin_url)).send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(error) => (0, error.to_string()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the process said:\n{}", self.output());
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where nobody listens. Not of those that the system gives to whoever connects to something: one of
/// them may be taken before the process has bound it.
fn free_address() -> String {
    loop {
        let address = format!("127.0.0.1:{}", rand::rng().random_range(PORTS));
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
