//! Orders, placed over HTTP at a steady rate, then at twice that, then at the first again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use reqwest::Method;
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use crate::{
    chaos::client::{Api, Command},
    failure::{Failure, Result},
};

/// Orders that are under way at most: enough for any rate that one machine takes.
const CLIENTS: usize = 64;

/// Who order: so many that the work of those who keep their sums stays the same.
const CUSTOMERS: u64 = 1_000;

/// How long an order is sent again.
const PATIENCE: Duration = Duration::from_secs(60);

/// When which order is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Orders per second, before and after.
    pub rate: u32,
    /// How long that lasts before it doubles, and when it has ended.
    pub doubled: (Duration, Duration),
}

impl Schedule {
    /// When an order is due, from the first one on.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 orders")]
    fn due(&self, number: u64) -> Duration {
        let (rate, number) = (f64::from(self.rate), number as f64);
        let (from, to) = (self.doubled.0.as_secs_f64(), self.doubled.1.as_secs_f64());
        let before = rate * from;
        let doubled = 2.0 * rate * (to - from);
        Duration::from_secs_f64(if number < before {
            number / rate
        } else if number < before + doubled {
            from + (number - before) / (2.0 * rate)
        } else {
            to + (number - before - doubled) / rate
        })
    }
}

/// Orders under way.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<anyhow::Result<()>>,
    stop: watch::Sender<bool>,
    created: Arc<AtomicU64>,
}

impl Load {
    /// Begins.
    pub fn begin(url: String, schedule: Schedule) -> Result<Self> {
        let api = Api::new(vec![url]).map_err(|error| Failure::Internal(error.into()))?;
        let (api, next) = (Arc::new(api), Arc::new(AtomicU64::new(0)));
        let (created, (stop, stopped)) = (Arc::new(AtomicU64::new(0)), watch::channel(false));
        let (mut clients, begin) = (JoinSet::new(), Instant::now());
        for _ in 0..CLIENTS {
            let (api, next, created) = (Arc::clone(&api), Arc::clone(&next), Arc::clone(&created));
            let mut stopped = stopped.clone();
            clients.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    tokio::select! {
                        () = sleep_until(begin + schedule.due(number)) => {}
                        // The sender gone is the end, too.
                        _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
                    }
                    place(&api, number).await?;
                    created.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Ok(Self { clients, stop, created })
    }

    /// How many orders were accepted so far.
    pub fn created(&self) -> u64 {
        self.created.load(Ordering::Relaxed)
    }

    /// Fails when an order was not accepted.
    pub async fn fails(&mut self) -> Failure {
        while let Some(ended) = self.clients.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(refused)) => return Failure::Unavailable(refused),
                Err(panic) => return Failure::Internal(panic.into()),
            }
        }
        std::future::pending().await
    }

    /// Places no more, and waits until each that is under way is answered: how many there are.
    pub async fn end(mut self) -> Result<u64> {
        self.stop.send_replace(true);
        while let Some(ended) = self.clients.join_next().await {
            ended
                .map_err(|panic| Failure::Internal(panic.into()))?
                .map_err(Failure::Unavailable)?;
        }
        Ok(self.created())
    }
}

async fn place(api: &Api, number: u64) -> anyhow::Result<()> {
    let order = json!({
        "id": Uuid::new_v4(),
        "customerId": format!("customer-{}", number % CUSTOMERS),
        "text": "twelve bottles of wine",
        "value": "143.99",
    });
    let path = "/v1/orders".to_owned();
    let (id, method, expected_version) = (Uuid::new_v4(), Method::POST, None);
    let command = Command { id, method, path, body: order, expected_version };
    let answer = api.insist(&command, Instant::now() + PATIENCE).await;
    let said = answer.as_ref().map(|answer| answer.status);
    ensure!(answer.is_some_and(|answer| answer.is_accepted()), "an order was answered {said:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_many_are_due_while_it_is_doubled() {
        let seconds = Duration::from_secs;
        let schedule = Schedule { rate: 10, doubled: (seconds(2), seconds(5)) };
        let due = |number| schedule.due(number).as_secs_f64();
        for (number, wanted) in
            [(0, 0.0), (10, 1.0), (20, 2.0), (40, 3.0), (80, 5.0), (90, 6.0), (180, 15.0)]
        {
            assert!((due(number) - wanted).abs() < 1e-9, "{number} is due at {}", due(number));
        }
    }
}
