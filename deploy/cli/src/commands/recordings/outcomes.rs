//! What became of the commands that were sent: the processors decide them all, and say so on
//! `command.results`.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use event_log::{
    MessageReader, Partition, Registry, Settings, group, record, restore::PartitionReader,
    topics::partition_count,
};
use schemas::{CommandId, Topic, command::CommandOutcome};
use tokio::{runtime::Handle, time::sleep};

use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
    refused::Refused,
};

/// The group of the command processors.
const GROUP: &str = "command-processor";

/// How often is looked how far they are.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Where the outcomes of what is sent from now on begin. Blocks.
pub fn ends(settings: &Settings) -> Result<Vec<(Partition, i64)>, event_log::Error> {
    let log = PartitionReader::new(settings)?;
    let topic = Topic::COMMAND_RESULTS;
    let partitions =
        (0..partition_count(settings, topic)?).map(|number| Partition { topic, number });
    partitions.map(|partition| Ok((partition, log.high_watermark(partition)?))).collect()
}

/// Waits until the processors have decided everything up to these offsets, as long as they get on.
pub async fn until_decided(
    settings: &Settings,
    last: &BTreeMap<Partition, i64>,
    patience: Duration,
) -> Result<()> {
    let partitions: Vec<_> = last.keys().copied().collect();
    let (mut before, mut since) = (i64::MAX, Instant::now());
    loop {
        let (of, asked) = (settings.clone(), partitions.clone());
        let committed = tokio::task::spawn_blocking(move || group::committed(&of, GROUP, &asked));
        let committed = committed.await.map_err(|panic| Failure::Internal(panic.into()))?;
        let committed = committed.map_err(failed)?;
        let missing = committed.iter().map(|(partition, next)| {
            let last = last.get(partition).copied().unwrap_or_default();
            (last + 1 - next.unwrap_or_default()).max(0)
        });
        let missing: i64 = missing.sum();
        if missing == 0 {
            return Ok(());
        }
        if missing < before {
            (before, since) = (missing, Instant::now());
        }
        if since.elapsed() > patience {
            return Err(Failure::unavailable(format!(
                "all commands are in the log, but {missing} records wait to be decided and nothing \
                 happens: does a command-processor run? They stay, and are decided when one does"
            )));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Counts of what was decided.
#[derive(Debug, Default)]
pub struct Decided {
    /// Accepted, now or before.
    pub accepted: u64,
    /// Refused by a rule, with the lines.
    pub refused: Refused,
}

/// Reads the outcomes of these commands, by their lines. Blocks.
pub fn decided(
    settings: &Settings,
    runtime: &Handle,
    begins: &[(Partition, i64)],
    mut lines: HashMap<CommandId, u64>,
) -> Result<Decided, event_log::Error> {
    let log = PartitionReader::new(settings)?;
    let mut reader = MessageReader::new(&Registry::of(settings), runtime);
    let mut decided = Decided::default();
    for (partition, begin) in begins {
        log.read_from(*partition, *begin, |record| {
            let (key, payload) = record::bytes(record);
            let id = std::str::from_utf8(key).ok().map(CommandId::from_key);
            // The first answer counts; the same command may come again from its policy.
            let Some(line) = id.and_then(|id| lines.remove(&id)) else { return Ok(()) };
            if let Ok(outcome) = reader.read_sole::<CommandOutcome>(payload)? {
                match outcome.rejection {
                    None => decided.accepted += 1,
                    Some(rejection) => decided.refused.add(line, rejection.message),
                }
            }
            Ok(())
        })?;
    }
    Ok(decided)
}
