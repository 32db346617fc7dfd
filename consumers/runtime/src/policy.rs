//! Policies: events are answered by commands, each exactly once, without a read model. The
//! commands and the offsets of the events are committed in one Kafka transaction; the command's
//! id follows from the event, so that even a repeated append would be recognised.

use std::sync::Arc;

use event_log::{
    OutRecord, Partition, Position, Registry,
    exactly_once::{Role, Step, serve},
    record::headers,
};
use metrics::counter;
use rdkafka::message::BorrowedMessage;
use schemas::{AggregateId, CommandId, Encoder, Envelope, Messages, Timestamp};
use service::{Failure, Shell};
use tokio::runtime::Handle;

use crate::{
    error::Error,
    metrics::{EVENTS_APPLIED, EVENTS_SKIPPED, POLICY_COMMANDS},
    reader::{Read, Reader},
    recorded::{Item, Recorded, Source},
};

/// Answers events with commands. Synchronous and pure.
pub trait Policy: Send + Sync + 'static {
    /// The events that it handles.
    type Event: Send + 'static;

    /// The commands that it gives.
    type Command: Messages;

    /// The topics that it reads.
    fn sources(&self) -> Vec<Source<Self::Event>>;

    /// Answers an event: by one command, or not at all.
    fn react(&self, event: &Recorded<Self::Event>) -> Option<Reaction<Self::Command>>;
}

/// A command to an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction<C> {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The command.
    pub command: C,
}

/// Runs a policy until the shutdown.
///
/// # Errors
/// Only what is final; among it an event that cannot be read.
pub async fn run<P: Policy>(
    shell: Shell,
    settings: event_log::Settings,
    policy: P,
) -> Result<(), Failure> {
    let topics = policy.sources().iter().map(|source| source.topic).collect();
    let role = Role { name: shell.name, topics };
    let (name, log) = (shell.name, settings.clone());
    let (policy, tokio) = (Arc::new(policy), Handle::current());
    let step = move || Reacting::new(name, &log, Arc::clone(&policy), &tokio);
    serve(shell, settings, role, step).await
}

/// One life of a policy, from one start over to the next.
struct Reacting<P: Policy> {
    name: &'static str,
    policy: Arc<P>,
    reader: Reader<P::Event>,
    encoder: Encoder<P::Command>,
}

impl<P: Policy> Reacting<P> {
    fn new(
        name: &'static str,
        settings: &event_log::Settings,
        policy: Arc<P>,
        tokio: &Handle,
    ) -> Result<Self, event_log::Error> {
        let registry = Registry::new(&settings.registry_url);
        let encoder = tokio.block_on(registry.encoder(&settings.namespace))?;
        let reader = Reader::new(policy.sources(), |_| false, registry, tokio.clone());
        Ok(Self { name, policy, reader, encoder })
    }

    /// The command that answers an event, as a record.
    fn command(
        &self,
        event: &Recorded<P::Event>,
        reaction: &Reaction<P::Command>,
    ) -> Result<OutRecord, event_log::Error> {
        let Reaction { aggregate, command } = reaction;
        let id = CommandId::of_policy(event.id, self.name).to_string();
        let cause = event.id.to_string();
        let envelope = Envelope {
            id: &id,
            source: self.name,
            message_type: command.wire_type(),
            time: Some(Timestamp::now()),
            subject: Some(aggregate.as_str()),
            correlation_id: event.correlation_id.as_deref(),
            causation_id: Some(&cause),
            ..Envelope::default()
        };
        Ok(OutRecord {
            topic: P::Command::TOPIC,
            partition: None,
            key: Some(aggregate.as_str().into()),
            payload: Some(self.encoder.encode(command)?),
            headers: headers(&envelope),
        })
    }
}

impl<P: Policy> Step for Reacting<P> {
    fn assigned(&mut self, _: Partition) -> Result<(), event_log::Error> {
        Ok(())
    }

    fn revoked(&mut self, _: Partition) {}

    fn handle(
        &mut self,
        at: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), event_log::Error>,
    ) -> Result<(), event_log::Error> {
        let read = self.reader.read(at, record).map_err(|error| log_error(at, error))?;
        let event = match read {
            Read::Known { item: Some(Item::Handled(event)), .. } => event,
            Read::Known { .. } => {
                counter!(EVENTS_SKIPPED).increment(1);
                return Ok(());
            }
            Read::Spoiled(spoiled) => {
                let reason = spoiled.verdict.message;
                let Position { partition, offset } = at;
                return Err(event_log::Error::Corrupt { partition, offset, reason });
            }
            // Everything starts over from the log until the registry is back.
            Read::Later(error) => return Err(error.into()),
        };
        counter!(EVENTS_APPLIED).increment(1);
        if let Some(reaction) = self.policy.react(&event) {
            counter!(POLICY_COMMANDS).increment(1);
            out(self.command(&event, &reaction)?)?;
        }
        Ok(())
    }

    fn finish(
        &mut self,
        _: &mut dyn FnMut(OutRecord) -> Result<(), event_log::Error>,
    ) -> Result<(), event_log::Error> {
        Ok(())
    }

    fn committed(&mut self) {}
}

/// An event that cannot be read stops the policy: to pass it over would leave it unanswered.
fn log_error(at: Position, error: Error) -> event_log::Error {
    match error {
        Error::Log(error) => error.0,
        other => event_log::Error::Corrupt {
            partition: at.partition,
            offset: at.offset,
            reason: other.to_string(),
        },
    }
}
