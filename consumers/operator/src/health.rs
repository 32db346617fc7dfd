//! Whether the parts of an installation work.

use std::time::{Duration, Instant};

use consumer_runtime::Server;
use event_log::{Registry, Settings, restore::PartitionReader};
use futures_util::future::join_all;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use service::Services;
use tokio::{task::spawn_blocking, time::timeout};

use crate::error::Error;

/// Longest wait for one part.
const LIMIT: Duration = Duration::from_secs(2);

/// Looks at the parts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health {
    log: Settings,
    database: Server,
    services: Services,
    http: Client,
}

/// What one part says.
#[derive(Debug)]
struct Part {
    name: String,
    kind: &'static str,
    /// What is wrong; none when it works.
    wrong: Option<String>,
    took: Duration,
}

impl Health {
    /// Of these servers and processes.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(log: Settings, database: Server, services: Services) -> Result<Self, Error> {
        let http = Client::builder().timeout(LIMIT).no_proxy().build();
        let http = http.map_err(|error| Error::Refused(format!("no HTTP client: {error}")))?;
        Ok(Self { log, database, services, http })
    }

    /// All parts, asked at once.
    pub async fn look(&self) -> Value {
        let processes = self.services.iter().map(|(name, url)| self.process(name, url));
        let (kafka, registry, postgres, processes) =
            tokio::join!(self.kafka(), self.registry(), self.postgres(), join_all(processes));
        let parts = [kafka, registry, postgres].into_iter().chain(processes);
        parts.map(|part| part.as_json()).collect()
    }

    async fn kafka(&self) -> Part {
        let log = self.log.clone();
        part("Kafka", "server", async move {
            let asked = spawn_blocking(move || {
                let reader = PartitionReader::new(&log).map_err(|error| error.to_string())?;
                reader.cluster_id().ok_or_else(|| "no broker answers".to_owned())
            });
            asked.await.map_err(|error| error.to_string())?.map(drop)
        })
        .await
    }

    async fn registry(&self) -> Part {
        let registry = Registry::of(&self.log);
        part("schema registry", "server", async move {
            registry.ping().await.map_err(|error| error.to_string())
        })
        .await
    }

    async fn postgres(&self) -> Part {
        part("Postgres", "server", async {
            let client = self.database.connect().await.map_err(|error| error.to_string())?;
            client.simple_query("select 1").await.map(drop).map_err(|error| error.to_string())
        })
        .await
    }

    async fn process(&self, name: &str, url: &Url) -> Part {
        part(name, "service", async {
            let ready = url.join("health/ready").map_err(|error| error.to_string())?;
            let answer = self.http.get(ready).send().await;
            let answer = answer.map_err(|_| "does not answer".to_owned())?;
            match answer.status().is_success() {
                true => Ok(()),
                false => Err(answer.text().await.unwrap_or_else(|_| "is not ready".to_owned())),
            }
        })
        .await
    }
}

async fn part(
    name: &str,
    kind: &'static str,
    look: impl Future<Output = Result<(), String>>,
) -> Part {
    let begun = Instant::now();
    let looked = timeout(LIMIT, look).await;
    let late = || Err(format!("has not answered within {} s", LIMIT.as_secs()));
    let wrong = looked.unwrap_or_else(|_| late()).err();
    Part { name: name.to_owned(), kind, wrong, took: begun.elapsed() }
}

impl Part {
    fn as_json(&self) -> Value {
        let Self { name, kind, wrong, took } = self;
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        json!({ "name": name, "kind": kind, "wrong": wrong, "millis": millis })
    }
}
