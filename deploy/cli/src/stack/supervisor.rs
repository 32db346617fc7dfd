//! Keeps one process alive: starts it, starts it again with back-off when it dies, stops it when
//! asked to, first politely and then for good.

use std::{io, path::PathBuf, process::ExitStatus, sync::Arc, time::Duration};

use tokio::{
    process::Child,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    report::Report,
    stack::{backoff::Backoff, ledger::Kind, logs, process, records::Records, spec::Spec},
};

/// Exit code of a process that was set up wrongly: starting it again cannot help.
const BAD_CONFIGURATION: i32 = 64;

/// How a supervised process is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is about to be started for the first time.
    New,
    /// It runs.
    Running,
    /// It ended, in some way and for some time in a row, and will be started again.
    Waiting(String, u32),
    /// It ended in a way that starting it again cannot mend.
    GivenUp(String),
    /// It was asked to stop, and did.
    Stopped,
}

/// How a process is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    No,
    /// Politely, and for good after its time limit.
    Gently,
    /// For good.
    Now,
}

/// A process under supervision.
#[derive(Debug)]
pub struct Supervised {
    pub name: String,
    pub kind: Kind,
    pub log: PathBuf,
    /// Where its output begins in the log.
    pub log_begin: u64,
    pub state: watch::Receiver<State>,
    stop: watch::Sender<Stop>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts a process and keeps it alive.
    pub fn start(spec: Spec, records: Arc<Records>, report: Report) -> Self {
        let (stop, asked) = watch::channel(Stop::No);
        let (tell, state) = watch::channel(State::New);
        let (name, kind, log) = (spec.name.clone(), spec.kind, spec.log.clone());
        let log_begin = logs::end(&log);
        let keeper = Keeper { spec, records, report, asked, tell };
        Self { name, kind, log, log_begin, state, stop, task: tokio::spawn(keeper.keep_alive()) }
    }

    /// Asks it to stop; a stronger wish replaces a weaker one.
    pub fn ask_to_stop(&self, how: Stop) {
        self.stop.send_if_modified(|now| {
            let stronger = how > *now;
            if stronger {
                *now = how;
            }
            stronger
        });
    }

    /// Waits until it has stopped, as asked before.
    pub async fn stopped(&self) {
        // An error is a panic of the task; the child was killed then, when its handle was dropped.
        let _ = self.state.clone().wait_for(|state| *state == State::Stopped).await;
    }

    /// Ends the supervision of a process that has stopped.
    pub async fn finish(self) {
        if let Err(error) = self.task.await {
            crate::report::error(&format_args!("the supervision of {} failed: {error}", self.name));
        }
    }
}

struct Keeper {
    spec: Spec,
    records: Arc<Records>,
    report: Report,
    asked: watch::Receiver<Stop>,
    tell: watch::Sender<State>,
}

/// How one life of a process ended.
enum End {
    Asked,
    ByItself(ExitStatus),
    NeverBegan(io::Error),
}

impl Keeper {
    async fn keep_alive(mut self) {
        let mut backoff = Backoff::new();
        let mut restarts = 0;
        loop {
            let began = Instant::now();
            let how = match self.live(restarts).await {
                End::Asked => break,
                End::ByItself(status) if status.code() == Some(BAD_CONFIGURATION) => {
                    self.give_up(&how_it_ended(status)).await;
                    break;
                }
                End::ByItself(status) => how_it_ended(status),
                End::NeverBegan(error) => {
                    format!("cannot run {}: {error}", self.spec.program.display())
                }
            };
            let wait = backoff.after(began.elapsed());
            restarts += 1;
            self.report.note(format_args!(
                "{} ended by itself ({how}); starting it again in {wait:?}, restart {restarts}; its \
                 log is {}",
                self.spec.name,
                self.spec.log.display()
            ));
            self.note_end(&how);
            self.tell.send_replace(State::Waiting(how, restarts));
            tokio::select! {
                () = sleep(wait) => {}
                () = asked_to_stop(&mut self.asked, Stop::Gently) => break,
            }
        }
        self.tell.send_replace(State::Stopped);
    }

    /// Runs it once.
    async fn live(&mut self, restarts: u32) -> End {
        if *self.asked.borrow() != Stop::No {
            return End::Asked;
        }
        let (mut child, pid) = match self.spec.spawn() {
            Ok(started) => started,
            Err(error) => return End::NeverBegan(error),
        };
        if let Err(error) = self.records.started(&self.spec.name, self.spec.kind, pid, restarts) {
            self.report
                .note(format_args!("cannot record the start of {}: {error}", self.spec.name));
        }
        self.tell.send_replace(State::Running);
        let ended = tokio::select! {
            status = child.wait() => Some(status),
            () = asked_to_stop(&mut self.asked, Stop::Gently) => None,
        };
        let end = match ended {
            Some(Ok(status)) => End::ByItself(status),
            Some(Err(error)) => End::NeverBegan(error),
            None => {
                self.end(&mut child, pid).await;
                self.note_end("stopped");
                End::Asked
            }
        };
        // What it may have started itself must not outlive it. The group has its leader's number,
        // which nobody else can get while a member is left.
        let _ = process::kill_group(pid);
        end
    }

    /// Ends a running child: asks it, waits for its time limit or until patience ends, kills it.
    async fn end(&mut self, child: &mut Child, pid: u32) {
        let Spec { name, kind, .. } = &self.spec;
        if *self.asked.borrow() == Stop::Gently {
            // Not reaped yet, so that the pid is still its own.
            let _ = process::signal_child(pid, kind.stop_signal());
            let exit = timeout(kind.stop_limit(), child.wait());
            tokio::select! {
                ended = exit => match ended {
                    Ok(_) => return,
                    Err(_) => self.report.note(format_args!(
                        "{name} did not stop within {:?}: killing it", kind.stop_limit()
                    )),
                },
                () = asked_to_stop(&mut self.asked, Stop::Now) => {}
            }
        }
        let _ = process::kill_group(pid);
        // Even a kill may take its time, but not for ever.
        let _ = timeout(Duration::from_secs(5), child.wait()).await;
    }

    async fn give_up(&mut self, how: &str) {
        self.report.note(format_args!(
            "{} is set up wrongly ({how}) and not started again; its log {} says why",
            self.spec.name,
            self.spec.log.display()
        ));
        self.note_end(how);
        self.tell.send_replace(State::GivenUp(how.to_owned()));
        asked_to_stop(&mut self.asked, Stop::Gently).await;
    }

    fn note_end(&self, how: &str) {
        if let Err(error) = self.records.ended(&self.spec.name, how) {
            self.report.note(format_args!("cannot record the end of {}: {error}", self.spec.name));
        }
    }
}

async fn asked_to_stop(asked: &mut watch::Receiver<Stop>, how: Stop) {
    // The sender gone means that nobody supervises any more: that is a wish to stop, too.
    let _ = asked.wait_for(|now| *now >= how).await;
}

fn how_it_ended(status: ExitStatus) -> String {
    // "exit status: 70", "signal: 9 (SIGKILL)"
    status.to_string()
}

#[cfg(test)]
mod tests {
    use crate::stack::{
        document::{self, Stack},
        folder::StateFolder,
        ledger::Ledger,
        process::Identity,
    };

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A state folder with one service called `part`.
    struct Bench {
        base: tempfile::TempDir,
        folder: StateFolder,
        records: Arc<Records>,
    }

    impl Bench {
        fn new() -> Self {
            let base = tempfile::tempdir().unwrap();
            let folder = StateFolder::open_or_create(&base.path().join("state")).unwrap();
            let log = folder.log("part");
            let stack = serde_json::json!({
                "kafka_brokers": "", "schema_registry_url": "", "database_url": "",
                "namespace": "", "state_dir": "", "supervisor_pid": 1, "infrastructure": {},
                "services": {"part": {
                    "url": null, "admin_url": "", "pid": null, "log": log, "restarts": 0,
                    "last_exit": null
                }}
            });
            let stack: Stack = serde_json::from_value(stack).unwrap();
            let records = Arc::new(Records::begin(&folder, stack).unwrap());
            records.publish().unwrap();
            Self { base, folder, records }
        }

        fn start(&self, script: &str) -> Supervised {
            let spec = Spec {
                name: "part".into(),
                kind: Kind::Service,
                program: "/bin/sh".into(),
                args: vec!["-c".into(), script.into()],
                env: Vec::new(),
                clear_env: false,
                folder: self.base.path().to_owned(),
                run_as: None,
                log: self.folder.log("part"),
            };
            Supervised::start(spec, Arc::clone(&self.records), Report::new())
        }

        fn process(&self) -> document::Process {
            let stack: Option<Stack> = document::read(&self.folder.stack_file()).unwrap();
            stack.unwrap().services["part"].process.clone()
        }

        async fn stop(&self, part: Supervised, how: Stop) {
            part.ask_to_stop(how);
            timeout(SOON, part.stopped()).await.expect("it stops in time");
            part.finish().await;
            assert_eq!(Ledger::read(&self.folder.ledger_file()).unwrap().processes, []);
        }
    }

    async fn becomes(part: &Supervised, wanted: impl FnMut(&State) -> bool) -> State {
        let mut state = part.state.clone();
        timeout(SOON, state.wait_for(wanted)).await.expect("in time").unwrap().clone()
    }

    #[tokio::test]
    async fn what_dies_is_started_again_and_counted() {
        let bench = Bench::new();
        let part = bench.start("echo hello; exit 70");
        let state = becomes(&part, |state| matches!(state, State::Waiting(_, 2))).await;
        assert_eq!(state, State::Waiting("exit status: 70".into(), 2));
        becomes(&part, |state| matches!(state, State::Waiting(_, 3))).await;
        let process = bench.process();
        assert_eq!((process.restarts, process.pid), (2, None));
        assert_eq!(process.last_exit.as_deref(), Some("exit status: 70"));
        assert_eq!(logs::last_lines(&part.log, 0, 9), "hello\nhello\nhello");
        bench.stop(part, Stop::Gently).await;
    }

    #[tokio::test]
    async fn bad_configuration_is_not_started_again() {
        let bench = Bench::new();
        let part = bench.start("exit 64");
        let state = becomes(&part, |state| matches!(state, State::GivenUp(_))).await;
        assert_eq!(state, State::GivenUp("exit status: 64".into()));
        assert_eq!(bench.process().restarts, 0);
        bench.stop(part, Stop::Gently).await;
    }

    #[tokio::test]
    async fn stops_politely() {
        let bench = Bench::new();
        let part =
            bench.start("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
        let up = async || logs::last_lines(&part.log, 0, 1).eq("up").then_some(());
        timeout(SOON, crate::stack::readiness::until_some(up)).await.expect("it starts");
        let pid = bench.process().pid.unwrap();
        let identity = Identity::of(pid).unwrap();
        let log = part.log.clone();
        bench.stop(part, Stop::Gently).await;
        assert_eq!(logs::last_lines(&log, 0, 1), "bye");
        assert!(!identity.is_alive());
    }

    #[tokio::test]
    async fn what_does_not_listen_is_killed_with_its_children() {
        let bench = Bench::new();
        let part = bench.start("trap '' TERM; sleep 600 & echo $!; wait; sleep 600");
        let child = async || logs::last_lines(&part.log, 0, 1).parse().ok().and_then(Identity::of);
        let child = timeout(SOON, crate::stack::readiness::until_some(child)).await;
        let child = child.expect("it starts its child");
        part.ask_to_stop(Stop::Gently);
        bench.stop(part, Stop::Now).await;
        assert!(child.gone_within(SOON).await);
    }

    #[tokio::test]
    async fn what_cannot_be_run_is_said() {
        let bench = Bench::new();
        std::fs::remove_dir_all(bench.folder.logs()).unwrap();
        let part = bench.start("exit 0");
        let state = becomes(&part, |state| matches!(state, State::Waiting(..))).await;
        let State::Waiting(how, _) = state else { unreachable!() };
        assert!(how.starts_with("cannot run /bin/sh: cannot open its log"), "{how}");
        bench.stop(part, Stop::Gently).await;
    }
}
