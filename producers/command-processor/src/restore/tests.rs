//! Against a real broker and registry, which `cargo oneway test` starts; each test in a namespace
//! of its own.

use std::collections::BTreeMap;

use domain::Orders;
use event_log::{OutRecord, Registry, Settings, TransactionalProducer, record::headers, topics};
use schemas::{
    CommandId, Envelope, EventId, Money, Namespace, Timestamp, Topic,
    order::{Order, OrderCreated, OrderEvent, OrderStatus},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::*;
use crate::checkpoint::{self, Mark, Size};

type State = AggregateState<Order>;

/// A partition with its log, and an instance with a folder for checkpoints.
struct World {
    runtime: Runtime,
    settings: Settings,
    registry: Registry,
    folder: TempDir,
    states: Encoder<State>,
    events: Encoder<OrderEvent>,
}

fn required(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests by `cargo oneway test`"))
}

fn order(n: usize) -> AggregateId {
    AggregateId::new(&format!("o{n}")).unwrap()
}

fn place() -> Place {
    let of = |topic| Partition { topic, number: 0 };
    Place { states: of(Topic::ORDER_STATE), events: of(Topic::ORDER_EVENTS) }
}

fn at(version: i64) -> State {
    State { version, state: Some(Order { status: OrderStatus::New }), recent: Vec::new() }
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let id = CommandId::from_key(&format!("{:?}", std::time::SystemTime::now())).to_string();
        let namespace = Namespace::new(&format!("r{}", &id[..8])).unwrap();
        let settings = Settings {
            instance: Some("command-processor-1".into()),
            ..Settings::new(&required("KAFKA_BROKERS"), &required("SCHEMA_REGISTRY_URL"), namespace)
        };
        let registry = Registry::of(&settings);
        let yaml = "{partitions: 1, replication: 1, topics: {order.state: {holds: x, config: \
                    {cleanup.policy: compact}}, order.events: {holds: x, event_store: true}}}";
        let (states, events) = runtime.block_on(async {
            let declaration = topics::Declaration::parse(yaml).unwrap();
            let plan = topics::plan(&settings, &declaration).await.unwrap();
            topics::create_missing(&settings, &plan).await.unwrap();
            for (topic, files) in
                [(State::TOPIC, State::FILES), (OrderEvent::TOPIC, OrderEvent::FILES)]
            {
                for file in files {
                    let subject = file.subject(&settings.qualify(topic.name()));
                    registry.register(&subject, file.text).await.unwrap();
                }
            }
            let namespace = &settings.namespace;
            (registry.encoder(namespace).await.unwrap(), registry.encoder(namespace).await.unwrap())
        });
        let folder = tempfile::tempdir().unwrap();
        Self { runtime, settings, registry, folder, states, events }
    }

    /// Appends records in one transaction.
    fn append(&self, records: Vec<OutRecord>) {
        let producer = TransactionalProducer::new(&self.settings, "writer").unwrap();
        producer.begin().unwrap();
        records.into_iter().for_each(|record| producer.produce(record).unwrap());
        producer.commit().unwrap();
    }

    fn state(&self, n: usize, state: Option<&State>) -> OutRecord {
        let payload = state.map(|state| self.states.encode(state).unwrap());
        OutRecord::state(place().states, order(n).as_str(), payload)
    }

    fn complete(&self) -> OutRecord {
        OutRecord::state_complete(place().states, "test", Timestamp::now())
    }

    fn created(&self, n: usize) -> OutRecord {
        let command = CommandId::from_key(&format!("create {n}"));
        let now = Timestamp::now();
        let customer_id = AggregateId::new("c1").unwrap();
        let value = Money::from_minor(1);
        let event = OrderCreated { customer_id, text: "a book".into(), value, ordered_at: now };
        let event = OrderEvent::from(event);
        let (id, cause) = (EventId::of_command(command, 0).to_string(), command.to_string());
        let envelope = Envelope {
            id: &id,
            source: "test",
            message_type: event.wire_type(),
            time: Some(now),
            sequence: Some(1),
            causation_id: Some(&cause),
            ..Envelope::default()
        };
        OutRecord {
            topic: OrderEvent::TOPIC,
            partition: Some(0),
            key: Some(order(n).as_str().into()),
            payload: Some(self.events.encode(&event).unwrap()),
            headers: headers(&envelope),
        }
    }

    fn log(&self) -> PartitionReader {
        PartitionReader::new(&self.settings).unwrap()
    }

    /// A life of the process: restores, then does something with the shard and its checkpoint.
    fn restart<T>(&self, with: impl FnOnce(Shard<Orders>, Option<Handle>) -> T) -> T {
        let checkpoints = Checkpoints::open(&self.settings, self.folder.path()).unwrap();
        self.restore(Some(&checkpoints), with)
    }

    fn restore<T>(
        &self,
        checkpoints: Option<&Checkpoints>,
        with: impl FnOnce(Shard<Orders>, Option<Handle>) -> T,
    ) -> T {
        let mut reader = MessageReader::new(&self.registry, self.runtime.handle());
        let (log, encoder) = (&self.log(), &self.states);
        let mut restore = Restore::<Orders> { log, reader: &mut reader, encoder, checkpoints };
        let (shard, handle) = restore.shard(0).unwrap();
        with(shard, handle)
    }

    fn versions(&self, shard: &Shard<Orders>) -> BTreeMap<usize, i64> {
        let mut reader = MessageReader::new(&self.registry, self.runtime.handle());
        let mut version = |bytes| {
            let state: State = reader.read_sole(bytes).unwrap().unwrap();
            state.version
        };
        let known = (0..20).filter_map(|n| Some((n, shard.committed(&order(n))?)));
        known.map(|(n, bytes)| (n, version(bytes))).collect()
    }

    /// What a restart finds, with and without the checkpoint, which must be the same.
    fn found(&self) -> BTreeMap<usize, i64> {
        let warm = self.restart(|shard, _| self.versions(&shard));
        assert_eq!(warm, self.restore(None, |shard, _| self.versions(&shard)));
        warm
    }

    fn file(&self) -> std::path::PathBuf {
        let folder = std::fs::read_dir(self.folder.path()).unwrap().next().unwrap().unwrap();
        let topic = self.settings.qualify(Topic::ORDER_STATE.name());
        folder.path().join(format!("{topic}-0.checkpoint"))
    }

    fn files(&self) -> Vec<String> {
        let folder = std::fs::read_dir(self.folder.path()).unwrap().next().unwrap().unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "lock")
            .map(|name| name.rsplit_once('.').unwrap().1.to_owned())
            .collect();
        names.sort();
        names
    }

    fn position(&self) -> Option<Position> {
        let checkpoints = Checkpoints::open(&self.settings, self.folder.path()).unwrap();
        checkpoints.find(&self.log(), place()).unwrap().map(|(_, position)| position)
    }
}

#[test]
fn a_checkpoint_is_caught_up_with() {
    let world = World::new();
    world.append(vec![world.created(1)]);
    world.append(vec![
        world.state(1, Some(&at(1))),
        world.state(2, Some(&at(1))),
        world.complete(),
    ]);
    assert_eq!(world.found(), [(1, 1), (2, 1)].into());
    let before = world.position().unwrap();
    world.append(vec![
        world.state(2, Some(&at(2))),
        world.state(3, Some(&State::absent())),
        world.state(4, Some(&State::absent())),
        world.state(3, None),
    ]);
    assert_eq!(world.found(), [(1, 1), (2, 2), (4, 0)].into());
    assert!(world.position().unwrap().next > before.next);
    assert_eq!(world.files(), ["checkpoint"], "it was used, not set aside");
}

#[test]
fn only_what_the_file_lacks_is_read_of_the_log() {
    let world = World::new();
    world.append(vec![world.state(1, Some(&at(1))), world.complete()]);
    world.restart(|_, handle| assert!(handle.is_some()));
    // What is in the file, and nowhere in the log: found only if the file is what is read.
    let checkpoints = Checkpoints::open(&world.settings, world.folder.path()).unwrap();
    let (mut file, position) = checkpoints.find(&world.log(), place()).unwrap().unwrap();
    let mut frames = Frames::default();
    frames.push(b"o7", Some(&world.states.encode(&at(7)).unwrap()));
    file.append(&frames.take()).unwrap();
    file.append_position(&position).unwrap();
    drop((file, checkpoints));
    assert_eq!(world.restart(|shard, _| world.versions(&shard)), [(1, 1), (7, 7)].into());
}

/// The file goes on while commands are decided, and the worker's positions hold.
#[test]
fn batches_go_into_the_file() {
    let world = World::new();
    world.append(vec![world.state(1, Some(&at(1))), world.complete()]);
    world.restart(|_, _| ());
    let first = world.position().unwrap();
    world.restart(|_, handle| {
        let mut handle = handle.unwrap();
        let deadline = Instant::now() + std::time::Duration::from_secs(60);
        for version in 2.. {
            world.append(vec![world.state(1, Some(&at(version)))]);
            let mut frames = Frames::default();
            frames.push(b"o1", Some(&world.states.encode(&at(version)).unwrap()));
            let (frames, decided) = (frames.take(), Instant::now());
            let size = Size { aggregates: 1, bytes: 100 };
            handle.append(checkpoint::Batch { frames, decided, size });
            // The thread writes a position every few seconds, the first one with restarting.
            let next = checkpoint::last_position(&world.file()).unwrap().next;
            if next > first.next + 4 {
                break;
            }
            assert!(Instant::now() < deadline, "no new position: {next}, first {}", first.next);
        }
    });
    let versions = world.found();
    assert!(versions[&1] > 2, "{versions:?}");
    assert_eq!(world.files(), ["checkpoint"]);
}

/// An instance that has lost its partition, and does not know it yet, takes no position: the new
/// owner's states are below the end of the topic, and not in the file.
#[test]
fn what_another_owner_wrote_is_in_no_position() {
    let world = World::new();
    world.append(vec![world.state(1, Some(&at(1))), world.complete()]);
    world.restart(|_, handle| {
        let mut handle = handle.unwrap();
        let first = checkpoint::last_position(&world.file()).unwrap();
        let mut frames = Frames::default();
        frames.push(b"o1", Some(&world.states.encode(&at(2)).unwrap()));
        let (decided, size) = (Instant::now(), Size { aggregates: 1, bytes: 100 });
        world.append(vec![world.state(1, Some(&at(2)))]);
        handle.append(checkpoint::Batch { frames: frames.take(), decided, size });
        // The new owner's.
        world.append(vec![world.state(1, Some(&at(3)))]);
        // Longer than until the next position would be due.
        let deadline = Instant::now() + std::time::Duration::from_secs(8);
        while Instant::now() < deadline {
            assert_eq!(checkpoint::last_position(&world.file()), Some(first.clone()));
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    });
    assert_eq!(world.found(), [(1, 3)].into());
}

#[test]
fn a_checkpoint_of_another_history_is_refused() {
    let world = World::new();
    world.append(vec![world.created(1), world.created(2)]);
    world.append(vec![
        world.state(1, Some(&at(1))),
        world.state(2, Some(&at(1))),
        world.complete(),
    ]);
    world.restart(|_, _| ());
    let good = world.position().unwrap();
    let end = world.log().high_watermark(place().states).unwrap();
    let event = good.event.clone().unwrap();
    let mark = |mark: &Mark| Mark { offset: mark.offset, says: "something else".into() };
    let moved = |mark: &Mark| Mark { offset: mark.offset - 1, says: mark.says.clone() };
    let lost = Mark { offset: event.offset + 1_000, says: event.says.clone() };
    let (other_states, other_events) = ("written anew", "another event");
    for (position, said) in [
        (good.clone(), ""),
        (Position { next: end + 1, ..good.clone() }, "ahead of the state topic"),
        (Position { complete: mark(&good.complete), ..good.clone() }, other_states),
        (Position { complete: moved(&good.complete), ..good.clone() }, other_states),
        (Position { event: Some(mark(&event)), ..good.clone() }, other_events),
        (Position { event: Some(moved(&event)), ..good.clone() }, other_events),
        (Position { event: Some(lost), ..good.clone() }, other_events),
    ] {
        let checked = checkpoint::check(&world.log(), place(), &position).unwrap();
        let found = checked.err().map(|mismatch| mismatch.to_string()).unwrap_or_default();
        assert!(found.contains(said) && found.is_empty() == said.is_empty(), "{said}: {found}");
    }
}

#[test]
fn a_state_topic_that_was_written_anew_is_noticed() {
    let world = World::new();
    world.append(vec![
        world.state(1, Some(&at(1))),
        world.state(2, Some(&at(9))),
        world.complete(),
    ]);
    assert_eq!(world.found(), [(1, 1), (2, 9)].into());
    // Compaction may take the tombstone away before this instance comes back: here it was never
    // there. Only the second word of completeness tells.
    world.append(vec![world.state(1, Some(&at(2))), world.complete()]);
    let position = world.position().unwrap();
    assert_eq!(world.restart(|shard, _| world.versions(&shard)), [(1, 2), (2, 9)].into());
    assert_eq!(world.files(), ["checkpoint", "set-aside"]);
    assert!(world.position().unwrap().complete.offset > position.complete.offset);
}

#[test]
fn a_topic_that_is_not_complete_is_made_up_for_by_the_events() {
    let world = World::new();
    world.append((1..5).map(|n| world.created(n)).collect());
    let mut torn = world.state(3, Some(&at(1)));
    torn.payload.as_mut().unwrap().truncate(6);
    world.append(vec![world.state(1, Some(&at(1))), world.state(2, Some(&at(7))), torn]);
    world.restart(|mut shard, handle| {
        assert_eq!(world.versions(&shard), (1..5).map(|n| (n, 1)).collect());
        assert!(handle.is_none(), "no file has what is owed");
        let mut owed = shard.pay(10).unwrap().aggregates;
        owed.sort();
        assert_eq!(owed, [order(2), order(3), order(4)]);
    });
}

#[test]
fn one_process_uses_a_folder() {
    let world = World::new();
    let first = Checkpoints::open(&world.settings, world.folder.path());
    assert!(first.is_some());
    assert!(Checkpoints::open(&world.settings, world.folder.path()).is_none());
    let other = Settings { instance: Some("command-processor-2".into()), ..world.settings.clone() };
    assert!(Checkpoints::open(&other, world.folder.path()).is_some());
    drop(first);
    assert!(Checkpoints::open(&world.settings, world.folder.path()).is_some());
}
