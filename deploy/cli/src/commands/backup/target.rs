//! Whether something can be restored there.

use std::time::{Duration, Instant};

use event_log::{
    ErrorClass, Partition, Settings, members, restore::PartitionReader, topics::partition_count,
};
use operator::Consumer;

use super::{
    kinds::PROCESSOR,
    manifest::{Copy, Manifest},
};
use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
};

/// Longest wait for the leaders of partitions.
const LEADERS_LIMIT: Duration = Duration::from_secs(30);

/// Refuses everything but an installation of the same name whose topics are as they were made, and
/// that nobody uses. Blocks.
pub fn check(settings: &Settings, manifest: &Manifest) -> Result<()> {
    let (ours, theirs) = (settings.namespace.as_str(), manifest.namespace.as_str());
    if ours != theirs {
        return Err(Failure::setup(format!(
            "the backup is of namespace '{theirs}', and this is '{ours}': names of schemas begin \
             with it, so restore into the same (ONEWAY_NAMESPACE)"
        )));
    }
    nobody_runs(settings)?;
    let reader = PartitionReader::new(settings).map_err(failed)?;
    for copy in &manifest.partitions {
        let at = copy.place()?;
        same_count(settings, manifest, at)?;
        let (begin, end) = watermarks(&reader, at)?;
        if (begin, end) != (0, 0) {
            return Err(Failure::setup(format!(
                "{at} is not empty, it has had {end} records: a restore writes to the first offset. \
                 Is it the right cluster? If a restore was stopped here, delete the topics of the \
                 backup, make them by `oneway topics apply`, and begin again"
            )));
        }
    }
    Ok(())
}

/// A topic that was made a moment ago has no leaders yet.
fn watermarks(reader: &PartitionReader, at: Partition) -> Result<(i64, i64)> {
    let deadline = Instant::now() + LEADERS_LIMIT;
    loop {
        match reader.watermarks(at) {
            Err(error) if error.class() == ErrorClass::Transient && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            ended => return ended.map_err(failed),
        }
    }
}

fn nobody_runs(settings: &Settings) -> Result<()> {
    let names = Consumer::ALL.map(Consumer::name);
    for group in [PROCESSOR].into_iter().chain(names) {
        let count = members::count(settings, group).map_err(failed)?;
        if count > 0 {
            return Err(Failure::setup(format!(
                "{count} instances of {group} run: stop all services first; one that was killed \
                 counts for some seconds yet"
            )));
        }
    }
    Ok(())
}

/// Once per topic would do; it is asked for each partition, of which there are few.
fn same_count(settings: &Settings, manifest: &Manifest, at: Partition) -> Result<()> {
    let name = at.topic.name();
    let of_topic = |copy: &&Copy| copy.topic == name;
    let had = manifest.partitions.iter().filter(of_topic).count();
    let has = partition_count(settings, at.topic).map_err(|error| {
        Failure::Setup(anyhow::Error::new(error).context(format!(
            "cannot find topic {}: make it by `oneway topics apply`",
            settings.qualify(name)
        )))
    })?;
    if usize::try_from(has) == Ok(had) {
        return Ok(());
    }
    Err(Failure::setup(format!(
        "{name} has {has} partitions and had {had}: keys would be in other partitions than their \
         events. Delete the topics, and make them with {had} partitions (deploy/topics.yaml)"
    )))
}
