//! The life of one aggregate: its events in order, and what it was after each.

use domain::{Aggregate, Campaigns, Customers, Mailings, Orders};
use event_log::{Error as LogError, Partition, record};
use rdkafka::message::BorrowedMessage;
use schemas::{Messages, Topic, classification::ClassificationEvent};
use serde::Serialize;
use serde_json::Value;

use crate::{
    error::Error,
    scan::{Scan, Tools},
    seen::Seen,
};

/// An event, and the aggregate after it.
#[derive(Debug)]
pub struct Step {
    /// The event.
    pub event: Seen,
    /// The state as decisions see it; null when there is none.
    pub state: Value,
}

/// Everything that happened to an aggregate. Blocks.
///
/// # Errors
/// When there is no such type or aggregate, or Kafka or the registry do not answer.
pub fn timeline(scan: &Scan, aggregate: &str, id: &str) -> Result<Vec<Step>, Error> {
    let steps = match aggregate {
        Customers::NAME => folded::<Customers>(scan, id),
        Orders::NAME => folded::<Orders>(scan, id),
        Campaigns::NAME => folded::<Campaigns>(scan, id),
        Mailings::NAME => folded::<Mailings>(scan, id),
        // Its state is what the last event says.
        "customer-classification" => {
            of_key::<ClassificationEvent>(scan, id, |event| crate::seen::fields(&event))
        }
        _ => {
            let types = "customer, order, campaign, mailing or customer-classification";
            return Err(Error::Refused(format!("types of aggregates are {types}")));
        }
    }?;
    match steps.is_empty() {
        true => Err(Error::NotFound(format!("there is no event of {aggregate} {id}"))),
        false => Ok(steps),
    }
}

fn folded<A: Aggregate>(scan: &Scan, id: &str) -> Result<Vec<Step>, Error>
where
    A::State: Serialize + Sync,
{
    let mut state: Option<A::State> = None;
    of_key::<A::Event>(scan, id, move |event| {
        state = A::evolve(state.take(), &event);
        serde_json::to_value(&state).unwrap_or_default()
    })
}

/// The events of one key, all of which are in one partition.
fn of_key<M: Messages>(
    scan: &Scan,
    id: &str,
    mut after: impl FnMut(M) -> Value,
) -> Result<Vec<Step>, Error> {
    let topic: Topic = M::TOPIC;
    let mut steps = Vec::new();
    let mut tools = scan.tools()?;
    for partition in scan.partitions(&[topic], Some(id))? {
        let Tools { log, messages } = &mut tools;
        log.read_to_end(partition, |found| {
            let Some(event) = of(messages, partition, found, id)? else { return Ok(()) };
            let (_, payload) = record::bytes(found);
            let read = messages.read::<M>(&event.message_type, payload)?;
            let state = read.ok().flatten().map_or(Value::Null, &mut after);
            steps.push(Step { event, state });
            Ok(())
        })?;
    }
    Ok(steps)
}

fn of(
    messages: &mut event_log::MessageReader,
    partition: Partition,
    found: &BorrowedMessage<'_>,
    id: &str,
) -> Result<Option<Seen>, LogError> {
    Tools::seen(messages, partition, found, |_, key| key == id.as_bytes())
}
