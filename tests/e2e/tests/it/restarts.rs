//! Every service restarted in turn, as Kubernetes does it, while people work: no command fails or
//! is done twice, whoever asks with a token sees its own, and whoever asks without sees old rows for
//! a stated time at most.

mod balancer;
mod figures;
mod fleet;
mod listener;
mod load;
mod readers;

use std::{collections::BTreeMap, time::Duration};

use schemas::Topic;
use testkit::{Installation, Postbox, log};

use self::{
    figures::{Figures, Window},
    fleet::Fleet,
    listener::Listener,
    load::{Load, Order},
    readers::Readers,
};

/// Commands per second; docs/operations.md says so too.
const RATE: u64 = 200;

/// For how long a query without a token may show old rows while a service is replaced:
/// docs/operations.md promises it.
const OLDEST_ROWS: Duration = Duration::from_secs(10);

/// Commands between two restarts, and as many before the first that count as undisturbed.
const BETWEEN: usize = 200;
const UNDISTURBED: usize = 1_200;

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_restarted_under_load_and_nobody_is_turned_away() {
    // Not one of the deployment's services: something has to be there that makes the topics.
    let installation = Installation::start(&["tokens"], &[]).await;
    let postbox = Postbox::open().await;
    let mut fleet = Fleet::start(&installation, &postbox).await;
    let api = fleet.balancer("command-api");
    load::make_customers(&api, &fleet.balancer("customer-classifier")).await;
    let readers = Readers::start(&fleet);
    let listener = Listener::start(fleet.balancer("change-notifier"));
    let load = Load::start(api, RATE, &readers);
    let mut figures = Figures::default();

    load.go_on(2 * BETWEEN).await;
    let window = Window::begin("nothing");
    load.go_on(UNDISTURBED).await;
    figures.add(window.end());
    for service in fleet::SERVICES {
        let window = Window::begin(service);
        fleet.restart(&installation, service).await;
        figures.add(window.end());
        load.go_on(BETWEEN).await;
        readers.caught_up().await;
    }

    let done = load.stop().await;
    let orders = done.orders();
    let read = readers.stop().await;
    eprintln!("{}", figures.table(&done, &read));
    assert!(done.failures.is_empty(), "{:#?}", done.failures);
    assert!(read.failures.is_empty(), "{:#?}", read.failures);
    assert!(read.with_token > UNDISTURBED / 10, "{} queries with tokens", read.with_token);
    let oldest = read.oldest();
    assert!(oldest <= OLDEST_ROWS, "rows were {oldest:?} old");
    listener.heard(&orders).await;
    each_once(&installation, &orders).await;
    for (service, unanswered) in fleet.stop().await {
        assert!(unanswered.is_empty(), "no instance of {service} answered: {unanswered:#?}");
    }
}

/// What was answered is in the log, once; nothing else is.
async fn each_once(installation: &Installation, orders: &BTreeMap<String, Order>) {
    let settings = installation.settings();
    let read = tokio::task::spawn_blocking(move || log::read(&settings, Topic::ORDER_EVENTS));
    let events = read.await.unwrap();
    log::assert_whole(&events);
    let keys = |name: &str| {
        let mut keys: Vec<_> =
            events.iter().filter(|e| e.message_type == name).map(|e| e.key.clone()).collect();
        keys.sort();
        keys
    };
    let all: Vec<_> = orders.keys().cloned().collect();
    let confirmed = orders.iter().filter(|(_, order)| order.is_confirmed);
    let confirmed: Vec<_> = confirmed.map(|(id, _)| id.clone()).collect();
    assert_eq!(keys("order_created"), all, "orders that were made");
    assert_eq!(keys("order_confirmed"), confirmed, "orders that were confirmed");
    let (code, said, told) = installation.run(&["verify", "log"]).await;
    assert_eq!(code, 0, "{said}{told}");
}
