//! The ids that records name mean the same. Registries give ids by themselves: that of Confluent can
//! be told one, Apicurio cannot (3.0.9 answers, and gives its own). A registry that is empty counts
//! from 1, so that each schema gets its id when as many others were registered before it. Of one
//! that has had others, only its own backup has the ids.

use std::collections::{BTreeMap, BTreeSet};

use event_log::{
    Registry, Settings,
    registry::{RegistryError, Version},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use schema_workflow::shipped::{self, Shipped};
use schemas::Topic;

use super::manifest::KeptSchema;
use crate::{
    commands::schemas::{register::is_same, subject_name},
    failure::{Failure, Result},
};

/// Questions that the registry is asked at once.
const AT_ONCE: usize = 8;

/// The id of the schema that a payload names.
pub fn id_in(payload: &[u8]) -> Option<u32> {
    let ([0], rest) = payload.split_first_chunk()? else { return None };
    rest.first_chunk().map(|id| u32::from_be_bytes(*id))
}

/// Ids that records name and none of the schemas has.
pub fn unknown(known: &[KeptSchema], named: &BTreeSet<u32>) -> Vec<u32> {
    named.iter().copied().filter(|id| known.iter().all(|schema| schema.id != *id)).collect()
}

/// Every version of every subject of an installation, in the order of their ids.
pub async fn of_installation(settings: &Settings) -> Result<Vec<KeptSchema>> {
    let registry = Registry::of(settings);
    let prefixes = Topic::ALL.map(|topic| format!("{}-", settings.qualify(topic.name())));
    let mut subjects: BTreeSet<_> =
        registry.subjects().await.map_err(failed)?.into_iter().collect();
    subjects.retain(|subject| prefixes.iter().any(|prefix| subject.starts_with(prefix)));
    // A registry that many share may list its first subjects only (Apicurio: 1,000).
    let own = shipped::all();
    subjects.extend(own.iter().map(|Shipped { subject, .. }| subject_name(settings, subject)));
    let versions = subjects.into_iter().map(|subject| {
        let registry = &registry;
        async move {
            let versions = registry.versions(&subject).await?;
            let kept = |Version { version, id, schema }| {
                let (subject, text) = (subject.clone(), schema);
                KeptSchema { id, subject, version, text }
            };
            Ok::<_, RegistryError>(versions.into_iter().map(kept).collect::<Vec<_>>())
        }
    });
    let all: Vec<Vec<_>> =
        stream::iter(versions).buffered(AT_ONCE).try_collect().await.map_err(failed)?;
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    all.sort_unstable_by(|a, b| (a.id, &a.subject, a.version).cmp(&(b.id, &b.subject, b.version)));
    Ok(all)
}

/// Looks whether a registry lacks any of the schemas: then all of them are to be registered, in
/// their order. Refuses one where an id means something else, or would.
pub async fn missing(registry: &Registry, kept: &[KeptSchema]) -> Result<Vec<KeptSchema>> {
    let ids: BTreeMap<u32, &KeptSchema> = kept.iter().map(|schema| (schema.id, schema)).collect();
    let looks = ids.values().map(|schema| async move {
        match registry.schema(schema.id).await {
            Ok(found) if is_same(&found, &schema.text) => Ok(None),
            Ok(_) => Err(Failure::setup(format!(
                "schema {} is another one in this registry than {} in the backup: records would be \
                 read wrongly. {RESTORE_IT}",
                schema.id, schema.subject
            ))),
            Err(RegistryError::NotFound { .. }) => Ok(Some(schema.id)),
            Err(error) => Err(failed(error)),
        }
    });
    let absent: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let absent: BTreeSet<_> = absent.into_iter().flatten().collect();
    if let Some(id) = absent.first() {
        check_empty(registry, *id).await?;
    }
    Ok(if absent.is_empty() { Vec::new() } else { kept.to_vec() })
}

/// Only one that has nothing counts from 1.
async fn check_empty(registry: &Registry, lacking: u32) -> Result<()> {
    let subjects = registry.subjects().await.map_err(failed)?;
    match subjects.first() {
        None => Ok(()),
        Some(one) => Err(Failure::setup(format!(
            "the registry has no schema {lacking}, and is not empty: it has {one}. {RESTORE_IT}"
        ))),
    }
}

/// Registers schemas in a registry that is empty, so that each gets its id, and stops when another
/// one is given. Numbers that no schema of ours has go to fillers, which are deleted again.
pub async fn register(registry: &Registry, kept: &[KeptSchema]) -> Result<()> {
    let (first, others) = in_order(kept);
    let (mut given, mut fillers) = (0, Vec::new());
    for schema in first {
        while given + 1 < schema.id {
            let subject = format!("oneway-restore-filler-{}", fillers.len());
            given = registry.register(&subject, &filler(fillers.len())).await.map_err(failed)?;
            fillers.push(subject);
        }
        given = put(registry, schema).await?;
    }
    // Last of all: that a text is known already may use up a number, too.
    for schema in others {
        put(registry, schema).await?;
    }
    for subject in &fillers {
        registry.delete(subject).await.map_err(failed)?;
    }
    Ok(())
}

/// One schema for each id, in the order of the ids; and then the same texts under other names.
fn in_order(kept: &[KeptSchema]) -> (Vec<&KeptSchema>, Vec<&KeptSchema>) {
    let mut kept: Vec<_> = kept.iter().collect();
    kept.sort_by_key(|schema| schema.id);
    let mut known = BTreeSet::new();
    kept.into_iter().partition(|schema| known.insert(schema.id))
}

async fn put(registry: &Registry, schema: &KeptSchema) -> Result<u32> {
    let KeptSchema { id, subject, text, .. } = schema;
    let given = registry.register(subject, text).await.map_err(failed)?;
    if given == *id {
        return Ok(given);
    }
    Err(Failure::setup(format!(
        "the registry gives {subject} id {given}, and records name it by {id}. {RESTORE_IT}"
    )))
}

/// A schema that nobody has.
fn filler(number: usize) -> String {
    format!(
        r#"{{"type":"record","name":"Filler{number}","namespace":"oneway.restore","fields":[]}}"#
    )
}

const RESTORE_IT: &str = "Restore the registry's own database, or begin with a registry that is \
                          empty: see Backup and restore in docs/operations.md";

fn failed(error: RegistryError) -> Failure {
    crate::commands::cluster::failed(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_behind_the_magic_byte() {
        assert_eq!(id_in(&[0, 0, 0, 1, 2, 9]), Some(258));
        assert_eq!(id_in(&[0, 0, 0, 1, 2]), Some(258));
        assert_eq!(id_in(&[1, 0, 0, 1, 2]), None);
        assert_eq!(id_in(&[0, 0, 0, 1]), None);
        assert_eq!(unknown(&[schema(2)], &[1, 2].into()), [1]);
    }

    #[test]
    fn the_same_text_under_another_name_comes_last() {
        let kept = [3, 1, 3, 7].map(schema);
        let (first, others) = in_order(&kept);
        let ids = |of: Vec<&KeptSchema>| of.iter().map(|schema| schema.id).collect::<Vec<_>>();
        assert_eq!((ids(first), ids(others)), (vec![1, 3, 7], vec![3]));
    }

    fn schema(id: u32) -> KeptSchema {
        KeptSchema { id, subject: "s".into(), version: 1, text: "t".into() }
    }
}
