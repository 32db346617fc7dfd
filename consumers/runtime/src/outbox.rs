//! `outbox`: events and commands to be published, stored in the transaction of the rows they tell
//! of.
//!
//! A row of the outbox is written while the row that keeps its key's sequence is locked, so that
//! ids grow in the order of each key and an earlier event of a key is always visible before a
//! later one. Across keys ids do *not* follow the order of commits; therefore the relay never
//! reads "everything after the last id" but gives a batch number to whatever is visible and has
//! none yet.
//!
//! Commands that answer events have no sequence. In the order of their key they are because the
//! events are, whose partition has one owner.

use schemas::{CommandId, Encoder, EventId, Messages, Timestamp, codec::EncodeError};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::{
    error::Error,
    projection::{Emission, Emissions, Identity},
    tables::Statement,
};

/// Writes the emissions of a batch.
///
/// # Errors
/// [`EncodeError`] when an event does not fit its schema (a bug).
pub fn store<'a, M: Messages>(
    source: &str,
    encoder: &Encoder<M>,
    emissions: &'a Emissions<M>,
    now: Timestamp,
) -> Result<Option<Statement<'a>>, EncodeError> {
    let emitted = emissions.emitted();
    if emitted.is_empty() {
        return Ok(None);
    }
    fn each<'a, M, T>(all: &'a [Emission<M>], part: impl Fn(&'a Emission<M>) -> T) -> Vec<T> {
        all.iter().map(part).collect()
    }
    let payloads: Result<Vec<Vec<u8>>, _> =
        emitted.iter().map(|emission| encoder.encode(&emission.message)).collect();
    let id = |emission: &Emission<M>| -> Uuid {
        match &emission.identity {
            Identity::Sequence(number) => {
                EventId::of_sequence(source, emission.key.as_str(), number.unsigned_abs()).0
            }
            Identity::AnswerTo(event) => CommandId::of_policy(*event, source).0,
            Identity::OneOf(event, which) => CommandId::of_saga(*event, source, which).0,
        }
    };
    let sequence = |emission: &Emission<M>| match emission.identity {
        Identity::Sequence(number) => Some(number),
        Identity::AnswerTo(_) | Identity::OneOf(..) => None,
    };
    let correlation = |emission: &'a Emission<M>| {
        let cause = emission.cause.as_ref()?;
        cause.correlation_id.as_deref()
    };
    let causation = |emission: &Emission<M>| Some(emission.cause.as_ref()?.id.to_string());
    let trace = |emission: &Emission<M>| Some(emission.cause.as_ref()?.trace?.to_string());
    Ok(Some(Statement {
        sql: "insert into outbox (topic, key, message_type, event_id, sequence, correlation_id, \
                causation_id, traceparent, time, payload) \
              select topic, key, message_type, event_id, sequence, correlation_id, causation_id, \
                traceparent, $2, payload \
              from unnest($3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::text[], \
                $8::text[], $9::bytea[], $1::text[], $10::text[]) with ordinality \
                as e (key, message_type, event_id, sequence, correlation_id, causation_id, \
                  payload, topic, traceparent, number) \
              order by number"
            .into(),
        parameters: vec![
            Box::new(each(emitted, |e| e.message.topic().name())),
            Box::new(now.to_jiff()),
            Box::new(each(emitted, |e| e.key.as_str())),
            Box::new(each(emitted, |e| e.message.wire_type())),
            Box::new(each(emitted, id)),
            Box::new(each(emitted, sequence)),
            Box::new(each(emitted, correlation)),
            Box::new(each(emitted, causation)),
            Box::new(payloads?),
            Box::new(each(emitted, trace)),
        ],
    }))
}

/// An event or command on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Logical name of the topic.
    pub topic: String,
    /// Key of the record.
    pub key: String,
    /// Its wire name.
    pub message_type: String,
    /// Its id.
    pub id: Uuid,
    /// Of an event: its number among those of its key.
    pub sequence: Option<i64>,
    /// Correlation id of what caused it.
    pub correlation_id: Option<String>,
    /// Id of the event that caused it.
    pub causation_id: Option<String>,
    /// Where it belongs, in which trace.
    pub traceparent: Option<String>,
    /// When it was made.
    pub time: Timestamp,
    /// The encoded message.
    pub payload: Vec<u8>,
}

/// Events that are sent in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayBatch {
    /// Its number: higher than that of every batch before.
    pub number: i64,
    /// Its events, in the order of their ids.
    pub events: Vec<Outgoing>,
}

const COLUMNS: &str = "id, batch, topic, key, message_type, event_id, sequence, correlation_id, \
                       causation_id, time, payload, traceparent";

/// Gives the next batch number to the oldest events that have none, and returns them. Empty when
/// there are none: then no number is used.
///
/// # Errors
/// When Postgres fails.
pub async fn next_batch(client: &Client, largest: i64) -> Result<RelayBatch, Error> {
    let rows = client
        .query(
            &format!(
                "with waiting as ( \
                   select id as waiting_id from outbox where batch is null order by id limit $1), \
                 numbered as ( \
                   update outbox_relay set last_batch = last_batch + 1 \
                   where exists (select from waiting) returning last_batch) \
                 update outbox set batch = last_batch from waiting, numbered \
                 where id = waiting_id returning {COLUMNS}"
            ),
            &[&largest],
        )
        .await
        .map_err(Error::postgres("number a batch of the outbox"))?;
    batches(rows).map(|mut batches| batches.pop().unwrap_or_default())
}

/// The batches that have a number already: an earlier relay may or may not have sent them.
///
/// # Errors
/// When Postgres fails.
pub async fn numbered_batches(client: &Client) -> Result<Vec<RelayBatch>, Error> {
    let rows = client
        .query(&format!("select {COLUMNS} from outbox where batch is not null"), &[])
        .await
        .map_err(Error::postgres("read the numbered batches of the outbox"))?;
    batches(rows)
}

/// The number of the last batch that got one.
///
/// # Errors
/// When Postgres fails.
pub async fn last_number(client: &Client) -> Result<i64, Error> {
    let row = client
        .query_one("select last_batch from outbox_relay", &[])
        .await
        .map_err(Error::postgres("read the last batch number"))?;
    Ok(row.get(0))
}

/// Forgets the batches up to a number: they are in the log.
///
/// # Errors
/// When Postgres fails.
pub async fn forget(client: &Client, up_to: i64) -> Result<u64, Error> {
    client
        .execute("delete from outbox where batch <= $1", &[&up_to])
        .await
        .map_err(Error::postgres("remove sent events from the outbox"))
}

/// How many events wait, counted up to a limit.
///
/// # Errors
/// When Postgres fails.
pub async fn waiting(client: &Client, limit: i64) -> Result<i64, Error> {
    let row = client
        .query_one("select count(*) from (select from outbox limit $1) as waiting", &[&limit])
        .await
        .map_err(Error::postgres("count the outbox"))?;
    Ok(row.get(0))
}

/// Sorts rows into their batches, ordered by number and id.
fn batches(mut rows: Vec<Row>) -> Result<Vec<RelayBatch>, Error> {
    let read = Error::postgres("read the outbox");
    rows.sort_by_key(|row| (row.get::<_, i64>(1), row.get::<_, i64>(0)));
    let mut batches: Vec<RelayBatch> = Vec::new();
    for row in rows {
        let number = row.try_get(1).map_err(&read)?;
        let event = outgoing(&row).map_err(&read)?;
        match batches.last_mut() {
            Some(batch) if batch.number == number => batch.events.push(event),
            _ => batches.push(RelayBatch { number, events: vec![event] }),
        }
    }
    Ok(batches)
}

fn outgoing(row: &Row) -> Result<Outgoing, tokio_postgres::Error> {
    Ok(Outgoing {
        topic: row.try_get(2)?,
        key: row.try_get(3)?,
        message_type: row.try_get(4)?,
        id: row.try_get(5)?,
        sequence: row.try_get(6)?,
        correlation_id: row.try_get(7)?,
        causation_id: row.try_get(8)?,
        time: row.try_get::<_, jiff::Timestamp>(9)?.into(),
        payload: row.try_get(10)?,
        traceparent: row.try_get(11)?,
    })
}
