//! One batch in one transaction.

use consumer_runtime::{
    error::Error,
    poison::Poison,
    testing::{Happened, noon},
};
use event_log::ErrorClass;
use schemas::notification::ChangeKind;

use crate::library::{BOOKS, Event, NEWS, added, book, books, id, offset, shelves, stage};

#[tokio::test]
async fn many_events_of_a_key_become_one_row() {
    let mut stage = stage().await;
    let happened = vec![
        added("b1", "s1", 10),
        book("b1", 2, Event::Torn),
        added("b2", "s1", 20),
        book("b1", 3, Event::Moved { shelf: id("s2") }),
    ];
    let applied = stage.apply(noon(), happened).await.unwrap();
    assert_eq!(applied.counts.applied, 4);
    assert_eq!(
        books(&stage).await,
        [("b1".into(), "s2".into(), 9, 3), ("b2".into(), "s1".into(), 20, 1)]
    );
    assert_eq!(shelves(&stage).await, [("s1".into(), 1), ("s2".into(), 1)]);
    assert_eq!(offset(&stage, BOOKS, 0).await, (4, 1));
    // One notification per row, with the position of the last event that touched it.
    let told = applied.changes.iter().map(|c| (&*c.key, c.kind, c.at.unwrap().offset));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("b1", ChangeKind::AddRow, 3), ("b2", ChangeKind::AddRow, 2)]
    );
}

#[tokio::test]
async fn a_reference_is_followed_to_a_row_that_is_loaded() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![added("b1", "s1", 10)]).await.unwrap();
    let moved = vec![book("b1", 2, Event::Moved { shelf: id("s2") })];
    stage.apply(noon(), moved).await.unwrap();
    assert_eq!(shelves(&stage).await, [("s1".into(), 0), ("s2".into(), 1)]);
}

#[tokio::test]
async fn repeats_are_skipped_and_counted() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![added("b1", "s1", 10), book("b1", 2, Event::Torn)]).await.unwrap();
    let repeated =
        vec![added("b1", "s1", 10), book("b1", 2, Event::Torn), book("b1", 3, Event::Torn)];
    let applied = stage.apply(noon(), repeated).await.unwrap();
    assert_eq!((applied.counts.duplicates, applied.counts.applied), (2, 1));
    assert_eq!(books(&stage).await, [("b1".into(), "s1".into(), 8, 3)]);
    assert_eq!(offset(&stage, BOOKS, 0).await, (5, 1));
}

#[tokio::test]
async fn a_gap_is_poison_and_nothing_is_stored() {
    let mut stage = stage().await;
    let happened = vec![added("b1", "s1", 10), book("b1", 3, Event::Torn)];
    let error = stage.apply(noon(), happened).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Poison);
    assert_eq!(
        error.to_string(),
        "event at order.events/0 offset 1, key b1, cannot be handled: gap: it makes version 3 of \
         its aggregate, table book has version 1"
    );
    assert_eq!((books(&stage).await, shelves(&stage).await), (vec![], vec![]));
    assert_eq!(offset(&stage, BOOKS, 0).await, (0, 1));
}

#[tokio::test]
async fn events_that_are_not_handled_still_count() {
    let mut stage = stage().await;
    let happened = vec![
        added("b1", "s1", 10),
        Happened::new(BOOKS, "b1", 2, None),
        book("b1", 3, Event::Torn),
    ];
    let counts = stage.apply(noon(), happened).await.unwrap().counts;
    assert_eq!((counts.applied, counts.passed), (2, 1));
    let unknown = vec![Happened::new(BOOKS, "b2", 1, None)];
    let error = stage.apply(noon(), unknown).await.unwrap_err();
    assert!(matches!(error, Error::Poison { reason: Poison::NoRow("book"), .. }), "{error}");
}

#[tokio::test]
async fn a_failed_statement_takes_everything_back() {
    let mut stage = stage().await;
    // The database refuses a book of so many pages; the shelf is written by another statement.
    let error = stage.apply(noon(), vec![added("b1", "s1", 1_000)]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Fatal);
    let said = error.to_string();
    assert_eq!(said, "cannot store rows: SQLSTATE 23514, table book, constraint book_pages_check");
    assert_eq!((books(&stage).await, shelves(&stage).await), (vec![], vec![]));
    assert_eq!(offset(&stage, BOOKS, 0).await, (0, 1));
    // The connection it happened on is not used again.
    stage.apply(noon(), vec![added("b1", "s1", 999)]).await.unwrap();
}

#[tokio::test]
async fn rows_must_be_named() {
    let mut stage = stage().await;
    let error = stage.apply(noon(), vec![Happened::new(NEWS, "n1", 1, Event::Careless)]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "event at customer.events/0 offset 0, key n1, cannot be handled: projection: a row of \
         table shelf was used whose key was not named"
    );
}

#[tokio::test]
async fn rows_can_be_removed() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![added("b1", "s1", 1)]).await.unwrap();
    let cleared = Happened::new(NEWS, "n1", 1, Event::Cleared(id("s1")));
    stage.apply(noon(), vec![cleared]).await.unwrap();
    assert_eq!(shelves(&stage).await, []);
}

#[tokio::test]
async fn shared_rows_must_not_lead_to_shared_rows() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![added("b1", "s1", 1)]).await.unwrap();
    let client = stage.client().await.unwrap();
    client.execute("update shelf set next = 's2'", &[]).await.unwrap();
    let cleared = Happened::new(NEWS, "n1", 1, Event::Cleared(id("s1")));
    let error = stage.apply(noon(), vec![cleared]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Fatal);
    assert_eq!(shelves(&stage).await, [("s1".into(), 1)]);
}
