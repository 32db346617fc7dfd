//! Partition by partition.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use event_log::{Error, Partition, record::envelope, refill::Kept, restore::PartitionReader};
use rdkafka::message::{BorrowedMessage, Message};

use super::{
    kinds::is_event_store,
    manifest::Copy,
    piece::{self, Writer},
    registry,
    spans::Span,
};
use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
    progress::Progress,
};

/// A backup that is being made.
pub struct Copying<'a> {
    folder: &'a Path,
    progress: Progress,
    /// What is new.
    new: New,
    /// Offsets that are done with.
    done: u64,
}

/// What the new records tell.
#[derive(Debug, Default)]
pub struct New {
    /// How many there are.
    pub records: u64,
    /// Schemas that they name.
    pub schemas: BTreeSet<u32>,
    /// The last command of which there are events, by the partition of those.
    pub commands_done: BTreeMap<Partition, i64>,
}

impl<'a> Copying<'a> {
    pub fn new(folder: &'a Path, progress: Progress) -> Self {
        Self { folder, progress, new: New::default(), done: 0 }
    }

    /// All is copied.
    pub fn finish(self) -> New {
        self.progress.finish();
        self.new
    }

    /// Copies what is new in a partition.
    pub fn partition(
        &mut self,
        log: &PartitionReader,
        span: &Span,
        known: Option<Copy>,
    ) -> Result<Copy> {
        let at = span.at;
        let mut copy = match known {
            Some(known) => same_log(log, span, known)?,
            None => Copy {
                topic: at.topic.name().to_owned(),
                partition: at.number,
                begin: span.begin,
                end: span.begin,
                undecided: None,
                pieces: Vec::new(),
            },
        };
        let (mut writer, mut broken) = (None, None);
        let from = copy.end.max(span.begin);
        let read = log.read_range(at, from..span.end, |record| {
            broken = self.record(at, record, &mut writer).err();
            self.progress.at(self.done + (record.offset() - from).max(0).unsigned_abs());
            // Any error ends the reading; the one that counts is kept.
            if broken.is_some() { Err(Error::NotOwned(at)) } else { Ok(()) }
        });
        broken.map_or(Ok(()), Err)?;
        read.map_err(failed)?;
        self.done += (span.end - from).max(0).unsigned_abs();
        copy.pieces.extend(writer.map(Writer::end).transpose()?);
        copy.end = span.end;
        copy.undecided = copy.undecided.max(span.undecided);
        Ok(copy)
    }

    fn record(
        &mut self,
        at: Partition,
        record: &BorrowedMessage<'_>,
        writer: &mut Option<Writer>,
    ) -> Result<()> {
        let new = &mut self.new;
        new.records += 1;
        new.schemas.extend(record.payload().and_then(registry::id_in));
        if is_event_store(at.topic)
            && let Some(command) = envelope(record).ok().and_then(|found| found.command_offset)
        {
            let done = new.commands_done.entry(at).or_insert(command);
            *done = command.max(*done);
        }
        let open = match writer {
            Some(open) => open,
            None => writer.insert(Writer::begin(self.folder, at, record.offset())?),
        };
        open.add(&Kept::of(record))
    }
}

/// Makes sure that the log goes on where the copy ends.
fn same_log(log: &PartitionReader, span: &Span, known: Copy) -> Result<Copy> {
    let (at, copied) = (span.at, known.end);
    let other = |what: String| Failure::setup(format!("{at} {what}"));
    if span.end < copied {
        return Err(other(format!(
            "ends at offset {}, and the backup has it up to {copied}: it is another log, back up \
             into a folder of its own",
            span.end
        )));
    }
    if span.begin > copied && is_event_store(at.topic) {
        return Err(other(format!(
            "begins at offset {}, and the backup ends at {copied}: what was between is deleted",
            span.begin
        )));
    }
    let last = known.pieces.last().filter(|last| last.last >= span.begin);
    if let Some(last) = last {
        let look = |record: &BorrowedMessage<'_>| piece::checksum(&Kept::of(record));
        let found = log.record_at(at, last.last, look).map_err(failed)?;
        if found.as_ref() != Some(&last.last_sha256) {
            return Err(other(format!(
                "has not the record at offset {} that the backup has: it is another log, back up \
                 into a folder of its own",
                last.last
            )));
        }
    }
    Ok(known)
}
