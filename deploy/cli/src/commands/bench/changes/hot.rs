//! Clients that hear every change, and what they make of it.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use event_log::Settings;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use super::{
    append::{Changes, Load, Sent},
    stream::Clients,
};
use crate::failure::Result;

/// The read model that changes.
pub const MODEL: &str = "bench/changes";

/// What the last row of each partition is called, instead of by a number.
pub const END: &str = "end";

/// Longest time without a word from the notifier.
const LIMIT: Duration = Duration::from_secs(30);

/// What was heard by all clients together.
#[derive(Debug, Default)]
pub struct Heard {
    /// Changes that a client was not told of.
    pub missed: usize,
    /// Changes that a client was told of once more, or too late.
    pub repeated: usize,
    /// How often a client was told to reload.
    pub reloads: usize,
    /// How long each timed change took to each client, in microseconds, in ascending order.
    pub micros: Vec<u32>,
    /// How long the changes were appended.
    pub appended: Duration,
}

/// Appends changes at a rate, and has so many clients hear each.
pub async fn hear(
    settings: &Settings,
    clients: Clients,
    count: NonZeroUsize,
    load: Load,
) -> Result<Heard> {
    let changes = Changes::new(settings).await.context("cannot append changes")?;
    let sent = Sent::none_of(load.changes());
    let mut listening = JoinSet::new();
    for number in 0..count.get() {
        let reader = clients.open(number, MODEL).await.context("cannot open a stream")?;
        let ear = Ear::new(changes.partitions, &sent, load);
        listening.spawn(ear.listen(reader));
    }
    let appended = changes.append(load.rate, &sent).await.context("cannot append changes")?;
    let mut all = Heard { appended, ..Heard::default() };
    while let Some(ended) = listening.join_next().await {
        let Heard { missed, repeated, reloads, micros, .. } =
            ended.context("a client panicked")??;
        all.missed += missed;
        all.repeated += repeated;
        all.reloads += reloads;
        all.micros.extend(micros);
    }
    all.micros.sort_unstable();
    Ok(all)
}

/// One client.
struct Ear {
    /// By partition: the number of the change that comes next; none after the last.
    next: Vec<Option<usize>>,
    sent: Sent,
    warm_up: usize,
    changes: usize,
    heard: Heard,
}

impl Ear {
    fn new(partitions: usize, sent: &Sent, load: Load) -> Self {
        let (warm_up, changes) = (load.warm_up(), load.changes());
        let micros = Vec::with_capacity(changes - warm_up);
        let heard = Heard { micros, ..Heard::default() };
        Self {
            next: (0..partitions).map(Some).collect(),
            sent: sent.clone(),
            warm_up,
            changes,
            heard,
        }
    }

    /// Reads until the last change of every partition has come.
    async fn listen(mut self, mut reader: BufReader<TcpStream>) -> anyhow::Result<Heard> {
        let mut line = Vec::new();
        while self.next.iter().any(Option::is_some) {
            line.clear();
            let read = timeout(LIMIT, reader.read_until(b'\n', &mut line)).await;
            if read.context("a client heard nothing any more")?.context("a stream broke")? == 0 {
                bail!("a stream ended");
            }
            let line = std::str::from_utf8(&line).context("an event is no text")?;
            if line == "event: reload\n" {
                self.heard.reloads += 1;
            } else if line.starts_with("data: ") && line != "data: {}\n" {
                self.hear(row(line).with_context(|| format!("no change of ours: {line}"))?)?;
            }
        }
        Ok(self.heard)
    }

    /// Takes in a change. Each partition has its own, in ascending order.
    fn hear(&mut self, (partition, number): (usize, &str)) -> anyhow::Result<()> {
        let (step, changes) = (self.next.len(), self.changes);
        let next = self.next.get_mut(partition).context("an unknown partition")?;
        let Some(expected) = *next else {
            self.heard.repeated += 1;
            return Ok(());
        };
        if number == END {
            self.heard.missed += (expected..changes).step_by(step).count();
            *next = None;
            return Ok(());
        }
        let number: usize = number.parse().context("a row of another kind")?;
        if number < expected {
            self.heard.repeated += 1;
            return Ok(());
        }
        self.heard.missed += (number - expected) / step;
        *next = Some(number + step);
        if number >= self.warm_up {
            let sent = self.sent.at(number).context("it was not appended")?;
            let took = Instant::now().saturating_duration_since(sent);
            self.heard.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
        Ok(())
    }
}

/// The partition and the number in the name of the row that an event tells of.
fn row(line: &str) -> Option<(usize, &str)> {
    let (_, rest) = line.split_once("\"rowId\":\"")?;
    let (partition, number) = rest.split_once('"')?.0.split_once('/')?;
    Some((partition.parse().ok()?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client makes of changes that come in this order; 6 were sent, to two partitions.
    fn heard(rows: &[(usize, &str)]) -> Heard {
        let load = Load { rate: 2, seconds: 2 };
        let mut ear = Ear::new(2, &Sent::all_of(load.changes()), load);
        for row in rows {
            ear.hear(*row).unwrap();
        }
        assert!(ear.next.iter().all(Option::is_none), "{:?}", ear.next);
        ear.heard
    }

    #[test]
    fn each_change_once_in_whatever_order_of_the_partitions() {
        let rows = [(0, "0"), (0, "2"), (1, "1"), (1, "3"), (1, "5"), (1, END), (0, "4"), (0, END)];
        let Heard { missed, repeated, micros, .. } = heard(&rows);
        assert_eq!((missed, repeated, micros.len()), (0, 0, 4), "the first two are not timed");
    }

    #[test]
    fn what_is_missed_and_what_comes_again_is_counted() {
        let rows = [(0, "0"), (0, "4"), (0, "2"), (0, "4"), (0, END), (0, END), (1, "1"), (1, END)];
        let Heard { missed, repeated, .. } = heard(&rows);
        assert_eq!((missed, repeated), (1 + 2, 3));
    }

    #[test]
    fn rows_are_found_in_events() {
        let line = r#"data: {"endpoint":"bench","rowId":"3/17","details":{"id":"x"}}"#;
        assert_eq!(row(line), Some((3, "17")));
        assert_eq!(row("data: {}"), None);
    }
}
