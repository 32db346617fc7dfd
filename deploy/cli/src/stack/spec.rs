//! How to run a process of the stack.

use std::{fmt, io, path::PathBuf, process::Stdio};

use tokio::process::{Child, Command};

use crate::{
    stack::{account::Account, folder::StateFolder, ledger::Kind, logs},
    workspace::Workspace,
};

/// Tells a process of this command that it is the supervisor in the background. Its children, which
/// may run this command themselves, must not take it for theirs.
pub const MARK: &str = "ONEWAY_DETACHED";

/// How to run a process. Shows no variable: some are secrets.
pub struct Spec {
    /// Its name in the stack.
    pub name: String,
    pub kind: Kind,
    pub program: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Whether it gets nothing of our own environment.
    pub clear_env: bool,
    /// Where it runs.
    pub folder: PathBuf,
    /// Under which account; none for our own.
    pub run_as: Option<Account>,
    /// Where its output is appended.
    pub log: PathBuf,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("name", &self.name)
            .field("program", &self.program)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

impl Spec {
    /// That of a service, which runs in the workspace and inherits our environment.
    pub fn of_service(
        workspace: &Workspace,
        folder: &StateFolder,
        name: String,
        program: PathBuf,
        env: Vec<(String, String)>,
    ) -> Self {
        Self {
            kind: Kind::Service,
            program,
            args: Vec::new(),
            env,
            clear_env: false,
            folder: workspace.root().to_owned(),
            run_as: None,
            log: folder.log(&name),
            name,
        }
    }

    /// Starts it, and tells its pid.
    pub fn spawn(&self) -> io::Result<(Child, u32)> {
        let Spec { program, args, env, clear_env, folder, run_as, log, .. } = self;
        let output = logs::open(log).map_err(|error| {
            io::Error::other(format!("cannot open its log {}: {error}", log.display()))
        })?;
        let mut command = Command::new(program);
        if *clear_env {
            command.env_clear();
        }
        command
            .args(args)
            .envs(env.iter().map(|(name, value)| (name, value)))
            .env_remove(MARK)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            // Ctrl-C at the terminal is for the supervisor alone, which stops all in order.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(account) = run_as {
            command.uid(account.uid).gid(account.gid);
        }
        let child = command.spawn()?;
        let pid = child.id().ok_or_else(|| io::Error::other("it has no pid"))?;
        Ok((child, pid))
    }
}
