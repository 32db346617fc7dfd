//! An installation from `up` to its end.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use consumer_runtime::Server;
use event_log::{Access, Security, Settings};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use schemas::Namespace;
use serde_json::Value;
use service::Env;
use tempfile::TempDir;

use crate::wait::eventually;

/// A running installation; stopped when dropped.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    up: Child,
    /// For requests to its services.
    pub http: reqwest::Client,
    /// Database of its services.
    pub database_url: String,
}

/// A variable that `cargo oneway test` sets.
#[must_use]
pub fn required(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests by `cargo oneway test`"))
}

/// The built binary of that name, beside the running test.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let path = folder.join(name);
    assert!(path.exists(), "{} is not built: run the tests by `cargo oneway test`", path.display());
    path
}

impl Installation {
    /// Starts some services on the servers of the test run, with a namespace and a database of
    /// their own, and waits until they are ready.
    pub async fn start(services: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_with(&[], services, env).await
    }

    /// As [`Installation::start`], with all services in one process.
    pub async fn start_all_in_one(services: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_with(&["--all-in-one"], services, env).await
    }

    /// As [`Installation::start`], with further options of `up`.
    pub async fn start_with(options: &[&str], services: &[&str], env: &[(&str, &str)]) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("e{}", &id[..12]);
        let database_url = create_database(&required("DATABASE_URL"), &name).await;
        let mut command = Command::new(binary("oneway"));
        command
            .args(["up", "--no-build", "--ports", "auto", "--namespace", &name])
            .args(options)
            .arg("--services")
            .arg(services.join(","))
            .env("KAFKA_BROKERS", required("KAFKA_BROKERS"))
            .env("SCHEMA_REGISTRY_URL", required("SCHEMA_REGISTRY_URL"))
            .env("DATABASE_URL", &database_url)
            .envs(env.iter().copied());
        Self::up(command, database_url).await
    }

    /// Starts a stack of its own, broker and all, for tests that hurt those.
    pub async fn start_whole(services: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_own(&[], services, env).await
    }

    /// As [`Installation::start_whole`], whose servers let in only whom they know.
    pub async fn start_secure(services: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_own(&["--secure"], services, env).await
    }

    async fn start_own(options: &[&str], services: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary("oneway"));
        command
            .args(["up", "--no-build", "--ports", "auto", "--services", &services.join(",")])
            .args(options)
            .env_remove("KAFKA_BROKERS")
            .env_remove("SCHEMA_REGISTRY_URL")
            .env_remove("DATABASE_URL")
            .envs(env.iter().copied());
        let mut installation = Self::up(command, String::new()).await;
        installation.database_url = installation.text("/database_url");
        installation
    }

    async fn up(mut command: Command, database_url: String) -> Self {
        let folder = tempfile::Builder::new().prefix("oneway-e2e-").tempdir().unwrap();
        make_traversable(folder.path());
        let output = fs::File::create(folder.path().join("up.log")).unwrap();
        let up = command
            .arg("--state")
            .arg(folder.path().join("state"))
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut installation = Self { folder, up, http: reqwest::Client::new(), database_url };
        installation.wait_until_up().await;
        installation
    }

    async fn wait_until_up(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(180);
        while !self.stack_file().exists() {
            let ended = self.up.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "not up: {}", self.output());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn stack_file(&self) -> PathBuf {
        self.folder.path().join("state/stack.json")
    }

    /// The state folder, for further `oneway` commands.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What `up` has told so far.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(self.folder.path().join("up.log")).unwrap_or_default()
    }

    /// `stack.json` as it is now.
    #[must_use]
    pub fn stack(&self) -> Value {
        serde_json::from_slice(&fs::read(self.stack_file()).unwrap()).unwrap()
    }

    fn text(&self, pointer: &str) -> String {
        let stack = self.stack();
        let value = stack.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no {pointer} in {stack}")).to_owned()
    }

    /// Settings to look into its topics.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let namespace = Namespace::new(&self.text("/namespace")).unwrap();
        self.settings_as(&self.client_environment(), namespace)
    }

    /// The variables by which the command-line tool says who it is; none where everybody is let in.
    #[must_use]
    pub fn client_environment(&self) -> HashMap<String, String> {
        let stack = self.stack();
        let variables = stack.get("client_environment").cloned();
        variables.map(|variables| serde_json::from_value(variables).unwrap()).unwrap_or_default()
    }

    /// Settings of whom some variables name.
    #[must_use]
    pub fn settings_as(&self, who: &HashMap<String, String>, namespace: Namespace) -> Settings {
        let env = Env::new("test", who.clone());
        let (security, registry_access) = (Security::from_env(&env), Access::from_env(&env));
        env.finish().unwrap();
        let (brokers, registry) = (self.text("/kafka_brokers"), self.text("/schema_registry_url"));
        Settings { security, registry_access, ..Settings::new(&brokers, &registry, namespace) }
    }

    /// URL of a path of a service.
    #[must_use]
    pub fn url(&self, service: &str, path: &str) -> String {
        format!("{}{path}", self.text(&format!("/services/{service}/url")).trim_end_matches('/'))
    }

    /// URL of a path of a service's admin port.
    #[must_use]
    pub fn admin_url(&self, service: &str, path: &str) -> String {
        let url = self.text(&format!("/services/{service}/admin_url"));
        format!("{}{path}", url.trim_end_matches('/'))
    }

    /// What a service logged.
    #[must_use]
    pub fn log(&self, service: &str) -> String {
        let path = self.text(&format!("/services/{service}/log"));
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Process id of a service, or of a part of the infrastructure; waits while it is restarted.
    pub async fn pid(&self, name: &str) -> i32 {
        let look = async || {
            let stack = self.stack();
            let of = |group: &str| stack.pointer(&format!("/{group}/{name}/pid"))?.as_i64();
            of("services").or_else(|| of("infrastructure"))
        };
        let pid = eventually(&format!("{name} to have a process"), look, Option::is_some).await;
        pid.and_then(|pid| i32::try_from(pid).ok()).unwrap()
    }

    /// How often a service was started again.
    #[must_use]
    pub fn restarts(&self, service: &str) -> u64 {
        let stack = self.stack();
        stack.pointer(&format!("/services/{service}/restarts")).and_then(Value::as_u64).unwrap()
    }

    /// Sends a signal to a process of the installation.
    pub async fn signal(&self, name: &str, signal: Signal) {
        // It may have died of its own in between: then there is nothing to hurt.
        let _ = kill(Pid::from_raw(self.pid(name).await), signal);
    }

    /// Kills a service without warning and waits until its successor is ready.
    pub async fn kill(&self, service: &str) {
        let before = self.restarts(service);
        self.signal(service, Signal::SIGKILL).await;
        let restarts = async || self.restarts(service);
        eventually(&format!("{service} to be restarted"), restarts, |now| *now > before).await;
        self.ready(service).await;
    }

    /// Waits until a service is ready.
    pub async fn ready(&self, service: &str) {
        let look = async || {
            let answer = self.http.get(self.admin_url(service, "/health/ready")).send().await;
            match answer {
                Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
                Err(error) => (0, error.to_string()),
            }
        };
        eventually(&format!("{service} to be ready"), look, |(status, _)| *status == 200).await;
    }

    /// Gets JSON from a service.
    pub async fn get(&self, service: &str, path: &str) -> (u16, Value) {
        let answer = self.http.get(self.url(service, path)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Posts JSON to a service.
    pub async fn post(&self, service: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(self.url(service, path)).body(body.to_string());
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// A connection to the services' database.
    pub async fn database(&self) -> tokio_postgres::Client {
        connect(&self.database_url).await
    }

    /// Runs a further `oneway` command to its end; exit code, and what it printed and told.
    pub async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.oneway();
        command.args(arguments);
        let run = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = run.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// A further `oneway` command on this installation.
    #[must_use]
    pub fn oneway(&self) -> Command {
        let mut command = Command::new(binary("oneway"));
        command
            .arg("--state")
            .arg(self.state())
            .env_remove("KAFKA_BROKERS")
            .env_remove("SCHEMA_REGISTRY_URL")
            .env_remove("DATABASE_URL");
        command
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the installation said:\n{}", self.output());
            let services = self.stack_file().exists().then(|| self.stack()["services"].clone());
            for service in services.iter().filter_map(Value::as_object).flat_map(|s| s.keys()) {
                let text = self.log(service);
                let lines: Vec<_> = text.lines().collect();
                let tail = &lines[lines.len().saturating_sub(20)..];
                eprintln!("--- {service}\n{}", tail.join("\n"));
            }
        }
        if let Ok(pid) = i32::try_from(self.up.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.up.wait();
    }
}

/// The Postgres of a stack that root starts runs as another user, who must be able to get there.
pub fn make_traversable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

async fn create_database(server: &str, name: &str) -> String {
    let client = connect(server).await;
    client.batch_execute(&format!("create database {name}")).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

async fn connect(url: &str) -> tokio_postgres::Client {
    url.parse::<Server>().unwrap().connect().await.unwrap()
}
