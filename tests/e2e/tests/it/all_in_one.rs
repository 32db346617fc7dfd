//! All services in one process: the same to whoever uses them, told apart by those who look after
//! them, and over with the first that fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    process::Command,
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually, installation::binary};

use crate::story::{SERVICES, tell};

#[tokio::test(flavor = "multi_thread")]
async fn the_story_in_one_process() {
    let installation = Installation::start_all_in_one(&SERVICES, &[]).await;
    tell(&installation).await;

    let (code, status, _) = installation.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_str(&status).unwrap();
    let parts = status["parts"].as_array().unwrap().iter();
    let parts: BTreeMap<_, _> = parts.map(|part| (part["name"].as_str().unwrap(), part)).collect();
    assert_eq!(code, 0, "{status:#}");
    let pids: BTreeSet<_> =
        SERVICES.iter().map(|service| parts[service]["pid"].as_u64().unwrap()).collect();
    assert_eq!(pids.len(), 1, "{status:#}");
    assert!(SERVICES.iter().all(|service| parts[service]["ready"] == true), "{status:#}");
    assert!(parts["orders"]["resident_bytes"].as_u64() > Some(1 << 20), "{status:#}");

    what_is_counted_shows_where_it_belongs(&installation).await;
    every_line_says_whose_it_is(&installation).await;

    installation.signal("orders", Signal::SIGTERM).await;
    let exit = async || installation.stack()["services"]["orders"]["last_exit"].clone();
    let exit = eventually("the process to end", exit, |exit| !exit.is_null()).await;
    assert_eq!(exit, json!("exit status: 0"), "{}", installation.log("orders"));
    // It is one process for the supervisor too, which starts it again.
    for service in SERVICES {
        let restarts = async || installation.restarts(service);
        eventually("the restart", restarts, |restarts| *restarts == 1).await;
        installation.ready(service).await;
    }
}

/// Each admin port shows what its own service counts, and nothing else.
async fn what_is_counted_shows_where_it_belongs(installation: &Installation) {
    let metrics = async |service| {
        let answer = installation.http.get(installation.admin_url(service, "/metrics")).send();
        answer.await.unwrap().text().await.unwrap()
    };
    for (service, own) in [
        ("command-api", "oneway_command_api_commands_total"),
        ("change-notifier", "oneway_change_notifier_notifications_read_total"),
        ("customers", "oneway_consumer_events_applied_total"),
        ("order-confirmation", "oneway_outbox_relayed_total"),
    ] {
        let metrics = metrics(service).await;
        for (name, only) in [
            ("oneway_command_api_", service == "command-api"),
            ("oneway_change_notifier_", service == "change-notifier"),
            ("oneway_outbox_", service == "order-confirmation"),
        ] {
            assert_eq!(metrics.contains(name), only, "{name} at {service}:\n{metrics}");
        }
        assert!(metrics.contains(own), "{service}:\n{metrics}");
    }
    // What the threads of the Kafka clients count comes some seconds later.
    let look = async || metrics("customers").await;
    let lag = |metrics: &String| metrics.contains("topic=\"customer.events\"");
    let customers = eventually("the lag of customers", look, lag).await;
    assert!(!customers.contains("topic=\"order.events\""), "{customers}");
}

/// In the one log.
async fn every_line_says_whose_it_is(installation: &Installation) {
    let log = installation.log("orders");
    for service in SERVICES {
        let (code, own, note) = installation.run(&["logs", service, "--lines", "5"]).await;
        assert_eq!(code, 0, "{note}");
        assert!(note.contains(&format!("{service} is part of all-in-one")), "{note}");
        let mark = format!("role{{service.name={service}}}");
        assert!(own.lines().all(|line| line.contains(&mark) && log.contains(line)), "{own}");
        assert!((1..=5).contains(&own.lines().count()), "{own}");
    }
    let stray: Vec<_> = log.lines().filter(|line| !line.contains("role{service.name=")).collect();
    assert!(stray.is_empty(), "{stray:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_ends_all_and_is_named() {
    let installation = Installation::start(&["command-processor"], &[]).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let env = [
        ("ALL_IN_ONE_SERVICES", "orders,customers"),
        ("CUSTOMERS_HTTP_ADDRESS", "127.0.0.1:0"),
        ("ORDERS_HTTP_ADDRESS", &address),
        ("DATABASE_URL", &installation.database_url),
    ];
    let mut process = Process::start(&installation, "all-in-one", "7", &env);
    let code = process.end().await.code();
    let said = process.output();
    assert_eq!(code, Some(64), "{said}");
    let line = |wanted: &[&str]| {
        let has = said.lines().any(|line| wanted.iter().all(|text| line.contains(text)));
        assert!(has, "{wanted:?} is in no line of:\n{said}");
    };
    line(&["role{service.name=orders}", "stopped: cannot bind", "exit.code=64"]);
    line(&["role{service.name=customers}", "INFO", "stopped"]);
    line(&["stopped: orders failed: cannot bind", "service.name=\"all-in-one\"", "exit.code=64"]);
    drop(taken);
}

#[test]
fn every_service_is_part_of_it_and_every_bad_variable_named_once() {
    let run = |env: &[(&str, &str)]| {
        let mut command = Command::new(binary("all-in-one"));
        let output = command.env_clear().envs(env.iter().copied()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(64), "{said}");
        said
    };
    let said = run(&[("ALL_IN_ONE_SERVICES", "nobody")]);
    let (_, rest) = said.split_once("ALL_IN_ONE_SERVICES is malformed (list some of ").unwrap();
    let (names, _) = rest.split_once(", with commas").unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/services.yaml");
    let file = std::fs::read_to_string(file).unwrap();
    let wanted: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("- name: ")).collect();
    assert_eq!(names.split(',').collect::<Vec<_>>(), wanted);

    let bad = [("ORDERS_WORKERS", "s3cret!"), ("COMMAND_API_WAIT_MS", "s3cret!")];
    let said = run(&bad);
    for name in ["ORDERS_WORKERS is malformed", "COMMAND_API_WAIT_MS is malformed"] {
        assert!(said.contains(name), "{said}");
    }
    assert_eq!(said.matches("KAFKA_BROKERS is not set").count(), 1, "{said}");
    assert!(!said.contains("s3cret!"), "{said}");
}
