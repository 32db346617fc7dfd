//! A live read model as it is at one moment, while it goes on.

use std::time::Duration;

use consumer_runtime::{build::Until, tokio_postgres::Client};
use tokio::time::{Instant, sleep};

use crate::{
    failure::{Failure, Result},
    generations::{LOOK_EVERY, behind, connect, offsets, postgres},
};

/// How long a live read model is waited for to get where another one is.
const LIMIT: Duration = Duration::from_secs(30);

/// A read model as it was when this was taken.
pub struct Snapshot {
    /// Sees it so.
    pub client: Client,
    /// Up to where it had applied each partition.
    pub positions: Until,
}

impl Snapshot {
    /// Takes one that has come at least as far as told.
    pub async fn take(url: &str, schema: &str, at_least: &Until) -> Result<Self> {
        let client = connect(url).await?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let begin = "begin isolation level repeatable read read only";
            client.batch_execute(begin).await.map_err(postgres)?;
            let positions = offsets(&client, schema).await?;
            let lag = behind(&positions, at_least);
            if lag == 0 {
                return Ok(Self { client, positions });
            }
            if Instant::now() > deadline {
                return Err(Failure::unavailable(format!(
                    "{schema} is {lag} records behind what it is compared with and does not catch \
                     up: does its consumer run?"
                )));
            }
            client.batch_execute("rollback").await.map_err(postgres)?;
            sleep(LOOK_EVERY).await;
        }
    }
}
