//! Every subject of the system: what a deploy registers, and what a registry must have before a
//! binary starts.

use crate::{
    DecodeError, Decoder,
    campaign::{Campaign, CampaignCommand, CampaignEvent},
    classification::ClassificationEvent,
    command::{AggregateState, CommandOutcome, CommandRefused},
    customer::{Customer, CustomerCommand, CustomerEvent},
    mailing::{Mailing, MailingCommand, MailingEvent},
    message::{Messages, SchemaFile},
    notification::ReadModelChanged,
    order::{Order, OrderCommand, OrderEvent},
    topic::Topic,
};

/// A schema on the topic that carries it.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The topic.
    pub topic: Topic,
    /// The schema.
    pub file: SchemaFile,
    read: fn(&Decoder, &str, &[u8]) -> Result<bool, DecodeError>,
}

impl Subject {
    /// Whether a payload is a message of this type.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn is_read(&self, decoder: &Decoder, payload: &[u8]) -> Result<bool, DecodeError> {
        (self.read)(decoder, self.file.wire_type, payload)
    }
}

/// Every subject, topic by topic.
#[must_use]
pub fn subjects() -> Vec<Subject> {
    all().collect()
}

/// Every subject, one by one: records are looked up so.
fn all() -> impl Iterator<Item = Subject> {
    fn of<M: Messages>() -> impl Iterator<Item = Subject> {
        let read = |decoder: &Decoder, wire_type: &str, payload: &[u8]| {
            decoder.decode::<M>(wire_type, payload).map(|message| message.is_some())
        };
        M::FILES.iter().map(move |file| Subject { topic: M::TOPIC, file: *file, read })
    }
    of::<CustomerCommand>()
        .chain(of::<CustomerEvent>())
        .chain(of::<AggregateState<Customer>>())
        .chain(of::<OrderCommand>())
        .chain(of::<OrderEvent>())
        .chain(of::<AggregateState<Order>>())
        .chain(of::<CampaignCommand>())
        .chain(of::<CampaignEvent>())
        .chain(of::<AggregateState<Campaign>>())
        .chain(of::<MailingCommand>())
        .chain(of::<MailingEvent>())
        .chain(of::<AggregateState<Mailing>>())
        .chain(of::<CommandOutcome>())
        .chain(of::<CommandRefused>())
        .chain(of::<ClassificationEvent>())
        .chain(of::<ReadModelChanged>())
}

/// The topics that messages of a wire type belong on; none when the type is not known.
pub fn homes_of(wire_type: &str) -> impl Iterator<Item = Topic> {
    all().filter(move |subject| subject.file.wire_type == wire_type).map(|s| s.topic)
}
