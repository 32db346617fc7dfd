//! The topics of one contender: made before it starts, deleted with all that is in them after.

use std::time::Duration;

use event_log::{
    Settings,
    client::{self, AdminOptions, ClientLog},
};
use rdkafka::{
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

use crate::{
    commands::{cluster, schemas, topics},
    failure::Result,
};

const LIMIT: Duration = Duration::from_secs(30);

/// Makes them as any installation has them, and registers the schemas.
pub async fn create(settings: &Settings) -> Result<()> {
    topics::apply(settings).await?;
    schemas::register(settings).await.map(drop)
}

/// Deletes all whose names begin so, those that contenders made themselves, too.
pub async fn delete(settings: &Settings, prefix: &str) -> Result<()> {
    let failed = |source: KafkaError| {
        let doing = format!("delete the topics {prefix}*");
        cluster::failed(event_log::Error::Kafka { doing, source })
    };
    let client: BaseConsumer<ClientLog> =
        client::config(settings).create_with_context(ClientLog::default()).map_err(failed)?;
    let metadata = tokio::task::block_in_place(|| client.fetch_metadata(None, LIMIT));
    let metadata = metadata.map_err(failed)?;
    let names = metadata.topics().iter().map(|topic| topic.name());
    let ours: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
    if ours.is_empty() {
        return Ok(());
    }
    let options = AdminOptions::new().operation_timeout(Some(LIMIT));
    let admin = client::admin(settings).map_err(cluster::failed)?;
    for deleted in admin.delete_topics(&ours, &options).await.map_err(failed)? {
        deleted.map_err(|(_, code)| failed(KafkaError::AdminOp(code)))?;
    }
    Ok(())
}
