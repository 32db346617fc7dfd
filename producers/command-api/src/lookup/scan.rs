//! Reads stretches of partitions, all at once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use event_log::{Error, Partition, Settings, client::ClientLog};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{BorrowedMessage, Message},
};

use super::Unsearched;
use crate::reader::kafka;

const POLL: Duration = Duration::from_millis(50);

/// Offsets of each partition, from the first to before the second.
pub type Stretches = BTreeMap<Partition, (i64, i64)>;

/// Reads stretches to their ends, or until `each` finds what it looks for. Waits for transactions
/// that are open before an end: what they are about to commit was there when the end was taken.
pub fn scan<T>(
    consumer: &BaseConsumer<ClientLog>,
    settings: &Settings,
    stretches: &Stretches,
    deadline: Instant,
    mut each: impl FnMut(Partition, &BorrowedMessage<'_>) -> Option<T>,
) -> Result<Result<Option<T>, Unsearched>, Error> {
    // By the name on the broker, as records come.
    let mut open: BTreeMap<(String, i32), (Partition, i64)> = BTreeMap::new();
    let mut starts = TopicPartitionList::new();
    for (&partition, &(from, to)) in stretches.iter().filter(|(_, (from, to))| from < to) {
        let topic = settings.qualify(partition.topic.name());
        starts
            .add_partition_offset(&topic, partition.number, Offset::Offset(from))
            .map_err(|error| kafka(format!("search {partition}"), error))?;
        open.insert((topic, partition.number), (partition, to));
    }
    if open.is_empty() {
        return Ok(Ok(None));
    }
    consumer.assign(&starts).map_err(|error| kafka("begin a search", error))?;
    while !open.is_empty() {
        if Instant::now() >= deadline {
            return Ok(Err(Unsearched::Unfinished));
        }
        let Some(Ok(record)) = consumer.poll(POLL) else {
            // At the end of a partition, or an error that passes or runs into the deadline. The
            // positions also count what is never delivered: markers, and what was aborted.
            close_passed(consumer, &mut open);
            continue;
        };
        let place = (record.topic().to_owned(), record.partition());
        let Some(&(partition, to)) = open.get(&place) else { continue };
        if let Some(found) =
            Some(&record).filter(|r| r.offset() < to).and_then(|r| each(partition, r))
        {
            return Ok(Ok(Some(found)));
        }
        if record.offset() + 1 >= to {
            open.remove(&place);
            stop(consumer, &place)?;
        }
    }
    Ok(Ok(None))
}

fn close_passed(
    consumer: &BaseConsumer<ClientLog>,
    open: &mut BTreeMap<(String, i32), (Partition, i64)>,
) {
    let Ok(positions) = consumer.position() else { return };
    for element in positions.elements() {
        let place = (element.topic().to_owned(), element.partition());
        let passed = |to: i64| matches!(element.offset(), Offset::Offset(at) if at >= to);
        if open.get(&place).is_some_and(|(_, to)| passed(*to)) {
            open.remove(&place);
        }
    }
}

/// Fetches no more of a partition whose end was reached.
fn stop(consumer: &BaseConsumer<ClientLog>, place: &(String, i32)) -> Result<(), Error> {
    let mut list = TopicPartitionList::new();
    list.add_partition(&place.0, place.1);
    let paused = consumer.pause(&list);
    paused.map_err(|error| kafka("end the search of a partition", error))
}
