//! The report of the customers: exact, the same when it is built anew, and the same for ever of
//! what is past.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::{
    import::{self, RULE},
    story::{customer, order},
};

const SERVICES: [&str; 5] = [
    "command-api",
    "command-processor",
    "order-confirmation",
    "customer-classifier",
    "customer-report",
];

/// What a Python script makes of the same file: one line for each customer, by id.
fn independent() -> Vec<Value> {
    let [(_, a), (_, b), (_, window)] = RULE;
    script(&["--window", window, "--a", a, "--b", b])
}

fn script(arguments: &[&str]) -> Vec<Value> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../independent"].iter().collect();
    let mut command = Command::new("python3");
    command.arg(folder.join("report.py")).args(arguments).arg(import::file());
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every customer, by its JSON pages.
async fn pages(installation: &Installation, arguments: &str) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/report/customers?limit=500&{arguments}{next}");
        let (status, page) = installation.get("customer-report", &path).await;
        assert_eq!(status, 200, "{page}");
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return rows,
        }
    }
}

/// The whole report as CSV, byte for byte.
async fn csv(installation: &Installation, arguments: &str) -> Vec<u8> {
    let url = installation.url("customer-report", &format!("/v1/report/customers?{arguments}"));
    let answer = installation.http.get(url).header(ACCEPT, "text/csv").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

/// A row of CSV as JSON has it: empty is null.
fn rows_of(csv: &[u8]) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(csv);
    let headings: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let read = reader.records().map(|record| {
        let record = record.unwrap();
        let cells = headings.iter().zip(&record).map(|(name, cell)| {
            let value = match name.as_str() {
                _ if cell.is_empty() => Value::Null,
                "orders" | "confirmedOrders" | "waitingOrders" | "emailPermission" => {
                    serde_json::from_str(cell).unwrap()
                }
                _ => json!(cell),
            };
            (name.clone(), value)
        });
        Value::Object(cells.collect())
    });
    read.collect()
}

async fn summary(installation: &Installation, arguments: &str) -> Value {
    let path = format!("/v1/report/summary?{arguments}");
    installation.get("customer-report", &path).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_history_is_reported_to_the_cent_and_built_anew_the_same() {
    let expected = independent();
    let installation = Installation::start(&SERVICES, &RULE).await;
    let mut importing = import::import(&installation, 64);
    let output = tokio::task::spawn_blocking(move || importing.output().unwrap()).await.unwrap();
    import::report(&output);

    let figures = |summary: &Value| {
        let classes = summary["classes"].as_array().into_iter().flatten();
        let classes = classes.map(|class| json!([class["class"], class["customers"]]));
        json!([summary["total"]["confirmedOrders"], classes.collect::<Vec<_>>()])
    };
    let right = json!([6911, [["A", 76], ["B", 539], ["C", 1742]]]);
    let look = async || summary(&installation, "").await;
    eventually("the classes to be right", look, |seen| figures(seen) == right).await;

    every_customer_is_as_the_script_says(&installation, &expected).await;
    the_summary_is_as_the_script_says(&installation, &expected).await;
    another_build_is_the_same(&installation).await;
}

async fn every_customer_is_as_the_script_says(installation: &Installation, expected: &[Value]) {
    let rows = pages(installation, "sort=id").await;
    let figures = |row: &Value| {
        json!([
            row["id"],
            row["orders"],
            row["confirmedOrders"],
            row["waitingOrders"],
            row["revenue"],
            row["confirmedRevenue"],
            row["waitingRevenue"],
            row["averageRevenue"],
            row["firstOrderAt"],
            row["lastOrderAt"],
            row["class"],
        ])
    };
    let of_script = |row: &Value| {
        json!([
            row["id"],
            row["orders"],
            row["orders"],
            0,
            row["sum"],
            row["sum"],
            "0.00",
            row["average"],
            row["first"],
            row["last"],
            row["class"],
        ])
    };
    assert_eq!((rows.len(), expected.len()), (2_357, 2_357));
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(figures(row), of_script(expected));
    }
    let of_csv = rows_of(&csv(installation, "sort=id").await);
    assert_eq!(of_csv.len(), rows.len());
    for (of_csv, row) in of_csv.iter().zip(&rows) {
        assert_eq!(of_csv, row);
    }
    // In another order and of one class: the same customers.
    let of_b = pages(installation, "class=B&sort=-confirmedRevenue").await;
    let amount = |row: &Value| row["confirmedRevenue"].as_str().unwrap().replace('.', "");
    let amounts: Vec<u64> = of_b.iter().map(|row| amount(row).parse().unwrap()).collect();
    assert!(amounts.len() == 539 && amounts.is_sorted_by(|a, b| a >= b), "{amounts:?}");
}

/// What is known of a day that is past, by the rule of the history in a window of a year.
pub async fn a_past_day_is_as_the_script_says(installation: &Installation, day: &str) {
    let [(_, a), (_, b), _] = RULE;
    let expected = script(&["--as-of", day, "--window", "365d", "--a", a, "--b", b]);
    let rows = pages(installation, &format!("sort=id&as-of={day}")).await;
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(&expected) {
        let figures =
            json!([row["id"], row["confirmedOrders"], row["confirmedRevenue"], row["class"]]);
        let of_script =
            json!([expected["id"], expected["orders"], expected["sum"], expected["class"]]);
        assert_eq!(figures, of_script, "{day}");
    }
}

async fn the_summary_is_as_the_script_says(installation: &Installation, expected: &[Value]) {
    let cents =
        |row: &Value| -> u64 { row["sum"].as_str().unwrap().replace('.', "").parse().unwrap() };
    let mut by_class: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for row in expected {
        let of_class = by_class.entry(row["class"].as_str().unwrap()).or_default();
        of_class.0 += 1;
        of_class.1 += row["orders"].as_u64().unwrap();
        of_class.2 += cents(row);
    }
    let whole = by_class.values().fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let euros = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
    let share = |part: u64, whole: u64| euros((part * 20_000 + whole) / (2 * whole));
    let summary = summary(installation, "top=5").await;
    assert_eq!(summary["total"]["customers"], whole.0);
    assert_eq!(summary["total"]["orders"], whole.1);
    assert_eq!(summary["total"]["confirmedRevenue"], euros(whole.2));
    for (of_class, (class, figures)) in summary["classes"].as_array().unwrap().iter().zip(by_class)
    {
        assert_eq!(
            json!([
                of_class["class"],
                of_class["customers"],
                of_class["orders"],
                of_class["confirmedRevenue"],
                of_class["customersShare"],
                of_class["ordersShare"],
                of_class["confirmedRevenueShare"],
            ]),
            json!([
                class,
                figures.0,
                figures.1,
                euros(figures.2),
                share(figures.0, whole.0),
                share(figures.1, whole.1),
                share(figures.2, whole.2),
            ])
        );
    }
    let mut best: Vec<_> = expected.iter().map(|row| (cents(row), row["id"].clone())).collect();
    best.sort_by_key(|(cents, id)| std::cmp::Reverse((*cents, id.to_string())));
    let top: Vec<_> = summary["top"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(top, best.iter().take(5).map(|(_, id)| id).collect::<Vec<_>>());

    // Every customer came as a C; whoever is in another class by now has moved there.
    let moved = summary["movements"].as_array().unwrap().iter();
    let into = |class: &str| {
        let change = |movement: &&Value| movement["to"] == class;
        moved.clone().filter(change).map(|movement| movement["changes"].as_i64().unwrap()).sum()
    };
    let (of_a, of_c): (i64, i64) = (into("A"), into("C"));
    assert_eq!((of_a, of_c), (76, 2_357), "{summary}");
}

async fn another_build_is_the_same(installation: &Installation) {
    let verify = ["verify", "read-model", "customer-report"];
    let (code, said, errors) = installation.run(&verify).await;
    assert_eq!(code, 0, "{said}{errors}");
    let before = csv(installation, "sort=id").await;
    for (action, expected) in
        [("start", "customer_report_next is built"), ("diff", ""), ("switch", "build 2 is live")]
    {
        let (code, said, errors) = installation.run(&["rebuild", "customer-report", action]).await;
        assert!(code == 0 && (said.clone() + &errors).contains(expected), "{said}{errors}");
    }
    assert!(csv(installation, "sort=id").await == before, "the report is another one");
    let (code, said, errors) = installation.run(&verify).await;
    assert_eq!(code, 0, "{said}{errors}");
}

/// What is answered of a moment, byte for byte.
async fn everything(installation: &Installation, customers: &[&str], as_of: &str) -> Vec<String> {
    let mut paths: Vec<_> = customers.iter().map(|id| format!("customers/{id}?{as_of}")).collect();
    paths.push(format!("summary?top=3&{as_of}"));
    for sort in ["name", "-confirmedRevenue", "classSince", "-waitingRevenue", "lastOrderAt"] {
        paths.push(format!("customers?sort={sort}&{as_of}"));
        paths.push(format!("customers?sort={sort}&format=csv&{as_of}"));
    }
    let mut answers = Vec::new();
    for path in paths {
        let url = installation.url("customer-report", &format!("/v1/report/{path}"));
        let answer = installation.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answers.push(answer.text().await.unwrap());
    }
    answers
}

async fn report_is(installation: &Installation, customer: &str, wanted: &Value) {
    let path = format!("/v1/report/customers/{customer}");
    let look = async || {
        let row = installation.get("customer-report", &path).await.1;
        json!([row["orders"], row["confirmedRevenue"], row["waitingRevenue"], row["class"]])
    };
    eventually(&format!("the report to be {wanted}"), look, |row| row == wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_stays_as_it_was() {
    let installation = &Installation::start(&SERVICES, &RULE).await;
    let (anna, bert) = (customer(installation, "Anna").await, customer(installation, "Bert").await);
    order(installation, &anna, "120.00").await;
    let large = order(installation, &anna, "1500.00").await;
    report_is(installation, &anna, &json!([2, "120.00", "1500.00", "B"])).await;
    report_is(installation, &bert, &json!([0, "0.00", "0.00", "C"])).await;
    let then = everything(installation, &[&anna, &bert], "").await;
    let moment = jiff::Timestamp::now();

    // Everything becomes otherwise: orders, their state, names, customers, classes.
    let clara = customer(installation, "Clara").await;
    let confirmation = format!("/v1/orders/{large}/confirmation");
    let (status, said) = installation.post("command-api", &confirmation, &json!({})).await;
    assert_eq!(status, 200, "{said}");
    order(installation, &bert, "130.50").await;
    order(installation, &clara, "5.00").await;
    let renamed =
        installation.http.put(installation.url("command-api", &format!("/v1/customers/{bert}")));
    let renamed = renamed.header("content-type", "application/json");
    let body = json!({ "name": "Bertram", "location": "Kiel" }).to_string();
    assert!(renamed.body(body).send().await.unwrap().status().is_success());
    report_is(installation, &anna, &json!([2, "1620.00", "0.00", "A"])).await;
    report_is(installation, &bert, &json!([1, "130.50", "0.00", "B"])).await;
    report_is(installation, &clara, &json!([1, "5.00", "0.00", "C"])).await;

    let as_of = format!("as-of={moment:.6}");
    assert_ne!(everything(installation, &[&anna, &bert], "").await, then);
    assert_eq!(everything(installation, &[&anna, &bert], &as_of).await, then);
    let path = format!("/v1/report/customers/{clara}?{as_of}");
    assert_eq!(installation.get("customer-report", &path).await.0, 404);

    // Of a day that is not over there is no report yet.
    let today = format!("/v1/report/summary?as-of={:.10}", moment.to_string());
    let (status, problem) = installation.get("customer-report", &today).await;
    assert_eq!((status, &problem["code"]), (400, &json!("malformed_query")));

    // Another build knows the past as well.
    for action in ["start", "switch"] {
        let (code, said, errors) = installation.run(&["rebuild", "customer-report", action]).await;
        assert_eq!(code, 0, "{said}{errors}");
    }
    assert_eq!(everything(installation, &[&anna, &bert], &as_of).await, then);
    it_is_sent_once(installation, &as_of).await;
}

async fn it_is_sent_once(installation: &Installation, as_of: &str) {
    let url = installation.url("customer-report", &format!("/v1/report/summary?{as_of}"));
    let answer = installation.http.get(&url).send().await.unwrap();
    let tag = answer.headers()[ETAG].clone();
    let again = installation.http.get(&url).header(IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
}
