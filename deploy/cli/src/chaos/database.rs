//! What is done to Postgres: by signals to its processes, and by sessions that are in the way of
//! others.
//!
//! A session ends early when another fault ends the server: then there is nothing more to hurt.

use std::{process::Command, time::Duration};

use consumer_runtime::Server as Postgres;
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

use crate::{
    failure::{Failure, Result},
    stack::process::Identity,
};

/// More connections than any server here allows.
const CROWD: usize = 400;

/// How often a full server is asked for one more connection.
const KNOCK: Duration = Duration::from_millis(100);

/// Longest wait for a connection, or for an answer of a session that has nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tables that somebody may lock: those of the read models, and the outbox.
const TABLES: [&str; 7] = [
    "orders.customer_order",
    "orders.customer",
    "customers.customer",
    "customer_classifier.customer_order",
    "customer_classifier.customer",
    "customer_classifier.classification_change",
    "customer_classifier.outbox",
];

/// Schemas of the read models. Also the names of the consumers' sessions.
pub const SCHEMAS: [&str; 3] = ["orders", "customers", "customer_classifier"];

/// Ends the connections of the consumers.
const CUT: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where usename = current_user and application_name = any($1)";

/// A server by its main process.
#[derive(Clone, Debug)]
pub struct Server(pub Identity);

impl Server {
    /// Asks it to end all connections and to stop.
    pub fn stop(&self) -> Result<()> {
        self.send(Signal::SIGINT)
    }

    /// Kills all of its processes, the main one first, so that it starts no others.
    pub fn kill(&self) -> Result<()> {
        let others = self.others();
        self.send(Signal::SIGKILL)?;
        all(&others, Signal::SIGKILL)
    }

    /// Lets all of its processes stand still for some time.
    pub async fn freeze(self, time: Duration) -> Result<()> {
        let frozen = Frozen(self);
        frozen.0.send(Signal::SIGSTOP)?;
        all(&frozen.0.others(), Signal::SIGSTOP)?;
        sleep(time).await;
        Ok(())
    }

    fn send(&self, signal: Signal) -> Result<()> {
        all(std::slice::from_ref(&self.0), signal)
    }

    /// The processes that it started. Each is a group of its own, so that no signal reaches all.
    fn others(&self) -> Vec<Identity> {
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
        // Without the list, or with nothing in it, the main process alone is hurt.
        let listed = listed.map(|output| output.stdout).unwrap_or_default();
        let listed = String::from_utf8_lossy(&listed);
        children(&listed, self.0.pid).filter_map(Identity::of).collect()
    }
}

/// A server that stands still for as long as this lives: also when a run is interrupted, since
/// nothing else would ever wake its processes, or find them.
struct Frozen(Server);

impl Drop for Frozen {
    fn drop(&mut self) {
        // Who cannot be woken has ended.
        let _ = all(&self.0.others(), Signal::SIGCONT);
        let _ = self.0.send(Signal::SIGCONT);
    }
}

/// The children of a process, as `ps` lists them.
fn children(listed: &str, parent: u32) -> impl Iterator<Item = u32> {
    listed.lines().filter_map(move |line| {
        let (pid, of) = line.trim().split_once(char::is_whitespace)?;
        (of.trim().parse() == Ok(parent)).then(|| pid.parse().ok()).flatten()
    })
}

fn all(processes: &[Identity], signal: Signal) -> Result<()> {
    for process in processes {
        // It may have ended meanwhile.
        process.signal(signal).map_err(|error| Failure::Internal(error.into()))?;
    }
    Ok(())
}

/// Opens a session as a person would.
///
/// # Errors
/// When the server does not let anybody in.
pub async fn session(server: &Postgres) -> Result<Client, tokio_postgres::Error> {
    let somebody = server.with(|config| {
        config.application_name("somebody").connect_timeout(PATIENCE);
    });
    somebody.connect().await
}

/// Takes every connection that there is, and cuts those of the consumers, whose places are taken
/// too.
pub async fn fill(server: Postgres, time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    // Frozen servers let nobody in and refuse nobody, so that each wait has its limit.
    let Ok(Ok(first)) = timeout(PATIENCE, session(&server)).await else { return Ok(()) };
    let (mut crowd, mut cut) = (vec![], false);
    while Instant::now() < end {
        match timeout(PATIENCE, session(&server)).await {
            Ok(Ok(one)) if crowd.len() < CROWD => crowd.push(one),
            _ if !cut => {
                let names = SCHEMAS.as_slice();
                cut = matches!(timeout(PATIENCE, first.query(CUT, &[&names])).await, Ok(Ok(_)));
            }
            _ => sleep(KNOCK).await,
        }
    }
    Ok(())
}

/// Locks one of the tables.
pub async fn lock_table(server: Postgres, which: usize, time: Duration) -> Result<()> {
    let table = pick(&TABLES, which);
    hold(&server, &format!("lock table {table} in access exclusive mode"), time).await
}

/// Locks the offsets of one of four partitions.
pub async fn lock_offset(server: Postgres, which: usize, time: Duration) -> Result<()> {
    let (schema, partition) = (pick(&SCHEMAS, which), (which / SCHEMAS.len()) % 4);
    let sql =
        format!("select from {schema}.consumer_offset where partition = {partition} for update");
    hold(&server, &sql, time).await
}

fn pick<'a>(names: &[&'a str], which: usize) -> &'a str {
    let index = which.checked_rem(names.len());
    index.and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// Takes a lock, and ends its transaction after some time.
async fn hold(server: &Postgres, sql: &str, time: Duration) -> Result<()> {
    let held = async {
        let client = session(server).await?;
        // It waits for its turn, and everybody else behind it.
        client.batch_execute(&format!("begin; set local lock_timeout = '10s'; {sql}")).await?;
        sleep(time).await;
        client.batch_execute("rollback").await
    };
    // A session that ended early is no failure of ours.
    let _ = timeout(time + PATIENCE * 3, held).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_a_process() {
        let listed = "    1     0\n  42     1\n  43    42\n   44   42\n  445   442\n";
        assert_eq!(children(listed, 42).collect::<Vec<_>>(), [43, 44]);
        assert_eq!(children("", 42).count(), 0);
    }

    #[test]
    fn victims_are_picked_by_number() {
        assert_eq!(pick(&SCHEMAS, 4), "customers");
        assert_eq!(pick(&[], 4), "");
    }
}
