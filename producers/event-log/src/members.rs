//! Who is in a consumer group.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::{
    client::{self, ClientLog},
    error::Error,
    settings::Settings,
};

const CALL_LIMIT: Duration = Duration::from_secs(10);

/// How many members a group has. A static member that was stopped is one until its session ends.
///
/// # Errors
/// When the brokers do not answer in time.
pub fn count(settings: &Settings, group: &str) -> Result<usize, Error> {
    let failed = |error| Error::kafka(format!("count the members of group {group}"), error);
    let client: BaseConsumer<ClientLog> =
        client::config(settings).create_with_context(ClientLog::default()).map_err(failed)?;
    let group = settings.qualify(group);
    let list = client.fetch_group_list(Some(&group), CALL_LIMIT).map_err(failed)?;
    Ok(list.groups().iter().map(|group| group.members().len()).sum())
}
