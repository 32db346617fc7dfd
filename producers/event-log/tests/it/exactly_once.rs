//! The consume → produce loop: nothing lost, nothing doubled, no zombie heard.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Sender, channel},
    },
    time::{Duration, Instant},
};

use event_log::{
    Appender, Error, OutRecord, Partition, Position, Settings, TransactionalProducer,
    consumer::{Change, Consumer, Polled},
    exactly_once::{Role, Step, run},
    restore::PartitionReader,
};
use rdkafka::{Message, message::BorrowedMessage};
use schemas::Topic;
use service::{Health, Shutdown};
use tokio::runtime::Handle;

use crate::installation::{eventually, fresh, numbers, record, until_arrived};

const IN: Topic = Topic::ORDER_COMMANDS;
const OUT: Partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };

fn role() -> Role {
    Role { name: "copier", topics: vec![IN] }
}

/// Copies each record; fails as often as told, in the middle of a batch.
#[derive(Default)]
struct Copy {
    failures: Arc<AtomicU32>,
    /// Where to restore from, and what was there.
    restore: Option<(Settings, Sender<Vec<u32>>)>,
}

impl Step for Copy {
    fn assigned(&mut self, _: Partition) -> Result<(), Error> {
        if let Some((settings, restored)) = &self.restore {
            restored.send(numbers(settings, OUT)).unwrap();
        }
        Ok(())
    }

    fn revoked(&mut self, _: Partition) {}

    fn handle(
        &mut self,
        _: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let number = std::str::from_utf8(record.payload().unwrap()).unwrap().parse().unwrap();
        out(crate::installation::record(OUT.topic, 0, number))?;
        let fail = |left: u32| left.checked_sub(1);
        match self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail) {
            Ok(_) => Err(Error::Stalled { partition: OUT, at: 0, end: 0, seconds: 0 }),
            Err(_) => Ok(()),
        }
    }

    fn finish(&mut self, _: &mut dyn FnMut(OutRecord) -> Result<(), Error>) -> Result<(), Error> {
        Ok(())
    }

    fn committed(&mut self) {}
}

/// Lets an instance copy while something is done.
fn while_copying(settings: &Settings, copy: impl Fn() -> Copy + Sync, work: impl FnOnce()) {
    let (trigger, shutdown) = Shutdown::new();
    let health = Health::default().part("kafka");
    std::thread::scope(|scope| {
        // Fires also when the test fails: the scope waits for its threads.
        let trigger = trigger;
        scope.spawn(|| run(settings, &role(), || Ok(copy()), &health, &shutdown).unwrap());
        work();
        trigger.fire();
    });
}

async fn append(settings: &Settings, numbers: std::ops::Range<u32>) {
    let appender = Appender::new(settings, Duration::from_secs(10)).unwrap();
    for number in numbers {
        appender.append(record(IN, 0, number)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_mid_batch_neither_loses_nor_doubles() {
    let settings = fresh(1).await;
    append(&settings, 0..25).await;
    let failures = Arc::new(AtomicU32::new(0));
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let copy = || Copy { failures: Arc::clone(&failures), ..Copy::default() };
        while_copying(&settings, copy, || {
            // Some are done when it fails: these must not come again.
            eventually("copies", || numbers(&settings, OUT), |n| n.len() >= 25);
            failures.store(3, Ordering::SeqCst);
            runtime.block_on(append(&settings, 25..50));
            let copied = eventually("copies", || numbers(&settings, OUT), |n| n.len() >= 50);
            assert_eq!(copied, (0..50).collect::<Vec<_>>());
            assert_eq!(failures.load(Ordering::SeqCst), 0, "the failures did happen");
        });
        assert_eq!(numbers(&settings, OUT).len(), 50, "nothing came twice");
    })
    .await
    .unwrap();
}

/// Waits for the first assignment of a consumer and completes it.
fn take_over(consumer: &Consumer) {
    loop {
        if let Polled::Record(_) = consumer.poll(Duration::from_millis(100)).unwrap() {
            panic!("a record before the assignment was completed");
        }
        if let Some(Change::Assigned(partitions)) = consumer.next_change() {
            if partitions.is_empty() {
                continue;
            }
            let starts = consumer.committed(&partitions).unwrap();
            return consumer.assign(&starts).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_lost_its_partitions_commits_nothing() {
    let settings = fresh(1).await;
    append(&settings, 0..10).await;
    tokio::task::spawn_blocking(move || {
        // The zombie polls a batch, then sleeps through its session and everything that follows.
        let zombie = Consumer::join(&settings, "copier", &[IN]).unwrap();
        take_over(&zombie);
        let producer = TransactionalProducer::new(&settings, "copier.zombie.a").unwrap();
        let next = loop {
            if let Polled::Record(record) = zombie.poll(Duration::from_secs(1)).unwrap() {
                break record.offset() + 1;
            }
        };
        let membership = zombie.group_metadata().unwrap();
        producer.begin().unwrap();
        producer.produce(record(OUT.topic, 0, 4711)).unwrap();
        drop(zombie);

        while_copying(&settings, Copy::default, || {
            // Its open transaction holds the output back: the new owner's copies are seen as
            // soon as the zombie's end is settled.
            let position = Partition { topic: IN, number: 0 };
            let refused = eventually(
                "the zombie to be refused",
                || producer.send_offsets(&[(position, next)], &membership).err(),
                Option::is_some,
            );
            assert!(refused.is_some());
            let _ = producer.abort();
            let copied = eventually("copies", || numbers(&settings, OUT), |n| n.len() >= 10);
            assert_eq!(copied, (0..10).collect::<Vec<_>>());
        });
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_ends_what_its_predecessor_left_open() {
    let settings = Settings { instance: Some("1".to_owned()), ..fresh(1).await };
    append(&settings, 0..10).await;
    tokio::task::spawn_blocking(move || {
        // As after a kill -9: its records are there, its transaction is open.
        let begun = Instant::now();
        let predecessor = TransactionalProducer::new(&settings, "copier.1.a").unwrap();
        predecessor.begin().unwrap();
        predecessor.produce(record(OUT.topic, 0, 4711)).unwrap();
        let reader = PartitionReader::new(&settings).unwrap();
        until_arrived(&predecessor, &reader, OUT);

        while_copying(&settings, Copy::default, || {
            let copied = eventually("copies", || numbers(&settings, OUT), |n| n.len() >= 10);
            assert_eq!(copied, (0..10).collect::<Vec<_>>());
        });
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "its time-out of 25 s ended it, after {took:?}");
        assert!(predecessor.commit().is_err(), "it is fenced");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_restored_only_after_an_earlier_owners_transaction_is_decided() {
    let settings = fresh(1).await;
    append(&settings, 0..10).await;
    tokio::task::spawn_blocking(move || {
        // An owner whose offsets were taken while it was a member, and whose records are late.
        let owner = Consumer::join(&settings, "copier", &[IN]).unwrap();
        take_over(&owner);
        let producer = TransactionalProducer::new(&settings, "copier.owner.a").unwrap();
        producer.begin().unwrap();
        let answered = (Partition { topic: IN, number: 0 }, 3);
        producer.send_offsets(&[answered], &owner.group_metadata().unwrap()).unwrap();
        drop(owner);

        let (restored, restoring) = channel();
        let copy = || {
            let restore = Some((settings.clone(), restored.clone()));
            Copy { restore, ..Copy::default() }
        };
        while_copying(&settings, copy, || {
            let early = restoring.recv_timeout(Duration::from_secs(2));
            assert!(early.is_err(), "restored while the transaction was open: {early:?}");
            for number in 0..3 {
                producer.produce(record(OUT.topic, 0, number)).unwrap();
            }
            producer.commit().unwrap();
            let copied = eventually("copies", || numbers(&settings, OUT), |n| n.len() >= 10);
            assert_eq!(copied, (0..10).collect::<Vec<_>>(), "each is answered by one owner");
            assert_eq!(restoring.recv(), Ok(vec![0, 1, 2]), "the successor knows all of it");
        });
    })
    .await
    .unwrap();
}
