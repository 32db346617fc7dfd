//! One aggregate type: from a command record to its events, state and outcome.

use std::collections::{BTreeMap, HashMap};

use domain::Aggregate;
use event_log::{
    Error, MessageReader, OutRecord, Position, Registry, Settings, partitioner, record::envelope,
    restore::PartitionReader, topics::partition_count,
};
use metrics::{counter, gauge};
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Message};
use schemas::{
    AggregateId, CommandId, Encoder, Envelope, Messages, Timestamp, Topic,
    command::{AggregateState, CommandOutcome, Rejection, RejectionCode},
    id::InvalidAggregateId,
};
use tokio::runtime::Handle;

use crate::{
    metrics::{AGGREGATES, COMMANDS, EVENTS},
    outbound::{self, Cause},
    processor::Aggregates,
    restore,
    shard::{Request, Shard},
};

type Out<'o> = dyn FnMut(OutRecord) -> Result<(), Error> + 'o;

/// Decides the commands of one aggregate type in the partitions that are ours.
pub struct Writer<A: Aggregate>
where
    AggregateState<A::State>: Messages,
{
    log: PartitionReader,
    reader: MessageReader,
    events: Encoder<A::Event>,
    states: Encoder<AggregateState<A::State>>,
    outcomes: Encoder<CommandOutcome>,
    partitions: i32,
    shards: BTreeMap<i32, Shard<A>>,
    appended: HashMap<i32, u64>,
}

impl<A: Aggregate> Writer<A>
where
    AggregateState<A::State>: Messages,
{
    /// Looks up the schemas it writes and how many partitions there are.
    pub fn new(settings: &Settings, registry: &Registry, runtime: &Handle) -> Result<Self, Error> {
        let namespace = &settings.namespace;
        Ok(Self {
            log: PartitionReader::new(settings)?,
            reader: MessageReader::new(registry, runtime),
            events: runtime.block_on(registry.encoder(namespace))?,
            states: runtime.block_on(registry.encoder(namespace))?,
            outcomes: runtime.block_on(registry.encoder(namespace))?,
            partitions: partition_count(settings, A::Command::TOPIC)?,
            shards: BTreeMap::new(),
            appended: HashMap::new(),
        })
    }

    /// Decides a command whose key and envelope could be read.
    fn decide(
        &mut self,
        position: Position,
        aggregate: &AggregateId,
        envelope: &Envelope<'_>,
        payload: &[u8],
        out: &mut Out<'_>,
    ) -> Result<(), Error> {
        let command = self.reader.read::<A::Command>(envelope.message_type, payload)?;
        let command = command.map_err(|error| malformed(error.0)).and_then(|command| {
            command.ok_or_else(|| malformed(format!("unknown command {}", envelope.message_type)))
        });
        let partition = position.partition.number;
        let shard = self.shards.get_mut(&partition).ok_or(Error::NotOwned(position.partition))?;
        let now = Timestamp::now();
        let request = Request {
            id: CommandId::from_key(envelope.id),
            aggregate,
            fingerprint: fingerprint(envelope, payload),
            expected_version: envelope.expected_version,
            command,
        };
        let decision = shard.decide(request, now);
        count::<A>(match (&decision.outcome.rejection, decision.repeated) {
            (_, true) => "repeated",
            (Some(_), _) => "rejected",
            (None, _) => "accepted",
        });
        let cause = Cause::of(envelope, now);
        let first = decision.outcome.version - i64::from(decision.outcome.events) + 1;
        for (index, (version, event)) in (0..).zip((first..).zip(&decision.events)) {
            let place = (index, version);
            out(outbound::event(&self.events, &cause, partition, aggregate, place, event)?)?;
            *self.appended.entry(partition).or_default() += 1;
        }
        let outcome = decision.outcome.to_outcome(A::NAME, aggregate);
        out(outbound::outcome(&self.outcomes, &cause, envelope.reply_to, &outcome)?)
    }

    /// Answers a command whose key is no aggregate id: nothing can be remembered of it.
    fn refuse_key(&self, envelope: &Envelope<'_>, out: &mut Out<'_>) -> Result<(), Error> {
        count::<A>("rejected");
        let outcome = CommandOutcome {
            aggregate: A::NAME.to_owned(),
            aggregate_id: String::new(),
            version: 0,
            event_ids: Vec::new(),
            rejection: Some(malformed(format!("the record key: {InvalidAggregateId}"))),
        };
        let cause = Cause::of(envelope, Timestamp::now());
        out(outbound::outcome(&self.outcomes, &cause, envelope.reply_to, &outcome)?)
    }
}

impl<A: Aggregate> Aggregates for Writer<A>
where
    AggregateState<A::State>: Messages,
{
    fn commands(&self) -> Topic {
        A::Command::TOPIC
    }

    fn assigned(&mut self, partition: i32) -> Result<(), Error> {
        let shard = restore::shard(&self.log, &mut self.reader, partition)?;
        self.shards.insert(partition, shard);
        self.gauge();
        Ok(())
    }

    fn revoked(&mut self, partition: i32) {
        self.shards.remove(&partition);
        self.gauge();
    }

    fn handle(
        &mut self,
        position: Position,
        record: &BorrowedMessage<'_>,
        out: &mut Out<'_>,
    ) -> Result<(), Error> {
        let envelope = match envelope(record) {
            Ok(envelope) => envelope,
            Err(error) => {
                unreadable::<A>(position, &error.to_string());
                return Ok(());
            }
        };
        let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
        let Some(aggregate) = key.and_then(|key| AggregateId::new(key).ok()) else {
            return self.refuse_key(&envelope, out);
        };
        let owner = partitioner::partition_of(aggregate.as_str().as_bytes(), self.partitions);
        if owner != position.partition.number {
            count::<A>("forwarded");
            return out(forward::<A>(owner, &aggregate, record));
        }
        let payload = record.payload().unwrap_or_default();
        self.decide(position, &aggregate, &envelope, payload, out)
    }

    fn finish(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        let now = Timestamp::now();
        for (partition, shard) in &self.shards {
            for (aggregate, state) in shard.changed() {
                out(outbound::state(&self.states, now, *partition, aggregate, state)?)?;
            }
        }
        Ok(())
    }

    fn committed(&mut self) {
        self.shards.values_mut().for_each(Shard::commit);
        let appended = self.appended.drain().map(|(_, events)| events).sum();
        counter!(EVENTS, "aggregate" => A::NAME).increment(appended);
        self.gauge();
    }
}

impl<A: Aggregate> Writer<A>
where
    AggregateState<A::State>: Messages,
{
    fn gauge(&self) {
        let aggregates: usize = self.shards.values().map(Shard::len).sum();
        #[expect(clippy::cast_precision_loss, reason = "a display value")]
        gauge!(AGGREGATES, "aggregate" => A::NAME).set(aggregates as f64);
    }
}

/// The same record in the partition that its key belongs to: a foreign producer put it elsewhere,
/// where another writer would decide it on a state of its own.
fn forward<A: Aggregate>(
    owner: i32,
    aggregate: &AggregateId,
    record: &BorrowedMessage<'_>,
) -> OutRecord {
    OutRecord {
        topic: A::Command::TOPIC,
        partition: Some(owner),
        key: aggregate.to_string(),
        payload: record.payload().map(<[u8]>::to_vec),
        headers: record.headers().map(BorrowedHeaders::detach).unwrap_or_default(),
    }
}

fn malformed(reason: String) -> Rejection {
    Rejection::new(RejectionCode::Malformed, reason)
}

/// A record without a command id cannot even be answered.
fn unreadable<A: Aggregate>(position: Position, reason: &str) {
    count::<A>("unreadable");
    let Position { partition, offset } = position;
    tracing::warn!(kafka.partition = %partition, kafka.offset = offset, "passed over a record that is no command: {reason}");
}

fn count<A: Aggregate>(outcome: &'static str) {
    counter!(COMMANDS, "aggregate" => A::NAME, "outcome" => outcome).increment(1);
}

/// Hash (FNV-1a, 64 bits) of what makes a command this one and no other. Not of the schema id:
/// a repeat may come from a newer sender. Stored, so it must never change; zero is reserved.
fn fingerprint(envelope: &Envelope<'_>, payload: &[u8]) -> i64 {
    let datum = payload.get(5..).unwrap_or(payload);
    let version = envelope.expected_version.map_or(0, |version| version.wrapping_add(1));
    let parts = [envelope.message_type.as_bytes(), &version.to_be_bytes(), datum];
    let hash = parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed() | i64::from(hash == 0)
}
