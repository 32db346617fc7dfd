//! The commands of the benchmark: `create_order`, each on an order of its own.
//!
//! Why these: each is accepted and makes exactly one event, nothing has to be there before, and
//! every record has the same size from the first command to the last. (Updates of the same
//! customers would fill their memory of recent outcomes, so that whoever is faster would soon have
//! more to write per command.)

use event_log::record::headers;
use rdkafka::message::OwnedHeaders;
use schemas::{
    AggregateId, Encoder, Envelope, Messages, Money, Timestamp,
    order::{CreateOrder, OrderCommand},
};
use uuid::Uuid;

/// A command, ready to be appended.
#[derive(Debug)]
pub struct Command {
    /// Which one it is, from 0.
    pub number: u64,
    /// Id of its order.
    pub key: String,
    /// As command-api makes them.
    pub headers: OwnedHeaders,
}

/// Makes commands without end.
#[derive(Debug)]
pub struct Commands {
    /// Tells this run's commands from those of any other.
    run: u64,
    next: u64,
    reply_to: i32,
    wire_type: &'static str,
    payload: Vec<u8>,
}

impl Commands {
    /// Their outcomes are to be sent to a partition of `command.results`.
    pub fn new(encoder: &Encoder<OrderCommand>, reply_to: i32) -> anyhow::Result<Self> {
        let command = OrderCommand::from(CreateOrder {
            customer_id: AggregateId::new("bench-customer")?,
            text: "twelve bottles of wine".into(),
            value: Money::from_minor(14_399),
            ordered_at: None,
        });
        let (run, _) = Uuid::new_v4().as_u64_pair();
        let (wire_type, payload) = (command.wire_type(), encoder.encode(&command)?);
        Ok(Self { run, next: 0, reply_to, wire_type, payload })
    }

    /// What all of them carry.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The next one.
    pub fn next(&mut self) -> Command {
        let number = self.next;
        self.next += 1;
        let key = format!("{:08x}-{number:09}", self.run >> 32);
        let mut buffer = Uuid::encode_buffer();
        let id = self.id(number).hyphenated().encode_lower(&mut buffer);
        let envelope = Envelope {
            id,
            source: "command-api",
            message_type: self.wire_type,
            time: Some(Timestamp::now()),
            subject: Some(&key),
            correlation_id: Some(id),
            reply_to: Some(self.reply_to),
            ..Envelope::default()
        };
        let headers = headers(&envelope);
        Command { number, key, headers }
    }

    /// The number of the command with an id, which is the key of its outcome; none when it is not
    /// of this run.
    pub fn number(&self, id: &[u8]) -> Option<u64> {
        let (run, number) = Uuid::try_parse_ascii(id).ok()?.as_u64_pair();
        (run == self.run && number < self.next).then_some(number)
    }

    fn id(&self, number: u64) -> Uuid {
        Uuid::from_u64_pair(self.run, number)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers;

    use super::*;

    fn commands() -> Commands {
        let ids: Vec<_> = (1..).take(OrderCommand::FILES.len()).collect();
        Commands::new(&Encoder::new(&ids).unwrap(), 0).unwrap()
    }

    #[test]
    fn outcomes_are_told_apart_by_their_key() {
        let (mut ours, theirs) = (commands(), commands());
        for number in 0..3 {
            let command = ours.next();
            assert_eq!(command.number, number);
            let id = command.headers.iter().find(|header| header.key == "ce_id").unwrap();
            let id = id.value.unwrap();
            assert_eq!(ours.number(id), Some(number));
            assert_eq!(theirs.number(id), None);
        }
        let future = ours.id(3).to_string();
        assert_eq!(ours.number(future.as_bytes()), None);
        assert_eq!(ours.number(b"nonsense"), None);
    }
}
