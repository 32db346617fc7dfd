//! Events of orders, good ones and all kinds of bad ones.

use std::time::Duration;

use event_log::{Appender, OutRecord, Registry, client::admin, record::headers};
use rdkafka::{
    admin::{AdminOptions, AlterConfig, ResourceSpecifier},
    message::OwnedHeaders,
};
use schemas::{
    AggregateId, CommandId, Encoder, Envelope, EventId, Money, Timestamp, Topic,
    order::{OrderConfirmationRequired, OrderConfirmed, OrderCreated, OrderEvent},
};
use testkit::Installation;

/// Lets the topic of events take records that are too large for consumers.
pub async fn allow_large(installation: &Installation) {
    let settings = installation.settings();
    let name = settings.qualify(Topic::ORDER_EVENTS.name());
    let topic = AlterConfig::new(ResourceSpecifier::Topic(&name));
    let topic = topic.set("max.message.bytes", "4194304");
    let client = admin(&settings).unwrap();
    let altered = client.alter_configs(&[topic], &AdminOptions::new()).await.unwrap();
    assert!(altered.iter().all(Result::is_ok), "{altered:?}");
}

/// Appends records, and waits until they are acknowledged.
pub async fn append(installation: &Installation, records: impl IntoIterator<Item = OutRecord>) {
    let appender = Appender::new(&installation.settings(), Duration::from_secs(30)).unwrap();
    let mut records = records.into_iter().peekable();
    while records.peek().is_some() {
        // As many as the client may queue.
        let records = records.by_ref().take(50_000);
        let waits: Vec<_> = records.map(|record| appender.queue(record).unwrap()).collect();
        for wait in waits {
            wait.await.unwrap();
        }
    }
}

/// Makes events as command-processor writes them.
pub struct Events(Encoder<OrderEvent>);

impl Events {
    pub async fn new(installation: &Installation) -> Self {
        let settings = installation.settings();
        let registry = Registry::of(&settings);
        Self(registry.encoder::<OrderEvent>(&settings.namespace).await.unwrap())
    }

    pub fn event(&self, key: &str, sequence: u64, event: &OrderEvent) -> OutRecord {
        OutRecord {
            topic: Topic::ORDER_EVENTS,
            partition: None,
            key: Some(key.into()),
            payload: Some(self.0.encode(event).unwrap()),
            headers: enveloped(key, Some(sequence), schemas::Messages::wire_type(event)),
        }
    }

    pub fn created(&self, key: &str, sequence: u64) -> OutRecord {
        self.event(key, sequence, &created("a book", 1_399))
    }

    pub fn required(&self, key: &str, sequence: u64) -> OutRecord {
        self.event(key, sequence, &OrderConfirmationRequired {}.into())
    }

    pub fn confirmed(&self, key: &str, sequence: u64) -> OutRecord {
        self.event(key, sequence, &OrderConfirmed {}.into())
    }

    /// The life of an order of some value, in cents.
    pub fn valued(&self, key: &str, cents: i64) -> [OutRecord; 3] {
        let created = self.event(key, 1, &created("a book", cents));
        [created, self.required(key, 2), self.confirmed(key, 3)]
    }

    /// The life of an order.
    pub fn order(&self, key: &str) -> [OutRecord; 3] {
        [self.created(key, 1), self.required(key, 2), self.confirmed(key, 3)]
    }
}

fn created(text: &str, cents: i64) -> OrderEvent {
    let customer_id = AggregateId::new("c1").unwrap();
    let ordered_at = Timestamp::from_micros(1_795_168_800_000_000).unwrap();
    let (text, value) = (text.to_owned(), Money::from_minor(cents));
    OrderCreated { customer_id, text, value, ordered_at }.into()
}

fn enveloped(key: &str, sequence: Option<u64>, wire_type: &str) -> OwnedHeaders {
    let command = CommandId::from_key(&format!("{key}-{sequence:?}"));
    let (id, cause) = (EventId::of_command(command, 0).to_string(), command.to_string());
    headers(&Envelope {
        id: &id,
        source: "test",
        message_type: wire_type,
        time: Timestamp::from_micros(1_795_168_800_000_000).ok(),
        subject: Some(key),
        sequence,
        causation_id: Some(&cause),
        ..Envelope::default()
    })
}

/// A record that cannot be handled, where version 2 of an order should be.
pub struct Poison {
    pub class: &'static str,
    /// Key of the order around it.
    pub key: String,
    record: Box<dyn Fn() -> OutRecord + Send + Sync>,
    /// How many wait behind it.
    pub waiting: i64,
    /// Whether it tells which version it makes.
    pub counts: bool,
}

impl Poison {
    pub fn record(&self) -> OutRecord {
        (self.record)()
    }

    /// Its own key, as the list shows it.
    pub fn listed_key(&self) -> String {
        String::from_utf8(self.record().key.unwrap_or_default()).unwrap_or_default()
    }
}

/// One of each kind.
pub fn poisons(events: &Events) -> Vec<Poison> {
    let required = events.required("x", 2).payload.unwrap();
    let prefix: Vec<u8> = events.created("x", 2).payload.unwrap()[..5].to_vec();
    // A string whose length says 2^40.
    let huge = [&prefix[..], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x40]].concat();
    let long = [&required[..], &vec![0; 1_100_000]].concat();
    let rest = [&required[..], b"rest"].concat();
    let nul = events.event("x", 2, &created("a\0b", 1_399)).payload.unwrap();
    const REQUIRED: &str = "order_confirmation_required";
    const CREATED: &str = "order_created";
    let with = |class, wire_type, payload: Option<Vec<u8>>| {
        let record = move || payload_in(class, wire_type, payload.clone());
        Poison { class, key: class.to_owned(), record: Box::new(record), waiting: 1, counts: true }
    };
    let mut poisons = vec![
        with("empty", REQUIRED, None),
        with("truncated", REQUIRED, Some(vec![0, 0, 1])),
        with("wrong-magic", REQUIRED, Some(b"{\"json\":1}".to_vec())),
        with("unknown-schema", REQUIRED, Some(vec![0, 0x7f, 0xff, 0xff, 0xff, 1])),
        with("wrong-record", CREATED, Some(required.clone())),
        with("malformed", CREATED, Some(huge)),
        with("oversized", REQUIRED, Some(long)),
        with("trailing-bytes", REQUIRED, Some(rest)),
        with("wrong-topic", "customer_created", Some(required.clone())),
        with("refused-by-database", CREATED, Some(nul)),
    ];
    let bare = |class, headers: fn() -> OwnedHeaders, key: Option<Vec<u8>>, waiting| {
        let payload = required.clone();
        let record = move || OutRecord {
            topic: Topic::ORDER_EVENTS,
            partition: None,
            key: key.clone(),
            payload: Some(payload.clone()),
            headers: headers(),
        };
        Poison { class, key: class.to_owned(), record: Box::new(record), waiting, counts: false }
    };
    poisons.extend([
        bare("envelope", OwnedHeaders::new, Some(b"envelope".to_vec()), 1),
        bare(
            "no-sequence",
            || enveloped("no-sequence", None, REQUIRED),
            Some(b"no-sequence".to_vec()),
            1,
        ),
    ]);
    let key = bare("key", || enveloped("key", Some(1), REQUIRED), Some(vec![0xff, 0]), 0);
    poisons.push(Poison { counts: true, ..key });
    poisons
}

fn payload_in(key: &str, wire_type: &str, payload: Option<Vec<u8>>) -> OutRecord {
    let (topic, headers) = (Topic::ORDER_EVENTS, enveloped(key, Some(2), wire_type));
    OutRecord { topic, partition: None, key: Some(key.into()), payload, headers }
}
