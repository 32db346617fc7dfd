//! A member of a consumer group whose owner completes each rebalance itself: it learns of an
//! assignment or revocation between two polls, does what it has to (restore, finish a batch), and
//! then says so. Nothing is assigned or given up behind its back.
//!
//! Not for sharing: one thread owns it, and must keep polling.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    bindings::rd_kafka_resp_err_t,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, ConsumerGroupMetadata},
    error::KafkaError,
    message::{BorrowedMessage, Message},
};
use schemas::Topic;

use crate::{
    client::{self, ClientLog},
    error::{Error, ErrorClass},
    group,
    ownership::Ownership,
    record::Partition,
    settings::Settings,
};

/// Longest wait for the ends of partitions.
const ENDS_LIMIT: Duration = Duration::from_secs(5);

/// A member of a consumer group.
pub struct Consumer {
    inner: BaseConsumer<Rebalances>,
    /// Whose membership is told instead of ours when fencing is switched off: none.
    stranger: Option<BaseConsumer>,
    settings: Settings,
    topics: Vec<(String, Topic)>,
    ownership: Ownership,
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").field("topics", &self.topics).finish_non_exhaustive()
    }
}

/// What the group decided; completed by [`Consumer::assign`] or [`Consumer::unassign`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These partitions become ours.
    Assigned(Vec<Partition>),
    /// These partitions go to somebody else.
    Revoked {
        /// Which.
        partitions: Vec<Partition>,
        /// They may already have another owner: nothing can be committed for them any more.
        lost: bool,
    },
}

/// What a poll brought.
#[derive(Debug)]
pub enum Polled<'c> {
    /// A record.
    Record(BorrowedMessage<'c>),
    /// The group changed: see [`Consumer::next_change`].
    Change,
    /// Nothing within the time.
    Nothing,
}

/// A change of the group, by the names that the brokers use.
struct Noted {
    assigned: bool,
    partitions: Vec<(String, i32)>,
    lost: bool,
}

struct Rebalances {
    log: ClientLog,
    changes: Mutex<VecDeque<Noted>>,
    closing: AtomicBool,
}

impl Rebalances {
    fn new(settings: &Settings) -> Self {
        Self {
            log: ClientLog::new(settings),
            changes: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }
}

impl ClientContext for Rebalances {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.log.stats_raw(statistics);
    }
}

impl ConsumerContext for Rebalances {
    /// Runs inside a poll. Only notes the change, but while closing, when nobody is left to
    /// complete it, gives everything up at once.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: rd_kafka_resp_err_t,
        partitions: &mut TopicPartitionList,
    ) {
        let assigned = event == rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Acquire) {
            let _ = if assigned {
                consumer.incremental_assign(&TopicPartitionList::new())
            } else {
                consumer.incremental_unassign(partitions)
            };
            return;
        }
        let elements = partitions.elements();
        let partitions = elements.iter().map(|e| (e.topic().to_owned(), e.partition())).collect();
        let lost = !assigned && consumer.assignment_lost();
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push_back(Noted { assigned, partitions, lost });
    }
}

impl Consumer {
    /// Joins a group for some topics.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn join(settings: &Settings, group: &str, topics: &[Topic]) -> Result<Self, Error> {
        let mut config = client::watched(client::consumer_config(settings));
        config
            .set("group.id", settings.qualify(group))
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "1000")
            .set("max.poll.interval.ms", "300000");
        if let Some(instance) = &settings.instance {
            config.set("group.instance.id", settings.qualify(instance));
        }
        let doing = || format!("join group {group}");
        let inner: BaseConsumer<Rebalances> = config
            .create_with_context(Rebalances::new(settings))
            .map_err(|error| Error::kafka(doing(), error))?;
        let topics: Vec<_> =
            topics.iter().map(|topic| (settings.qualify(topic.name()), *topic)).collect();
        let names: Vec<_> = topics.iter().map(|(name, _)| name.as_str()).collect();
        inner.subscribe(&names).map_err(|error| Error::kafka(doing(), error))?;
        let stranger = settings.unfenced.then(|| config.create());
        let stranger = stranger.transpose().map_err(|error| Error::kafka(doing(), error))?;
        let ownership = Ownership::new(settings.qualify(group));
        Ok(Self { inner, stranger, settings: settings.clone(), topics, ownership })
    }

    /// Waits for a record or a change of the group.
    ///
    /// # Errors
    /// Final errors only; others pass by themselves and are logged by the client.
    pub fn poll(&self, limit: Duration) -> Result<Polled<'_>, Error> {
        self.look_after_ownership()?;
        let polled = self.inner.poll(limit);
        if polled.is_none() && self.has_change() {
            return Ok(Polled::Change);
        }
        match polled {
            None => Ok(Polled::Nothing),
            Some(Ok(record)) => Ok(Polled::Record(record)),
            Some(Err(source)) => {
                let error = Error::kafka("poll", source);
                if error.class() == ErrorClass::Fatal {
                    return Err(error);
                }
                Ok(Polled::Nothing)
            }
        }
    }

    /// Leaves the group and joins it anew when it has left partitions without an owner.
    fn look_after_ownership(&self) -> Result<(), Error> {
        if !self.ownership.is_broken(&self.inner, &self.topics) {
            return Ok(());
        }
        let names: Vec<_> = self.topics.iter().map(|(name, _)| name.as_str()).collect();
        self.inner.unsubscribe();
        let subscribed = self.inner.subscribe(&names);
        subscribed.map_err(|error| Error::kafka("join the group anew", error))
    }

    /// False when no broker is connected, as far as the client knows.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inner.context().log.contact().is_there()
    }

    /// Whether the group changed since the last [`Consumer::next_change`].
    #[must_use]
    pub fn has_change(&self) -> bool {
        let changes = &self.inner.context().changes;
        !changes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The next change to complete, in order.
    #[must_use]
    pub fn next_change(&self) -> Option<Change> {
        let changes = &self.inner.context().changes;
        let next = changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Noted { assigned, partitions, lost } = next?;
        self.ownership.look_again();
        let partitions = partitions
            .iter()
            .filter_map(|(name, number)| {
                Some(Partition { topic: self.topic(name)?, number: *number })
            })
            .collect();
        Some(if assigned {
            Change::Assigned(partitions)
        } else {
            Change::Revoked { partitions, lost }
        })
    }

    /// The offsets that the group committed, to be read *before* any state that goes with them is
    /// restored: this waits until no transaction of an earlier owner can still move them. Such an
    /// owner's records are in the log by then, and it can send no offsets any more.
    ///
    /// # Errors
    /// When they are not stable in time.
    pub fn committed(&self, partitions: &[Partition]) -> Result<Vec<(Partition, i64)>, Error> {
        let committed = group::stable_offsets(&self.inner, &self.settings, partitions)?;
        // Where nothing was committed yet, all is to be read.
        Ok(committed.into_iter().map(|(partition, next)| (partition, next.unwrap_or(0))).collect())
    }

    /// Completes an assignment: reading starts at these offsets.
    ///
    /// # Errors
    /// When the client refuses it.
    pub fn assign(&self, starts: &[(Partition, i64)]) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in starts {
            self.add(&mut list, *partition, Offset::Offset(*offset))?;
        }
        let assigned = self.inner.incremental_assign(&list);
        assigned.map_err(|error| Error::kafka("take over partitions", error))
    }

    /// Completes a revocation: the partitions are given up.
    ///
    /// # Errors
    /// When the client refuses it.
    pub fn unassign(&self, partitions: &[Partition]) -> Result<(), Error> {
        let unassigned = self.inner.incremental_unassign(&self.list(partitions)?);
        unassigned.map_err(|error| Error::kafka("give up partitions", error))
    }

    /// Stops fetching these partitions; polling goes on.
    ///
    /// # Errors
    /// When the client refuses it.
    pub fn pause(&self, partitions: &[Partition]) -> Result<(), Error> {
        let paused = self.inner.pause(&self.list(partitions)?);
        paused.map_err(|error| Error::kafka("pause partitions", error))
    }

    /// Fetches these partitions again.
    ///
    /// # Errors
    /// When the client refuses it.
    pub fn resume(&self, partitions: &[Partition]) -> Result<(), Error> {
        let resumed = self.inner.resume(&self.list(partitions)?);
        resumed.map_err(|error| Error::kafka("resume partitions", error))
    }

    /// Membership to be sent along with transactions; taken when a batch was polled.
    ///
    /// # Errors
    /// When this consumer is in no group (a bug).
    pub fn group_metadata(&self) -> Result<ConsumerGroupMetadata, Error> {
        let membership = match &self.stranger {
            Some(stranger) => stranger.group_metadata(),
            None => self.inner.group_metadata(),
        };
        membership.ok_or_else(|| {
            let error = KafkaError::Subscription("not a member of a group".into());
            Error::kafka("read the group metadata", error)
        })
    }

    /// Commits next offsets to the group without waiting: for lag displays, never for truth.
    ///
    /// # Errors
    /// When the client refuses it.
    pub fn commit_for_display(&self, next: &[(Partition, i64)]) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in next {
            self.add(&mut list, *partition, Offset::Offset(*offset))?;
        }
        let committed = self.inner.commit(&list, CommitMode::Async);
        committed.map_err(|error| Error::kafka("commit offsets", error))
    }

    /// The partition of a record.
    #[must_use]
    pub fn partition_of(&self, record: &BorrowedMessage<'_>) -> Option<Partition> {
        Some(Partition { topic: self.topic(record.topic())?, number: record.partition() })
    }

    /// The ends of the committed records of some partitions, in their order. The broker is asked
    /// once for all: it answers the requests of a connection one after the other, so that each
    /// waits behind a fetch that waits for records.
    ///
    /// # Errors
    /// When a broker does not answer in time.
    pub fn ends(&self, partitions: &[Partition]) -> Result<Vec<(Partition, i64)>, Error> {
        let failed = |error| Error::kafka("read the ends of partitions", error);
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            self.add(&mut list, *partition, Offset::End)?;
        }
        let found = self.inner.offsets_for_times(list, ENDS_LIMIT).map_err(failed)?;
        let mut ends = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let end = group::offset_told(&found, &self.settings, *partition).map_err(failed)?;
            ends.push((*partition, end.ok_or_else(|| failed(KafkaError::NoMessageReceived))?));
        }
        Ok(ends)
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        self.topics.iter().find(|(known, _)| known == name).map(|(_, topic)| *topic)
    }

    fn list(&self, partitions: &[Partition]) -> Result<TopicPartitionList, Error> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            self.add(&mut list, *partition, Offset::Invalid)?;
        }
        Ok(list)
    }

    fn add(
        &self,
        list: &mut TopicPartitionList,
        partition: Partition,
        offset: Offset,
    ) -> Result<(), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        list.add_partition_offset(&topic, partition.number, offset)
            .map_err(|error| Error::kafka(format!("name {partition}"), error))
    }
}

impl Drop for Consumer {
    /// Leaves the group (a static member: stays known until its session ends).
    fn drop(&mut self) {
        self.inner.context().closing.store(true, Ordering::Release);
        // A change that was noted but not completed would make the client wait for ever.
        while let Some(change) = self.next_change() {
            let _ = match change {
                Change::Assigned(_) => self.inner.incremental_assign(&TopicPartitionList::new()),
                Change::Revoked { partitions, .. } => match self.list(&partitions) {
                    Ok(list) => self.inner.incremental_unassign(&list),
                    Err(_) => Ok(()),
                },
            };
        }
    }
}
