//! Everything that one request set off, as a tree of who caused whom.
//!
//! - [`effects`]: what was done outside because of it
//! - [`tree`]: the order

pub mod effects;
pub mod tree;

use std::collections::BTreeSet;

use schemas::{Topic, any_command::TOPICS};

use crate::{
    error::Error,
    scan::{SHOWN, Scan},
    seen::Seen,
};

/// What a trace begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// One correlation id.
    Correlation(String),
    /// All those that have to do with an aggregate of this type and id.
    Aggregate(String, String),
}

/// The records of a trace, without effects. Blocks.
///
/// # Errors
/// When there is no such aggregate type, or Kafka or the registry do not answer.
pub fn records(scan: &Scan, root: &Root) -> Result<Vec<Seen>, Error> {
    let ids = match root {
        Root::Correlation(id) => BTreeSet::from([id.clone()]),
        Root::Aggregate(name, id) => ids_of(scan, name, id)?,
    };
    // Records of which one causes another.
    let topics: Vec<_> = SHOWN.into_iter().chain([Topic::CHANGE_NOTIFICATIONS]).collect();
    let found = scan.run(&scan.partitions(&topics, None)?, |envelope, _| {
        envelope.correlation_id.is_some_and(|id| ids.contains(id))
    })?;
    if found.is_empty() {
        let hint = "no record has this correlation id; commands are kept for 7 days";
        return Err(Error::NotFound(hint.to_owned()));
    }
    Ok(found)
}

/// The correlation ids of what has this aggregate as its subject.
fn ids_of(scan: &Scan, name: &str, id: &str) -> Result<BTreeSet<String>, Error> {
    let commands = Topic::commands_of(name).filter(|topic| TOPICS.contains(topic));
    let commands = commands.ok_or_else(|| {
        Error::Refused("aggregates are customer, order, campaign and mailing".to_owned())
    })?;
    let topics = [Some(commands), commands.events_of_commands()];
    let topics: Vec<_> = topics.into_iter().flatten().collect();
    let partitions = scan.partitions(&topics, Some(id))?;
    let found = scan.run(&partitions, |_, key| key == id.as_bytes())?;
    if found.is_empty() {
        let hint = format!("there is neither a command nor an event of {name}/{id}");
        return Err(Error::NotFound(hint));
    }
    Ok(found.into_iter().filter_map(|seen| seen.correlation_id).collect())
}
