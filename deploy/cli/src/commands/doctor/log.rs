//! Broker, topics, registry, subjects, and what was ever written.

use event_log::{Registry, Settings, restore::PartitionReader, topics::Action};
use tokio::{task::spawn_blocking, time::timeout};

use super::{LIMIT, check::Check};
use crate::commands::{schemas, topics};

/// Whether a broker answers.
pub async fn broker(settings: &Settings) -> Vec<Check> {
    let settings = settings.clone();
    let asked = spawn_blocking(move || {
        let reader = PartitionReader::new(&settings).map_err(|error| error.to_string())?;
        reader.cluster_id().ok_or_else(|| "no broker answers".to_owned())
    });
    let way = "start it, or name others by --brokers";
    vec![match asked.await {
        Ok(Ok(cluster)) => Check::ok("broker", format!("answers; cluster {cluster}")),
        Ok(Err(reason)) => Check::bad("broker", reason, way),
        Err(error) => Check::unchecked("broker", error),
    }]
}

/// Whether each topic is as declared.
pub async fn topics(settings: &Settings) -> Vec<Check> {
    let plan = match timeout(LIMIT, topics::plan(settings)).await {
        Ok(Ok(plan)) => plan,
        Ok(Err(failure)) => return vec![Check::unchecked("topics", failure)],
        Err(_) => return vec![Check::unchecked("topics", "the brokers do not answer")],
    };
    let mut checks = Vec::new();
    for (topic, action) in &plan {
        let name = format!("topic {topic}");
        match action {
            Action::Keep => {}
            Action::Create { .. } => {
                let way = "`oneway topics apply` creates it; if it was there, restore it first";
                checks.push(Check::bad(name, "is missing", way));
            }
            Action::Drift { differences } => {
                for difference in differences {
                    let (is, must) = (&difference.actual, &difference.declared);
                    let seen = format!("{} is {is}, declared {must}", difference.setting);
                    let way = match difference.dangerous {
                        true => "the event store is in danger: set it right at once, by hand",
                        false => "set it by kafka-configs.sh, or declare it in topics.yaml",
                    };
                    checks.push(Check::bad(&name, seen, way));
                }
            }
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok("topics", format!("{} as declared", plan.len())));
    }
    checks
}

/// Whether the registry answers.
pub async fn registry(settings: &Settings) -> Vec<Check> {
    let way = "start it, or name another by --registry";
    vec![match Registry::of(settings).ping().await {
        Ok(()) => Check::ok("schema registry", "answers"),
        Err(error) => Check::bad("schema registry", error.to_string(), way),
    }]
}

/// Whether the registry has what this build writes, and nothing else.
pub async fn subjects(settings: &Settings) -> Vec<Check> {
    let standings = match schemas::plan(settings).await {
        Ok(standings) => standings,
        Err(failure) => return vec![Check::unchecked("subjects", failure)],
    };
    let mut checks = Vec::new();
    for standing in &standings {
        for what in standing.open() {
            let way = "`oneway schemas register --apply`";
            checks.push(Check::bad(&standing.subject, format!("to do: {what}"), way));
        }
        for version in &standing.foreign {
            let (version, id) = (version.version, version.id);
            let seen = format!("version {version} (id {id}) is none of this build's revisions");
            let way = "a newer build, or somebody past the workflow: find out which";
            checks.push(Check::bad(&standing.subject, seen, way));
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok("subjects", format!("{} registered as here", standings.len())));
    }
    checks
}

/// Whether this build reads all that is in the topics.
pub async fn history(settings: &Settings, is_quiet: bool) -> Vec<Check> {
    match schemas::scan(settings.clone(), false, is_quiet).await {
        Err(failure) => vec![Check::unchecked("history", failure)],
        Ok(history) => {
            let way = "`oneway schemas verify-history` shows more; deploy a build that reads it";
            let bad = |failure: String| Check::bad("history", failure, way);
            let mut checks: Vec<_> = history.failures().into_iter().map(bad).collect();
            if checks.is_empty() {
                let records: u64 = history.schemas.values().map(|found| found.records).sum();
                let seen =
                    format!("{} schemas in {records} records are read", history.schemas.len());
                checks.push(Check::ok("history", seen));
            }
            checks
        }
    }
}
