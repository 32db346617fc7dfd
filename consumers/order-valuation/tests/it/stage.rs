//! The stage of these tests: the projection, its chore, and a feed that does what a test wants.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use consumer_runtime::{
    Chore, chore,
    testing::{Happened, Stage},
};
use order_valuation::{
    feed::Feed, migrations, projection::OrderValuation, sources::Sources, valuing::Valuing,
};
use schemas::{
    AggregateId, Message, Messages, Money, Timestamp, Topic,
    order::{AddUsdRateAndValue, OrderCommand, OrderCreated, OrderEvent},
};
use tokio::net::TcpListener;

const DAY: Duration = Duration::from_secs(86_400);

/// Published today, two days ago, and some time before.
fn document(now: Timestamp) -> String {
    let cube = |ago: u32, rate| {
        let day = (now.to_jiff() - DAY * ago).strftime("%F");
        format!("<Cube time='{day}'><Cube currency='USD' rate='{rate}'/></Cube>")
    };
    let cubes = cube(0, "1.2") + &cube(2, "1.1") + &cube(20, "1.05") + &cube(120, "1.01");
    format!("<Envelope><Cube>{cubes}</Cube></Envelope>")
}

#[derive(Debug, Default)]
struct Knobs {
    away: AtomicBool,
    asked: AtomicUsize,
}

/// A consumer on its stage.
pub struct World {
    pub stage: Stage<OrderValuation>,
    pub valuing: Valuing,
    pub health: service::health::Health,
    knobs: Arc<Knobs>,
    folder: String,
}

async fn serve(State(knobs): State<Arc<Knobs>>) -> (StatusCode, String) {
    knobs.asked.fetch_add(1, Ordering::Relaxed);
    match knobs.away.load(Ordering::Relaxed) {
        true => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        false => (StatusCode::OK, document(Timestamp::now())),
    }
}

fn valuing(folder: &str, health: &service::health::Health) -> Valuing {
    let sources = Sources::new(Feed::new(folder.parse().unwrap()), false).unwrap();
    Valuing::new(sources, Duration::from_millis(10), health.part("feed"))
}

impl World {
    pub async fn new() -> Self {
        let knobs = Arc::new(Knobs::default());
        let router = Router::new().fallback(get(serve)).with_state(Arc::clone(&knobs));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = format!("http://{}/", listener.local_addr().unwrap());
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let health = service::health::Health::default();
        let stage = Stage::open("order-valuation", migrations::runner, OrderValuation).await;
        let valuing = valuing(&folder, &health);
        health.complete();
        Self { stage: stage.unwrap(), valuing, health, knobs, folder }
    }

    /// Another instance: as after a restart.
    pub fn another(&self) -> Valuing {
        valuing(&self.folder, &self.health)
    }

    pub fn feed_is_away(&self, away: bool) {
        self.knobs.away.store(away, Ordering::Relaxed);
    }

    /// How often the feed was asked.
    pub fn asked(&self) -> usize {
        self.knobs.asked.load(Ordering::Relaxed)
    }

    pub async fn place(&mut self, happened: Vec<Happened<OrderEvent>>) -> usize {
        self.stage.apply(Timestamp::now(), happened).await.unwrap().emitted
    }

    /// What the chore does each time: how many commands it gave.
    pub async fn work(&self) -> usize {
        let now = Timestamp::now();
        self.valuing.prepare(&self.stage.applier.database, now).await.unwrap();
        chore::turn(&self.stage.applier, &self.valuing, now).await.unwrap().emitted
    }

    /// Rows of one text column.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.stage.client().await.unwrap().query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Orders with their states.
    pub async fn states(&self) -> Vec<String> {
        self.texts("select order_id || ' ' || state from valuation order by 1").await
    }

    /// The commands in the outbox: key, rate and value, by key.
    pub async fn commands(&self) -> Vec<String> {
        let index = OrderCommand::FILES
            .iter()
            .position(|file| file.wire_type == AddUsdRateAndValue::FILE.wire_type)
            .unwrap();
        let mut decoder = schemas::Decoder::default();
        let id = u32::try_from(index + 1).unwrap();
        decoder.add(id, AddUsdRateAndValue::FILE.text).unwrap();
        let sql = "select key, message_type, payload from outbox order by key";
        let rows = self.stage.client().await.unwrap().query(sql, &[]).await.unwrap();
        let read = rows.iter().map(|row| {
            let command = decoder.decode::<OrderCommand>(row.get(1), row.get(2)).unwrap().unwrap();
            let OrderCommand::AddUsdRateAndValue(added) = command else { panic!("{command:?}") };
            let AddUsdRateAndValue { time, usd_rate, usd_value } = added;
            let age = Timestamp::now().to_jiff().duration_since(time.to_jiff()).as_hours() / 24;
            format!("{}: {usd_rate} of {age} days ago, {usd_value}", row.get::<_, &str>(0))
        });
        read.collect()
    }
}

/// An order of so many days ago.
pub fn placed(id: &str, value: &str, days: u32) -> Happened<OrderEvent> {
    let ordered_at = Timestamp::now().to_jiff() - DAY * days;
    placed_at(id, value, ordered_at.into())
}

pub fn placed_at(id: &str, value: &str, ordered_at: Timestamp) -> Happened<OrderEvent> {
    let created = OrderCreated {
        customer_id: AggregateId::new("c1").unwrap(),
        text: "a book".into(),
        value: value.parse::<Money>().unwrap(),
        ordered_at,
    };
    Happened::new(Topic::ORDER_EVENTS, id, 1, OrderEvent::Created(created))
}
