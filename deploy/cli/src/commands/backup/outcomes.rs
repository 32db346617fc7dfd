//! Outcomes of commands that are not decided in a backup: they were decided while it was made, and
//! will be decided again. Each command has one outcome, so these are left out.

use std::{collections::HashMap, path::Path};

use event_log::refill::Kept;
use schemas::{CommandId, Topic};

use super::{manifest::Manifest, piece};
use crate::failure::Result;

const ID: &str = "ce_id";

/// How many outcomes of each such command are to be kept: of repeats that were decided before.
#[derive(Clone, Debug, Default)]
pub struct Outcomes(HashMap<CommandId, u64>);

impl Outcomes {
    /// Looks through the commands of a backup.
    pub fn of(folder: &Path, manifest: &Manifest) -> Result<Self> {
        let mut left = HashMap::new();
        for is_decided in [false, true] {
            for copy in &manifest.partitions {
                if copy.place()?.topic.events_of_commands().is_none() {
                    continue;
                }
                let undecided = copy.undecided.unwrap_or(copy.begin);
                if !is_decided && undecided >= copy.end || is_decided && left.is_empty() {
                    continue;
                }
                for record in piece::read(folder, copy) {
                    let record = record?;
                    let Some(id) = id(&record) else { continue };
                    match (is_decided, record.offset < undecided) {
                        (false, false) => drop(left.entry(id).or_insert(0_u64)),
                        (true, true) => left.get_mut(&id).into_iter().for_each(|count| *count += 1),
                        _ => {}
                    }
                }
            }
        }
        Ok(Self(left))
    }

    /// Whether a record of a topic is kept.
    pub fn keeps(&mut self, topic: Topic, record: &Kept) -> bool {
        if topic != Topic::COMMAND_RESULTS {
            return true;
        }
        let Some(count) = id(record).and_then(|id| self.0.get_mut(&id)) else { return true };
        let is_kept = *count > 0;
        *count = count.saturating_sub(1);
        is_kept
    }
}

fn id(record: &Kept) -> Option<CommandId> {
    let mut headers = record.headers.iter().flatten();
    let (_, value) = headers.find(|(name, _)| name == ID)?;
    std::str::from_utf8(value.as_deref()?).ok().map(CommandId::from_key)
}
