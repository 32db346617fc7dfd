//! Why classes changed; and what another build makes of what was published.

use std::time::Duration;

use consumer_runtime::{
    chore::turn,
    testing::{Happened, Stage, noon},
};
use customer_classifier::{
    aging::Aging,
    projection::{Classifier, Event},
    rule::{Rule, Window},
};
use schemas::{Money, Timestamp};

use crate::stage::{at, classes, classifier, confirmed, known, placed, published, rule, stage};

/// Does everything that is due.
async fn settle(stage: &Stage<Classifier>, rule: Rule, now: Timestamp) -> usize {
    let aging = Aging::new(rule, Duration::from_secs(1));
    let mut emitted = 0;
    loop {
        let turn = turn(&stage.applier, &aging, now).await.unwrap();
        emitted += turn.emitted;
        if !turn.more {
            return emitted;
        }
    }
}

/// Every row of a table as text, by its key.
async fn rows(stage: &Stage<Classifier>, sql: &str) -> Vec<String> {
    let rows = stage.client().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const HISTORY: &str = "select concat_ws(' ', customer_id, sequence, previous_class, class, reason, \
                         revenue, orders, window_days, rule) \
                       from classification_change order by customer_id, sequence";

const CLASSES: &str = "select concat_ws(' ', customer_id, known, class, sequence, classified_at, \
                         revenue, orders, rule) \
                       from customer order by customer_id";

fn orders() -> Vec<Happened<Event>> {
    vec![
        known("c1"),
        placed("o1", "c1", 9_000, "2026-11-01T00:00:00Z"),
        confirmed("o1"),
        placed("o2", "c1", 1_000, "2026-11-10T00:00:00Z"),
        confirmed("o2"),
        // Its customer comes later.
        placed("o3", "c2", 5_000, "2026-11-10T00:00:00Z"),
        confirmed("o3"),
        known("c2"),
    ]
}

fn all() -> Rule {
    Rule::new(Money::from_minor(4_000), Money::from_minor(500), Window::All)
}

#[tokio::test]
async fn each_change_has_its_reason() {
    let mut stage = stage().await;
    stage.apply(noon(), orders()).await.unwrap();
    assert_eq!(settle(&stage, rule(), at("2026-12-01T00:00:00Z")).await, 1);
    assert_eq!(settle(&stage, all(), at("2026-12-02T00:00:00Z")).await, 2);
    let told = published(&stage).await;
    stage.apply(noon(), told.clone()).await.unwrap();
    // Read again, nothing is there twice.
    stage.apply(noon(), told).await.unwrap();
    assert_eq!(
        rows(&stage, HISTORY).await,
        [
            "c1 1 C first 0.00 0 30 a=100.00,b=10.00,window=30d",
            "c1 2 C B order_confirmed 90.00 1 30 a=100.00,b=10.00,window=30d",
            "c1 3 B A order_confirmed 100.00 2 30 a=100.00,b=10.00,window=30d",
            "c1 4 A B aged_out 10.00 1 30 a=100.00,b=10.00,window=30d",
            "c1 5 B A rule_changed 100.00 2 a=40.00,b=5.00,window=all",
            "c2 1 C first 0.00 0 30 a=100.00,b=10.00,window=30d",
            "c2 2 C B order_confirmed 50.00 1 30 a=100.00,b=10.00,window=30d",
            "c2 3 B A rule_changed 50.00 1 a=40.00,b=5.00,window=all",
        ]
    );
}

/// Another build: not live, of events that come in whatever order, the published ones first or
/// last.
async fn build(told: &[Happened<Event>], told_first: bool) -> Stage<Classifier> {
    let mut build = crate::stage::stage_of(Classifier::not_live(rule())).await;
    build.applier.is_live = false;
    let mut parts = [orders(), told.to_vec()];
    if told_first {
        parts.reverse();
    }
    for part in parts {
        assert_eq!(build.apply(noon(), part).await.unwrap().emitted, 0);
    }
    build
}

#[tokio::test]
async fn another_build_has_the_same_classes_and_publishes_nothing_anew() {
    let mut live = stage().await;
    live.apply(noon(), orders()).await.unwrap();
    let told = published(&live).await;
    live.apply(noon(), told.clone()).await.unwrap();
    let (classes_before, history) = (rows(&live, CLASSES).await, rows(&live, HISTORY).await);
    assert_eq!((classes_before.len(), history.len()), (2, 5));
    for told_first in [true, false] {
        let build = build(&told, told_first).await;
        assert_eq!(rows(&build, HISTORY).await, history);
        // It becomes the live one, where sums are made anew.
        let mut live = build.second(classifier()).unwrap();
        assert_eq!(settle(&live, rule(), noon()).await, 0);
        assert_eq!(rows(&live, CLASSES).await, classes_before);
        let more = [placed("o4", "c2", 5_000, "2026-11-12T00:00:00Z"), confirmed("o4")];
        let more = more.map(|happened| happened.in_partition(1)).to_vec();
        live.apply(noon(), more).await.unwrap();
        assert_eq!(classes(&live).await, ["3: B>A 100.00 of 2"]);
    }
}

#[tokio::test]
async fn a_build_that_is_ahead_begins_with_c() {
    // The live one did not get so far: nothing was published of these.
    let build = build(&[], true).await;
    let live = build.second(classifier()).unwrap();
    assert_eq!(settle(&live, rule(), noon()).await, 4);
    let mut classes = classes(&live).await;
    classes.sort();
    assert_eq!(
        classes,
        ["1: ->C 0.00 of 0", "1: ->C 0.00 of 0", "2: C>A 100.00 of 2", "2: C>B 50.00 of 1"]
    );
}
