//! Classes over time: what another rule would do and does, another build of them, a clock that
//! goes through a history.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use event_log::{Registry, reader::MessageReader};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use schemas::{
    Timestamp, Topic,
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
};
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually, log};
use tokio::{runtime::Handle, task::spawn_blocking};

use crate::import::{CLASSES, CUSTOMERS, RULE, file, import, report};

/// What stands before the classifier; it is started by the tests, again and again.
const SERVICES: [&str; 3] = ["command-api", "command-processor", "order-confirmation"];

const OTHER_RULE: [(&str, &str); 3] = [
    ("CUSTOMER_CLASSIFIER_A_THRESHOLD", "800"),
    ("CUSTOMER_CLASSIFIER_B_THRESHOLD", "60"),
    ("CUSTOMER_CLASSIFIER_WINDOW", "all"),
];

async fn classifier(installation: &Installation, env: &[(&str, &str)]) -> Process {
    let database = [("DATABASE_URL", installation.database_url.as_str())];
    let env: Vec<_> = database.iter().chain(env).copied().collect();
    let mut process = Process::start(installation, "customer-classifier", "classifier", &env);
    process.ready().await;
    process
}

async fn get(installation: &Installation, process: &Process, path: &str) -> Value {
    let answer = installation.http.get(format!("{}{path}", process.url)).send().await;
    match answer {
        Ok(answer) => answer.json().await.unwrap(),
        Err(error) => json!(error.to_string()),
    }
}

/// Waits until nothing is due, nothing waits to be published, and all that was is read back.
async fn settled(installation: &Installation) {
    let database = installation.database().await;
    let sql = "select (select count(*) from customer_classifier.outbox), \
                 (select count(*) from customer_classifier.customer where next_due_at <= now()), \
                 (select coalesce(sum(sequence), 0)::bigint from customer_classifier.customer) \
                   - (select count(*) from customer_classifier.classification_change)";
    let look = async || {
        let row = database.query_one(sql, &[]).await.unwrap();
        [0, 1, 2].map(|column| row.get::<_, i64>(column))
    };
    eventually("the classes to settle", look, |left| *left == [0, 0, 0]).await;
}

/// Every class that was published.
async fn published(installation: &Installation) -> Vec<CustomerClassificationUpdated> {
    let settings = installation.settings();
    let reading = spawn_blocking(move || {
        let registry = Registry::of(&settings);
        let mut reader = MessageReader::new(&registry, &Handle::current());
        let entries = log::read(&settings, Topic::CUSTOMER_CLASSIFICATION_EVENTS);
        log::assert_whole(&entries);
        let event = |entry: log::Entry| {
            let event = reader.read(&entry.message_type, &entry.payload).unwrap().unwrap();
            let ClassificationEvent::Updated(updated) = event.unwrap();
            updated
        };
        entries.into_iter().map(event).collect()
    });
    reading.await.unwrap()
}

/// Everything that is known of the classes, by customer.
async fn classes(installation: &Installation) -> Vec<String> {
    let sql = "select concat_ws(' ', customer_id, class, sequence, classified_at, revenue, orders) \
               from customer_classifier.customer order by customer_id";
    let rows = installation.database().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn done(installation: &Installation, arguments: &[&str]) -> String {
    let (code, said, errors) = installation.run(arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {said} {errors}");
    said
}

/// Per customer: the class before, and after.
type Changes = BTreeMap<String, (String, String)>;

/// What `oneway what-if` says would change.
async fn predicted(installation: &Installation) -> Changes {
    let what_if = ["what-if", "classification", "--a", "800", "--b", "60"];
    let said = done(installation, &[&what_if[..], &["--all", "--json"]].concat()).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    let rules = (&said["ruleNow"], &said["ruleWhatIf"]);
    let (now, other) = ("a=500.00,b=100.00,window=all", "a=800.00,b=60.00,window=all");
    assert_eq!(rules, (&json!(now), &json!(other)));
    assert_eq!(said["customers"], json!(CUSTOMERS));
    let text = |change: &Value, field: &str| change[field].as_str().unwrap().to_owned();
    let changes = said["changes"].as_array().unwrap().iter().map(|change| {
        let classes = (text(change, "from"), text(change, "to"));
        (text(change, "customerId"), classes)
    });
    let changes: Changes = changes.collect();
    assert_eq!(said["changing"], json!(changes.len()));
    // For people: the same numbers, and some of the customers.
    let text = done(installation, &what_if).await;
    let count = format!("{} of {CUSTOMERS} customers would get another class", changes.len());
    assert!(text.contains(&count), "{text}");
    changes
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rule_does_what_was_said_and_another_build_nothing() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let mut first = classifier(&installation, &RULE).await;
    report(&import(&installation, 256).output().unwrap());
    let [a, b, c] = CLASSES;
    let rule = "a=500.00,b=100.00,window=all";
    let right = json!({
        "A": a, "B": b, "C": c, "total": CUSTOMERS, "ruleVersion": rule, "pending": 0,
    });
    let look = async || get(&installation, &first, "/v1/classifications/summary").await;
    eventually("all classes", look, |summary| *summary == right).await;
    settled(&installation).await;
    let before = published(&installation).await;

    let predicted = predicted(&installation).await;
    let moves: std::collections::BTreeSet<_> = predicted.values().collect();
    assert!(moves.len() >= 2, "a rule that moves customers both ways: {moves:?}");
    let database = installation.database().await;
    let scratch = "select count(*) from pg_namespace where nspname like '%what_if'";
    assert_eq!(database.query_one(scratch, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(published(&installation).await.len(), before.len());
    interrupted(&installation).await;

    first.stop().await;
    let second = classifier(&installation, &OTHER_RULE).await;
    let other = json!("a=800.00,b=60.00,window=all");
    let wait = ["classification", "--wait", "--json", "--classifier", &second.url];
    let said: Value = serde_json::from_str(&done(&installation, &wait).await).unwrap();
    assert_eq!((&said["ruleVersion"], &said["pending"]), (&other, &json!(0)));
    settled(&installation).await;
    let all = published(&installation).await;
    assert_eq!(all.len(), before.len() + predicted.len());
    let by_rule = all.iter().filter(|updated| other == updated.rule_version.as_str());
    let letter = |class: CustomerClass| class.as_str().to_owned();
    let changes = by_rule.map(|updated| {
        assert_eq!(updated.reason.as_deref(), Some("rule_changed"));
        let classes = (letter(updated.previous_class.unwrap()), letter(updated.class));
        (updated.customer_id.to_string(), classes)
    });
    assert_eq!(changes.collect::<Changes>(), predicted);
    assert!(second.output().contains("all customers are counted by the new rule"));
    let (customer, classes) = predicted.first_key_value().unwrap();
    let path = format!("/v1/classifications/{customer}");
    let one = get(&installation, &second, &path).await;
    let last = &one["history"][0];
    assert_eq!((&last["previousClass"], &last["class"]), (&json!(classes.0), &json!(classes.1)));

    rebuilt(&installation, second).await;
}

/// A forecast that is stopped leaves nothing behind. Its build is held up, so that it is stopped in
/// the middle.
async fn interrupted(installation: &Installation) {
    let database = installation.database().await;
    let schema = "customer_classifier_what_if";
    let lock = "select pg_advisory_lock(hashtextextended('migrate ' || $1, 0))";
    database.execute(lock, &[&schema]).await.unwrap();
    let mut command = installation.oneway();
    command.args(["what-if", "classification", "--a", "800"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let builds = "select count(*) from pg_stat_activity \
                  where application_name = $1 and wait_event = 'advisory'";
    let look = async || database.query_one(builds, &[&schema]).await.unwrap().get::<_, i64>(0);
    eventually("the build to wait", look, |count| *count == 1).await;
    database.batch_execute(&format!("create schema {schema}")).await.unwrap();
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let ended = spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(130));
    let schemas = "select count(*) from pg_namespace where nspname = $1";
    let left: i64 = database.query_one(schemas, &[&schema]).await.unwrap().get(0);
    assert_eq!(left, 0);
    database.execute("select pg_advisory_unlock_all()", &[]).await.unwrap();
    // The build is gone with it.
    let builds = "select count(*) from pg_stat_activity where application_name = $1";
    let look = async || database.query_one(builds, &[&schema]).await.unwrap().get::<_, i64>(0);
    eventually("no build to be left", look, |count| *count == 0).await;
    let left: i64 = database.query_one(schemas, &[&schema]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

/// Another build has the same classes, publishes nothing, and goes on where the one before was.
async fn rebuilt(installation: &Installation, mut classifier: Process) {
    let (known, told) = (classes(installation).await, published(installation).await.len());
    let verify = ["verify", "read-model", "customer-classifier"];
    done(installation, &verify).await;
    let rebuild = async |action| {
        done(installation, &["rebuild", "customer-classifier", action]).await;
    };
    for action in ["start", "diff", "switch"] {
        rebuild(action).await;
    }
    settled(installation).await;
    assert_eq!(classes(installation).await, known);
    assert_eq!(published(installation).await.len(), told);
    rise(installation, "riser-1").await;
    done(installation, &verify).await;

    rebuild("back").await;
    settled(installation).await;
    rise(installation, "riser-2").await;
    rebuild("drop").await;
    assert_eq!(published(installation).await.len(), told + 4);
    done(installation, &["verify", "log"]).await;
    assert!(!classifier.has_ended());
}

/// A new customer orders: a C, then a B.
async fn rise(installation: &Installation, customer: &str) {
    let named = json!({ "id": customer, "name": "Rita" });
    installation.post("command-api", "/v1/customers", &named).await;
    let order = json!({ "customerId": customer, "text": "a book", "value": "70.00" });
    installation.post("command-api", "/v1/orders", &order).await;
    let database = installation.database().await;
    let sql = "select coalesce(string_agg(class || sequence, ' ' order by sequence), '') \
               from customer_classifier.classification_change where customer_id = $1";
    let look = async || database.query_one(sql, &[&customer]).await.unwrap().get(0);
    eventually("a B", look, |history: &String| history == "C1 B2").await;
    settled(installation).await;
}

/// Days, and which part of the history is imported when the clock is there.
const HISTORY: [(&str, &str); 3] = [
    ("1997-06-30", "..1997-06-30"),
    ("1997-12-31", "1997-07-01..1997-12-31"),
    ("1998-06-30", "1998-01-01..1998-06-30"),
];

/// The stack, with its clock at the evening of a day.
async fn at(installation: &Installation, day: &str) -> (i64, Vec<Process>) {
    let evening: Timestamp = format!("{day}T18:00:00Z").parse().unwrap();
    let offset = (evening.micros() - Timestamp::now().micros()) / 1_000_000;
    let text = offset.to_string();
    let rule = [RULE[0], RULE[1], ("CUSTOMER_CLASSIFIER_WINDOW", "365d")];
    let shared = [
        ("ONEWAY_CLOCK_OFFSET_SECONDS", text.as_str()),
        ("DATABASE_URL", installation.database_url.as_str()),
    ];
    let env: Vec<_> = shared.into_iter().chain(rule).collect();
    let mut processes = Vec::new();
    for service in SERVICES.into_iter().chain(["customer-classifier"]) {
        let instance = format!("{service}-1");
        let mut process = Process::start(installation, service, &instance, &env);
        process.ready().await;
        let warning =
            format!("ONEWAY_CLOCK_OFFSET_SECONDS is set: for this process it is {day}T18:");
        assert!(process.output().contains(&warning), "{}", process.output());
        processes.push(process);
    }
    (offset, processes)
}

/// The classes at the end of a day, by a fold of the file that knows nothing of us.
fn independent(day: &str) -> BTreeMap<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../independent/classes.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(file()).args(["--now", &format!("{day}T23:59:59+00:00")]);
    python.args(["--a", "500", "--b", "100", "--window", "365d"]);
    report_of(&python.output().unwrap())
}

fn report_of(output: &std::process::Output) -> BTreeMap<String, String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_follow_a_clock_through_a_history() {
    // All that runs there all the time: a stack of nothing is none.
    let installation = Installation::start(&["customer-report"], &[]).await;
    let database = installation.database().await;
    let mut falls = 0;
    for (day, window) in HISTORY {
        let (offset, mut processes) = at(&installation, day).await;
        let mut importing = import(&installation, 256);
        importing.args(["--window", window, "--api", &processes[0].url]);
        report(&spawn_blocking(move || importing.output().unwrap()).await.unwrap());
        let right = independent(day);
        assert!(right.len() > 2_000 && right.values().any(|class| class == "A"));
        let sql = "select customer_id, class from customer_classifier.customer \
                   where class is not null";
        let look = async || {
            let rows = database.query(sql, &[]).await.unwrap();
            let classes: BTreeMap<String, String> =
                rows.iter().map(|row| (row.get(0), row.get(1))).collect();
            let wrong = right.iter().filter(|(id, class)| classes.get(*id) != Some(*class));
            (classes.len(), wrong.map(|(id, _)| id.clone()).take(5).collect::<Vec<_>>())
        };
        let is_right = |(count, wrong): &(usize, Vec<_>)| *count == right.len() && wrong.is_empty();
        eventually(&format!("the classes of {day}"), look, is_right).await;

        // By the same rule, at the same time, nobody would change.
        let offset = offset.to_string();
        let what_if = ["what-if", "classification", "--clock-offset", &offset, "--json"];
        let said: Value = serde_json::from_str(&done(&installation, &what_if).await).unwrap();
        assert_eq!((&said["changing"], &said["customers"]), (&json!(0), &json!(right.len())));
        let sql = "select count(*) from customer_classifier.classification_change \
                   where reason = 'aged_out' and evaluated_at::date = $1::text::date";
        let look = async || database.query_one(sql, &[&day]).await.unwrap().get::<_, i64>(0);
        if day.starts_with("1998") {
            falls = eventually("customers that fall", look, |count| *count > 0).await;
        }
        for process in &mut processes {
            process.stop().await;
        }
    }
    assert!(falls > 0);
    let sql = "select (select count(*) from customer_report.customer_order \
                 where confirmed_at is not null) - 6911, \
                 (select count(*) from customer_report.class_change) \
                   - (select count(*) from customer_classifier.classification_change)";
    let look = async || {
        let row = database.query_one(sql, &[]).await.unwrap();
        [0, 1].map(|column| row.get::<_, i64>(column))
    };
    eventually("the report to have all of it", look, |missing| *missing == [0, 0]).await;
    for (day, _) in HISTORY {
        crate::report::a_past_day_is_as_the_script_says(&installation, day).await;
    }
    let (code, said, errors) = installation.run(&["verify", "log"]).await;
    assert_eq!(code, 0, "{said} {errors}");
}
