//! The relay's cursor, on the real Kafka.

use consumer_runtime::{
    outbox::RelayBatch,
    relay_log::{self, RelayLog},
};
use event_log::{
    Partition, Settings, TransactionalProducer,
    client::{self, ClientLog},
    topics,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use schemas::{Namespace, Topic};
use service::Tracer;

const SOURCE: &str = "policy";
const TOPIC: Topic = Topic::ORDER_COMMANDS;

async fn fresh() -> Settings {
    let brokers = std::env::var("KAFKA_BROKERS")
        .expect("KAFKA_BROKERS is not set: run the tests by `cargo oneway test`");
    let id = uuid::Uuid::new_v4().simple().to_string();
    let settings = Settings::new(&brokers, "", Namespace::new(&format!("t{}", &id[..12])).unwrap());
    let declaration =
        format!("replication: 1\npartitions: 1\ntopics:\n  {TOPIC}: {{ holds: test data }}\n");
    let declaration = topics::Declaration::parse(&declaration).unwrap();
    let plan = topics::plan(&settings, &declaration).await.unwrap();
    topics::create_missing(&settings, &plan).await.unwrap();
    settings
}

/// Leaves a transaction open that moves the cursor, as a relay does that is killed in its midst.
fn leave_open(settings: &Settings, cursor: i64) -> TransactionalProducer {
    let name = format!("{SOURCE}.relay");
    let group: BaseConsumer<ClientLog> = client::consumer_config(settings)
        .set("group.id", settings.qualify(&name))
        .create_with_context(ClientLog::new(settings))
        .unwrap();
    let producer = TransactionalProducer::new(settings, &name).unwrap();
    producer.begin().unwrap();
    let kept_at = Partition { topic: TOPIC, number: 0 };
    producer.send_offsets(&[(kept_at, cursor)], &group.group_metadata().unwrap()).unwrap();
    producer
}

/// Else each relay that is killed while it publishes would be down until its transaction runs out.
#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_is_told_while_a_transaction_is_open_and_settled_by_the_next_relay() {
    let settings = fresh().await;
    let work = move || {
        let look = || relay_log::cursor(&settings, SOURCE, TOPIC).unwrap();
        assert_eq!(look(), None);
        let relay = RelayLog::open(&settings, SOURCE, TOPIC).unwrap();
        relay.send(RelayBatch { number: 3, events: vec![] }, &Tracer::off()).unwrap();
        assert_eq!(look(), Some(3));
        let killed = leave_open(&settings, 4);
        assert_eq!(look(), Some(3));
        assert_eq!(RelayLog::open(&settings, SOURCE, TOPIC).unwrap().cursor(), Some(3));
        drop(killed);
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}
