//! The database, and how each consumer stands.

use std::{fs, path::Path, time::Duration};

use consumer_runtime::Server;
use operator::{
    Consumer,
    standing::{Observer, Standing},
};
use tokio::time::timeout;
use tokio_postgres::{Client, error::SqlState};

use super::{LIMIT, Patient, check::Check};
use crate::workspace::Workspace;

/// The database, and its migrations.
pub async fn database(patient: &Patient) -> Vec<Check> {
    match connect(patient).await {
        Ok(client) => {
            let mut checks = vec![Check::ok("database", "answers")];
            checks.extend(migrations(&client).await);
            checks
        }
        Err(mut checks) => {
            checks.push(Check::unchecked("migrations", "there is no database"));
            checks
        }
    }
}

/// How each consumer stands, by its rows and by the log.
pub async fn consumers(patient: &Patient) -> Vec<Check> {
    if connect(patient).await.is_err() {
        let unseen = ["consumers", "dead letters"];
        return unseen.map(|name| Check::unchecked(name, "there is no database")).into();
    }
    match patient.observer() {
        Ok(observer) => all(&observer, patient.lag).await,
        Err(reason) => vec![Check::unchecked("consumers", reason)],
    }
}

async fn connect(patient: &Patient) -> Result<Client, Vec<Check>> {
    let config = patient.database.as_ref();
    let config = config.map_err(|reason| vec![Check::unchecked("database", reason)])?;
    let way = "start it, or name another by --database";
    client(config).await.map_err(|reason| vec![Check::bad("database", reason, way)])
}

/// A connection that ends with its client.
pub async fn client(server: &Server) -> Result<Client, String> {
    match timeout(LIMIT, server.connect()).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("does not answer".to_owned()),
    }
}

/// Whether each schema has had the migrations that are in the workspace.
async fn migrations(client: &Client) -> Vec<Check> {
    let Ok(workspace) = Workspace::find() else {
        let why = "the files are in the sources: run it in the workspace";
        return vec![Check::unchecked("migrations", why)];
    };
    let consumers = workspace.root().join("consumers");
    let mut checks = Vec::new();
    for consumer in Consumer::ALL {
        let own = newest(&consumers.join(consumer.name()).join("migrations"));
        let runtime = newest(&consumers.join("runtime/migrations"));
        let expansion = newest(&consumers.join("runtime/expansions"));
        for (table, newest) in
            [("migration", own), ("runtime_migration", runtime), ("runtime_expansion", expansion)]
        {
            checks.extend(migrated(client, consumer, table, newest).await);
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok("migrations", "every schema has had all of them"));
    }
    checks
}

async fn migrated(
    client: &Client,
    consumer: Consumer,
    table: &str,
    newest: Option<i32>,
) -> Option<Check> {
    let newest = newest?;
    let sql = format!("select max(version) from \"{}\".{table}", consumer.schema());
    let name = format!("migrations of {}", consumer.name());
    let way = "start its newest build: it migrates its schema itself";
    match client.query_one(&sql, &[]).await.map(|row| row.get::<_, Option<i32>>(0)) {
        Ok(Some(version)) if version >= newest => None,
        Ok(version) => {
            let version = version.unwrap_or(0);
            Some(Check::bad(name, format!("{table} {version} of {newest}"), way))
        }
        Err(error)
            if matches!(
                error.code(),
                Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)
            ) =>
        {
            Some(Check::bad(name, "it has never run here", way))
        }
        Err(error) => Some(Check::unchecked(name, error)),
    }
}

/// The highest number of the files `V<number>__<name>.sql`.
fn newest(folder: &Path) -> Option<i32> {
    let files = fs::read_dir(folder).ok()?;
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.strip_prefix('V')?.split_once("__")?.0.parse().ok()).max()
}

async fn all(observer: &Observer, limit: Duration) -> Vec<Check> {
    let mut checks = Vec::new();
    for consumer in Consumer::ALL {
        match timeout(LIMIT, observer.one(consumer)).await {
            Ok(Ok(standing)) => checks.extend(of_one(&standing, limit)),
            Ok(Err(error)) => checks.push(Check::unchecked(consumer.name(), error)),
            Err(_) => checks.push(Check::unchecked(consumer.name(), "takes too long to tell")),
        }
    }
    checks
}

fn of_one(standing: &Standing, limit: Duration) -> Vec<Check> {
    let name = standing.consumer.name();
    let Some(model) = standing.model else { return Vec::new() };
    let mut checks = Vec::new();
    if model.is_paused {
        let way = "`oneway consumer NAME resume`";
        checks.push(Check::bad(name, "is paused", way));
    }
    let seconds = standing.lags.values().map(|lag| lag.seconds()).fold(0.0, f64::max);
    let records: u64 = standing.lags.values().map(|lag| lag.waiting).sum();
    if seconds > limit.as_secs_f64() {
        let seen = format!("is {seconds:.0} s behind, {records} records");
        let way = "see its log (`oneway logs NAME`); start further instances";
        checks.push(Check::bad(format!("lag of {name}"), seen, way));
    }
    let orphans = standing.lags.keys().filter(|at| !standing.owners.contains_key(at)).count();
    if orphans > 0 {
        let seen = format!("nobody reads {orphans} of {} partitions", standing.lags.len());
        checks.push(Check::bad(name, seen, "start an instance of it"));
    }
    if !standing.letters.is_empty() || standing.parked > 0 {
        let (letters, parked) = (standing.letters.len(), standing.parked);
        let seen = format!("{letters}, and {parked} records parked with them");
        let way = "`oneway dead-letters list NAME`; then retry or skip them";
        checks.push(Check::bad(format!("dead letters of {name}"), seen, way));
    }
    if checks.is_empty() {
        checks.push(Check::ok(name, format!("{records} records behind")));
    }
    checks
}
