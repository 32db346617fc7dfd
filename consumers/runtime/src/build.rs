//! Fills a schema with a read model from the beginning of its topics: the next build of one that is
//! live, or a second one to compare it with. Nothing is emitted, told or answered by it.
//!
//! Each partition is read and applied by itself, in large batches, up to an offset; what a build
//! before has done is kept. Then the process ends.

mod partition;
mod until;

use std::sync::Arc;

use event_log::{Partition, Registry, restore::PartitionReader, topics::partition_count};
use refinery::Runner;
use schemas::Encoder;
use service::{Failure, Shell, Tracer};
use tokio::task::JoinSet;
use tokio_postgres::Client;

pub use self::until::Until;
use crate::{
    database::Database,
    dead_letters::DeadLetters,
    error::Error,
    migrate::migrate,
    projection::Projection,
    read_model::{self, ReadModel},
    run::{failure, schema_of},
    settings::Settings,
    transaction::Applier,
};

/// Partitions that are read at once. More would be faster only with more memory.
const AT_ONCE: usize = 4;

/// Builds a read model in a schema, and ends.
///
/// # Errors
/// Whatever does not pass by itself.
pub(crate) async fn run<P: Projection>(
    shell: &Shell,
    settings: &Settings,
    projection: P,
    migrations: fn() -> Runner,
    schema: &str,
) -> Result<(), Failure> {
    let database = Database::new(&settings.database, schema, 2 * AT_ONCE).map_err(failure)?;
    let build = async {
        let owner = lock(&database).await?;
        let generation = prepare::<P>(&owner, shell.name, schema, || {
            migrate(&database, settings.log.namespace.as_str(), migrations())
        })
        .await?;
        let letters = DeadLetters::new(shell.name, &settings.log, settings.dead_letters)?;
        // What it emits is dropped: its encoder writes nothing.
        let encoder = Encoder::new(&[]).map_err(event_log::Error::from)?;
        let applier = Arc::new(Applier {
            name: shell.name,
            generation: generation.into(),
            unfenced: false,
            database: database.clone(),
            projection: Arc::new(projection),
            encoder: Arc::new(encoder),
            dead_letters: Some(Arc::new(letters.quiet())),
            is_live: false,
            tracer: Tracer::off(),
        });
        fill(shell, settings, applier).await
    };
    build.await.map_err(failure)
}

/// One build at a time works on a schema; the lock ends with the connection.
async fn lock(database: &Database) -> Result<Client, Error> {
    let client = database.dedicated().await?;
    let sql = "select pg_try_advisory_lock(hashtextextended('build ' || $1, 0))";
    let row = client.query_one(sql, &[&database.schema()]).await;
    if row.map_err(Error::postgres("lock the schema for the build"))?.get(0) {
        return Ok(client);
    }
    Err(Error::Busy(database.schema().to_owned()))
}

/// Makes the schema ready; returns its generation.
async fn prepare<P: Projection>(
    client: &Client,
    name: &str,
    schema: &str,
    migrate: impl AsyncFnOnce() -> Result<(), Error>,
) -> Result<i32, Error> {
    if let Some(found) = read_model::find(client, schema).await? {
        read_model::check(schema, found, P::VERSION)?;
    }
    migrate().await?;
    let name = schema_of(name);
    let live = read_model::find(client, &name).await?;
    let generation = live.map_or(0, |live| live.generation) + 1;
    let ours = ReadModel { generation, projection_version: P::VERSION, is_paused: false };
    let model = read_model::open(client, schema, ours).await?;
    if live.is_some() {
        inherit(client, &name, schema).await?;
    }
    Ok(model.generation)
}

/// What was given up for good in the live read model is given up here too.
async fn inherit(client: &Client, live: &str, schema: &str) -> Result<(), Error> {
    let sql = format!(
        "insert into \"{schema}\".skipped_record select * from \"{live}\".skipped_record \
         on conflict do nothing"
    );
    let copied = client.execute(&sql, &[]).await;
    copied.map(drop).map_err(Error::postgres("copy the skipped records"))
}

/// Builds partition by partition, some at once.
async fn fill<P: Projection>(
    shell: &Shell,
    settings: &Settings,
    applier: Arc<Applier<P>>,
) -> Result<(), Error> {
    let mut waiting = partitions(settings, &*applier.projection).await?.into_iter();
    let mut building = JoinSet::new();
    loop {
        while building.len() < AT_ONCE
            && let Some((partition, until)) = waiting.next()
        {
            let work = partition::Work {
                applier: Arc::clone(&applier),
                log: settings.log.clone(),
                registry: Registry::of(&settings.log),
                outage_budget: settings.outage_budget,
                shutdown: shell.shutdown.clone(),
                health: shell.health.part("postgres"),
            };
            building.spawn(work.run(partition, until));
        }
        match building.join_next().await {
            None => return Ok(()),
            Some(ended) => ended.map_err(|panic| Error::Broken(panic.to_string()))??,
        }
    }
}

/// Every partition of the projection's topics, and where its build ends: as it was told, else
/// where the partition ends now.
async fn partitions<P: Projection>(
    settings: &Settings,
    projection: &P,
) -> Result<Vec<(Partition, i64)>, Error> {
    let topics: Vec<_> = projection.sources().iter().map(|source| source.topic).collect();
    let (log, told) = (settings.log.clone(), settings.build_until.clone());
    let looking = tokio::task::spawn_blocking(move || {
        let reader = PartitionReader::new(&log)?;
        let mut all = Vec::new();
        for topic in topics {
            for number in 0..partition_count(&log, topic)? {
                let partition = Partition { topic, number };
                let until = match told.of(partition) {
                    Some(until) => until,
                    None => reader.high_watermark(partition)?,
                };
                all.push((partition, until));
            }
        }
        Ok::<_, event_log::Error>(all)
    });
    Ok(looking.await.map_err(|panic| Error::Broken(panic.to_string()))??)
}
