//! Read models and sagas are lost alone: they are made anew from the log, and nothing is published
//! again.

use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, Postbox, Process, eventually, log};

use super::{
    OWN, oneway,
    shop::{self, CUSTOMERS, checksums},
};
use crate::campaigns::stage::{self, command, permit, prepare, tell};

const CONSUMERS: [&str; 6] = [
    "customers",
    "orders",
    "order-confirmation",
    "order-valuation",
    "customer-classifier",
    "email-campaign",
];

/// Topics that must not grow.
const EVENTS: [Topic; 5] = [
    Topic::CUSTOMER_EVENTS,
    Topic::ORDER_EVENTS,
    Topic::CAMPAIGN_EVENTS,
    Topic::MAILING_EVENTS,
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
];

struct Consumers<'a> {
    installation: &'a Installation,
    env: Vec<(&'static str, String)>,
    running: Vec<Process>,
}

impl Consumers<'_> {
    fn begin(&self, name: &str) -> Process {
        let env = self.env.iter().map(|(name, value)| (*name, value.as_str())).chain(OWN);
        Process::start(self.installation, name, name, &env.collect::<Vec<_>>())
    }

    async fn start(&mut self) {
        self.running = CONSUMERS.iter().map(|name| self.begin(name)).collect();
        for process in &mut self.running {
            process.ready().await;
        }
    }

    async fn stop(&mut self) {
        for process in &mut self.running {
            assert!(process.stop().await.success());
        }
        self.running.clear();
    }
}

async fn drop_all(installation: &Installation) {
    let database = installation.database().await;
    for consumer in CONSUMERS {
        let schema = consumer.replace('-', "_");
        database.batch_execute(&format!("drop schema {schema} cascade")).await.unwrap();
    }
}

async fn watermarks(installation: &Installation) -> Vec<i64> {
    let settings = installation.settings();
    tokio::task::spawn_blocking(move || log::watermarks(&settings, &EVENTS)).await.unwrap()
}

/// How many commands there are, and how many outcomes: repeats have one each.
async fn commands(installation: &Installation) -> [usize; 2] {
    let topics = [
        Topic::CUSTOMER_COMMANDS,
        Topic::ORDER_COMMANDS,
        Topic::CAMPAIGN_COMMANDS,
        Topic::MAILING_COMMANDS,
    ];
    let commands = super::read(installation, &topics).await.len();
    [commands, super::read(installation, &[Topic::COMMAND_RESULTS]).await.len()]
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_are_lost_alone_and_made_anew() {
    let postbox = Postbox::open().await;
    let installation = Installation::start(&["command-api", "command-processor"], &[]).await;
    let env = stage::settings(&postbox.url, "50");
    let mut consumers = Consumers { installation: &installation, env, running: Vec::new() };
    consumers.start().await;
    let customers = shop::open(&installation).await;
    permit(&installation, &customers, CUSTOMERS).await;
    prepare(&installation, "spring").await;
    tell(&installation, "spring", "START").await;
    let database = installation.database().await;
    let sent = async || {
        let sql = "select count(*) from email_campaign.mailing where status = 'sent'";
        database.query_one(sql, &[]).await.map_or(0, |row| row.get::<_, i64>(0))
    };
    eventually("all mails", sent, |sent| usize::try_from(*sent) == Ok(CUSTOMERS)).await;
    let data = json!({ "name": "another name", "email": stage::address(&customers[0]) });
    command(&installation, "customer", &customers[0], "UPDATE", data).await;
    let valued = async || {
        let read = super::read(&installation, &[Topic::ORDER_EVENTS]).await;
        read.iter().filter(|e| e.message_type == "order_usd_rate_and_value_added").count()
    };
    eventually("all orders to be valued", valued, |valued| *valued == CUSTOMERS).await;
    let name = async || {
        let sql = "select count(*) from customers.customer where name = 'another name'";
        database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    eventually("the other name", name, |renamed| *renamed == 1).await;
    consumers.stop().await;
    let (right, mails) = (checksums(&installation, &CONSUMERS).await, postbox.mails().len());
    let before = watermarks(&installation).await;
    let [commands_before, _] = commands(&installation).await;

    drop_all(&installation).await;
    for publisher in ["customer-classifier", "order-confirmation", "email-campaign"] {
        let mut refusing = consumers.begin(publisher);
        assert_eq!(refusing.end().await.code(), Some(64), "{}", refusing.output());
        let way_out = format!("`oneway consumer {publisher} start-over`");
        assert!(refusing.output().contains(&way_out), "{}", refusing.output());
    }
    for consumer in CONSUMERS {
        oneway(&installation, &["consumer", consumer, "start-over"]).await;
    }
    consumers.start().await;
    let look = async || checksums(&installation, &CONSUMERS).await;
    eventually("equal rows", look, |sums| *sums == right).await;
    // Each order was confirmed and valued before.
    let again = commands_before + 2 * CUSTOMERS;
    let look = async || commands(&installation).await;
    let decided = |[commands, outcomes]: &[usize; 2]| *commands >= again && outcomes == commands;
    eventually("the same commands to be decided again", look, decided).await;
    assert_eq!(watermarks(&installation).await, before, "nothing happened again");
    for model in ["customers", "orders", "customer-classifier"] {
        oneway(&installation, &["verify", "read-model", model]).await;
    }
    oneway(&installation, &["verify", "log"]).await;
    // What comes now is done as always.
    prepare(&installation, "summer").await;
    tell(&installation, "summer", "START").await;
    let both = 2 * CUSTOMERS;
    eventually("all mails", sent, |sent| usize::try_from(*sent) == Ok(both)).await;
    assert_eq!(postbox.mails().len(), mails + CUSTOMERS);
    let counts: Vec<Value> = postbox.counts("spring").into_values().map(Value::from).collect();
    assert_eq!(counts, vec![json!(1); CUSTOMERS]);
}
