//! Orders, placed over HTTP at a rate that changes.

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
    sync::{Semaphore, watch},
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

/// Orders under way.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<anyhow::Result<()>>,
    rate: watch::Sender<u32>,
    /// One permit for each order that is due and not begun; closed at the end.
    due: Arc<Semaphore>,
    created: Arc<AtomicU64>,
}

impl Load {
    /// Begins, with so many orders per second.
    pub fn begin(url: String, rate: u32) -> Result<Self> {
        let api = Api::new(vec![url]).map_err(|error| Failure::Internal(error.into()))?;
        let (api, due) = (Arc::new(api), Arc::new(Semaphore::new(0)));
        let (next, created) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (api, due) = (Arc::clone(&api), Arc::clone(&due));
            let (next, created) = (Arc::clone(&next), Arc::clone(&created));
            clients.spawn(async move {
                while let Ok(order) = due.acquire().await {
                    order.forget();
                    place(&api, next.fetch_add(1, Ordering::Relaxed)).await?;
                    created.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        let (rate, rates) = watch::channel(rate);
        tokio::spawn(pace(rates, Arc::clone(&due)));
        Ok(Self { clients, rate, due, created })
    }

    /// Goes on with so many orders per second.
    pub fn turn(&self, rate: u32) {
        self.rate.send_replace(rate);
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
        self.due.close();
        while let Some(ended) = self.clients.join_next().await {
            ended
                .map_err(|panic| Failure::Internal(panic.into()))?
                .map_err(Failure::Unavailable)?;
        }
        Ok(self.created())
    }
}

/// Has orders become due at the rate of the moment, whether or not those before are answered, until
/// the load ends.
async fn pace(rates: watch::Receiver<u32>, due: Arc<Semaphore>) {
    let mut next = Instant::now();
    while !due.is_closed() {
        sleep_until(next).await;
        due.add_permits(1);
        next += Duration::from_secs(1) / (*rates.borrow()).max(1);
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

    #[tokio::test]
    async fn orders_are_due_at_the_rate_of_the_moment() {
        let (rate, rates) = watch::channel(100);
        let due = Arc::new(Semaphore::new(0));
        let pacing = tokio::spawn(pace(rates, Arc::clone(&due)));
        let next = async |count| due.acquire_many(count).await.unwrap().forget();
        let begin = Instant::now();
        // The first one is due at once.
        next(11).await;
        assert!(begin.elapsed() >= Duration::from_millis(100));
        rate.send_replace(1_000_000);
        // They would take an hour and more.
        for _ in 0..400 {
            next(1_000).await;
        }
        due.close();
        pacing.await.unwrap();
    }
}
