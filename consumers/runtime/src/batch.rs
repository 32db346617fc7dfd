//! What the reading thread hands over: events with the positions they cover.

use std::{ops::Range, sync::Arc};

use event_log::{Partition, Position};

use crate::{
    dead_letters::parking::Spoiled,
    lease::{Entered, Lease},
    recorded::Item,
};

/// Events of some partitions, in the order in which they came.
#[derive(Debug)]
pub struct Batch<E> {
    /// The events; those that mean nothing to the projection are left out.
    pub items: Vec<Item<E>>,
    /// Records that cannot be handled.
    pub spoiled: Vec<Spoiled>,
    /// What the batch covers, one span per partition.
    pub spans: Vec<Span>,
}

/// A stretch of one partition: also the records in it that mean nothing to the projection.
#[derive(Clone, Debug)]
pub struct Span {
    /// Under which assignment it was read.
    pub lease: Arc<Lease>,
    /// Its first offset.
    pub from: i64,
    /// The offset after its last.
    pub to: i64,
    /// The highest command offset that an event in it is the last of, if any.
    pub commands_done: Option<i64>,
}

impl<E> Default for Batch<E> {
    fn default() -> Self {
        Self { items: Vec::new(), spoiled: Vec::new(), spans: Vec::new() }
    }
}

impl<E> Batch<E> {
    /// Covers a stretch of a partition, which begins where the one before ended, and the commands
    /// that are done with it.
    pub fn cover(&mut self, lease: &Arc<Lease>, offsets: Range<i64>, commands_done: Option<i64>) {
        let Range { start: from, end: to } = offsets;
        match self.spans.iter_mut().find(|s| Arc::ptr_eq(&s.lease, lease)) {
            Some(span) => {
                span.to = to;
                span.commands_done = span.commands_done.max(commands_done);
            }
            None => self.spans.push(Span { lease: Arc::clone(lease), from, to, commands_done }),
        }
    }

    /// How many offsets it covers.
    #[must_use]
    pub fn offsets(&self) -> i64 {
        self.spans.iter().map(|span| span.to - span.from).sum()
    }

    /// Forgets what it has of these partitions.
    pub fn drop_partitions(&mut self, partitions: &[Partition]) {
        self.items.retain(|item| !partitions.contains(&item.at().partition));
        self.spoiled.retain(|spoiled| !partitions.contains(&spoiled.at.partition));
        self.spans.retain(|span| !partitions.contains(&span.lease.partition));
    }

    /// What of it is still ours, and stays ours until the return value is dropped.
    #[must_use]
    pub fn enter(&self) -> Share<'_, E> {
        let mut share = Share {
            items: Vec::new(),
            spoiled: Vec::new(),
            spans: Vec::new(),
            entered: Vec::new(),
        };
        for span in &self.spans {
            if let Some(entered) = span.lease.enter() {
                share.spans.push(span);
                share.entered.push(entered);
            }
        }
        let whole = share.spans.len() == self.spans.len();
        let is_ours =
            |at: Position| whole || share.spans.iter().any(|s| s.lease.partition == at.partition);
        let items = self.items.iter().filter(|item| is_ours(item.at())).collect();
        let spoiled = self.spoiled.iter().filter(|spoiled| is_ours(spoiled.at)).collect();
        (share.items, share.spoiled) = (items, spoiled);
        share
    }
}

/// The part of a batch that is still ours.
#[derive(Debug)]
pub struct Share<'a, E> {
    /// Its events.
    pub items: Vec<&'a Item<E>>,
    /// Its records that cannot be handled.
    pub spoiled: Vec<&'a Spoiled>,
    /// Its spans.
    pub spans: Vec<&'a Span>,
    /// Held until dropped: keeps a revocation waiting.
    entered: Vec<Entered<'a>>,
}
