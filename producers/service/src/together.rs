//! Several roles in one process, for small machines and demos. Each has what it has in a process of
//! its own: settings, a runtime whose threads wear its [badge](crate::badge), an admin port with its
//! health and its metrics. They share memory, the log and the end: when one ends, for whatever
//! reason, the others drain, and the process ends with its exit code.

use std::{
    collections::BTreeSet, io, net::SocketAddr, num::NonZeroUsize, pin::pin, process::ExitCode,
    thread,
};

use anyhow::anyhow;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{runtime, sync::oneshot};

use crate::{
    badge::Badge,
    clock,
    env::{BadEnvironment, Env},
    lifeline::Lifeline,
    logging, metrics,
    role::{Buckets, Role, Work},
    shell::{
        Failure, Life, admin_of, block_on, explain, log_of, report, signals, tell_health,
        try_to_raise_file_limit,
    },
    shutdown::Shutdown,
    trace,
};

/// Threads of each runtime, at most: there are as many runtimes as roles.
const THREADS: usize = 2;

/// How a role ended.
type End = Result<(), Failure>;

/// A role that is ready to work.
struct Part {
    name: &'static str,
    admin: SocketAddr,
    lifeline: Lifeline,
    traces: Option<trace::Settings>,
    buckets: Option<Buckets>,
    work: Work,
}

/// What the environment says to all of them.
struct Said {
    parts: Vec<Part>,
    asked: BTreeSet<String>,
    /// Each once, whoever met it.
    problems: Vec<String>,
}

/// Runs roles until the first of them ends, or all are asked to stop. `<NAME>_SERVICES` chooses
/// some of them; without it they are all but those that are optional.
pub fn run(name: &'static str, roles: Vec<Role>) -> ExitCode {
    let env = Env::of_process(name);
    if let Some(argument) = std::env::args().nth(1) {
        if argument == "--health" {
            let parts = Said::by(env, roles, Role::is_optional).parts.into_iter();
            return tell_health(parts.map(|part| (part.name, part.admin)));
        }
        return explain(name, &argument, || Said::by(env, roles, |_| false).asked);
    }
    let ((format, filter), ahead) = (log_of(&env), clock::offset_of(&env));
    let _log = logging::init(format, filter.as_deref());
    clock::move_by(ahead);
    let Said { parts, problems, .. } = Said::by(env, roles, Role::is_optional);
    if !problems.is_empty() {
        return report(name, &Err(BadEnvironment(problems).into()));
    }
    try_to_raise_file_limit();
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Internal(error.into()));
    report(name, &runtime.and_then(|runtime| runtime.block_on(work(parts))))
}

impl Said {
    /// Some are left out unless they are named.
    fn by(env: Env, roles: Vec<Role>, is_left_out: impl Fn(&Role) -> bool) -> Self {
        log_of(&env);
        clock::offset_of(&env);
        let names: Vec<_> = roles.iter().map(Role::name).collect();
        let chosen = choice(&env, &names).unwrap_or_else(|| {
            roles.iter().filter(|role| !is_left_out(role)).map(Role::name).collect()
        });
        let mut said = Self { parts: Vec::new(), asked: BTreeSet::new(), problems: Vec::new() };
        for role in roles.into_iter().filter(|role| chosen.contains(&role.name())) {
            let (name, env) = (role.name(), Env::of_role(role.name()));
            let (admin, lifeline) = (admin_of(&env), env.lifeline());
            let traces = trace::Settings::from_env(&env);
            let (buckets, work) = (role.buckets(), role.configure(&env));
            said.parts.push(Part { name, admin, lifeline, traces, buckets, work });
            said.hear(env);
        }
        said.hear(env);
        said
    }

    fn hear(&mut self, env: Env) {
        self.asked.extend(env.asked());
        let Err(BadEnvironment(problems)) = env.finish() else { return };
        for problem in problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}

/// The roles that the process's own variable names; none when it is not set.
fn choice<'a>(env: &Env, all: &[&'a str]) -> Option<Vec<&'a str>> {
    let own = env.own("SERVICES");
    let text = env.optional(&own)?;
    let wanted: Vec<_> = text.split(',').map(str::trim).collect();
    if wanted.iter().any(|name| !all.contains(name)) {
        env.problem(format!("{own} is malformed (list some of {}, with commas)", all.join(",")));
    }
    Some(all.iter().copied().filter(|name| wanted.contains(name)).collect())
}

/// Has all work until the end of the last. The first failure is that of the process.
async fn work(parts: Vec<Part>) -> End {
    let (trigger, shutdown) = Shutdown::new();
    let mut working = FuturesUnordered::new();
    for Part { name, admin, lifeline, traces, buckets, work } in parts {
        let recorder = metrics::recorder(buckets);
        let recorder = recorder.map_err(|error| Failure::Internal(error.into()))?.build_recorder();
        let (metrics, shutdown) = (Some(recorder.handle()), shutdown.clone());
        let life = Life { name, admin, lifeline, metrics, traces, shutdown };
        let end = start(Badge::new(name, recorder), life, work);
        let end = end.map_err(|error| Failure::Internal(error.into()))?;
        let panicked = move |_| Err(Failure::Internal(anyhow!("it ended in a panic")));
        working.push(async move { (name, end.await.unwrap_or_else(panicked)) });
    }
    let mut first = Ok(());
    let mut asked = pin!(signals(&trigger));
    let mut is_asked = false;
    loop {
        tokio::select! {
            ended = working.next() => {
                let Some((name, end)) = ended else { return first };
                trigger.fire();
                first = first.and(end.map_err(|failure| failure.of(name)));
            }
            heard = &mut asked, if !is_asked => {
                heard?;
                is_asked = true;
            }
        }
    }
}

/// Has a role work, on a thread of its own and on those of its runtime.
fn start(badge: Badge, life: Life, work: Work) -> io::Result<oneshot::Receiver<End>> {
    let (tell, end) = oneshot::channel();
    let name = life.name;
    let live = move || {
        let threads = thread::available_parallelism().map_or(THREADS, NonZeroUsize::get);
        let mut runtime = runtime::Builder::new_multi_thread();
        runtime
            .worker_threads(threads.min(THREADS))
            .thread_name(name)
            .on_thread_start(move || badge.put_on())
            .on_thread_stop(move || badge.take_off());
        let end = block_on(runtime, life.live(work));
        report(name, &end);
        // Nobody waits only when the process is on its way out.
        let _ = tell.send(end);
    };
    thread::Builder::new().name(name.to_owned()).spawn(move || badge.within(live))?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn who_is_optional_works_when_named() {
        let roles = || {
            let role = |name| Role::new(name, |_| (), async |_, ()| Ok(()));
            vec![role("api"), role("canary").optional()]
        };
        let names = |said: Said| said.parts.iter().map(|part| part.name).collect::<Vec<_>>();
        let by = |services| names(Said::by(env(services), roles(), Role::is_optional));
        assert_eq!(by(""), ["api"]);
        assert_eq!(by("canary"), ["canary"]);
        assert_eq!(names(Said::by(env(""), roles(), |_| false)), ["api", "canary"]);
    }

    fn env(services: &str) -> Env {
        let variables = [("ALL_IN_ONE_SERVICES".to_owned(), services.to_owned())];
        Env::new("all-in-one", HashMap::from(variables))
    }

    #[test]
    fn some_are_chosen_in_their_order() {
        let all = ["api", "orders", "customers"];
        assert_eq!(choice(&env(""), &all), None);
        assert_eq!(choice(&env("customers, api"), &all), Some(vec!["api", "customers"]));
        let env = env("api,oders");
        choice(&env, &all);
        let problem = env.finish().unwrap_err().to_string();
        let wanted = "ALL_IN_ONE_SERVICES is malformed (list some of api,orders,customers, with";
        assert!(problem.contains(wanted), "{problem}");
    }
}
