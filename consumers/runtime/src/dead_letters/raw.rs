//! Records as they are in the log, byte for byte, and the rows that keep them.

use event_log::{Partition, Position};
use jiff::Timestamp;
use rdkafka::{
    Message,
    message::{Header, Headers, OwnedHeaders, OwnedMessage},
};
use schemas::{Decoder, Topic};
use tokio_postgres::Row;

use crate::{
    dead_letters::parking::{Parked, Verdict},
    error::Error,
    tables::Statement,
};

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Where it is.
    pub at: Position,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its payload.
    pub payload: Option<Vec<u8>>,
    /// When the log took it.
    pub written: Timestamp,
}

/// The columns that [`RawRecord::of_row`] needs.
pub const COLUMNS: &str =
    "topic, partition, record_offset, key, header_names, header_values, payload, written_at";

impl RawRecord {
    /// Copies a record.
    pub fn of(at: Position, record: &impl Message) -> Self {
        let headers = record.headers().into_iter().flat_map(Headers::iter);
        let headers = headers.map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)));
        let written = record.timestamp().to_millis().unwrap_or_default();
        Self {
            at,
            key: record.key().map(<[u8]>::to_vec),
            headers: headers.collect(),
            payload: record.payload().map(<[u8]>::to_vec),
            written: Timestamp::from_millisecond(written).unwrap_or_default(),
        }
    }

    /// Reads a row of `parked_record`.
    ///
    /// # Errors
    /// When it names a topic that does not exist.
    pub fn of_row(row: &Row) -> Result<Self, Error> {
        let (names, values): (Vec<String>, Vec<Option<Vec<u8>>>) = (row.get(4), row.get(5));
        Ok(Self {
            at: position(row)?,
            key: row.get(3),
            headers: names.into_iter().zip(values).collect(),
            payload: row.get(6),
            written: row.get(7),
        })
    }

    /// The headers as the client takes them.
    #[must_use]
    pub fn owned_headers(&self) -> OwnedHeaders {
        self.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_deref() })
        })
    }

    /// The record as if it had just been read.
    #[must_use]
    pub fn to_message(&self) -> OwnedMessage {
        OwnedMessage::new(
            self.payload.clone(),
            self.key.clone(),
            self.at.partition.topic.name().to_owned(),
            rdkafka::Timestamp::CreateTime(self.written.as_millisecond()),
            self.at.partition.number,
            self.at.offset,
            Some(self.owned_headers()),
        )
    }

    /// The schema id in front of its payload, if there is one.
    #[must_use]
    pub fn schema_id(&self) -> Option<u32> {
        Decoder::schema_id(self.payload.as_deref()?).ok()
    }

    /// Puts it into `parked_record`, unless it is there since before the consumer was moved back.
    #[must_use]
    pub fn park(&self, verdict: Option<&Verdict>) -> Statement<'_> {
        let (names, values): (Vec<&str>, Vec<Option<&[u8]>>) =
            self.headers.iter().map(|(name, value)| (&**name, value.as_deref())).unzip();
        let attempts = i32::from(verdict.is_some());
        Statement {
            sql: format!(
                "insert into parked_record ({COLUMNS}, error_class, error, schema_id, attempts) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing"
            ),
            parameters: vec![
                Box::new(self.at.partition.topic.name()),
                Box::new(self.at.partition.number),
                Box::new(self.at.offset),
                Box::new(self.key.as_deref()),
                Box::new(names),
                Box::new(values),
                Box::new(self.payload.as_deref()),
                Box::new(self.written),
                Box::new(verdict.map(|verdict| verdict.class)),
                Box::new(verdict.map(|verdict| verdict.message.clone())),
                Box::new(self.schema_id().map(i64::from)),
                Box::new(attempts),
            ],
        }
    }
}

/// Where a record is, by the first columns of its row.
///
/// # Errors
/// When its topic does not exist.
pub fn position(row: &Row) -> Result<Position, Error> {
    let topic: String = row.get(0);
    let known = Topic::named(&topic);
    let topic = known.ok_or_else(|| Error::Broken(format!("unknown parked topic {topic}")))?;
    Ok(Position { partition: Partition { topic, number: row.get(1) }, offset: row.get(2) })
}

/// The record that is to be parked among those that were fetched.
///
/// # Errors
/// When the log has it no more.
pub fn find<'a>(records: &'a [RawRecord], parked: &Parked<'_>) -> Result<&'a RawRecord, Error> {
    let found = records.binary_search_by_key(&parked.at, |record| record.at);
    let found = found.ok().and_then(|index| records.get(index));
    found.ok_or_else(|| {
        let Position { partition, offset } = parked.at;
        Error::Broken(format!(
            "{partition} offset {offset} cannot be handled, and cannot be parked: the log does not \
             have it any more"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_way_there_and_back() {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 3 };
        let record = RawRecord {
            at: Position { partition, offset: 7 },
            key: Some(vec![0xff, 0]),
            headers: vec![("a".into(), None), ("a".into(), Some(vec![1, 0xfe]))],
            payload: Some(vec![0, 0, 0, 0, 9, 1]),
            written: Timestamp::from_millisecond(1_795_168_800_123).unwrap(),
        };
        assert_eq!(RawRecord::of(record.at, &record.to_message()), record);
        assert_eq!(record.schema_id(), Some(9));
    }
}
