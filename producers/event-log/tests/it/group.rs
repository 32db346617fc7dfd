//! What a group has committed, seen from outside.

use event_log::{
    Consumer, Partition, TransactionalProducer,
    consumer::{Change, Polled},
    group::committed,
    restore::PartitionReader,
};
use schemas::Topic;
use std::time::Duration;

use crate::installation::{eventually, fresh, record};

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_seen_from_outside_the_group_and_disturb_nobody() {
    let settings = fresh(2).await;
    tokio::task::spawn_blocking(move || {
        let [first, second] =
            [0, 1].map(|number| Partition { topic: Topic::ORDER_COMMANDS, number });
        let look = || committed(&settings, "copier", &[first, second]).unwrap();
        assert_eq!(look(), [(first, None), (second, None)]);
        let member = Consumer::join(&settings, "copier", &[first.topic]).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            assert!(std::time::Instant::now() < deadline, "nothing was assigned");
            member.poll(Duration::from_millis(100)).unwrap();
            let Some(Change::Assigned(partitions)) = member.next_change() else { continue };
            if !partitions.is_empty() {
                break member.assign(&member.committed(&partitions).unwrap()).unwrap();
            }
        }
        let producer = TransactionalProducer::new(&settings, "copier").unwrap();
        producer.begin().unwrap();
        producer.send_offsets(&[(second, 7)], &member.group_metadata().unwrap()).unwrap();
        producer.commit().unwrap();
        assert_eq!(look(), [(first, None), (second, Some(7))]);
        let polled = member.poll(Duration::from_secs(1)).unwrap();
        assert!(matches!(polled, Polled::Nothing), "the group was disturbed: {polled:?}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_knows_the_ends_of_what_is_committed() {
    let settings = fresh(2).await;
    tokio::task::spawn_blocking(move || {
        let partitions = [1, 0].map(|number| Partition { topic: Topic::ORDER_EVENTS, number });
        let producer = TransactionalProducer::new(&settings, "writer").unwrap();
        producer.begin().unwrap();
        producer.produce(record(Topic::ORDER_EVENTS, 0, 1)).unwrap();
        producer.commit().unwrap();
        let member = Consumer::join(&settings, "reader", &[Topic::ORDER_EVENTS]).unwrap();
        let ends = || member.ends(&partitions).unwrap();
        // The record and the marker of its transaction.
        let expected = partitions.into_iter().zip([0, 2]).collect::<Vec<_>>();
        eventually("the marker to arrive", ends, |ends| *ends == expected);
        producer.begin().unwrap();
        producer.produce(record(Topic::ORDER_EVENTS, 0, 2)).unwrap();
        let [_, written] = partitions;
        let log = PartitionReader::new(&settings).unwrap();
        let arrives = || {
            producer.poll();
            log.high_watermark(written).unwrap()
        };
        eventually("the record to arrive", arrives, |end| *end == 3);
        assert_eq!(ends(), expected);
        producer.abort().unwrap();
    })
    .await
    .unwrap();
}
