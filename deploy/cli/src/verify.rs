//! Asks a running system whether its log keeps its promises: walks the topics under
//! `read_committed` up to where they ended when it started.
//!
//! In reading order:
//! - [`snapshot`]: up to where each partition is looked at
//! - [`workers`]: threads that read partitions
//! - [`outcomes`]: into the [`book`] of their partition, which balances them with the commands
//! - [`aggregates`]: one partition of one aggregate type, in four steps:
//! - [`commands`]: into the book
//! - [`states`]: what the state topic says
//! - [`events`]: each event against the book and, folded by [`history`], against the states
//! - [`sequence`]: versions, and a second look at those that come twice
//! - [`classifications`]: each a real change
//! - [`retention`]: what a topic may have lost
//! - [`findings`], [`report`]: what is broken, and what cannot be told
//!
//! # Why a system under load gives no false alarm
//!
//! Events, states, outcomes and consumed offsets of a batch are committed by one transaction, but
//! cannot be looked at at one moment. The ends are therefore taken in an order:
//!
//! 1. the *settled* ends of the events; wait until no transaction is open below them
//! 2. the consumed offsets of the processor's group, once they are stable
//! 3. the ends of states and outcomes; wait until no transaction is open below them
//! 4. the ends of the events
//! 5. the ends of the commands
//!
//! When a transaction is decided, all its records have been appended. From this follows:
//!
//! - Whatever wrote an event below (1), or consumed a command below (2), was decided before (3):
//!   its states and outcomes are below their ends. They may be *demanded*. Of younger events and
//!   commands they are not, and younger commands are counted as under way.
//! - Whatever wrote a state or an outcome below (3) was decided before (4): its events are below
//!   their ends. No state may be *ahead* of the events, no outcome may name one that is missing.
//! - Whatever made an event or an outcome was in the commands topic before: it is below (5).
//!
//! Only compaction reaches across the ends: it may remove a state below (3) because a newer one
//! came behind it. A state that lags or is missing is therefore looked for once more behind (3).
//!
//! # What retention has deleted
//!
//! is counted as not checkable, never as broken. A partition whose oldest offset is not zero has
//! lost records. Of the outcomes, those that may be missing are older than the oldest that is
//! left; an outcome is younger than its command. Of the commands, those that may be missing were
//! decided before the oldest that is left, since a partition's commands are decided in order.
//! Clocks may differ by a minute.
//!
//! # What it needs
//!
//! Memory, while a partition is looked at: about 300 bytes per aggregate and 200 per command that
//! is still in its topic; besides, 200 bytes for each outcome that is still in its topic (a day).
//! One partition per thread is looked at, by as many threads as there are processors, at most 8.

mod aggregates;
mod book;
mod classifications;
mod commands;
mod events;
mod findings;
mod history;
mod outcomes;
mod report;
mod retention;
mod sequence;
mod snapshot;
mod states;
mod workers;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use domain::{Campaigns, Customers, Mailings, Orders};
use event_log::{Error, Settings, restore::PartitionReader};
use schemas::Topic;
use tokio::runtime::Handle;

use self::{
    commands::Outcomes,
    findings::Findings,
    outcomes::Books,
    retention::Kept,
    snapshot::{Snapshot, Topics},
    workers::{Done, Job, Tools},
};
pub use self::{report::Report, workers::Progress};

/// Checks one partition of an aggregate type.
type Check = fn(&mut Tools<'_>, &Snapshot, i32, &Outcomes, &Books) -> Result<Done, Error>;

/// The aggregate types.
const TYPES: [(Topics, Check); 4] = [
    (Topics::of::<Customers>(), aggregates::check::<Customers>),
    (Topics::of::<Orders>(), aggregates::check::<Orders>),
    (Topics::of::<Campaigns>(), aggregates::check::<Campaigns>),
    (Topics::of::<Mailings>(), aggregates::check::<Mailings>),
];

/// Verifies the log of an installation. Blocks; requests to the registry run on `runtime`, which
/// must not wait for this thread.
///
/// # Errors
/// When the log cannot be read to where it ended. What is wrong with the log itself is in the
/// report.
pub fn log(settings: &Settings, runtime: &Handle, progress: &Progress) -> Result<Report, Error> {
    let started = Instant::now();
    let snapshot = {
        let reader = PartitionReader::new(settings)?;
        let types = TYPES.map(|(topics, _)| topics);
        Snapshot::take(settings, &reader, &types, &[classifications::TOPIC])?
    };
    progress.expect(snapshot.total());
    let run = |jobs| workers::run(settings, runtime, progress, jobs);

    let books: BTreeMap<_, _> = TYPES
        .map(|(topics, _)| (topics.name, Books::new(topics, snapshot.count(topics.commands))))
        .into();
    let mut findings = Findings::default();
    let mut outcomes = Outcomes::new();
    for done in run(outcome_jobs(&snapshot, &books))? {
        outcomes.insert(done.partition.number, done.kept);
        findings.merge(done.findings);
    }

    let mut cut = BTreeSet::new();
    for done in run(event_jobs(&snapshot, &outcomes, &books))? {
        if done.kept != Kept::All {
            cut.insert(done.partition.topic);
        }
        findings.merge(done.findings);
    }
    for (topics, _) in TYPES {
        if let Some(books) = books.get(topics.name) {
            books.balance_unaddressed(!cut.contains(&topics.commands), &mut findings);
        }
    }
    Ok(Report::new(findings, started.elapsed()))
}

fn outcome_jobs<'j>(
    snapshot: &'j Snapshot,
    books: &'j BTreeMap<&'static str, Books>,
) -> Vec<Job<'j>> {
    let job = |number| -> Job<'j> {
        Box::new(move |tools| outcomes::read(tools, snapshot, number, books))
    };
    (0..snapshot.count(Topic::COMMAND_RESULTS)).map(job).collect()
}

fn event_jobs<'j>(
    snapshot: &'j Snapshot,
    outcomes: &'j Outcomes,
    books: &'j BTreeMap<&'static str, Books>,
) -> Vec<Job<'j>> {
    let mut jobs = Vec::<Job<'j>>::new();
    for (topics, check) in TYPES {
        let Some(books) = books.get(topics.name) else { continue };
        for number in 0..snapshot.widest(topics) {
            jobs.push(Box::new(move |tools| check(tools, snapshot, number, outcomes, books)));
        }
    }
    for number in 0..snapshot.count(classifications::TOPIC) {
        jobs.push(Box::new(move |tools| classifications::check(tools, snapshot, number)));
    }
    jobs
}
