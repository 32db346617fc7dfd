//! A consumer's life: migrate, look up schemas, then engine, relay, chore, change feed and queries
//! side by side until the shutdown.

use std::sync::{Arc, atomic::AtomicBool};

use axum::Router;
use event_log::{Appender, ErrorClass, Registry};
use refinery::Runner;
use schemas::{Encoder, Messages, notification::ReadModelChanged};
use service::{Failure, Gate, Shell, auth::Admit, health::Part, http};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    build,
    change_feed::{self, ChangeFeed, DELIVERY_LIMIT},
    chore::{self, Chore, Told},
    database::Database,
    dead_letters::DeadLetters,
    details::{Details, Showing},
    engine::Engine,
    error::{Error, Explained},
    fresh::{
        Fresh,
        lookout::{self, Lookout},
    },
    hearing::Ear,
    metrics,
    migrate::migrate,
    outage::Outage,
    projection::Projection,
    read_model,
    relay::{self, Relay},
    settings::Settings,
    transaction::{Applier, FIRST},
};

/// Connections that chore, lookout, relay and change feed work with, besides one for each worker
/// and those of the queries.
const WORK_CONNECTIONS: usize = 4;

/// What makes a consumer: all that differs from one to the next.
pub struct Consumer<P: Projection> {
    projection: P,
    migrations: fn() -> Runner,
    routes: Option<Routes>,
    chore: Option<Box<dyn Chore<P>>>,
    details: Option<Box<dyn Details>>,
    ear: Option<Ear>,
    open_paths: Option<&'static str>,
}

/// Makes the queries that show the tables.
type Routes = Box<dyn FnOnce(Database) -> Router + Send>;

impl<P: Projection> std::fmt::Debug for Consumer<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").finish_non_exhaustive()
    }
}

impl<P: Projection> Consumer<P> {
    /// A consumer with its tables and the queries that show them.
    pub fn new(
        projection: P,
        migrations: fn() -> Runner,
        routes: impl FnOnce(Database) -> Router + Send + 'static,
    ) -> Self {
        Self { routes: Some(Box::new(routes)), ..Self::without_queries(projection, migrations) }
    }

    /// A consumer that serves nothing.
    pub fn without_queries(projection: P, migrations: fn() -> Runner) -> Self {
        Self {
            projection,
            migrations,
            routes: None,
            chore: None,
            details: None,
            ear: None,
            open_paths: None,
        }
    }

    /// Adds work that the clock sets off.
    #[must_use]
    pub fn with_chore(mut self, chore: impl Chore<P>) -> Self {
        self.chore = Some(Box::new(chore));
        self
    }

    /// Lets everybody ask on paths that begin so, such as those of links in mails.
    #[must_use]
    pub const fn with_open_paths(mut self, paths: &'static str) -> Self {
        self.open_paths = Some(paths);
        self
    }

    /// Has what its instances tell of changes be heard: by the routes' streams.
    #[must_use]
    pub fn with_ear(mut self, ear: Ear) -> Self {
        self.ear = Some(ear);
        self
    }

    /// Has clients be told of changes with the rows themselves.
    #[must_use]
    pub fn with_details(mut self, details: impl Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }
}

/// The schema of a consumer.
#[must_use]
pub fn schema_of(name: &str) -> String {
    name.replace('-', "_")
}

/// Runs a consumer until the shutdown.
///
/// # Errors
/// The first failure of any of its parts.
pub async fn run<P: Projection>(
    shell: Shell,
    settings: Settings,
    consumer: Consumer<P>,
) -> Result<(), Failure> {
    if let Some(schema) = &settings.build {
        let Consumer { projection, migrations, .. } = consumer;
        return build::run(&shell, &settings, projection, migrations, schema.as_str()).await;
    }
    metrics::start(!P::Emission::FILES.is_empty(), consumer.routes.is_some());
    let gate = settings.gate.as_ref().map(|gate| Gate::new(gate, Admit::Queries(shell.name)));
    let gate = gate.transpose()?.map(|gate| match consumer.open_paths {
        Some(paths) => gate.leaving_open(paths),
        None => gate,
    });
    let schema = schema_of(shell.name);
    let open = |connections| Database::new(&settings.database, &schema, connections);
    let work = open(WORK_CONNECTIONS + settings.workers).map_err(failure)?;
    let postgres = shell.health.part("postgres");
    let Some(prepared) =
        prepare::<P>(&shell, &settings, &work, consumer.migrations, &postgres).await?
    else {
        return Ok(());
    };
    let dead_letters = DeadLetters::new(shell.name, &settings.log, settings.dead_letters);
    let applier = Applier {
        name: shell.name,
        generation: FIRST.into(),
        unfenced: settings.unfenced,
        database: work,
        projection: Arc::new(consumer.projection),
        encoder: Arc::new(prepared.emissions),
        is_live: true,
        tracer: shell.tracer.clone(),
        dead_letters: Some(Arc::new(dead_letters.map_err(failure)?)),
    };
    let topics = applier.projection.sources().into_iter().map(|source| source.topic).collect();
    let served = match consumer.routes.zip(gate) {
        Some((routes, gate)) => {
            let queries = open(settings.connections).map_err(failure)?;
            let (view, lookout) =
                lookout::lookout(applier.database.clone(), settings.waiting_queries);
            let fresh = Fresh { view, topics: Arc::new(topics), wait: settings.query_wait };
            Some(Served { gate, router: fresh.before(routes(queries)), lookout })
        }
        None => None,
    };
    let showing = consumer.details.map(|details| Showing::new(details, applier.database.clone()));
    let parts = Parts {
        applier: Arc::new(applier),
        showing,
        ear: consumer.ear,
        registry: prepared.registry,
        notifications: prepared.notifications,
        chore: consumer.chore,
        served,
    };
    let tasks = start(&shell, &settings, parts)?;
    finish(tasks).await
}

struct Prepared<M> {
    registry: Registry,
    emissions: Encoder<M>,
    notifications: Encoder<ReadModelChanged>,
}

/// What has to be there before anything is consumed; `None` when the process is to stop first.
async fn prepare<P: Projection>(
    shell: &Shell,
    settings: &Settings,
    database: &Database,
    migrations: fn() -> Runner,
    postgres: &Part,
) -> Result<Option<Prepared<P::Emission>>, Failure> {
    let namespace = &settings.log.namespace;
    let registry = Registry::of(&settings.log);
    let schemas = shell.health.part("registry");
    let mut outage = Outage::new(settings.outage_budget);
    let migrated = outage.retry(postgres, &shell.shutdown, async || {
        check_version::<P>(database).await?;
        migrate(database, namespace.as_str(), migrations()).await
    });
    if migrated.await.map_err(failure)?.is_none() {
        return Ok(None);
    }
    if !P::Emission::FILES.is_empty() {
        let checked = outage.retry(postgres, &shell.shutdown, async || {
            relay::check(database, &settings.log, shell.name, P::Emission::TOPIC).await
        });
        if checked.await.map_err(failure)?.is_none() {
            return Ok(None);
        }
    }
    let encoders = outage.retry(&schemas, &shell.shutdown, async || {
        Ok((registry.encoder(namespace).await?, registry.encoder(namespace).await?))
    });
    let encoders = encoders.await.map_err(failure)?;
    Ok(encoders.map(|(emissions, notifications)| Prepared { registry, emissions, notifications }))
}

/// Before anything is changed in a schema that is another version's.
async fn check_version<P: Projection>(database: &Database) -> Result<(), Error> {
    let (client, schema) = (database.dedicated().await?, database.schema());
    match read_model::find(&client, schema).await? {
        Some(found) => read_model::check(schema, found, P::VERSION),
        None => Ok(()),
    }
}

struct Parts<P: Projection> {
    applier: Arc<Applier<P>>,
    registry: Registry,
    notifications: Encoder<ReadModelChanged>,
    chore: Option<Box<dyn Chore<P>>>,
    showing: Option<Showing>,
    ear: Option<Ear>,
    served: Option<Served>,
}

/// The queries, who may ask them, and what lets them wait.
struct Served {
    gate: Gate,
    router: Router,
    lookout: Lookout,
}

type Tasks = JoinSet<Result<(), Failure>>;

/// Starts everything that runs side by side.
fn start<P: Projection>(
    shell: &Shell,
    settings: &Settings,
    parts: Parts<P>,
) -> Result<Tasks, Failure> {
    let mut tasks = Tasks::new();
    let name = shell.name;
    let appender = Appender::new(&settings.log, DELIVERY_LIMIT).map_err(|e| failure(e.into()))?;
    let (feed, publisher) =
        change_feed::channel::<P::Tables>(name, appender, parts.notifications, parts.showing);
    let emitted = Arc::new(Notify::new());
    let applied = Arc::new(Notify::new());
    let outbox_full = Arc::new(AtomicBool::new(false));
    if !P::Emission::FILES.is_empty() {
        let relay = Relay {
            name,
            database: parts.applier.database.clone(),
            log: settings.log.clone(),
            topic: P::Emission::TOPIC,
            emitted: Arc::clone(&emitted),
            poll: settings.relay_poll,
            outage_budget: settings.outage_budget,
            outbox_full: Arc::clone(&outbox_full),
            health: shell.health.part("relay"),
            tracer: shell.tracer.clone(),
        };
        let stop = shell.shutdown.clone();
        tasks.spawn(async move { relay.run(&stop).await.map_err(failure) });
    }
    if let Some(chore) = parts.chore {
        let told = Told {
            feed: feed.clone(),
            emitted: Arc::clone(&emitted),
            outbox_full: Arc::clone(&outbox_full),
            applied: Arc::clone(&applied),
            outage_budget: settings.outage_budget,
            health: shell.health.part("chore"),
        };
        let applier = Arc::clone(&parts.applier);
        let stop = shell.shutdown.clone();
        tasks.spawn(async move {
            let ended = chore::run(applier, chore, told, &stop).await;
            ended.map_err(failure)
        });
    }
    let outlets = Outlets { feed, emitted, applied, outbox_full };
    start_workers(&mut tasks, shell, settings, (&parts.applier, &parts.registry), outlets);
    tasks.spawn(async move { publisher.run().await.map_err(failure) });
    if let Some(ear) = parts.ear {
        let (log, registry, stop) =
            (settings.log.clone(), parts.registry.clone(), shell.shutdown.clone());
        tasks.spawn(async move { ear.listen(name, log, registry, &stop).await.map_err(failure) });
    }
    if let Some(Served { gate, router, lookout }) = parts.served {
        let stop = shell.shutdown.clone();
        tasks.spawn(async move { lookout.run(&stop).await.map_err(failure) });
        let stop = shell.shutdown.clone();
        let port = shell.health.part(http::PART);
        tasks.spawn(http::serve(settings.http_address, gate, router, port, stop));
    }
    shell.health.complete();
    Ok(tasks)
}

/// Who learns of what the workers apply.
struct Outlets {
    feed: ChangeFeed,
    emitted: Arc<Notify>,
    applied: Arc<Notify>,
    outbox_full: Arc<AtomicBool>,
}

/// Starts the members of the group that this process is.
fn start_workers<P: Projection>(
    tasks: &mut Tasks,
    shell: &Shell,
    settings: &Settings,
    (applier, registry): (&Applier<P>, &Registry),
    outlets: Outlets,
) {
    let Outlets { feed, emitted, applied, outbox_full } = outlets;
    for worker in 1..=settings.workers {
        let (log, part) = of_worker(worker, &settings.log);
        let postgres = shell.health.part(part("postgres"));
        // It has just answered.
        postgres.ready();
        let engine = Engine {
            worker,
            applier: Arc::new(applier.another()),
            log,
            registry: registry.clone(),
            batch_events: settings.batch_events,
            outage_budget: settings.outage_budget,
            feed: feed.clone(),
            emitted: Arc::clone(&emitted),
            applied: Arc::clone(&applied),
            outbox_full: Arc::clone(&outbox_full),
            paused: AtomicBool::new(false),
            postgres,
            kafka: shell.health.part(part("kafka")),
        };
        let stop = shell.shutdown.clone();
        tasks.spawn(async move { engine.run(&stop).await.map_err(failure) });
    }
}

/// What tells the workers of a process apart: their static names in the group, and those of the
/// parts of its health. The first one has no number.
fn of_worker(
    worker: usize,
    log: &event_log::Settings,
) -> (event_log::Settings, impl Fn(&str) -> String) {
    let suffix = if worker == 1 { String::new() } else { format!(".{worker}") };
    let instance = log.instance.as_ref().map(|instance| format!("{instance}{suffix}"));
    (event_log::Settings { instance, ..log.clone() }, move |part| format!("{part}{suffix}"))
}

/// Waits for all; the first failure ends the others.
async fn finish(mut tasks: Tasks) -> Result<(), Failure> {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|panic| Err(Failure::Internal(panic.into())))?;
    }
    Ok(())
}

/// What an error means for the process.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        // A client that cannot go on is no bug: that of a fresh process can. Its group may have
        // thrown it out, for example, because the coordinator died while it was joining.
        Error::Log(Explained(error @ event_log::Error::Kafka { .. })) => {
            Failure::Unavailable(error.into())
        }
        Error::Log(error) => error.0.into(),
        error if error.is_wrong_set_up() => Failure::Configuration(error.into()),
        error => match error.class() {
            ErrorClass::Transient => Failure::Unavailable(error.into()),
            ErrorClass::Poison | ErrorClass::Fatal => Failure::Internal(error.into()),
        },
    }
}
