//! `oneway schemas register` and `check --registry`: what the registry lacks, and to give it.

use std::path::Path;

use anyhow::anyhow;
use event_log::{
    Registry, Settings,
    registry::{RegistryError, Version},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use schema_workflow::shipped::{self, Shipped};
use serde_json::Value;

use super::{files, subject_name};
use crate::{
    failure::{Failure, Result},
    report::print,
};

/// No reader of any version, old or new, may be broken by any other.
pub const COMPATIBILITY: &str = "FULL_TRANSITIVE";

/// Questions that the registry is asked at once.
const AT_ONCE: usize = 8;

/// How a subject stands in the registry.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The subject, as it is called there.
    pub subject: String,
    /// Its revisions, and the version that each has there.
    pub revisions: Vec<(String, Option<Version>)>,
    /// Versions that are none of our revisions.
    pub foreign: Vec<Version>,
    /// Its compatibility level, if it has one of its own.
    pub level: Option<String>,
}

impl Standing {
    /// The revisions to register: those after the newest that is there.
    fn missing(&self) -> &[(String, Option<Version>)] {
        let there = self.revisions.iter().rposition(|(_, version)| version.is_some());
        self.revisions.get(there.map_or(0, |at| at + 1)..).unwrap_or_default()
    }

    fn has_level(&self) -> bool {
        self.level.as_deref() == Some(COMPATIBILITY)
    }

    /// What is to do, in words; nothing when all is well.
    pub fn open(&self) -> Vec<String> {
        let first = self.revisions.len() - self.missing().len() + 1;
        let missing = (first..=self.revisions.len()).map(|n| format!("register revision {n}"));
        let level = (!self.has_level()).then(|| {
            let now = self.level.as_deref().unwrap_or("that of all subjects");
            format!("set the level to {COMPATIBILITY} (it is {now})")
        });
        level.into_iter().chain(missing).collect()
    }
}

/// How every subject of this build stands.
pub async fn plan(settings: &Settings) -> Result<Vec<Standing>> {
    plan_of(settings, shipped::all()).await
}

async fn plan_of(settings: &Settings, subjects: Vec<Shipped>) -> Result<Vec<Standing>> {
    let registry = Registry::of(settings);
    let standings = subjects.into_iter().map(|one| standing(&registry, settings, one));
    stream::iter(standings).buffered(AT_ONCE).try_collect().await.map_err(refused)
}

async fn standing(
    registry: &Registry,
    settings: &Settings,
    Shipped { subject, revisions }: Shipped,
) -> Result<Standing, RegistryError> {
    let subject = subject_name(settings, &subject);
    let mut versions = registry.versions(&subject).await?;
    let level = match versions.is_empty() {
        // Some registries keep the level of a subject that has no version yet, some do not.
        true => None,
        false => registry.compatibility(&subject).await?,
    };
    let revisions = revisions.into_iter().map(|text| {
        let same = versions.iter().position(|version| is_same(&version.schema, &text));
        let version = same.map(|at| versions.remove(at));
        (text, version)
    });
    let revisions = revisions.collect();
    Ok(Standing { subject, revisions, foreign: versions, level })
}

/// Registries keep the schema, not the spaces of its file.
pub fn is_same(one: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<Value>(text).ok();
    one == other || parse(one).is_some_and(|one| parse(other) == Some(one))
}

/// Registers what is missing; the subjects with the ids of what this build writes.
pub async fn register(settings: &Settings) -> Result<Vec<(String, u32)>> {
    let standings = plan(settings).await?;
    apply_all(settings, standings).await
}

async fn apply_all(settings: &Settings, standings: Vec<Standing>) -> Result<Vec<(String, u32)>> {
    let registry = Registry::of(settings);
    let one = |standing| apply(&registry, standing);
    let applied = stream::iter(standings).map(one).buffered(AT_ONCE);
    applied.try_collect().await.map_err(refused)
}

async fn apply(registry: &Registry, standing: Standing) -> Result<(String, u32), RegistryError> {
    let subject = &standing.subject;
    if !standing.has_level() {
        // The level first: it is to judge this very registration.
        registry.set_compatibility(subject, COMPATIBILITY).await?;
    }
    let newest = standing.revisions.iter().rev().find_map(|(_, version)| version.as_ref());
    let mut id = newest.map_or(0, |version| version.id);
    for (text, _) in standing.missing() {
        id = registry.register(subject, text).await?;
    }
    Ok((standing.subject, id))
}

/// The command: shows what is to do, has the registry judge all of it, and does it when told.
pub async fn run(settings: &Settings, dir: Option<&Path>, apply: bool) -> Result<()> {
    let standings = match dir {
        Some(_) => {
            let folder = files::folder(dir)?;
            files::refuse(&folder.check())?;
            plan_of(settings, shipped::of(&folder)).await?
        }
        None => plan(settings).await?,
    };
    let mut refusals = 0;
    let mut open = 0;
    for standing in &standings {
        for what in standing.open() {
            open += 1;
            print(format_args!("+ {}: {what}", standing.subject));
        }
        for reason in verdict(&Registry::of(settings), standing).await? {
            refusals += 1;
            print(format_args!("! {}: {reason}", standing.subject));
        }
    }
    if refusals > 0 {
        return Err(Failure::Negative(anyhow!(
            "the registry refuses {refusals} revisions; nothing was registered"
        )));
    }
    match (open, apply) {
        (0, _) => print(format_args!("{} subjects are registered", standings.len())),
        (_, false) => print(format_args!("{open} things to do; --apply does them")),
        (_, true) => {
            let registered = apply_all(settings, standings).await?;
            print(format_args!("done: {} subjects are registered", registered.len()));
        }
    }
    Ok(())
}

/// What the registry says to the revisions that are to come, before any is there.
async fn verdict(registry: &Registry, standing: &Standing) -> Result<Vec<String>> {
    let mut reasons = Vec::new();
    let is_known = standing.revisions.iter().any(|(_, version)| version.is_some());
    for (text, _) in standing.missing().iter().filter(|_| is_known || !standing.foreign.is_empty())
    {
        reasons.extend(registry.objections(&standing.subject, text).await.map_err(refused)?);
    }
    Ok(reasons)
}

/// `check --registry`: nothing to do there, and nothing there that is not ours.
pub async fn check(settings: &Settings) -> Result<()> {
    let standings = plan(settings).await?;
    let mut wrong = 0;
    for standing in &standings {
        let foreign = standing.foreign.iter().map(|version| {
            format!("version {} (id {}) is none of our revisions", version.version, version.id)
        });
        for what in standing.open().into_iter().chain(foreign) {
            wrong += 1;
            print(format_args!("{}: {what}", standing.subject));
        }
    }
    match wrong {
        0 => {
            print(format_args!("the registry has {} subjects as they are here", standings.len()));
            Ok(())
        }
        n => Err(Failure::Negative(anyhow!(
            "{n} differences; `oneway schemas register` shows what is to do"
        ))),
    }
}

/// Turns an error of the registry into the end of a command.
pub fn refused(error: RegistryError) -> Failure {
    match error {
        RegistryError::Unavailable { .. } => Failure::Unavailable(error.into()),
        _ => Failure::Negative(error.into()),
    }
}
