//! Reading a partition to its very end.

use std::time::{Duration, Instant};

use event_log::{Partition, TransactionalProducer, restore::PartitionReader};
use schemas::Topic;

use crate::installation::{fresh, numbers, record, until_arrived};

const PARTITION: Partition = Partition { topic: Topic::ORDER_STATE, number: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_partition_has_an_end() {
    let settings = fresh(1).await;
    tokio::task::spawn_blocking(move || assert!(numbers(&settings, PARTITION).is_empty()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn markers_of_transactions_are_passed_and_aborted_records_left_out() {
    let settings = fresh(1).await;
    tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&settings, "writer").unwrap();
        for (number, commit) in [(1, true), (2, false), (3, true), (4, false)] {
            producer.begin().unwrap();
            producer.produce(record(PARTITION.topic, 0, number)).unwrap();
            if commit { producer.commit() } else { producer.abort() }.unwrap();
        }
        // The last things in the partition are an aborted record and a marker.
        let started = Instant::now();
        assert_eq!(numbers(&settings, PARTITION), [1, 3]);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_below_the_end_is_waited_for() {
    let settings = fresh(1).await;
    tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&settings, "writer").unwrap();
        producer.begin().unwrap();
        producer.produce(record(PARTITION.topic, 0, 1)).unwrap();
        let reader = PartitionReader::new(&settings).unwrap();
        // The record is on the broker, not committed, when the reader looks for the end.
        until_arrived(&producer, &reader, PARTITION);
        let (done, reading) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let settings = &settings;
            scope.spawn(move || done.send(numbers(settings, PARTITION)).unwrap());
            let early = reading.recv_timeout(Duration::from_millis(700));
            assert!(early.is_err(), "stopped at the last stable offset: {early:?}");
            producer.commit().unwrap();
            assert_eq!(reading.recv_timeout(Duration::from_secs(30)), Ok(vec![1]));
        });
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_partition_is_read_and_nothing_beyond() {
    let settings = fresh(1).await;
    tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&settings, "writer").unwrap();
        for number in 0..3 {
            producer.begin().unwrap();
            producer.produce(record(PARTITION.topic, 0, number)).unwrap();
            producer.commit().unwrap();
        }
        // Records at 0, 2 and 4, markers behind each of them.
        let reader = PartitionReader::new(&settings).unwrap();
        assert_eq!(reader.watermarks(PARTITION).unwrap(), (0, 6));
        let read = |offsets: std::ops::Range<i64>| {
            let mut read = Vec::new();
            let end = reader.read_range(PARTITION, offsets, |record| {
                read.push(rdkafka::Message::offset(record));
                Ok(())
            });
            end.unwrap();
            read
        };
        assert_eq!(read(0..6), [0, 2, 4]);
        assert_eq!(read(0..4), [0, 2], "the marker at 3 is passed, the record at 4 left alone");
        assert_eq!(read(1..3), [2]);
        assert_eq!(read(3..4), [0_i64; 0]);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_settled_when_no_transaction_is_open_below_it() {
    let settings = fresh(1).await;
    tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&settings, "writer").unwrap();
        producer.begin().unwrap();
        producer.produce(record(PARTITION.topic, 0, 1)).unwrap();
        let reader = PartitionReader::new(&settings).unwrap();
        let end = until_arrived(&producer, &reader, PARTITION);
        let (done, settling) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let reader = &reader;
            scope.spawn(move || done.send(reader.settle(PARTITION, end).is_ok()).unwrap());
            let early = settling.recv_timeout(Duration::from_millis(700));
            assert!(early.is_err(), "settled while the transaction was open");
            producer.abort().unwrap();
            assert_eq!(settling.recv_timeout(Duration::from_secs(30)), Ok(true));
        });
    })
    .await
    .unwrap();
}
