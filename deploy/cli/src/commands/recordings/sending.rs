//! Appends commands in the order of the file. Many are under way at once; those of one aggregate
//! stay in their order.

use std::{collections::BTreeMap, time::Duration};

use event_log::{
    Appender, OutRecord, Partition, Position, Settings, appender::AppendError, record,
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
use schemas::{
    CommandId, Envelope, Timestamp,
    any_command::Encoders,
    recording::{RecordedCommand, Sendable},
};

use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
};

/// Most commands that are under way.
const UNDER_WAY: usize = 1_000;

/// How long one may take to be acknowledged.
const DELIVERY_LIMIT: Duration = Duration::from_secs(60);

/// Source of commands whose recording does not say it.
const SOURCE: &str = "oneway-replay";

/// A command on its way.
pub struct Outgoing {
    /// Its line.
    pub line: u64,
    /// Its id in the log.
    pub id: CommandId,
    /// As it was recorded.
    pub recorded: RecordedCommand,
    /// What is sent of it.
    pub sendable: Sendable,
    /// It keeps its time and its version: it is the same command again.
    pub is_same: bool,
}

type UnderWay = BoxFuture<'static, (u64, Result<Position, AppendError>)>;

/// Appends.
pub struct Sending {
    appender: Appender,
    encoders: Encoders,
    under_way: FuturesOrdered<UnderWay>,
    /// All lines up to this one are in the log.
    pub line: u64,
    /// The last offset of each partition.
    pub last: BTreeMap<Partition, i64>,
}

impl Sending {
    /// Connects.
    pub fn new(settings: &Settings, encoders: Encoders, line: u64) -> Result<Self> {
        let appender = Appender::new(settings, DELIVERY_LIMIT).map_err(failed)?;
        let (under_way, last) = (FuturesOrdered::new(), BTreeMap::new());
        Ok(Self { appender, encoders, under_way, line, last })
    }

    /// Sends one more, as soon as there is room.
    pub async fn send(&mut self, outgoing: &Outgoing) -> Result<()> {
        while self.under_way.len() >= UNDER_WAY {
            self.acknowledge().await?;
        }
        let record = self.record(outgoing)?;
        let line = outgoing.line;
        let queued = self.appender.queue(record).map_err(|error| not_sent(line, error))?;
        self.under_way.push_back(Box::pin(async move { (line, queued.await) }));
        Ok(())
    }

    /// Waits for all that are under way.
    pub async fn finish(&mut self) -> Result<()> {
        while !self.under_way.is_empty() {
            self.acknowledge().await?;
        }
        Ok(())
    }

    async fn acknowledge(&mut self) -> Result<()> {
        let Some((line, appended)) = self.under_way.next().await else { return Ok(()) };
        let at = appended.map_err(|error| not_sent(line, error))?;
        let last = self.last.entry(at.partition).or_default();
        *last = at.offset.max(*last);
        self.line = line;
        Ok(())
    }

    fn record(&self, outgoing: &Outgoing) -> Result<OutRecord> {
        let Outgoing { id, recorded, sendable, is_same, line } = outgoing;
        let payload = self.encoders.encode(&sendable.command);
        let payload = payload.map_err(|error| Failure::Internal(error.into()))?;
        // Its sender's own text for it, when that is what the id was made from.
        let own = recorded.command_id.as_deref().filter(|_| *is_same);
        let id = own.map_or_else(|| id.to_string(), str::to_owned);
        let time = sendable.time.filter(|_| *is_same).unwrap_or_else(Timestamp::now);
        let envelope = Envelope {
            id: &id,
            source: recorded.source.as_deref().unwrap_or(SOURCE),
            message_type: sendable.command.wire_type(),
            time: Some(time),
            subject: Some(sendable.aggregate.as_str()),
            correlation_id: recorded.correlation_id.as_deref(),
            causation_id: recorded.causation_id.as_deref(),
            actor: recorded.actor.as_deref(),
            expected_version: recorded.expected_version,
            ..Envelope::default()
        };
        let mut headers = Ok(());
        envelope.write(|name, value| {
            if value.len() > schemas::envelope::MAX_ATTRIBUTE {
                headers = Err(name);
            }
        });
        headers.map_err(|name| Failure::setup(format!("line {line}: {name} is too long")))?;
        Ok(OutRecord {
            topic: sendable.command.topic(),
            partition: None,
            key: Some(sendable.aggregate.as_str().into()),
            payload: Some(payload),
            headers: record::headers(&envelope),
        })
    }
}

fn not_sent(line: u64, error: AppendError) -> Failure {
    failed(error.into_error(format!("append the command of line {line}")))
}
