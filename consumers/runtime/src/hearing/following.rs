//! Reads the topic of notifications, on a thread of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{Error, ErrorClass, Follower, MessageReader, Position, Registry, Step, record};
use rdkafka::message::BorrowedMessage;
use schemas::{Topic, notification::ReadModelChanged};
use service::Shutdown;
use tokio::runtime::Handle;

use super::{Ear, Heard};

const TOPIC: Topic = Topic::CHANGE_NOTIFICATIONS;

/// How long the follower stays when the last stream has gone.
const LINGER: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(100);

/// How often is looked whether the topic has further partitions.
const PROBE: Duration = Duration::from_secs(30);
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// Why it is not followed any more.
enum Left {
    /// There are no streams, or will be none.
    Streams,
    /// The topic has other partitions than are followed.
    Grown,
}

/// Follows the topic.
pub struct Following {
    /// Whose notifications are heard.
    pub consumer: &'static str,
    /// The cluster.
    pub settings: event_log::Settings,
    /// Decodes the records.
    pub registry: Registry,
    /// For waits.
    pub runtime: Handle,
    /// Where it is told.
    pub ear: Arc<Ear>,
    /// When to end.
    pub shutdown: Shutdown,
}

impl Following {
    /// Follows until there are no streams any more.
    pub fn run(&self) -> Result<(), Error> {
        loop {
            let follower = Follower::new(&self.settings, TOPIC, self.consumer)?;
            let mut next = Vec::new();
            for number in 0..follower.partitions()? {
                next.push(follower.offsets(number, PROBE_LIMIT)?.end);
            }
            follower.follow(&next)?;
            self.ear.set_following(true);
            let followed = self.follow(&follower, &mut next);
            self.ear.set_following(false);
            match followed {
                Ok(Left::Streams) => return Ok(()),
                // Those that are there go on with what comes when it is followed again.
                Ok(Left::Grown) => self.ear.tell(Heard::Anything),
                Err(error) => {
                    self.ear.tell(Heard::Anything);
                    return Err(error);
                }
            }
        }
    }

    fn follow(&self, follower: &Follower, next: &mut [i64]) -> Result<Left, Error> {
        let mut reader = MessageReader::new(&self.registry, &self.runtime);
        let (mut last_stream, mut probed) = (Instant::now(), Instant::now());
        while !self.shutdown.is_requested() {
            match follower.poll(POLL) {
                Ok(Step::Record(at, record)) => {
                    let heard = match is_next(next, at) {
                        true => self.hear(&mut reader, &record)?,
                        // What came in between is gone: the topic keeps things for an hour.
                        false => Some(Heard::Anything),
                    };
                    heard.into_iter().for_each(|heard| self.ear.tell(heard));
                }
                Ok(Step::End(_) | Step::Nothing) => {}
                Err(error) if error.class() == ErrorClass::Fatal => return Err(error),
                // The client comes back by itself, and then misses nothing.
                Err(error) => tracing::debug!(%error, "changes are not followed at the moment"),
            }
            if self.ear.has_streams() {
                last_stream = Instant::now();
            } else if last_stream.elapsed() >= LINGER && self.is_left() {
                return Ok(Left::Streams);
            }
            if probed.elapsed() >= PROBE {
                probed = Instant::now();
                // Without an answer: the next time.
                if follower.partitions().is_ok_and(|now| usize::try_from(now) != Ok(next.len())) {
                    return Ok(Left::Grown);
                }
            }
        }
        Ok(Left::Streams)
    }

    /// Whether nobody has come while it was made known that nothing is followed any more.
    fn is_left(&self) -> bool {
        self.ear.set_following(false);
        let is_left = !self.ear.has_streams();
        self.ear.set_following(!is_left);
        is_left
    }

    /// What a record says to streams; nothing when it is another consumer's.
    fn hear(
        &self,
        reader: &mut MessageReader,
        record: &BorrowedMessage<'_>,
    ) -> Result<Option<Heard>, Error> {
        let Ok(envelope) = record::envelope(record) else { return Ok(Some(Heard::Anything)) };
        if envelope.source != self.consumer {
            return Ok(None);
        }
        let (_, payload) = record::bytes(record);
        let read = reader.read::<ReadModelChanged>(envelope.message_type, payload)?;
        Ok(Some(match read {
            Ok(Some(ReadModelChanged { read_model, kind, row_id: Some(key), details, .. })) => {
                let correlation_id = envelope.correlation_id.map(str::to_owned);
                Heard::Row { read_model, kind, key, details, correlation_id }
            }
            // Of a whole read model; or nothing that can be understood.
            _ => Heard::Anything,
        }))
    }
}

/// Moves past a record; whether it is the next one of its partition.
fn is_next(next: &mut [i64], at: Position) -> bool {
    let place = usize::try_from(at.partition.number).ok().and_then(|number| next.get_mut(number));
    place.is_some_and(|next| std::mem::replace(next, at.offset.saturating_add(1)) == at.offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_seen() {
        let at = |number, offset| Position {
            partition: event_log::Partition { topic: TOPIC, number },
            offset,
        };
        let mut next = [5, 7];
        assert!(is_next(&mut next, at(0, 5)) && is_next(&mut next, at(0, 6)));
        assert!(!is_next(&mut next, at(1, 9)), "two are missing");
        assert!(is_next(&mut next, at(1, 10)));
        assert!(!is_next(&mut next, at(2, 0)), "nobody follows it");
    }
}
