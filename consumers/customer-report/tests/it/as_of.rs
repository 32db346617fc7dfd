//! The report as it was.

use consumer_runtime::testing::{Happened, noon};
use customer_report::projection::Event;
use serde_json::{Value, json};

use crate::stage::{
    answer, ask, classified, confirmed, customer, ids, minute, named, order, placed, renamed,
    stage, valued,
};

/// A story, an event a minute, as the topics have it.
fn story() -> Vec<Happened<Event>> {
    let events = vec![
        customer("c1", 1, named("Anna", "Bern")),
        classified("c1", 1, "C"),
        order("o1", 1, placed("c1", 1_000, -90)),
        confirmed("o1", 2),
        valued("o1", 3, 1_100),
        customer("c2", 1, named("Bert", "")),
        classified("c2", 1, "C"),
        order("o2", 1, placed("c1", 2_000, -80)),
        customer("c1", 2, renamed("Anna B.")),
        order("o3", 1, placed("c2", 3_000, -70)),
        confirmed("o2", 2),
        classified("c1", 2, "C>B"),
        valued("o1", 4, 900),
        valued("o3", 2, 3_300),
    ];
    events.into_iter().zip(0..).map(|(event, n)| event.at_time(minute(n))).collect()
}

/// All that is answered of a moment.
async fn report(
    stage: &consumer_runtime::testing::Stage<customer_report::projection::CustomerReport>,
    as_of: Option<i64>,
) -> Vec<Value> {
    let as_of = as_of.map(|minutes| format!("as-of={}", minute(minutes))).unwrap_or_default();
    let mut answers = Vec::new();
    for path in ["customers", "customers/c1", "customers/c2", "summary"] {
        answers.push(ask(stage, &format!("/v1/report/{path}?{as_of}")).await.1);
    }
    let (_, _, csv) =
        answer(stage, &format!("/v1/report/customers?format=csv&{as_of}"), None).await;
    answers.push(json!(String::from_utf8(csv.to_vec()).unwrap()));
    answers
}

fn without_correlation(mut answers: Vec<Value>) -> Vec<Value> {
    answers.iter_mut().filter_map(Value::as_object_mut).for_each(|answer| {
        answer.remove("correlationId");
    });
    answers
}

#[tokio::test]
async fn every_moment_is_as_it_was_when_it_was_the_present() {
    let mut stage = stage().await;
    let mut then = Vec::new();
    for event in story() {
        stage.apply(noon(), vec![event]).await.unwrap();
        then.push(without_correlation(report(&stage, None).await));
    }
    for (then, minutes) in then.into_iter().zip(0..) {
        let again = without_correlation(report(&stage, Some(minutes)).await);
        assert_eq!(again, then, "minute {minutes}");
    }
    let before = ask(&stage, &format!("/v1/report/customers?as-of={}", minute(-1))).await.1;
    assert_eq!(ids(&before), [""; 0]);
}

#[tokio::test]
async fn the_past_does_not_depend_on_how_topics_were_interleaved() {
    let (mut one, mut other) = (stage().await, stage().await);
    one.apply(noon(), story()).await.unwrap();
    // Topic by topic, orders first: every event of a customer and a class is late.
    let of = |word: &'static str| {
        let is = move |event: &Happened<Event>| format!("{event:?}").contains(word);
        story().into_iter().filter(is).collect::<Vec<_>>()
    };
    for topic in ["event: Some(Order", "event: Some(Class", "event: Some(Customer"] {
        other.apply(noon(), of(topic)).await.unwrap();
    }
    for minutes in (0..15).map(Some).chain([None]) {
        let (one, other) = (report(&one, minutes).await, report(&other, minutes).await);
        assert_eq!(without_correlation(one), without_correlation(other), "minute {minutes:?}");
    }
}

#[tokio::test]
async fn the_past_is_listed_filtered_and_sorted_like_the_present() {
    let mut stage = stage().await;
    stage.apply(noon(), story()).await.unwrap();
    let list = async |arguments: &str| {
        let path = format!("/v1/report/customers?as-of={}&{arguments}", minute(9));
        ask(&stage, &path).await.1
    };
    assert_eq!(ids(&list("sort=-revenue&class=C").await), ["c2", "c1"]);
    assert_eq!(ids(&list("class=B").await), [""; 0]);
    assert_eq!(ids(&list("location=bonn").await), ["c1"]);
    let first = list("sort=-lastOrderAt&limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let second = list(&format!("sort=-lastOrderAt&limit=1&cursor={cursor}")).await;
    assert_eq!((ids(&first), ids(&second)), (vec!["c2"], vec!["c1"]));
    assert_eq!(second["next"], Value::Null);

    // An order of before that was confirmed later: it waits.
    assert_eq!(second["items"][0]["waitingRevenue"], "20.00");
    for bad in ["2999-01-01", "2999-01-01T00:00:00Z", "x"] {
        let (status, problem) = ask(&stage, &format!("/v1/report/summary?as-of={bad}")).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("malformed_query")), "{bad}");
    }
}
