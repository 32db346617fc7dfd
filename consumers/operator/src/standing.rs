//! How each consumer stands: what it has applied, what waits, who does it, what is parked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use consumer_runtime::{
    Database, Server,
    dead_letters::desk::{self, DeadLetter, Selection},
    read_model::{self, NEXT, PREVIOUS},
};
use event_log::{Partition, Settings, members};
use schemas::Topic;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio_postgres::Client;

use crate::{
    consumer::Consumer,
    error::Error,
    lag::{Lag, lags, positions},
};

/// Looks at consumers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Observer {
    settings: Settings,
    databases: Arc<BTreeMap<Consumer, Database>>,
    /// What was seen last: partitions that have not moved need no other look.
    known: Arc<Mutex<BTreeMap<Consumer, BTreeMap<Partition, Lag>>>>,
}

/// How a consumer stands.
#[derive(Debug)]
pub struct Standing {
    /// Which.
    pub consumer: Consumer,
    /// Its live build; none when it has never run.
    pub model: Option<read_model::ReadModel>,
    /// How far each partition is.
    pub lags: BTreeMap<Partition, Lag>,
    /// Who reads each partition, of those that somebody reads.
    pub owners: BTreeMap<Partition, String>,
    /// Records that wait behind dead letters, and these.
    pub parked: i64,
    /// How many keys wait in each partition.
    pub parked_keys: BTreeMap<Partition, i64>,
    /// Records that it cannot handle.
    pub letters: Vec<DeadLetter>,
    builds: Vec<&'static str>,
}

impl Observer {
    /// Of the consumers of one installation.
    ///
    /// # Errors
    /// When there can be no connections.
    pub fn new(settings: Settings, database: &Server) -> Result<Self, Error> {
        let one =
            |consumer: Consumer| Ok((consumer, Database::new(database, &consumer.schema(), 2)?));
        let databases = Consumer::ALL.into_iter().map(one).collect::<Result<_, Error>>()?;
        Ok(Self { settings, databases: Arc::new(databases), known: Arc::default() })
    }

    /// Where the rows of a consumer are.
    ///
    /// # Errors
    /// Never, but for a consumer that is not among all: a bug.
    pub fn database(&self, consumer: Consumer) -> Result<&Database, Error> {
        let missing = || Error::NotFound(format!("there is no consumer {}", consumer.name()));
        self.databases.get(&consumer).ok_or_else(missing)
    }

    /// How all stand.
    ///
    /// # Errors
    /// When Postgres or Kafka do not answer.
    pub async fn all(&self) -> Result<Vec<Standing>, Error> {
        let mut all = Vec::with_capacity(Consumer::ALL.len());
        for consumer in Consumer::ALL {
            all.push(self.one(consumer).await?);
        }
        Ok(all)
    }

    /// How one stands.
    ///
    /// # Errors
    /// When Postgres or Kafka do not answer.
    pub async fn one(&self, consumer: Consumer) -> Result<Standing, Error> {
        let database = self.database(consumer)?;
        let Seen { model, positions, builds, parked, parked_keys } = Seen::look(database).await?;
        let letters = match model {
            Some(_) => desk::list(database, &Selection::default()).await?,
            None => Vec::new(),
        };
        let lags = lags(self.settings.clone(), positions, self.known(consumer)).await?;
        self.remember(consumer, lags.clone());
        let owners = self.owners(consumer).await?;
        Ok(Standing { consumer, model, lags, owners, parked, parked_keys, letters, builds })
    }

    async fn owners(&self, consumer: Consumer) -> Result<BTreeMap<Partition, String>, Error> {
        let settings = self.settings.clone();
        let owners = spawn_blocking(move || members::owners(&settings, consumer.name()));
        Ok(owners.await??)
    }

    fn known(&self, consumer: Consumer) -> BTreeMap<Partition, Lag> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&consumer).cloned().unwrap_or_default()
    }

    fn remember(&self, consumer: Consumer, lags: BTreeMap<Partition, Lag>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(consumer, lags);
    }
}

/// What the tables of a consumer say.
struct Seen {
    model: Option<read_model::ReadModel>,
    positions: BTreeMap<Partition, i64>,
    builds: Vec<&'static str>,
    parked: i64,
    parked_keys: BTreeMap<Partition, i64>,
}

impl Seen {
    /// Gives the connection back before anything else is asked: there are few, and whoever holds one
    /// and waits for another would wait for those who do the same.
    async fn look(database: &Database) -> Result<Self, Error> {
        let (connection, schema) = (database.connection().await?, database.schema());
        let client: &Client = consumer_runtime::database::client(&connection);
        let model = read_model::find(client, schema).await?;
        let positions = positions(client, schema).await?;
        let mut builds = Vec::new();
        for (suffix, name) in [(NEXT, "next"), (PREVIOUS, "previous")] {
            let found = read_model::find(client, &format!("{schema}{suffix}")).await?;
            builds.extend(found.map(|_| name));
        }
        let (parked, parked_keys) = match model {
            Some(_) => parked(client, schema).await?,
            None => Default::default(),
        };
        Ok(Self { model, positions, builds, parked, parked_keys })
    }
}

/// The records that are parked, and how many keys they have in each partition. What has no key
/// holds nothing back.
async fn parked(client: &Client, schema: &str) -> Result<(i64, BTreeMap<Partition, i64>), Error> {
    let sql = format!(
        "select topic, partition, count(*), count(distinct key) from \"{schema}\".parked_record \
         group by topic, partition"
    );
    let rows = client.query(&sql, &[]).await;
    let rows = rows.map_err(consumer_runtime::Error::postgres("count the parked records"))?;
    let keys = rows.iter().filter_map(|row| {
        let topic = Topic::named(row.get(0))?;
        Some((Partition { topic, number: row.get(1) }, row.get(3)))
    });
    Ok((rows.iter().map(|row| row.get::<_, i64>(2)).sum(), keys.collect()))
}

impl Standing {
    /// For pages.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let Self { consumer, model, lags, owners, parked, parked_keys, letters, builds } = self;
        let partitions = lags.iter().map(|(partition, lag)| {
            json!({
                "topic": partition.topic.name(),
                "partition": partition.number,
                "position": lag.position,
                "end": lag.end,
                "records": lag.waiting,
                "seconds": lag.seconds(),
                "owner": owners.get(partition),
                "parkedKeys": parked_keys.get(partition).unwrap_or(&0),
            })
        });
        let records: u64 = lags.values().map(|lag| lag.waiting).sum();
        let seconds = lags.values().map(Lag::seconds).fold(0.0, f64::max);
        json!({
            "name": consumer.name(),
            "hasRun": model.is_some(),
            "paused": model.is_some_and(|model| model.is_paused),
            "generation": model.map(|model| model.generation),
            "projectionVersion": model.map(|model| model.projection_version),
            "records": records,
            "seconds": seconds,
            "parked": parked,
            "deadLetters": letters.len(),
            "builds": builds,
            "whyNoRebuild": consumer.is_no_read_model(),
            "partitions": partitions.collect::<Vec<_>>(),
        })
    }
}
