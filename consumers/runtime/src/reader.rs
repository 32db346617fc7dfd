//! From a record to an event: finds its source, resolves its schema, decodes it.

use event_log::{ErrorClass, Position, Registry, registry::RegistryError};
use rdkafka::message::{Headers, Message};
use schemas::{AggregateId, DecodeError, Decoder, Envelope, Timestamp, Topic};
use service::Tracer;
use tokio::runtime::Handle;

use crate::{
    dead_letters::parking::{Spoiled, Verdict},
    error::Error,
    lease::Lease,
    poison::Poison,
    projection::Projection,
    recorded::{Item, Passed, Raw, Source},
    tables::TableSet,
    traced::Traced,
};

/// Reads the records of some topics. Blocks while it asks the registry.
#[derive(Debug)]
pub struct Reader<E> {
    // Few: a search costs less than a hash.
    sources: Vec<(Source<E>, bool)>,
    decoder: Decoder,
    registry: Registry,
    tokio: Handle,
    tracer: Tracer,
}

/// What a record is.
#[derive(Debug)]
pub enum Read<E> {
    /// An event.
    Known {
        /// What it means, if anything.
        item: Option<Item<E>>,
        /// With it the commands up to this offset are done.
        commands_done: Option<i64>,
    },
    /// It can never be read as it is.
    Spoiled(Spoiled),
    /// Not known yet: the registry is away.
    Later(RegistryError),
}

impl<E> Reader<E> {
    /// Makes a reader. `keeps_versions` tells of which topics every event matters, handled or not;
    /// `tokio` is where requests to the registry run.
    pub fn new(
        sources: Vec<Source<E>>,
        keeps_versions: impl Fn(Topic) -> bool,
        registry: Registry,
        tokio: Handle,
    ) -> Self {
        let sources = sources.into_iter().map(|source| {
            let keeps_versions = keeps_versions(source.topic);
            (source, keeps_versions)
        });
        let (sources, decoder, tracer) = (sources.collect(), Decoder::default(), Tracer::off());
        Self { sources, decoder, registry, tokio, tracer }
    }

    /// Makes a reader of what a projection reads.
    pub fn of<P: Projection<Event = E>>(projection: &P, registry: Registry, tokio: Handle) -> Self {
        let mut tables = P::Tables::default();
        let tables = tables.all();
        let keeps = |topic| tables.iter().any(|table| table.keeps_versions_of(topic));
        Self::new(projection.sources(), keeps, registry, tokio)
    }

    /// Has it be told what becomes of events whose traces are recorded.
    #[must_use]
    pub fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// The topics.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        self.sources.iter().map(|(source, _)| source.topic).collect()
    }

    /// Reads a record of a partition that is ours. One that was given up only counts.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_of(
        &mut self,
        lease: &Lease,
        at: Position,
        record: &impl Message,
    ) -> Result<Read<E>, Error> {
        if lease.is_skipped(at.offset) {
            return Ok(Read::Known { item: given_up(at, record), commands_done: None });
        }
        self.read(at, record)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When the registry refuses to answer.
    pub fn read(&mut self, at: Position, record: &impl Message) -> Result<Read<E>, Error> {
        let spoiled = |poison: Poison| {
            let (key, verdict) = (record.key().map(Into::into), Verdict::from(&poison));
            Ok(Read::Spoiled(Spoiled { at, key, verdict }))
        };
        let raw = match raw(at, record) {
            Ok(raw) => raw,
            Err(poison) => return spoiled(poison),
        };
        let mut sources = self.sources.iter();
        let topic = at.partition.topic;
        let Some((source, keeps_versions)) = sources.find(|(s, _)| s.topic == topic) else {
            return Ok(Read::Known { item: None, commands_done: None });
        };
        loop {
            match source.read(&self.decoder, raw, *keeps_versions) {
                Ok(mut item) => {
                    if let Some(Item::Handled(event)) = &mut item {
                        event.trace = Traced::read(&self.tracer, &raw.envelope);
                    }
                    return Ok(Read::Known { item, commands_done: raw.envelope.commands_done() });
                }
                Err(Poison::Decode(DecodeError::UnknownSchema(id))) => {
                    match self.tokio.block_on(self.registry.schema(id)) {
                        Ok(text) => {
                            if let Err(error) = self.decoder.add(id, &text) {
                                return spoiled(Poison::Schema(error.to_string()));
                            }
                        }
                        Err(error) => {
                            return match error.class() {
                                ErrorClass::Transient => Ok(Read::Later(error)),
                                ErrorClass::Poison => spoiled(Poison::Schema(error.to_string())),
                                ErrorClass::Fatal => Err(event_log::Error::from(error).into()),
                            };
                        }
                    }
                }
                Err(reason) => return spoiled(reason),
            }
        }
    }
}

/// What a record means that was given up: it changes nothing but the version of its aggregate, as
/// far as that can be told.
pub fn given_up<E>(at: Position, record: &impl Message) -> Option<Item<E>> {
    let raw = raw(at, record).ok()?;
    let sequence = i64::try_from(raw.envelope.sequence?).ok()?;
    let key = AggregateId::new(std::str::from_utf8(raw.key?).ok()?).ok()?;
    Some(Item::Passed(Passed { at, key, sequence: Some(sequence), is_skipped: true }))
}

fn raw(at: Position, record: &impl Message) -> Result<Raw<'_>, Poison> {
    let envelope = match record.headers() {
        Some(headers) => Envelope::parse(headers.iter().map(|h| (h.key, h.value)))?,
        None => Envelope::parse(std::iter::empty())?,
    };
    let written = record.timestamp().to_millis().unwrap_or_default();
    Ok(Raw {
        at,
        key: record.key(),
        envelope,
        payload: record.payload().unwrap_or_default(),
        written: Timestamp::from_micros(written.saturating_mul(1_000))
            .unwrap_or_else(|_| Timestamp::now()),
    })
}

#[cfg(test)]
mod tests {
    use event_log::Partition;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage, Timestamp as Written};
    use schemas::order::OrderEvent;

    use super::*;

    fn record(headers: &[(&str, &str)]) -> OwnedMessage {
        let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header { key, value: Some(*value) })
        });
        let (key, payload) = (b"o1".to_vec(), b"of no interest".to_vec());
        let topic = Topic::ORDER_EVENTS.name().to_owned();
        OwnedMessage::new(
            Some(payload),
            Some(key),
            topic,
            Written::NotAvailable,
            0,
            9,
            Some(headers),
        )
    }

    #[tokio::test]
    async fn an_event_that_is_passed_over_tells_of_its_command_all_the_same() {
        let source = Source::of::<OrderEvent>(|event| event).only(&[]);
        let registry = Registry::new("http://127.0.0.1:1");
        let mut reader = Reader::new(vec![source], |_| false, registry, Handle::current());
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        let mut done = |more: &[(&str, &str)]| {
            let envelope = [("ce_id", "1"), ("ce_source", "s"), ("ce_type", "order_confirmed")];
            let record = record(&[&envelope, more].concat());
            match reader.read(Position { partition, offset: 9 }, &record).unwrap() {
                Read::Known { item: None, commands_done } => commands_done,
                other => panic!("{other:?}"),
            }
        };
        let by_command = ("ce_commandoffset", "7");
        assert_eq!(done(&[]), None);
        assert_eq!(done(&[by_command]), Some(7));
        assert_eq!(done(&[by_command, ("ce_commandcontinues", "true")]), Some(6));
    }
}
