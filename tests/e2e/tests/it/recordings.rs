//! The commands topics are a recording: sent into an empty installation they make the same system.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};

use crate::{
    import::{RULE, import, report},
    story::{self, SERVICES},
};

/// Everything in the read models but when it came there, which is later in a copy.
const TABLES: [&str; 3] = [
    "select order_id, customer_id, text, value, status, ordered_at, version \
     from orders.customer_order",
    "select customer_id, name, location, email, email_permission, version from customers.customer",
    "select customer_id, class, revenue, orders, rule, version from customer_classifier.customer",
];

/// Number of rows and checksum of each table.
async fn checksums(installation: &Installation) -> Vec<(i64, String)> {
    let database = installation.database().await;
    let mut sums = Vec::new();
    for table in TABLES {
        let sql = format!(
            "select count(*), coalesce(md5(string_agg(t::text, '|' order by t::text)), '') \
             from ({table}) t"
        );
        let row = database.query_one(&sql, &[]).await.unwrap();
        sums.push((row.get(0), row.get(1)));
    }
    sums
}

/// How many records the topics of commands and of events have.
async fn records(installation: &Installation) -> [usize; 4] {
    let settings = installation.settings();
    let count = move || {
        [
            Topic::CUSTOMER_COMMANDS,
            Topic::ORDER_COMMANDS,
            Topic::CUSTOMER_EVENTS,
            Topic::ORDER_EVENTS,
        ]
        .map(|topic| log::read(&settings, topic).len())
    };
    tokio::task::spawn_blocking(count).await.unwrap()
}

fn replay(installation: &Installation, file: &Path) -> Child {
    let mut command = installation.oneway();
    command.args(["commands", "replay", "--json", "--rate", "2000"]).arg(file);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn replayed(child: Child) -> Value {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    report(&output.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_makes_an_equal_system() {
    let original = Installation::start(&SERVICES, &RULE).await;
    let imported = import(&original, 256).output().unwrap();
    report(&imported);
    // Something that people did: undated, refused, corrected, confirmed by hand.
    let anna = story::customer(&original, "Anna").await;
    let large = story::order(&original, &anna, "1500").await;
    story::order_is(&original, &large, "unconfirmed").await;
    let confirm = format!("/v1/orders/{large}/confirmation");
    assert_eq!(original.post("command-api", &confirm, &json!({})).await.0, 200);
    assert_eq!(original.post("command-api", &confirm, &json!({})).await.0, 409);
    story::order_is(&original, &large, "confirmed").await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commands.jsonl");
    let path = file.to_str().unwrap();
    let (code, _, said) = original.run(&["commands", "export", "--output", path]).await;
    assert_eq!(code, 0, "{said}");
    let text = fs::read_to_string(&file).unwrap();
    let [customers, orders, ..] = records(&original).await;
    assert_eq!(text.lines().count(), customers + orders);
    let (code, _, said) = original.run(&["commands", "export", "--output", path]).await;
    assert_eq!(code, 64, "nothing is overwritten unasked: {said}");

    let copy = Installation::start(&SERVICES, &RULE).await;
    let replaying = replay(&copy, &file);
    let database = copy.database().await;
    let look = async || {
        let sql = "select count(*) from orders.customer_order";
        database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    eventually("some orders", look, |orders| *orders > 500).await;
    kill(Pid::from_raw(replaying.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let stopped = tokio::task::spawn_blocking(move || replaying.wait_with_output().unwrap());
    assert_eq!(stopped.await.unwrap().status.code(), Some(130));
    let place: Value =
        serde_json::from_slice(&fs::read(folder.path().join("commands.jsonl.place")).unwrap())
            .unwrap();
    assert_eq!(place["isDone"], false, "{place}");
    let rest = replayed(replay(&copy, &file)).await;
    assert_eq!(rest["refusedCount"], 0, "{rest}");
    assert_eq!(rest["rejectedCount"], 1, "what was refused then is refused now: {rest}");

    let right = checksums(&original).await;
    assert!(right.iter().all(|(rows, _)| *rows > 2_000), "{right:?}");
    let look = async || checksums(&copy).await;
    eventually("the copy to be equal", look, |sums| *sums == right).await;
    for model in ["orders", "customers", "customer-classifier"] {
        let (code, said, told) = copy.run(&["verify", "read-model", model]).await;
        assert_eq!(code, 0, "{model}: {said}{told}");
    }
    let (code, said, told) = copy.run(&["verify", "log"]).await;
    assert_eq!(code, 0, "{said}{told}");

    // Again, on both: every command is recognised.
    for installation in [&copy, &original] {
        let [.., customer_events, order_events] = records(installation).await;
        let again = replayed(replay(installation, &file)).await;
        assert_eq!(again["commands"], customers + orders, "{again}");
        let [.., customer_events_now, order_events_now] = records(installation).await;
        let (before, now) =
            ((customer_events, order_events), (customer_events_now, order_events_now));
        assert_eq!(before, now);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_are_wished_anew_once_per_replay() {
    let installation = Installation::start(&["command-api", "command-processor"], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.jsonl");
    let line = |command: &str, payload: Value| {
        json!({
            "aggregateName": "customer", "aggregateId": "c1", "command": command,
            "payload": payload, "auth": { "token": "secret" }, "timestamp": 1_700_000_000_000_i64,
        })
    };
    let lines = [
        line("CREATE", json!({ "name": "Anna" })),
        line("UPDATE", json!({ "name": "Bea", "id": "c1" })),
        line("VANISH", json!({})),
    ];
    fs::write(&file, lines.map(|line| line.to_string()).join("\n")).unwrap();
    let path = file.to_str().unwrap();
    let replay = async |more: &[&str]| {
        let arguments = [&["commands", "replay", path, "--json"], more].concat();
        let (code, said, told) = installation.run(&arguments).await;
        (code, serde_json::from_str::<Value>(&said).unwrap_or_default(), told)
    };
    let (code, dry, _) = replay(&["--dry-run"]).await;
    assert_eq!((code, &dry["commands"], &dry["refused"][0]["line"]), (0, &json!(2), &json!(3)));
    assert_eq!(records(&installation).await, [0; 4]);
    let (code, first, _) = replay(&["--strict"]).await;
    assert_eq!((code, &first["accepted"]), (1, &json!(2)), "{first}");
    let (_, again, _) = replay(&[]).await;
    assert_eq!(again["accepted"], 2, "the same commands: {again}");
    assert_eq!(records(&installation).await[2], 2);
    let (code, anew, _) = replay(&["--as-new"]).await;
    assert_eq!((code, &anew["accepted"], &anew["rejected"][0]["line"]), (0, &json!(1), &json!(1)));
    let (code, _, told) = replay(&["--as-new"]).await;
    assert_eq!(code, 64, "{told}");
    assert!(told.contains("--again"), "{told}");
    let (code, exported, _) = installation.run(&["commands", "export"]).await;
    assert_eq!(code, 0, "{exported}");
    assert!(!exported.contains("secret"));
}
