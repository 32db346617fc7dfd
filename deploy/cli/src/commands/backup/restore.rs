//! Out of the folder, every record to the offset that it had.

use std::path::{Path, PathBuf};

use clap::Args;
use event_log::{
    Partition, Registry, Settings, group,
    refill::{self, Filling, Kept, RESTORED, Refill},
    restore::PartitionReader,
};

use super::{
    check,
    kinds::{PROCESSOR, RELAYS, TOPICS, is_event_store},
    manifest::{Copy, Manifest},
    outcomes::Outcomes,
    piece::{self, Sum},
    registry, target,
};
use crate::{
    commands::cluster::{Cluster, failed},
    failure::{Failure, Result},
    progress::Progress,
    report::{Report, print},
};

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    /// The folder
    folder: PathBuf,
    /// Check the backup and the target, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    cluster: Cluster,
}

const NEXT: &str = "next, with all services still stopped:\n  \
    oneway state rebuild\n  \
    oneway consumer customer-classifier start-over\n  \
    oneway consumer email-campaign start-over\n  \
    oneway consumer order-confirmation start-over\n  \
    oneway consumer order-valuation start-over\n  \
    oneway verify log\n\
    then start command-processor, the consumers, and the rest. Tokens hold, and so do the offsets in \
    schemas of Postgres that are not newer than this backup.";

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    let Options { folder, dry_run, cluster } = options;
    let settings = cluster.settings(state)?;
    let (manifest, report) = (Manifest::read(&folder)?, Report::new());
    let step = report.step("checking the backup and the target");
    let schemas = Registry::of(&settings);
    let missing = registry::missing(&schemas, &manifest.schemas).await?;
    let (manifest, folder) = blocking(&settings, manifest, folder, |settings, manifest, folder| {
        target::check(settings, manifest)?;
        check::check(folder, manifest)
    })
    .await?;
    let (records, kept) = (manifest.records(), manifest.schemas.len());
    step.done(&format!("{records} records and {kept} schemas as of {}", manifest.taken_at));
    if dry_run {
        print(format!(
            "it can be restored here: {records} records; {} schemas are to be registered",
            missing.len()
        ));
        return Ok(());
    }
    registry::register(&schemas, &missing).await?;
    let step = report.step("writing the records");
    let (manifest, folder) = blocking(&settings, manifest, folder, write).await?;
    step.done(&format!("{records} records written"));
    let deleted = deleted(&manifest)?;
    if !deleted.is_empty() {
        refill::delete_before(&settings, &deleted).await.map_err(failed)?;
    }
    let step = report.step("reading them back");
    blocking(&settings, manifest, folder, compare).await?;
    step.done("all is as it was");
    print(NEXT);
    Ok(())
}

/// Does something on a thread that may block, and gives back what it was lent.
async fn blocking(
    settings: &Settings,
    manifest: Manifest,
    folder: PathBuf,
    work: impl FnOnce(&Settings, &Manifest, &Path) -> Result<()> + Send + 'static,
) -> Result<(Manifest, PathBuf)> {
    let settings = settings.clone();
    let working = tokio::task::spawn_blocking(move || {
        work(&settings, &manifest, &folder).map(|()| (manifest, folder))
    });
    working.await.map_err(|panic| Failure::Internal(panic.into()))?
}

/// Writes topic by topic, then where each group goes on.
fn write(settings: &Settings, manifest: &Manifest, folder: &Path) -> Result<()> {
    // First: from now on no relay takes up its work by what its outbox has.
    for (consumer, topic) in RELAYS {
        let cursor = (Partition { topic, number: 0 }, RESTORED);
        group::commit(settings, &format!("{consumer}.relay"), &[cursor]).map_err(failed)?;
    }
    let outcomes = Outcomes::of(folder, manifest)?;
    let mut refill = Refill::new(settings).map_err(failed)?;
    let mut progress = Progress::new(manifest.records(), "records written", false);
    let mut done = 0;
    for topic in TOPICS {
        let copies = manifest.partitions.iter().filter(|copy| copy.topic == topic.name());
        let filling = |copy: &Copy| {
            let mut outcomes = outcomes.clone();
            let records = piece::read(folder, copy).filter(move |record| {
                record.as_ref().map_or(true, |record| outcomes.keeps(topic, record))
            });
            Filling::new(copy.place()?, copy.end, records)
        };
        let mut fillings = copies.map(filling).collect::<Result<Vec<_>>>()?;
        refill.fill(&mut fillings, |more| {
            done += more;
            progress.at(done);
        })?;
    }
    progress.finish();
    let undecided = manifest.partitions.iter().filter_map(|copy| Some((copy, copy.undecided?)));
    let undecided = undecided.map(|(copy, offset)| Ok((copy.place()?, offset)));
    group::commit(settings, PROCESSOR, &undecided.collect::<Result<Vec<_>>>()?).map_err(failed)
}

/// What was deleted already when it was copied.
fn deleted(manifest: &Manifest) -> Result<Vec<(Partition, i64)>> {
    let begun_later = manifest.partitions.iter().filter(|copy| copy.begin > 0);
    begun_later.map(|copy| Ok((copy.place()?, copy.begin))).collect()
}

/// Reads everything back. What retention has taken away meanwhile, it would have there too.
fn compare(settings: &Settings, manifest: &Manifest, folder: &Path) -> Result<()> {
    let (reader, outcomes) = (PartitionReader::new(settings)?, Outcomes::of(folder, manifest)?);
    let mut progress = Progress::new(manifest.records(), "records compared", false);
    let mut done = 0;
    for copy in &manifest.partitions {
        let at = copy.place()?;
        let (oldest, _) = reader.watermarks(at)?;
        let begin = if is_event_store(at.topic) { copy.begin } else { oldest };
        let (mut kept, mut found, mut outcomes) = (Sum::new(), Sum::new(), outcomes.clone());
        for record in piece::read(folder, copy) {
            let record = record?;
            if outcomes.keeps(at.topic, &record) && record.offset >= begin {
                kept.add(&record);
            }
        }
        reader.read_range(at, begin..copy.end, |record| {
            found.add(&Kept::of(record));
            done += 1;
            progress.at(done);
            Ok(())
        })?;
        if !found.equals(kept) {
            return Err(Failure::Negative(anyhow::anyhow!(
                "{at} is not as it was, do not use it: delete the topics, and restore again"
            )));
        }
    }
    progress.finish();
    Ok(())
}
