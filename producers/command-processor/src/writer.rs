//! One aggregate type: from a command record to its events, state and outcome.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use domain::Aggregate;
use event_log::{
    Error, MessageReader, OutRecord, Partition, Position, Registry, Settings, partitioner,
    record::envelope, restore::PartitionReader, topics::partition_count,
};
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Message};
use schemas::{
    AggregateId, Encoder, Envelope, Messages, Timestamp, Topic,
    command::{AggregateState, CommandOutcome, Rejection, RejectionCode, fingerprint},
    id::InvalidAggregateId,
};
use service::Tracer;
use tokio::runtime;

use crate::{
    checkpoint::{Batch, Checkpoints, Frames, Handle},
    metrics::Counts,
    outbound::{self, Cause, Place},
    processor::Aggregates,
    restore::{self, Restore},
    shard::{Change, Request, Shard},
    states::Stored,
    traced::Spans,
};

/// Most states of a lost state topic that are written anew with one batch, and most that are
/// forgotten.
const STATES_OWED: usize = 1_000;

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
    reply_partitions: i32,
    shards: BTreeMap<i32, Shard<A>>,
    counts: Counts,
    spans: Spans,
    store: Option<Arc<Checkpoints>>,
    checkpoints: BTreeMap<i32, Handle>,
    /// When the batch under way was decided.
    decided: Instant,
}

/// What the writers share.
pub struct Outside {
    /// Where schemas are.
    pub registry: Registry,
    /// Where it is asked.
    pub runtime: runtime::Handle,
    /// Takes spans.
    pub tracer: Tracer,
    /// Checkpoints, if there are any.
    pub store: Option<Arc<Checkpoints>>,
}

impl<A: Aggregate> Writer<A>
where
    AggregateState<A::State>: Messages,
{
    /// Looks up the schemas it writes and how many partitions there are.
    pub fn new(settings: &Settings, outside: &Outside) -> Result<Self, Error> {
        let namespace = &settings.namespace;
        let Outside { registry, runtime, tracer, store } = outside;
        Ok(Self {
            log: PartitionReader::new(settings)?,
            reader: MessageReader::new(registry, runtime),
            events: runtime.block_on(registry.encoder(namespace))?,
            states: runtime.block_on(registry.encoder(namespace))?,
            outcomes: runtime.block_on(registry.encoder(namespace))?,
            partitions: partition_count(settings, A::Command::TOPIC)?,
            reply_partitions: partition_count(settings, Topic::COMMAND_RESULTS)?,
            shards: BTreeMap::new(),
            counts: Counts::of(A::NAME),
            spans: Spans::of(A::NAME, tracer.clone()),
            store: store.clone(),
            checkpoints: BTreeMap::new(),
            decided: Instant::now(),
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
        let begun = self.spans.begin(envelope.traceparent);
        let traceparent = begun.as_ref().map(|begun| begun.traceparent.as_str());
        let cause = Cause::of(envelope, position.offset, now).within(traceparent);
        let wire_type = command.as_ref().map_or("unreadable", Messages::wire_type);
        let request = Request {
            id: cause.command_id,
            offset: position.offset,
            aggregate,
            fingerprint: fingerprint(envelope.message_type, envelope.expected_version, payload),
            expected_version: envelope.expected_version,
            asked_at: envelope.time.map_or(now, |asked_at| asked_at.min(now)),
            command,
        };
        let reader = &mut self.reader;
        let decision = shard.decide(request, now, |bytes| {
            reader.read_sole(bytes)?.map_err(|error| {
                let number = partition;
                let partition = Partition { topic: AggregateState::<A::State>::TOPIC, number };
                let (aggregate, reason) = (aggregate.to_string(), error.0);
                Error::CorruptState { partition, aggregate, reason }
            })
        })?;
        let Counts { accepted, rejected, repeated, .. } = &mut self.counts;
        match (&decision.outcome.rejection, decision.repeated) {
            (_, true) => repeated.add(),
            (Some(_), _) => rejected.add(),
            (None, _) => accepted.add(),
        }
        let first = decision.outcome.version - i64::from(decision.outcome.events) + 1;
        let mut events = (0..).zip((first..).zip(&decision.events)).peekable();
        while let Some((index, (version, event))) = events.next() {
            let place = Place { index, continues: events.peek().is_some(), version };
            out(outbound::event(&self.events, &cause, partition, aggregate, place, event)?)?;
            self.counts.events.add();
        }
        if let Some(begun) = &begun {
            let decided = (&decision.outcome, decision.repeated);
            self.spans.decided(begun, position, wire_type, decided);
        }
        let outcome = decision.outcome.to_outcome(A::NAME, aggregate, partition);
        out(outbound::outcome(&self.outcomes, &cause, self.reply_to(envelope), &outcome)?)
    }

    /// Where the sender waits; a partition that does not exist must not stop the answer.
    fn reply_to(&self, envelope: &Envelope<'_>) -> Option<i32> {
        envelope.reply_to.filter(|partition| (0..self.reply_partitions).contains(partition))
    }

    /// Answers a command whose key is no aggregate id: nothing can be remembered of it.
    fn refuse_key(
        &mut self,
        offset: i64,
        envelope: &Envelope<'_>,
        payload: &[u8],
        out: &mut Out<'_>,
    ) -> Result<(), Error> {
        self.counts.rejected.add();
        let outcome = CommandOutcome {
            aggregate: A::NAME.to_owned(),
            aggregate_id: String::new(),
            fingerprint: fingerprint(envelope.message_type, envelope.expected_version, payload),
            version: 0,
            event_ids: Vec::new(),
            rejection: Some(malformed(format!("the record key: {InvalidAggregateId}"))),
            latest_change: None,
        };
        let cause = Cause::of(envelope, offset, Timestamp::now());
        out(outbound::outcome(&self.outcomes, &cause, self.reply_to(envelope), &outcome)?)
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
        let Self { log, reader, states: encoder, store, .. } = self;
        let mut restore = Restore::<A> { log, reader, encoder, checkpoints: store.as_deref() };
        let (shard, checkpoint) = restore.shard(partition)?;
        self.shards.insert(partition, shard);
        if let Some(checkpoint) = checkpoint {
            self.checkpoints.insert(partition, checkpoint);
        }
        self.gauge();
        Ok(())
    }

    fn revoked(&mut self, partition: i32) {
        self.checkpoints.remove(&partition);
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
                self.counts.unreadable.add();
                unreadable(position, &error.to_string());
                return Ok(());
            }
        };
        let payload = record.payload().unwrap_or_default();
        let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
        let Some(aggregate) = key.and_then(|key| AggregateId::new(key).ok()) else {
            return self.refuse_key(position.offset, &envelope, payload, out);
        };
        let owner = partitioner::partition_of(aggregate.as_str().as_bytes(), self.partitions);
        if owner != position.partition.number {
            self.counts.forwarded.add();
            return out(forward::<A>(owner, &aggregate, record));
        }
        self.decide(position, &aggregate, &envelope, payload, out)
    }

    fn finish(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        self.decided = Instant::now();
        let encoder = &self.states;
        for (partition, shard) in &mut self.shards {
            let at = Partition { topic: AggregateState::<A::State>::TOPIC, number: *partition };
            let told = |id: &AggregateId, state: Option<&[u8]>| {
                OutRecord::state(at, id.as_str(), state.map(<[u8]>::to_vec))
            };
            for Change { aggregate, stored } in shard.seal(STATES_OWED, |s| encoder.encode(s))? {
                out(told(aggregate, stored.as_ref().map(Stored::payload)))?;
            }
            let Some(owed) = shard.pay(STATES_OWED) else { continue };
            for aggregate in &owed.aggregates {
                out(told(aggregate, shard.committed(aggregate)))?;
            }
            if owed.complete {
                out(OutRecord::state_complete(at, outbound::SOURCE, Timestamp::now()))?;
            }
        }
        Ok(())
    }

    fn committed(&mut self) {
        for (partition, shard) in &mut self.shards {
            let frames = self.checkpoints.get(partition).map(|_| frames(shard.changes()));
            shard.commit();
            if let Some((frames, checkpoint)) = frames.zip(self.checkpoints.get_mut(partition)) {
                let (decided, size) = (self.decided, restore::size(shard));
                checkpoint.append(Batch { frames, decided, size });
            }
        }
        self.counts.committed();
        self.spans.committed();
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
        self.counts.aggregates.set(aggregates as f64);
        let bytes: usize = self.shards.values().map(Shard::bytes).sum();
        #[expect(clippy::cast_precision_loss, reason = "a display value")]
        self.counts.state_bytes.set(bytes as f64);
    }
}

/// What a batch has changed, as the checkpoint takes it.
fn frames(changes: &[Change]) -> Vec<u8> {
    let mut frames = Frames::default();
    for Change { aggregate, stored } in changes {
        frames.push(aggregate.as_str().as_bytes(), stored.as_ref().map(Stored::payload));
    }
    frames.take()
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
        key: Some(aggregate.as_str().into()),
        payload: record.payload().map(<[u8]>::to_vec),
        headers: record.headers().map(BorrowedHeaders::detach).unwrap_or_default(),
    }
}

fn malformed(reason: String) -> Rejection {
    Rejection::new(RejectionCode::Malformed, reason)
}

/// A record without a command id cannot even be answered.
fn unreadable(position: Position, reason: &str) {
    let Position { partition, offset } = position;
    tracing::warn!(kafka.partition = %partition, kafka.offset = offset, "passed over a record that is no command: {reason}");
}
