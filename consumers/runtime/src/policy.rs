//! Policies: consumers that answer events with commands. Each batch is one Kafka transaction of
//! the commands and the offsets of the events that they answer, so every event is answered exactly
//! once; no database is needed.

use event_log::{
    Error, MessageReader, OutRecord, Partition, Position, Registry, Settings,
    exactly_once::{Role, Step, serve},
    record::{bytes, envelope, headers},
};
use rdkafka::message::BorrowedMessage;
use schemas::{AggregateId, CommandId, Encoder, Envelope, EventId, Messages, Timestamp};
use service::{Failure, Shell};
use tokio::runtime::Handle;

use crate::metrics;

/// The business of a policy: synchronous and pure.
pub trait Policy: Send + 'static {
    /// The events that it looks at.
    type Event: Messages;
    /// The commands that it answers with.
    type Command: Messages;

    /// Answers what happened to an aggregate by a command to one, or by nothing.
    fn react(
        &self,
        aggregate: &AggregateId,
        event: &Self::Event,
    ) -> Option<(AggregateId, Self::Command)>;
}

/// Runs a policy until the shutdown.
///
/// # Errors
/// Only what is final.
pub async fn run<P: Policy + Clone>(
    shell: Shell,
    settings: Settings,
    policy: P,
) -> Result<(), Failure> {
    let role = Role { name: shell.name, topics: vec![P::Event::TOPIC] };
    let (name, runtime, log) = (shell.name, Handle::current(), settings.clone());
    let answering = move || {
        let registry = Registry::new(&log.registry_url);
        let commands = runtime.block_on(registry.encoder(&log.namespace))?;
        let reader = MessageReader::new(&registry, &runtime);
        Ok(Answering { name, policy: policy.clone(), reader, commands })
    };
    serve(shell, settings, role, answering).await
}

/// A policy at work.
struct Answering<P: Policy> {
    name: &'static str,
    policy: P,
    reader: MessageReader,
    commands: Encoder<P::Command>,
}

impl<P: Policy> Answering<P> {
    fn command(
        &self,
        cause: &Envelope<'_>,
        aggregate: &AggregateId,
        command: &P::Command,
        id: CommandId,
    ) -> Result<OutRecord, Error> {
        let id = id.to_string();
        let envelope = Envelope {
            id: &id,
            source: self.name,
            message_type: command.wire_type(),
            time: Some(Timestamp::now()),
            subject: Some(aggregate.as_str()),
            correlation_id: cause.correlation_id,
            causation_id: Some(cause.id),
            traceparent: cause.traceparent,
            ..Envelope::default()
        };
        Ok(OutRecord {
            topic: P::Command::TOPIC,
            partition: None,
            key: aggregate.to_string(),
            payload: Some(self.commands.encode(command)?),
            headers: headers(&envelope),
        })
    }
}

impl<P: Policy> Step for Answering<P> {
    fn assigned(&mut self, _: Partition) -> Result<(), Error> {
        Ok(())
    }

    fn revoked(&mut self, _: Partition) {}

    fn handle(
        &mut self,
        position: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Position { partition, offset } = position;
        let poison = |reason: String| Error::Corrupt { partition, offset, reason };
        let cause = envelope(record).map_err(|error| poison(error.to_string()))?;
        let (key, payload) = bytes(record);
        let event = self.reader.read::<P::Event>(cause.message_type, payload)?;
        let Some(event) = event.map_err(|error| poison(error.0))? else { return Ok(()) };
        let key = std::str::from_utf8(key).ok().and_then(|key| AggregateId::new(key).ok());
        let aggregate = key.ok_or_else(|| poison("key is no aggregate id".into()))?;
        if let Some((target, command)) = self.policy.react(&aggregate, &event) {
            let event_id = cause.id.parse().map_err(|_| poison("event id is no UUID".into()))?;
            let id = CommandId::of_policy(EventId(event_id), self.name);
            out(self.command(&cause, &target, &command, id)?)?;
            ::metrics::counter!(metrics::COMMANDS_ISSUED).increment(1);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn FnMut(OutRecord) -> Result<(), Error>) -> Result<(), Error> {
        Ok(())
    }

    fn committed(&mut self) {}
}
