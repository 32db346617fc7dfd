//! A namespace of its own on the broker of the test run.

use std::time::{Duration, Instant};

use event_log::{
    OutRecord, Partition, Settings, TransactionalProducer, record::headers,
    restore::PartitionReader, topics,
};
use schemas::{Envelope, Namespace, Topic};

/// Settings for a fresh namespace with all topics, `partitions` each.
pub async fn fresh(partitions: i32) -> Settings {
    let settings = settings();
    let mut declaration = String::from("replication: 1\n");
    declaration += &format!("partitions: {partitions}\ntopics:\n");
    for topic in
        [Topic::ORDER_COMMANDS, Topic::ORDER_EVENTS, Topic::ORDER_STATE, Topic::COMMAND_RESULTS]
    {
        declaration += &format!("  {topic}: {{ holds: test data }}\n");
    }
    let declaration = topics::Declaration::parse(&declaration).unwrap();
    let plan = topics::plan(&settings, &declaration).await.unwrap();
    topics::create_missing(&settings, &plan).await.unwrap();
    settings
}

/// Settings for a fresh namespace without topics.
pub fn settings() -> Settings {
    let brokers = std::env::var("KAFKA_BROKERS")
        .expect("KAFKA_BROKERS is not set: run the tests by `cargo oneway test`");
    let id = uuid::Uuid::new_v4().simple().to_string();
    Settings::new(&brokers, "", Namespace::new(&format!("t{}", &id[..12])).unwrap())
}

/// A record with a number for a key and payload.
pub fn record(topic: Topic, partition: i32, number: u32) -> OutRecord {
    let text = number.to_string();
    let envelope =
        Envelope { id: &text, source: "test", message_type: "number", ..Envelope::default() };
    OutRecord {
        topic,
        partition: Some(partition),
        key: Some(text.clone().into_bytes()),
        payload: Some(text.clone().into_bytes()),
        headers: headers(&envelope),
    }
}

/// Every committed number of a partition, in order.
pub fn numbers(settings: &Settings, partition: Partition) -> Vec<u32> {
    let mut numbers = Vec::new();
    let reader = PartitionReader::new(settings).unwrap();
    let read = reader.read_to_end(partition, |record| {
        let payload = rdkafka::Message::payload(record).unwrap_or_default();
        numbers.push(std::str::from_utf8(payload).unwrap().parse().unwrap());
        Ok(())
    });
    read.unwrap();
    numbers
}

/// Waits until what a producer was given is on the broker, committed or not; the end then.
pub fn until_arrived(
    producer: &TransactionalProducer,
    reader: &PartitionReader,
    partition: Partition,
) -> i64 {
    let look = || {
        producer.poll();
        reader.high_watermark(partition).unwrap()
    };
    eventually("the record to arrive", look, |end| *end > 0)
}

/// Polls until a condition holds; shows the last value when it does not in time.
pub fn eventually<T: std::fmt::Debug>(
    what: &str,
    mut look: impl FnMut() -> T,
    holds: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let value = look();
        if holds(&value) {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: last seen {value:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
