//! The peer, from an empty table until it holds every event.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use consumer_runtime::{
    Server,
    migrate::migrate,
    tokio_postgres::{Client, config::Host},
};
use reqwest::Client as Http;
use schemas::Topic;
use tokio::time::{interval, timeout};
use uuid::Uuid;

use super::{database, figures::Rate, fill::Last};
use crate::{
    bench::{
        cpu,
        debezium::{self, DEBEZIUM, Worker},
    },
    chaos::stage::Starter,
    failure::{Failure, Result},
    stack::{memory, readiness, run::Running},
};

/// Its schema.
pub const SCHEMA: &str = "bench_debezium";

/// Longest time to write everything, the start of a Java machine included.
const LIMIT: Duration = Duration::from_mins(15);

/// How often is looked how far it is.
const LOOK: Duration = Duration::from_millis(20);

/// How often it is asked whether it has given up.
const ASK: Duration = Duration::from_secs(1);

/// The consumer's table, but that an event of one type may come without the columns of the others:
/// Postgres looks whether they are null before it looks whether the row is there.
const LOOSEN: &str = "alter table customer_order alter customer_id drop not null, \
    alter text drop not null, alter value drop not null, alter status drop not null, \
    alter ordered_at drop not null";

/// Starts and measures the sink.
pub struct Sink<'a> {
    pub running: &'a mut Running,
    pub starter: &'a Starter,
    pub database: &'a Server,
    /// Where Kafka Connect tells how it is.
    pub port: u16,
    pub events: usize,
    pub orders: usize,
    /// The last event of each partition.
    pub last: &'a [Last],
}

impl Sink<'_> {
    /// Lets it write all events with so many tasks, checks that it did, and stops it. Nobody may
    /// have appended others.
    pub async fn measure(&mut self, tasks: usize) -> Result<Rate> {
        let rate = self.fill(tasks).await?;
        let checked = self.check().await;
        self.stop().await;
        checked.map(|()| rate)
    }

    /// Lets it write all events with so many tasks. It is left running.
    pub async fn fill(&mut self, tasks: usize) -> Result<Rate> {
        let client = self.empty_table().await?;
        let name = format!("bench-{}", Uuid::new_v4());
        self.launch(&name, tasks).await?;
        let pid = self.running.pid(DEBEZIUM.name).context("the sink has no pid")?;
        let share = tokio::select! {
            filled = timeout(LIMIT, self.filled(&client, pid)) =>
                filled.map_err(|_| Failure::unavailable("the sink did not write all in time"))??,
            failure = self.running.service_ends() => return Err(failure),
            failure = gives_up(self.port, &name) => return Err(failure?),
        };
        self.rate(&share, pid)
    }

    /// Stops it.
    pub async fn stop(&mut self) {
        self.running.stop_services().await;
    }

    async fn empty_table(&self) -> Result<Client> {
        let database = database::of_schema(self.database, SCHEMA)?;
        let client = database::connect_afresh(&database).await?;
        let migrated = migrate(&database, "", orders::migrations::runner()).await;
        migrated.context("cannot make the tables")?;
        client.batch_execute(LOOSEN).await.context("cannot loosen the table")?;
        Ok(client)
    }

    async fn launch(&mut self, name: &str, tasks: usize) -> Result<()> {
        let endpoints = &self.starter.endpoints;
        let brokers = [("bootstrap.servers", endpoints.kafka_brokers.clone())];
        let registry = endpoints.schema_registry_url.trim_end_matches('/').to_owned();
        let mut sink = vec![
            ("topics", Topic::ORDER_EVENTS.name().to_owned()),
            ("tasks.max", tasks.to_string()),
            ("value.converter.schema.registry.url", registry),
        ];
        sink.extend(connection(self.database)?);
        let worker = Worker {
            workspace: &self.starter.workspace,
            folder: &self.starter.folder,
            name,
            port: self.port,
            worker: &brokers,
            sink: &sink,
        };
        self.running.launch(worker.spec().await?).await
    }

    /// Waits until the last event of each partition is in its row; a task writes them in order.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    async fn filled(&self, client: &Client, pid: u32) -> Result<Share> {
        let mut looks = interval(LOOK);
        let before = loop {
            looks.tick().await;
            match applied(client).await? {
                0 => {}
                some => break some,
            }
        };
        let (since, cpu_before) = (Instant::now(), cpu::seconds(pid));
        let keys: Vec<_> = self.last.iter().map(|last| last.order.as_str()).collect();
        let versions: Vec<_> = self.last.iter().map(|last| last.version).collect();
        let done = "select count(*) from customer_order o \
            join unnest($1::text[], $2::bigint[]) as last (order_id, version) \
            on o.order_id = last.order_id and o.version >= last.version";
        let done = client.prepare(done).await.context("cannot prepare the query")?;
        loop {
            let row = client.query_one(&done, &[&keys, &versions]).await;
            let rows: i64 = row.context("cannot read how far the sink is")?.get(0);
            if usize::try_from(rows) == Ok(keys.len()) {
                break;
            }
            looks.tick().await;
        }
        let took = since.elapsed();
        let left = self.events - before.min(self.events);
        if left == 0 {
            return Err(Failure::setup("too few events to be measured: use more"));
        }
        let spent = cpu::seconds(pid).zip(cpu_before).map(|(after, before)| after - before);
        Ok(Share { events: left as f64, took, cpu: spent.context("the sink is gone")? })
    }

    /// A sink that loses events is no peer.
    async fn check(&self) -> Result<()> {
        let client = database::connect(&database::of_schema(self.database, SCHEMA)?).await?;
        let query = "select count(*) from customer_order where text is not null";
        let row = client.query_one(query, &[]).await.context("cannot count the rows")?;
        let (rows, events) = (row.get::<_, i64>(0), applied(&client).await?);
        if events == self.events && usize::try_from(rows) == Ok(self.orders) {
            return Ok(());
        }
        let (all, orders) = (self.events, self.orders);
        Err(anyhow!("the sink wrote {events} events of {all}, and {rows} orders of {orders}")
            .into())
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn rate(&self, share: &Share, pid: u32) -> Result<Rate> {
        let peak = memory::peak_resident_bytes(pid).context("the sink is gone")?;
        Ok(Rate {
            events_per_second: share.events / share.took.as_secs_f64(),
            cpu_seconds_per_million: share.cpu / share.events * 1e6,
            peak_mib: Some(peak as f64 / 1_048_576.0),
        })
    }
}

/// What was watched: from the first look at which there was a row.
struct Share {
    events: f64,
    took: Duration,
    cpu: f64,
}

/// How many events are in the rows: the version of an order is the number of its events.
async fn applied(client: &Client) -> Result<usize> {
    let sum = "select coalesce(sum(version), 0)::bigint from customer_order";
    let row = client.query_one(sum, &[]).await.context("cannot sum up the versions")?;
    Ok(usize::try_from(row.get::<_, i64>(0)).context("a sum of versions")?)
}

/// Returns when the sink has given up.
async fn gives_up(port: u16, name: &str) -> Result<Failure> {
    let http: Http = readiness::http()?;
    let mut asks = interval(ASK);
    loop {
        asks.tick().await;
        if let Err(failure) = debezium::check(&http, port, name).await {
            return Ok(failure);
        }
    }
}

/// How the sink connects to Postgres.
fn connection(server: &Server) -> Result<Vec<(&'static str, String)>> {
    let database = server.config();
    let host = database.get_hosts().iter().find_map(|host| match host {
        Host::Tcp(name) => Some(name.as_str()),
        Host::Unix(_) => None,
    });
    let port = database.get_ports().first().context("the database URL has no port")?;
    let name = database.get_dbname().context("the database URL has no name")?;
    let host = host.context("the database URL has no host")?;
    let url = format!("jdbc:postgresql://{host}:{port}/{name}?currentSchema={SCHEMA}");
    let url = url + "&reWriteBatchedInserts=true";
    let user = database.get_user().unwrap_or_default().to_owned();
    let password = String::from_utf8_lossy(database.get_password().unwrap_or_default());
    Ok(vec![
        ("connection.url", url),
        ("connection.username", user),
        ("connection.password", password.into_owned()),
    ])
}
