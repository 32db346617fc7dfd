//! A stack whose servers let in only whom they know: the whole story goes on there, and what a
//! service must not do it cannot do.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use consumer_runtime::Server;
use event_log::{
    Settings,
    client::{self, ClientLog},
};
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminOptions, NewTopic, TopicReplication},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    producer::{FutureProducer, FutureRecord},
};
use schemas::Namespace;
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::{
    campaigns::stage::{permit, prepare, standing, tell},
    story,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Of each topic.
const PARTITIONS: i32 = 4;

type Variables = HashMap<String, String>;

/// A stack, and how each of its services says who it is.
struct Secured {
    installation: Installation,
}

impl Secured {
    fn variables(&self, service: &str) -> Variables {
        let stack = self.installation.stack();
        let variables = stack["services"][service]["client_environment"].clone();
        serde_json::from_value(variables).unwrap()
    }

    fn kafka(&self, service: &str, change: impl FnOnce(&mut Variables)) -> Settings {
        let mut variables = self.variables(service);
        change(&mut variables);
        self.installation.settings_as(&variables, Namespace::default())
    }

    /// What Kafka says to a service that appends to a topic.
    async fn append(&self, service: &str, topic: &str) -> RDKafkaErrorCode {
        let mut config = client::producer_config(&self.kafka(service, |_| {}));
        // Who may write nowhere may not even do so idempotently: asked is for the topic.
        config.set("enable.idempotence", "false");
        let producer: FutureProducer<ClientLog> =
            config.create_with_context(ClientLog::default()).unwrap();
        let record = FutureRecord::to(topic).key("a").payload("b");
        match producer.send(record, PATIENCE).await {
            Err((KafkaError::MessageProduction(code), _)) => code,
            other => panic!("{service} to {topic}: {other:?}"),
        }
    }

    /// What Kafka says to a service that reads a topic, or to somebody who says that it is one.
    async fn read(
        &self,
        service: &str,
        topic: &str,
        change: impl FnOnce(&mut Variables),
    ) -> RDKafkaErrorCode {
        let mut config = client::consumer_config(&self.kafka(service, change));
        config.set("group.id", service);
        let mut all = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            all.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        let topic = topic.to_owned();
        let reading = move || {
            let reader: BaseConsumer<ClientLog> =
                config.create_with_context(ClientLog::default()).unwrap();
            reader.assign(&all).unwrap();
            let end = Instant::now() + PATIENCE;
            while Instant::now() < end {
                match reader.poll(Duration::from_millis(200)) {
                    Some(Ok(_)) => return RDKafkaErrorCode::NoError,
                    Some(Err(error)) => return error.rdkafka_error_code().unwrap(),
                    None => {}
                }
                // The client keeps asking for what it may not see, and says nothing: whoever may
                // read may see.
                let seen = reader.fetch_metadata(Some(&topic), Duration::from_secs(2));
                let denied = seen.ok().and_then(|seen| seen.topics().first()?.error());
                if let Some(denied) = denied {
                    return denied.into();
                }
            }
            RDKafkaErrorCode::OperationTimedOut
        };
        tokio::task::spawn_blocking(reading).await.unwrap()
    }

    /// What Kafka says to a service that joins a group.
    async fn join(&self, service: &str, group: &str) -> RDKafkaErrorCode {
        let mut config = client::consumer_config(&self.kafka(service, |_| {}));
        config.set("group.id", group);
        let joining = move || {
            let member: BaseConsumer<ClientLog> =
                config.create_with_context(ClientLog::default()).unwrap();
            member.subscribe(&["customer.events"]).unwrap();
            let said = member.poll(PATIENCE);
            match said {
                Some(Err(error)) => error.rdkafka_error_code().unwrap(),
                Some(Ok(_)) => RDKafkaErrorCode::NoError,
                None => RDKafkaErrorCode::OperationTimedOut,
            }
        };
        tokio::task::spawn_blocking(joining).await.unwrap()
    }

    /// What Kafka says to a service that creates a topic.
    async fn create(&self, service: &str) -> RDKafkaErrorCode {
        let admin = client::admin(&self.kafka(service, |_| {})).unwrap();
        let topic = NewTopic::new("a.topic", 1, TopicReplication::Fixed(1));
        let created = admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
        match &created[..] {
            [Err((_, code))] => *code,
            other => panic!("{service}: {other:?}"),
        }
    }

    fn url(&self, service: &str) -> String {
        self.variables(service).remove("DATABASE_URL").unwrap()
    }

    /// What Postgres says to a service.
    async fn sql(&self, service: &str, sql: &str) -> String {
        let client = self.url(service).parse::<Server>().unwrap().connect().await.unwrap();
        match client.batch_execute(sql).await {
            Ok(()) => "done".to_owned(),
            Err(error) => error.code().unwrap().code().to_owned(),
        }
    }
}

/// What Postgres, or the client that does not trust it, says to whoever connects.
async fn connect(url: &str) -> String {
    let Err(error) = url.parse::<Server>().unwrap().connect().await else {
        return "let in".to_owned();
    };
    match error.code() {
        Some(code) => code.code().to_owned(),
        None => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_goes_on_and_everything_else_is_denied() {
    let mut services = story::SERVICES.to_vec();
    services.extend(["customer-report", "operator", "email-campaign", "campaigns"]);
    services.extend(["tokens", "web-ui", "canary"]);
    let installation =
        Installation::start_secure(&services, &[("CANARY_INTERVAL_SECONDS", "1")]).await;
    story::tell(&installation).await;
    let look = async || installation.get("customer-report", "/v1/report/customers").await.1;
    eventually("the report to have the class", look, |report| {
        report.to_string().contains(r#""class":"A""#)
    })
    .await;
    a_campaign_is_mailed(&installation).await;
    the_page_is_served(&installation).await;
    the_canary_sings(&installation).await;
    for command in [
        &["verify", "log"][..],
        &["topics", "plan"],
        &["status"],
        &["dead-letters", "list", "orders"],
        &["doctor"],
    ] {
        let (code, said, told) = installation.run(command).await;
        assert_eq!(code, 0, "{command:?}: {said}{told}");
    }
    let secured = Secured { installation };
    kafka_denies(&secured).await;
    strangers_are_not_let_in(&secured).await;
    postgres_denies(&secured).await;
    a_build_becomes_the_live_one(&secured.installation).await;
}

/// By a mail server that is trusted because our authority says who it is.
async fn a_campaign_is_mailed(installation: &Installation) {
    let ben = story::customer(installation, "Ben").await;
    permit(installation, std::slice::from_ref(&ben), 1).await;
    let order = story::order(installation, &ben, "1000.00").await;
    story::order_is(installation, &order, "confirmed").await;
    story::class_is(installation, &ben, "B").await;
    prepare(installation, "spring").await;
    tell(installation, "spring", "START").await;
    let sent = |row: &Value| row["funnel"]["sent"] == 1;
    standing(installation, "spring", "the mail to be sent", sent).await;
    let port = &installation.stack()["infrastructure"]["mail"]["port"];
    let path = format!("/api/user/{ben}@example.org/messages/INBOX");
    let url = format!("http://127.0.0.1:{port}{path}");
    let mails = installation.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(mails.contains(&format!("spring for Customer {ben}")), "{mails}");
}

async fn the_page_is_served(installation: &Installation) {
    for path in ["/", "/s/orders/v1/orders", "/s/campaigns/v1/campaigns/spring"] {
        let (status, body) = installation.get("web-ui", path).await;
        assert_eq!(status, 200, "{path}: {body}");
    }
    let (status, body) = installation.get("tokens", "/authStatus").await;
    assert_eq!(status, 200, "{body}");
}

/// It has no user of Kafka and no role of Postgres.
async fn the_canary_sings(installation: &Installation) {
    let url = installation.admin_url("canary", "/metrics");
    let look = async || installation.http.get(&url).send().await.unwrap().text().await.unwrap();
    let has_run = |metrics: &String| {
        let ok = metrics
            .lines()
            .find_map(|l| l.strip_prefix("oneway_canary_runs_total{result=\"ok\"} "));
        ok.is_some_and(|runs| runs != "0")
    };
    eventually("a run to come through", look, has_run).await;
}

async fn kafka_denies(secured: &Secured) {
    use RDKafkaErrorCode::{GroupAuthorizationFailed, NoError, TopicAuthorizationFailed};
    // The same attempt of whoever may is no failure: so that what is denied is the right.
    assert_eq!(secured.read("orders", "order.events", |_| {}).await, NoError);
    for (service, topic) in [
        ("orders", "order.events"),
        ("customer-classifier", "customer.events"),
        ("order-confirmation", "order.events"),
        ("command-api", "order.events"),
        ("command-api", "command.results"),
        ("change-notifier", "change-notifications"),
        ("customers", "orders.dead-letter"),
        ("operator", "order.commands"),
    ] {
        let said = secured.append(service, topic).await;
        assert_eq!(said, TopicAuthorizationFailed, "{service} writes {topic}");
    }
    for (service, topic) in [
        ("command-api", "order.events"),
        ("command-api", "order.state"),
        ("customers", "order.events"),
        ("order-confirmation", "customer.events"),
        ("change-notifier", "customer.events"),
    ] {
        let said = secured.read(service, topic, |_| {}).await;
        assert_eq!(said, TopicAuthorizationFailed, "{service} reads {topic}");
    }
    for (service, group) in [("orders", "customers"), ("customers", "command-processor")] {
        let said = secured.join(service, group).await;
        assert_eq!(said, GroupAuthorizationFailed, "{service} in the group {group}");
    }
    for service in story::SERVICES.into_iter().chain(["customer-report", "operator"]) {
        let said = secured.create(service).await;
        assert_eq!(said, TopicAuthorizationFailed, "{service} creates a topic");
    }
}

async fn strangers_are_not_let_in(secured: &Secured) {
    use RDKafkaErrorCode::{AllBrokersDown, Authentication, BrokerTransportFailure, SSL};
    let set = |name: &'static str, value: &'static str| {
        move |all: &mut Variables| drop(all.insert(name.to_owned(), value.to_owned()))
    };
    let wrong = set("KAFKA_SASL_PASSWORD", "wrong");
    assert_eq!(secured.read("orders", "order.events", wrong).await, Authentication);
    let somebody = set("KAFKA_SASL_USERNAME", "somebody");
    assert_eq!(secured.read("orders", "order.events", somebody).await, Authentication);
    // Whoever trusts others only does not speak with this broker.
    let distrustful = |all: &mut Variables| drop(all.remove("KAFKA_CA_FILE"));
    assert_eq!(secured.read("orders", "order.events", distrustful).await, SSL);
    let open = |all: &mut Variables| all.clear();
    let said = secured.read("orders", "order.events", open).await;
    assert!(matches!(said, BrokerTransportFailure | AllBrokersDown), "{said:?}");
    let url = secured.url("orders");
    let (address, _) = url.split_once('?').unwrap();
    let wrong = url.replace("orders:", "orders:wrong");
    for (url, denied) in [
        (wrong.as_str(), "28P01"),
        (address, "28000"),
        (&format!("{address}?sslmode=require"), "error performing TLS handshake"),
    ] {
        let said = connect(url).await;
        assert!(said.starts_with(denied), "{said}, not {denied}");
    }
}

async fn postgres_denies(secured: &Secured) {
    const DENIED: &str = "42501";
    let done = secured.sql("customers", "select * from customers.customer").await;
    assert_eq!(done, "done");
    for (service, sql) in [
        ("customers", "select * from orders.customer_order"),
        ("customers", "update orders.customer_order set version = 0"),
        ("customers", "drop schema orders cascade"),
        ("customers", "create schema mine"),
        ("customers", "create table public.mine ()"),
        ("customers", "create table orders.mine ()"),
        ("customers", "create temporary table mine ()"),
        ("customers", "set role orders"),
        ("operator", "create role mine"),
        ("operator", "create table public.mine ()"),
    ] {
        assert_eq!(secured.sql(service, sql).await, DENIED, "{service}: {sql}");
    }
    // The database of the registry.
    let url = secured.url("customers").replace("/oneway?", "/registry?");
    assert_eq!(connect(&url).await, DENIED);
    assert_eq!(secured.url("operator").matches("@127.0.0.1:").count(), 1);
    assert!(
        !secured.variables("command-api").contains_key("DATABASE_URL")
            || secured.variables("command-api")["DATABASE_URL"].is_empty()
    );
}

/// The tool builds as its own role, and what it has built is the consumer's.
async fn a_build_becomes_the_live_one(installation: &Installation) {
    for step in ["start", "switch"] {
        let (code, said, told) = installation.run(&["rebuild", "orders", step]).await;
        assert_eq!(code, 0, "{step}: {said}{told}");
    }
    installation.kill("orders").await;
    let bea = story::customer(installation, "Bea").await;
    let order = story::order(installation, &bea, "12.00").await;
    let row = story::order_is(installation, &order, "confirmed").await;
    assert_eq!(row["value"], json!("12.00"));
}
