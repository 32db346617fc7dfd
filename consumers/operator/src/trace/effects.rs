//! What consumers did outside of the system because of events: from their ledgers, in Postgres.

use std::collections::HashMap;

use schemas::Timestamp;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    consumer::Consumer,
    error::Error,
    seen::{Effect, Kind, Seen},
};

/// The effects that some of these records caused.
///
/// # Errors
/// When Postgres fails.
pub async fn caused_by(client: &Client, found: &[Seen]) -> Result<Vec<Seen>, Error> {
    let failed = consumer_runtime::Error::postgres("read the ledgers of effects");
    let events = found.iter().filter(|seen| seen.kind == Kind::Event);
    let events: HashMap<Uuid, &Seen> =
        events.filter_map(|event| Some((event.id.parse().ok()?, event))).collect();
    let ids: Vec<_> = events.keys().copied().collect();
    let mut effects = Vec::new();
    for consumer in Consumer::ALL {
        let ledger = format!("{}.effect", consumer.schema());
        let look = "select to_regclass($1) is not null";
        let row = client.query_one(look, &[&ledger]).await.map_err(&failed)?;
        if !row.get::<_, bool>(0) {
            continue;
        }
        let sql = format!(
            "select id, name, subject, cause, state, attempts, started_at, ended_at, outcome \
             from {ledger} where cause = any($1)"
        );
        for row in client.query(&sql, &[&ids]).await.map_err(&failed)? {
            let cause: Uuid = row.get(3);
            let Some(event) = events.get(&cause) else { continue };
            let ended_at: Option<jiff::Timestamp> = row.get(7);
            effects.push(Seen {
                at: None,
                time: Timestamp::from(row.get::<_, jiff::Timestamp>(6)),
                id: row.get::<_, Uuid>(0).to_string(),
                source: consumer.name().to_owned(),
                message_type: row.get(1),
                key: event.key.clone(),
                sequence: None,
                actor: None,
                causation_id: Some(event.id.clone()),
                correlation_id: event.correlation_id.clone(),
                schema_id: None,
                fields: None,
                kind: Kind::Effect(Effect {
                    subject: row.get(2),
                    state: row.get(4),
                    attempts: row.get(5),
                    ended_at: ended_at.map(Timestamp::from),
                    outcome: row.get(8),
                }),
            });
        }
    }
    Ok(effects)
}
