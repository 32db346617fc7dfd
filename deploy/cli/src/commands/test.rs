//! `oneway test`: every test, on a stack of its own.

use std::{
    ffi::OsString,
    num::NonZeroUsize,
    process::{ExitCode, ExitStatus},
};

use clap::Args;

use crate::{
    cargo,
    failure::{Failure, Result},
    report::Report,
    stack::{
        all_in_one, build, catalog,
        document::Stack,
        folder::StateFolder,
        page,
        plan::{Existing, Plan, Scale},
        ports::Policy,
        run::{Ground, Running},
        signals::Signals,
        temporary::Temporary,
    },
    workspace::Workspace,
};

/// How the folders of test stacks begin, so that those of killed runs are found again.
const PREFIX: &str = "oneway-test-";

/// How many tests run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// Run all tests on a stack of their own
#[derive(Debug, Args)]
#[command(
    long_about = "Run all tests on a stack of their own\n\n\
    Builds the services, starts Kafka, the schema registry and Postgres on free ports with their \
    data in a temporary folder, runs `cargo test --workspace` and deletes everything again. The \
    tests find the stack by ONEWAY_TEST_STACK (the path of its stack.json), KAFKA_BROKERS, \
    SCHEMA_REGISTRY_URL and DATABASE_URL; those of the latter three that are set already name \
    existing servers, which are used instead. Exits with what cargo exits with.",
    after_help = "Examples:\n  cargo oneway test\n  cargo oneway test -p orders\n  \
    cargo oneway test --test restart -- --nocapture"
)]
pub struct Options {
    /// What cargo test is given, such as `-p orders` or `--test restart -- --nocapture`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub cargo: Vec<String>,
}

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<ExitCode> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let existing = Existing::of_environment();
    existing.announce(&report);
    let (plan, _reservation) =
        Plan::make(&existing, Vec::new(), &Scale::new(), Policy::Auto, &workspace.ports())?;
    page::build(workspace, &services, &report, &mut signals).await?;
    let names = services.iter().map(|service| service.name.as_str()).chain([all_in_one::NAME]);
    let names: Vec<_> = names.collect();
    build::announced(workspace, &names, false, &report, &mut signals).await?;
    let temporary = Temporary::create(PREFIX, &report).await?;
    let folder = temporary.folder();
    let running = Running::begin(folder, folder.lock()?, plan.document(folder, ""), report)?;
    let tests = Tests { options, workspace, folder, plan: &plan };
    let result = tests.run(running, &mut signals).await;
    let deleted = temporary.delete();
    let code = result?;
    deleted.map(|()| code)
}

struct Tests<'a> {
    options: &'a Options,
    workspace: &'a Workspace,
    folder: &'a StateFolder,
    plan: &'a Plan,
}

impl Tests<'_> {
    async fn run(&self, mut running: Running, signals: &mut Signals) -> Result<ExitCode> {
        let Self { workspace, folder, plan, .. } = *self;
        let ground = Ground { workspace, folder, ephemeral: true, secure: None };
        let started = tokio::select! {
            started = running.start_infrastructure(plan, ground) => started,
            () = signals.next() => Err(Failure::Interrupted),
        };
        let result = match started.and_then(|()| running.publish()) {
            Ok(stack) => self.cargo_test(&stack, signals).await,
            Err(failure) => Err(failure),
        };
        let stopped = running.stop(signals).await;
        let code = result?;
        stopped.map(|()| code)
    }

    async fn cargo_test(&self, stack: &Stack, signals: &mut Signals) -> Result<ExitCode> {
        let mut command = self.workspace.cargo();
        command
            .args(cargo_arguments(&self.options.cargo))
            .env("ONEWAY_TEST_STACK", self.folder.stack_file())
            .env("KAFKA_BROKERS", &stack.kafka_brokers)
            .env("SCHEMA_REGISTRY_URL", &stack.schema_registry_url)
            .env("DATABASE_URL", &stack.database_url);
        if std::env::var_os(THREADS).is_none() {
            command.env(THREADS, threads().to_string());
        }
        cargo::run(command, signals).await.map(exit_code)
    }
}

/// Half as many again as there are cores: most tests wait for others most of the time.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    cores + cores.div_ceil(2)
}

/// All of the workspace, unless the arguments name packages.
fn cargo_arguments(given: &[String]) -> Vec<OsString> {
    let for_cargo = given.iter().take_while(|argument| *argument != "--");
    let names_package = |argument: &String| {
        argument.starts_with("-p") || argument == "--package" || argument.starts_with("--package=")
    };
    let whole = !for_cargo.into_iter().any(names_package);
    let first = ["test"].into_iter().chain(whole.then_some("--workspace"));
    first.map(OsString::from).chain(given.iter().map(OsString::from)).collect()
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or_else(|| Failure::Interrupted.exit_code(), ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_workspace_unless_a_package_is_named() {
        let arguments = |given: &[&str]| {
            let given: Vec<_> = given.iter().map(|argument| (*argument).to_owned()).collect();
            cargo_arguments(&given)
        };
        assert_eq!(arguments(&[]), ["test", "--workspace"]);
        assert_eq!(arguments(&["-p", "orders"]), ["test", "-p", "orders"]);
        assert_eq!(arguments(&["--", "-p"]), ["test", "--workspace", "--", "-p"]);
    }
}
