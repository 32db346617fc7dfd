//! How large the records are that command-processor makes of one command: measured, so that the
//! limit loop and the peers always write the same. At the same time a check that it accepts the
//! benchmark's commands and makes one event of each.

use anyhow::{Context, ensure};
use clap::Args;
use event_log::{Partition, Settings, record::bytes, restore::PartitionReader};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use schemas::{
    Decoder, Message as _, Topic,
    command::{CommandOutcome, STATE_COMPLETE_KEY},
};
use serde::Serialize;

use crate::bench::arena::REPLY;

/// Bytes of key, headers (names and values) and payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args, Serialize)]
pub struct Sizes {
    /// Of a command; the driver makes them as they are
    #[arg(skip)]
    pub command: usize,
    /// Of an event
    #[arg(id = "event-bytes", long)]
    pub event: usize,
    /// Of a state
    #[arg(id = "state-bytes", long)]
    pub state: usize,
    /// Of an outcome
    #[arg(id = "outcome-bytes", long)]
    pub outcome: usize,
}

impl Sizes {
    /// The largest of them.
    pub fn largest(&self) -> usize {
        self.event.max(self.state).max(self.outcome)
    }

    /// The same as arguments.
    pub fn arguments(&self) -> Vec<String> {
        let Self { event, state, outcome, .. } = self;
        vec![
            format!("--event-bytes={event}"),
            format!("--state-bytes={state}"),
            format!("--outcome-bytes={outcome}"),
        ]
    }

    /// Reads what command-processor wrote on topics that nobody else writes to. Blocks.
    pub fn measure(settings: &Settings) -> anyhow::Result<Self> {
        let log = PartitionReader::new(settings)?;
        let of = |topic| Partition { topic, number: 0 };
        let is_state =
            |record: &BorrowedMessage<'_>| record.key() != Some(STATE_COMPLETE_KEY.as_bytes());
        let mut decoder = Decoder::default();
        Ok(Self {
            command: average(&log, of(Topic::ORDER_COMMANDS), |_| Ok(true))?,
            event: average(&log, of(Topic::ORDER_EVENTS), |_| Ok(true))?,
            state: average(&log, of(Topic::ORDER_STATE), |record| Ok(is_state(record)))?,
            outcome: average(&log, REPLY, |record| expect_accepted(&mut decoder, record))?,
        })
    }
}

/// Average size of the records that count.
fn average(
    log: &PartitionReader,
    partition: Partition,
    mut counts: impl FnMut(&BorrowedMessage<'_>) -> anyhow::Result<bool>,
) -> anyhow::Result<usize> {
    let (mut records, mut bytes, mut doubt) = (0, 0, None);
    log.read_to_end(partition, |record| {
        match counts(record) {
            Ok(true) => {
                records += 1;
                bytes += size(record);
            }
            Ok(false) => {}
            Err(error) => doubt = Some(error),
        }
        Ok(())
    })?;
    doubt.map_or(Ok(()), Err)?;
    ensure!(records > 0, "command-processor wrote nothing to {partition}");
    Ok(bytes / records)
}

/// Bytes of a record.
fn size(record: &BorrowedMessage<'_>) -> usize {
    let (key, payload) = bytes(record);
    let headers = record.headers().into_iter().flat_map(|headers| headers.iter());
    let headers = headers.map(|h| h.key.len() + h.value.map_or(0, <[u8]>::len));
    key.len() + payload.len() + headers.sum::<usize>()
}

/// Fails when it is the outcome of a command that was not accepted, or did not make one event.
fn expect_accepted(decoder: &mut Decoder, record: &BorrowedMessage<'_>) -> anyhow::Result<bool> {
    let payload = record.payload().unwrap_or_default();
    decoder.add(Decoder::schema_id(payload)?, CommandOutcome::FILE.text)?;
    let outcome: Option<CommandOutcome> =
        decoder.decode(CommandOutcome::FILE.wire_type, payload)?;
    let outcome = outcome.context("an outcome is of another type")?;
    let rejection = outcome.rejection.map(|rejection| rejection.code);
    ensure!(rejection.is_none(), "command-processor rejected a command: {rejection:?}");
    ensure!(outcome.event_ids.len() == 1, "a command made {} events", outcome.event_ids.len());
    Ok(true)
}
