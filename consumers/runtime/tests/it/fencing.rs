//! Who may write.

use std::time::Duration;

use consumer_runtime::{batch::Batch, error::Error, testing::noon};
use event_log::{ErrorClass, Partition};

use crate::library::{BOOKS, Event, Library, NEWS, added, book, books, offset, shelves, stage};

#[tokio::test]
async fn a_former_owner_writes_nothing() {
    let mut first = stage().await;
    first.apply(noon(), vec![added("b1", "s1", 1)]).await.unwrap();
    let late = first.batch(vec![book("b1", 2, Event::Torn)]).await.unwrap();

    let mut second = first.second(Library).unwrap();
    second.take(BOOKS, 0).await.unwrap();
    assert_eq!(offset(&first, BOOKS, 0).await, (1, 2));

    let error = first.applier.apply(&late, noon()).await.unwrap_err();
    assert!(matches!(error, Error::Fenced(Partition { number: 0, .. })), "{error}");
    assert_eq!(error.class(), ErrorClass::Transient);
    assert_eq!(books(&first).await, [("b1".into(), "s1".into(), 1, 1)]);

    // The new owner goes on where the former one stopped.
    second.apply(noon(), vec![book("b1", 2, Event::Torn)]).await.unwrap();
    assert_eq!(books(&first).await, [("b1".into(), "s1".into(), 0, 2)]);
    let error = first.applier.apply(&late, noon()).await.unwrap_err();
    assert!(matches!(error, Error::Fenced(_)), "{error}");
}

#[tokio::test]
async fn one_lost_partition_fences_the_whole_batch() {
    let mut first = stage().await;
    let batch = vec![added("b1", "s1", 1), added("b2", "s1", 1).in_partition(1)];
    let batch = first.batch(batch).await.unwrap();
    let mut second = first.second(Library).unwrap();
    second.take(BOOKS, 1).await.unwrap();
    let error = first.applier.apply(&batch, noon()).await.unwrap_err();
    assert!(matches!(error, Error::Fenced(Partition { number: 1, .. })), "{error}");
    assert_eq!((books(&first).await, shelves(&first).await), (vec![], vec![]));
    assert_eq!(offset(&first, BOOKS, 0).await, (0, 1));
}

#[tokio::test]
async fn what_is_given_up_is_left_out() {
    let mut stage = stage().await;
    let batch = vec![added("b1", "s1", 1), added("b2", "s1", 1).in_partition(1)];
    let batch = stage.batch(batch).await.unwrap();
    let lease = batch.spans.iter().find(|span| span.lease.partition.number == 1).unwrap();
    assert!(lease.lease.revoke(Duration::ZERO));
    let applied = stage.applier.apply(&batch, noon()).await.unwrap().unwrap();
    assert_eq!(applied.counts.applied, 1);
    assert_eq!(books(&stage).await.len(), 1);
    assert_eq!(offset(&stage, BOOKS, 1).await, (0, 1));

    for span in &batch.spans {
        span.lease.revoke(Duration::ZERO);
    }
    assert!(stage.applier.apply(&batch, noon()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_whose_commit_got_no_answer_may_be_applied_again() {
    let mut stage = stage().await;
    let batch = stage.batch(vec![added("b1", "s1", 1)]).await.unwrap();
    stage.applier.apply(&batch, noon()).await.unwrap();
    let again = stage.applier.apply(&batch, noon()).await.unwrap().unwrap();
    assert_eq!((again.counts.applied, again.next[0].1), (0, 1));
    assert_eq!(shelves(&stage).await, [("s1".into(), 1)]);
}

#[tokio::test]
async fn offsets_move_on_without_events() {
    let mut stage = stage().await;
    let batch = stage.batch(vec![added("b1", "s1", 1)]).await.unwrap();
    stage.applier.apply(&batch, noon()).await.unwrap();
    let mut skipped: Batch<Event> = Batch::default();
    skipped.cover(&batch.spans[0].lease, 1..100, None);
    stage.applier.apply(&skipped, noon()).await.unwrap();
    assert_eq!(offset(&stage, BOOKS, 0).await, (100, 1));
}

#[tokio::test]
async fn a_new_owner_starts_where_the_offsets_are() {
    let mut first = stage().await;
    first.take(NEWS, 3).await.unwrap();
    first.apply(noon(), vec![added("b1", "s1", 1), added("b2", "s1", 1)]).await.unwrap();
    let partition = |topic, number| Partition { topic, number };
    let taken = [partition(BOOKS, 0), partition(NEWS, 3), partition(NEWS, 4)];
    let mut leases = first.applier.take(&taken).await.unwrap();
    leases.sort_by_key(|lease| lease.partition);
    let starts: Vec<_> = leases.iter().map(|l| (l.partition, l.start, l.epoch)).collect();
    assert_eq!(
        starts,
        [(partition(NEWS, 3), 0, 2), (partition(NEWS, 4), 0, 1), (partition(BOOKS, 0), 2, 2),]
    );
}
