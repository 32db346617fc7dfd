//! What the registry says of a schema that records name.

use event_log::{Registry, Settings, registry::RegistryError};
use schemas::Topic;
use serde_json::{Value, json};

use crate::{error::Error, scan::SHOWN};

/// Under which subjects of this installation the schema is registered; a registry may have those of
/// others, too.
///
/// # Errors
/// When there is no such schema, or the registry does not answer.
pub async fn uses(settings: &Settings, id: u32) -> Result<Vec<Value>, Error> {
    let found = match Registry::of(settings).uses(id).await {
        Err(RegistryError::NotFound { .. }) => {
            return Err(Error::NotFound(format!("the registry has no schema with id {id}")));
        }
        other => other.map_err(event_log::Error::from)?,
    };
    let ours = |subject: &str, topic: Topic| {
        let rest = subject.strip_prefix(&settings.qualify(topic.name()));
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    let told = found.into_iter().filter_map(|found| {
        let topic = SHOWN.into_iter().find(|topic| ours(&found.subject, *topic))?;
        Some(json!({
            "topic": topic.name(),
            "subject": found.subject,
            "version": found.version,
        }))
    });
    Ok(told.collect())
}
