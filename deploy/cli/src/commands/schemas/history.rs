//! `oneway schemas verify-history`: every schema that is in the topics is read by this build.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, anyhow};
use event_log::{Error, ErrorClass, Partition, Position, Registry, Settings, record};
use operator::scan::Scan;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use schemas::{Decoder, Topic, catalog};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
    progress::Progress,
    report::print,
};

/// Where a dead letter came from.
const ORIGIN: &str = "oneway-dead-letter-topic";

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);

/// What is known of the records with one schema on one topic.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many.
    pub records: u64,
    /// The first of them, by partition and offset.
    pub first: Position,
    /// The full name of the record, if the registry knows the id.
    pub record: Option<String>,
    /// The first that this build cannot read, and why.
    pub unreadable: Option<(Position, String)>,
}

/// Everything found: by topic and schema id.
#[derive(Debug, Default)]
pub struct History {
    /// Records with a schema.
    pub schemas: BTreeMap<(Topic, u32), Found>,
    /// Records without one: the first on each topic, how many, and what they lack.
    pub strays: BTreeMap<Topic, (Position, u64, String)>,
}

/// Whether a topic's records are those of others, among them some that nobody can read.
fn is_of_dead_letters(topic: Topic) -> bool {
    topic.name().ends_with(".dead-letter")
}

impl History {
    /// What this build cannot read and must: a dead letter may well be unreadable, and is known.
    pub fn failures(&self) -> Vec<String> {
        let schemas = self.schemas.iter().filter(|((topic, _), _)| !is_of_dead_letters(*topic));
        let unread = schemas.filter_map(|((_, id), found)| {
            let (at, reason) = found.unreadable.as_ref()?;
            Some(format!("{at}: schema {id}: {reason}"))
        });
        let strays = self.strays.iter().filter(|(topic, _)| !is_of_dead_letters(**topic));
        let strays = strays.map(|(_, (at, count, reason))| match count {
            1 => format!("{at}: {reason}"),
            count => format!("{at}, and {} more like it: {reason}", count - 1),
        });
        unread.chain(strays).collect()
    }

    fn merge(&mut self, other: Self) {
        for (key, found) in other.schemas {
            match self.schemas.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(found);
                }
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    known.records += found.records;
                    known.first = known.first.min(found.first);
                    known.unreadable = known.unreadable.take().or(found.unreadable);
                }
            }
        }
        for (topic, (at, count, reason)) in other.strays {
            let known = self.strays.entry(topic).or_insert((at, 0, reason));
            known.0 = known.0.min(at);
            known.1 += count;
        }
    }

    fn as_json(&self) -> Value {
        let schemas = self.schemas.iter().map(|((topic, id), found)| {
            let unreadable = found.unreadable.as_ref();
            json!({
                "topic": topic.name(),
                "schemaId": id,
                "record": found.record,
                "records": found.records,
                "first": found.first.to_string(),
                "unreadable": unreadable.map(|(at, why)| json!({ "at": at.to_string(), "why": why })),
            })
        });
        json!({ "schemas": schemas.collect::<Value>(), "failures": self.failures() })
    }
}

/// Runs the command.
pub async fn run(settings: Settings, every_record: bool, is_json: bool) -> Result<()> {
    let history = scan(settings, every_record, is_json).await?;
    if is_json {
        let text = serde_json::to_string_pretty(&history.as_json()).context("cannot print")?;
        print(text);
    } else {
        show(&history);
    }
    let failures = history.failures();
    match failures.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure::Negative(anyhow!(
            "this build cannot read {} of what is in the topics: {first}",
            failures.len()
        ))),
    }
}

fn show(history: &History) {
    for ((topic, id), found) in &history.schemas {
        let record = found.record.as_deref().unwrap_or("unknown to the registry");
        let verdict = if found.unreadable.is_some() { "NOT READ" } else { "read" };
        let (records, first) = (found.records, found.first);
        print(format_args!(
            "{topic}  schema {id}  {record}  {records} records from {first}  {verdict}"
        ));
    }
    history.failures().iter().for_each(print);
    let records: u64 = history.schemas.values().map(|found| found.records).sum();
    print(format_args!("{} schemas in {records} records", history.schemas.len()));
}

/// Looks at every record of every topic that there is.
pub async fn scan(settings: Settings, every_record: bool, is_quiet: bool) -> Result<History> {
    let scan = Scan { settings, runtime: Handle::current() };
    let done = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&done);
    let (told, total) = tokio::sync::oneshot::channel();
    let work = tokio::task::spawn_blocking(move || look(&scan, every_record, &counted, told));
    let show = async {
        let Ok(total) = total.await else { return };
        let mut progress = Progress::new(total, "records looked at", is_quiet);
        loop {
            progress.at(done.load(Ordering::Relaxed));
            tokio::time::sleep(TICK).await;
        }
    };
    tokio::select! {
        history = work => history.context("the scan broke down")?.map_err(failed),
        () = show => std::future::pending().await,
    }
}

fn look(
    scan: &Scan,
    every_record: bool,
    done: &AtomicU64,
    told: tokio::sync::oneshot::Sender<u64>,
) -> Result<History, Error> {
    let partitions = scan.partitions(&Topic::ALL, None)?;
    let tools = scan.tools()?;
    let sizes: Result<Vec<_>, Error> = partitions
        .iter()
        .map(|at| {
            tools.log.watermarks(*at).map(|(low, high)| u64::try_from(high - low).unwrap_or(0))
        })
        .collect();
    // Nobody listens when the command was stopped.
    let _ = told.send(sizes?.into_iter().sum());
    let judge = Mutex::new(Judge::new(scan));
    let parts = scan.each(&partitions, |tools, partition| {
        let mut part =
            Part { every_record, judge: &judge, found: BTreeMap::new(), strays: BTreeMap::new() };
        tools.log.read_to_end(partition, |message| {
            done.fetch_add(1, Ordering::Relaxed);
            part.take(partition, message)
        })?;
        part.finish()
    })?;
    let mut history = History::default();
    parts.into_iter().for_each(|part| history.merge(part));
    Ok(history)
}

/// One partition. Of each schema the first record is read when it comes, the last at the end.
struct Part<'a> {
    every_record: bool,
    judge: &'a Mutex<Judge>,
    found: BTreeMap<(Topic, u32), (Found, Last)>,
    strays: BTreeMap<Topic, (Position, u64, String)>,
}

struct Last {
    at: Position,
    origin: Topic,
    payload: Vec<u8>,
}

impl Part<'_> {
    fn take(&mut self, partition: Partition, message: &BorrowedMessage<'_>) -> Result<(), Error> {
        let at = Position { partition, offset: message.offset() };
        let (_, payload) = record::bytes(message);
        if payload.is_empty() && !carries_messages(partition.topic) {
            return Ok(());
        }
        let Some(origin) = origin(partition.topic, message) else { return Ok(()) };
        let id = match Decoder::schema_id(payload) {
            Ok(id) => id,
            Err(reason) => {
                let stray = (at, 0, reason.to_string());
                self.strays.entry(partition.topic).or_insert(stray).1 += 1;
                return Ok(());
            }
        };
        match self.found.entry((partition.topic, id)) {
            Entry::Occupied(mut entry) => {
                let (found, last) = entry.get_mut();
                found.records += 1;
                if self.every_record && found.unreadable.is_none() {
                    found.unreadable =
                        judge(self.judge, origin, id, payload)?.1.map(|why| (at, why));
                }
                (last.at, last.origin) = (at, origin);
                last.payload.clear();
                last.payload.extend_from_slice(payload);
            }
            Entry::Vacant(entry) => {
                let (record, why) = judge(self.judge, origin, id, payload)?;
                let unreadable = why.map(|why| (at, why));
                let found = Found { records: 1, first: at, record, unreadable };
                entry.insert((found, Last { at, origin, payload: payload.to_vec() }));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<History, Error> {
        let mut schemas = BTreeMap::new();
        for (key, (mut found, last)) in self.found {
            if found.unreadable.is_none() {
                let why = judge(self.judge, last.origin, key.1, &last.payload)?.1;
                found.unreadable = why.map(|why| (last.at, why));
            }
            schemas.insert(key, found);
        }
        Ok(History { schemas, strays: self.strays })
    }
}

/// State topics have records without payload: an aggregate that is gone, and marks.
fn carries_messages(topic: Topic) -> bool {
    !topic.name().ends_with(".state")
}

/// The topic that a record was made for; none when a dead letter does not say.
fn origin(topic: Topic, message: &BorrowedMessage<'_>) -> Option<Topic> {
    if !is_of_dead_letters(topic) {
        return Some(topic);
    }
    let headers = message.headers()?;
    let header = headers.iter().find(|header| header.key == ORIGIN)?;
    Topic::named(std::str::from_utf8(header.value?).ok()?)
}

/// Reads records; knows the schemas that it has met. One for all threads: few records are read.
struct Judge {
    registry: Registry,
    runtime: Handle,
    decoder: Decoder,
    /// Full names of the records of the ids; none of an id that the registry does not have.
    records: BTreeMap<u32, Result<String, String>>,
}

/// The full name of the record, and why it cannot be read.
type Judgement = (Option<String>, Option<String>);

fn judge(judge: &Mutex<Judge>, topic: Topic, id: u32, payload: &[u8]) -> Result<Judgement, Error> {
    judge.lock().unwrap_or_else(PoisonError::into_inner).judge(topic, id, payload)
}

impl Judge {
    fn new(scan: &Scan) -> Self {
        Self {
            registry: Registry::of(&scan.settings),
            runtime: scan.runtime.clone(),
            decoder: Decoder::default(),
            records: BTreeMap::new(),
        }
    }

    fn judge(&mut self, topic: Topic, id: u32, payload: &[u8]) -> Result<Judgement, Error> {
        let record = match self.record(id)? {
            Ok(record) => record,
            Err(reason) => return Ok((None, Some(reason))),
        };
        let mut subjects = catalog::subjects().into_iter();
        let subject = subjects.find(|one| one.topic == topic && one.file.record == record);
        let read = subject.map(|subject| subject.is_read(&self.decoder, payload));
        let why = match read {
            Some(Ok(true)) => None,
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(false)) | None => {
                Some(format!("no message of {topic} is called {record} here"))
            }
        };
        Ok((Some(record), why))
    }

    fn record(&mut self, id: u32) -> Result<Result<String, String>, Error> {
        if let Some(known) = self.records.get(&id) {
            return Ok(known.clone());
        }
        let record = match self.runtime.block_on(self.registry.schema(id)) {
            Ok(text) => match self.decoder.add(id, &text) {
                Ok(()) => self
                    .decoder
                    .record(id)
                    .map(str::to_owned)
                    .ok_or_else(|| "its schema has no name".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Err(error) if error.class() == ErrorClass::Poison => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        self.records.insert(id, record.clone());
        Ok(record)
    }
}
