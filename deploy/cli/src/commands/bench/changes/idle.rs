//! Clients on whose streams nothing comes but heartbeats.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use super::stream::Clients;
use crate::failure::{Failure, Result};

/// Clients that connect at the same time.
const AT_ONCE: usize = 200;

/// Longest time until each has heard of the notifier: four heartbeats.
const LIMIT: Duration = Duration::from_mins(1);

/// A read model that nobody changes.
const NOTHING: &str = "nobody/nothing";

/// So many clients, each read by a task.
#[derive(Debug)]
pub struct Idle {
    tasks: JoinSet<anyhow::Result<()>>,
    count: usize,
    /// One permit for each that has heard something.
    heard: Arc<Semaphore>,
    stay: watch::Sender<bool>,
}

impl Idle {
    /// Connects so many.
    pub async fn connect(clients: Clients, count: usize) -> Result<Self> {
        let opening = stream::iter(0..count).map(|number| clients.open(number, NOTHING));
        let opened: Vec<_> = opening
            .buffer_unordered(AT_ONCE)
            .map_ok(tokio::io::BufReader::into_inner)
            .try_collect()
            .await
            .context("cannot open a stream")?;
        let (heard, (stay, leave)) = (Arc::new(Semaphore::new(0)), watch::channel(true));
        let mut tasks = JoinSet::new();
        for socket in opened {
            tasks.spawn(listen(socket, Arc::clone(&heard), leave.clone()));
        }
        Ok(Self { tasks, count, heard, stay })
    }

    /// Waits until each has heard a heartbeat.
    pub async fn each_hears(&self) -> Result<()> {
        let all = u32::try_from(self.count).context("too many clients")?;
        match timeout(LIMIT, self.heard.acquire_many(all)).await {
            Ok(heard) => heard.map(drop).context("nobody closes it").map_err(Failure::from),
            Err(_) => {
                let (heard, count) = (self.heard.available_permits(), self.count);
                let said = format!("only {heard} of {count} idle clients heard a heartbeat");
                Err(Failure::unavailable(said))
            }
        }
    }

    /// Lets all go; fails when one of them had been cut off.
    pub async fn leave(self) -> Result<()> {
        // They are gone when nobody hears it.
        let _ = self.stay.send(false);
        let ends = self.tasks.join_all().await;
        let cut_off: Vec<_> = ends.into_iter().filter_map(anyhow::Result::err).collect();
        match cut_off.first() {
            None => Ok(()),
            Some(first) => {
                let count = cut_off.len();
                Err(Failure::Negative(anyhow!("{count} idle clients were cut off: {first:#}")))
            }
        }
    }
}

/// Reads what comes, until it is to leave.
async fn listen(
    mut socket: TcpStream,
    heard: Arc<Semaphore>,
    mut stay: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut piece = [0; 128];
    let mut first = true;
    loop {
        let read = tokio::select! {
            read = socket.read(&mut piece) => read.context("a stream broke")?,
            _ = stay.wait_for(|stay| !*stay) => return Ok(()),
        };
        match read {
            0 => return Err(anyhow!("a stream ended")),
            _ if first => heard.add_permits(1),
            _ => {}
        }
        first = false;
    }
}
