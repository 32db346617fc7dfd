//! The steps of a rebuild.

use std::{
    fmt::Write as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context;
use consumer_runtime::{
    read_model::{NEXT, PREVIOUS},
    run::schema_of,
    tokio_postgres::Client,
};
use indicatif::{HumanBytes, HumanCount};

use crate::{
    failure::{Failure, Result},
    generations::{
        self,
        build::{Builder, Refused},
        compare::{Side, compare},
    },
    report::{Report, print},
    snapshot::Snapshot,
};

/// A build that is so near to the end of the topics has caught up.
const NEAR: i64 = 1_000;

/// Times that a build follows a log that grows meanwhile.
const ROUNDS: u32 = 20;

/// Times that a switch looks whether all is published, with a moment between.
const OUTBOX_TRIES: u32 = 100;

/// Exit code of a binary that refuses what it is to do.
const REFUSES: i32 = 64;

/// A rebuild.
pub struct Rebuild {
    builder: Builder,
    client: Client,
    live: String,
    next: String,
    previous: String,
}

impl Rebuild {
    /// Connects.
    pub async fn new(builder: Builder) -> Result<Self> {
        let client = generations::connect(&builder.database_url).await?;
        let live = schema_of(builder.consumer.name());
        let (next, previous) = (format!("{live}{NEXT}"), format!("{live}{PREVIOUS}"));
        Ok(Self { builder, client, live, next, previous })
    }

    /// Shows what a start would do.
    pub async fn plan(&self) -> Result<ExitCode> {
        let name = self.builder.consumer.name();
        let live = generations::require(&self.client, &self.live, NOT_RUN).await?;
        let offsets = generations::offsets(&self.client, &self.live).await?;
        let ends = generations::ends(&self.builder.settings, &offsets).await?;
        let (bytes, rows) = generations::size(&self.client, &self.live).await?;
        let events: i64 = ends.0.values().sum();
        let mut text = format!(
            "{name}: build {} is live, by version {} of its projection: about {} rows, {}\n\
             start would apply up to {} records of {} partitions in schema {}, with {}",
            live.generation,
            live.projection_version,
            HumanCount(rows.unsigned_abs()),
            HumanBytes(bytes.unsigned_abs()),
            HumanCount(events.unsigned_abs()),
            ends.0.len(),
            self.next,
            self.builder.program.display(),
        );
        if generations::find(&self.client, &self.next).await?.is_some() {
            let at = generations::offsets(&self.client, &self.next).await?;
            let left = HumanCount(generations::behind(&at, &ends).unsigned_abs());
            // Writing to a string cannot fail.
            let _ = write!(text, "\nit has begun: {left} records are left");
        }
        print(text);
        Ok(ExitCode::SUCCESS)
    }

    /// Builds the next one until it is near the end.
    pub async fn start(&self) -> Result<ExitCode> {
        generations::require(&self.client, &self.live, NOT_RUN).await?;
        let began = Instant::now();
        let left = self.catch_up(&self.next).await?;
        let (_, rows) = self.analyzed(&self.next).await?;
        print(format!(
            "{} is built: about {} rows after {:.1} s, {left} records behind the log; next: diff, \
             switch or drop",
            self.next,
            HumanCount(rows.unsigned_abs()),
            began.elapsed().as_secs_f64()
        ));
        Ok(ExitCode::SUCCESS)
    }

    async fn analyzed(&self, schema: &str) -> Result<(i64, i64)> {
        for table in generations::tables(&self.client, schema).await? {
            let analyze = format!("analyze \"{schema}\".\"{table}\"");
            self.client.batch_execute(&analyze).await.map_err(generations::postgres)?;
        }
        generations::size(&self.client, schema).await
    }

    /// Builds up to the end of the topics, and again as long as much has come meanwhile. Returns
    /// how much came during the last round.
    async fn catch_up(&self, schema: &str) -> Result<i64> {
        let read = generations::offsets(&self.client, &self.live).await?;
        let mut end = generations::ends(&self.builder.settings, &read).await?;
        for _ in 0..ROUNDS {
            self.builder.run(schema, &end).await?;
            let now = generations::ends(&self.builder.settings, &read).await?;
            let came = generations::behind(&end, &now);
            if came <= NEAR {
                return Ok(came);
            }
            end = now;
        }
        Err(Failure::unavailable(format!(
            "the log grows as fast as {schema} is built: try when less goes on"
        )))
    }

    /// Shows every build.
    pub async fn status(&self) -> Result<ExitCode> {
        let live = generations::offsets(&self.client, &self.live).await?;
        let ends = generations::ends(&self.builder.settings, &live).await?;
        let mut text = format!(
            "{:<10} {:<32} {:>6} {:>8} {:>12} {:>12} {:>10}",
            "build", "schema", "number", "version", "rows", "size", "behind"
        );
        for (what, schema) in
            [("live", &self.live), ("next", &self.next), ("previous", &self.previous)]
        {
            let Some(model) = generations::find(&self.client, schema).await? else { continue };
            let at = generations::offsets(&self.client, schema).await?;
            let (bytes, rows) = generations::size(&self.client, schema).await?;
            let (number, version) = (model.generation, model.projection_version);
            let (rows, bytes) = (HumanCount(rows.unsigned_abs()), HumanBytes(bytes.unsigned_abs()));
            let behind = generations::behind(&at, &ends);
            let _ = write!(
                text,
                "\n{what:<10} {schema:<32} {number:>6} {version:>8} {:>12} {:>12} {behind:>10}",
                rows.to_string(),
                bytes.to_string()
            );
        }
        print(text);
        Ok(ExitCode::SUCCESS)
    }

    /// Compares the live one with the next at the same positions.
    pub async fn diff(&self, json: bool) -> Result<ExitCode> {
        generations::require(&self.client, &self.next, NOT_BUILT).await?;
        let at_least = generations::offsets(&self.client, &self.next).await?;
        let snapshot = Snapshot::take(&self.builder.database_url, &self.live, &at_least).await?;
        self.builder.run(&self.next, &snapshot.positions).await?;
        let live = Side { client: &snapshot.client, schema: &self.live };
        let next = Side { client: &self.client, schema: &self.next };
        let consumer = self.builder.consumer;
        let compared = compare(consumer, &snapshot.positions, live, next).await?;
        if json {
            print(serde_json::to_string_pretty(&compared).context("cannot print the differences")?);
        } else {
            print(compared.as_text());
        }
        Ok(ExitCode::from(u8::from(!compared.is_equal())))
    }

    /// Makes the next one live.
    pub async fn switch(&self) -> Result<ExitCode> {
        generations::require(&self.client, &self.next, NOT_BUILT).await?;
        if generations::find(&self.client, &self.previous).await?.is_some() {
            return Err(Failure::setup(format!(
                "{} is still there from the last switch: look whether all is well, then `drop` it",
                self.previous
            )));
        }
        self.catch_up(&self.next).await?;
        self.exchange(&self.next, &self.previous, true).await
    }

    /// Makes the one before live again.
    pub async fn back(&self) -> Result<ExitCode> {
        let missing = "there was no switch, or it was dropped";
        generations::require(&self.client, &self.previous, missing).await?;
        if generations::find(&self.client, &self.next).await?.is_some() {
            return Err(Failure::setup(format!("{} is in the way: `drop` it", self.next)));
        }
        let can_follow = self.catch_up_if_possible().await?;
        if !can_follow && self.builder.consumer.publishes().is_some() {
            return Err(Failure::setup(format!(
                "{} does not know what was published since, and this binary cannot tell it: name \
                 the one that built it by --binary",
                self.previous
            )));
        }
        self.exchange(&self.previous, &self.next, can_follow).await
    }

    /// Makes another build live, and keeps the live one under a name. Nothing is written meanwhile.
    async fn exchange(&self, other: &str, kept_as: &str, can_follow: bool) -> Result<ExitCode> {
        let (live, began) = (&*self.live, Instant::now());
        let mut holder = generations::connect(&self.builder.database_url).await?;
        let publishes = self.builder.consumer.publishes();
        let mut tries = 0;
        let held = loop {
            let held = generations::hold(&mut holder, live).await?;
            // The rows of another build number on from what is in the log: it has to be all.
            if publishes.is_none() || generations::is_all_sent(&held, live).await? {
                break held;
            }
            held.rollback().await.map_err(generations::postgres)?;
            tries += 1;
            if tries == OUTBOX_TRIES {
                return Err(Failure::unavailable(format!(
                    "the outbox of {live} does not get empty: does its consumer run?"
                )));
            }
            tokio::time::sleep(generations::LOOK_EVERY).await;
        };
        if can_follow {
            // What the live one has, it has too: nobody sees an older state than before.
            let mut offsets = generations::offsets(&self.client, live).await?;
            if let Some(topic) = publishes {
                // Also what the live one has not read back yet.
                let ends = generations::ends(&self.builder.settings, &offsets).await?;
                offsets.0.extend(ends.0.into_iter().filter(|(place, _)| place.topic == topic));
            }
            self.builder.run(other, &offsets).await?;
            generations::number_on(&held, live, other).await?;
        }
        generations::rename(held, &[(live, kept_as), (other, live)]).await?;
        self.say_live(began.elapsed()).await
    }

    /// Brings the one before up to date; false when it is of another version than the binary.
    async fn catch_up_if_possible(&self) -> Result<bool> {
        let read = generations::offsets(&self.client, &self.live).await?;
        let end = generations::ends(&self.builder.settings, &read).await?;
        match self.builder.try_run(&self.previous, &end).await? {
            Ok(()) => self.catch_up(&self.previous).await.map(|_| true),
            Err(Refused { code: Some(REFUSES), .. }) => {
                Report::new().note(format!(
                    "{} is of another version than this binary: its consumer has to catch up",
                    self.previous
                ));
                Ok(false)
            }
            Err(Refused { said, .. }) => Err(Failure::unavailable(said)),
        }
    }

    async fn say_live(&self, took: Duration) -> Result<ExitCode> {
        let live = generations::require(&self.client, &self.live, NOT_RUN).await?;
        print(format!(
            "build {} is live, by version {} of the projection: switched in {} ms",
            live.generation,
            live.projection_version,
            took.as_millis()
        ));
        Ok(ExitCode::SUCCESS)
    }

    /// Removes what is not live.
    pub async fn drop(&self) -> Result<ExitCode> {
        let mut dropped = Vec::new();
        for schema in [&self.next, &self.previous] {
            if generations::find(&self.client, schema).await?.is_some() {
                generations::remove(&self.client, schema).await?;
                dropped.push(schema.as_str());
            }
        }
        print(match dropped.as_slice() {
            [] => "nothing to drop".to_owned(),
            dropped => format!("dropped {}", dropped.join(" and ")),
        });
        Ok(ExitCode::SUCCESS)
    }
}

const NOT_RUN: &str = "its consumer has not run on this database yet";
const NOT_BUILT: &str = "`start` builds it";
