//! Applies a batch: what can be applied, whatever else is in it.
//!
//! An event that cannot be applied is found out by the attempt. It is condemned, and the batch is
//! attempted anew without it and without the later events of its key, which are parked.

use std::{
    collections::{BTreeSet, HashMap},
    time::SystemTime,
};

use event_log::Position;
use schemas::Timestamp;

use crate::{
    batch::{Batch, Share},
    dead_letters::{
        parking::{Divided, Parking, Spoiled, Verdict},
        raw::{self, RawRecord},
    },
    error::Error,
    flight::End,
    offset,
    poison::Poison,
    projection::Projection,
    recorded::Item,
    tables::Statement,
    traced,
    transaction::{Applied, Applier, Work},
};

impl<P: Projection> Applier<P> {
    /// Applies what of a batch is still ours; `None` when that is nothing. Either everything is
    /// stored or nothing; a batch whose commit got no answer may simply be applied again.
    ///
    /// # Errors
    /// [`Error::Fenced`] when a partition has another owner; [`Error::TooManyDeadLetters`]; others
    /// as they come. Without dead letters [`Error::Poison`] for an event that cannot be applied.
    pub async fn apply(
        &self,
        batch: &Batch<P::Event>,
        now: Timestamp,
    ) -> Result<Option<Applied>, Error> {
        let share = batch.enter();
        if share.spans.is_empty() {
            return Ok(None);
        }
        let mut parking = parking(&share);
        let mut published = BTreeSet::new();
        loop {
            let divided = parking.divide(&share.items);
            let raw = self.raw(&share, &divided, &mut published).await?;
            match self.store(&share, &divided, &raw, now).await {
                Ok(applied) => {
                    self.remember(&share, &divided);
                    return Ok(Some(applied));
                }
                Err(error) => {
                    let spoiled = self.condemn(error, &divided.good, now).await?;
                    parking.condemn(spoiled);
                }
            }
        }
    }

    /// The records to be parked, as they are in the log. Those that are dead letters are copied to
    /// their topic, each once.
    async fn raw(
        &self,
        share: &Share<'_, P::Event>,
        divided: &Divided<'_, P::Event>,
        published: &mut BTreeSet<Position>,
    ) -> Result<Vec<RawRecord>, Error> {
        let parked = &divided.parked;
        let Some(letters) = self.dead_letters.as_ref().filter(|_| !parked.is_empty()) else {
            return Ok(Vec::new());
        };
        letters.admit(&self.database, share.items.len() + share.spoiled.len(), parked).await?;
        let raw = letters.fetch(parked).await?;
        for parked in parked {
            let Some(verdict) = parked.verdict else { continue };
            if published.insert(parked.at) {
                letters.publish(raw::find(&raw, parked)?, verdict).await?;
            }
        }
        Ok(raw)
    }

    async fn store(
        &self,
        share: &Share<'_, P::Event>,
        divided: &Divided<'_, P::Event>,
        raw: &[RawRecord],
        now: Timestamp,
    ) -> Result<Applied, Error> {
        let parked = divided.parked.iter();
        let further: Result<Vec<Statement<'_>>, Error> =
            parked.map(|parked| Ok(raw::find(raw, parked)?.park(parked.verdict))).collect();
        let advance = if self.unfenced { offset::advance_unfenced } else { offset::advance };
        let work = Work {
            items: &divided.good,
            claim: advance(self.generation(), &share.spans),
            claimed: share.spans.len(),
            further: further?,
            end: End::Commit,
        };
        let next = share.spans.iter().map(|s| (s.lease.partition, s.to)).collect();
        let parked = divided.parked.len();
        match self.transact(&work, now).await? {
            Some(done) => Ok(Applied { parked, next, ..done.into() }),
            None => {
                self.is_stored(&share.spans).await?;
                traced::tell(&self.tracer, self.name, &divided.good, SystemTime::now());
                // By an earlier attempt. What it emitted is in the outbox.
                Ok(Applied { parked, next, unanswered: true, ..Applied::default() })
            }
        }
    }

    /// Keeps in mind what was parked.
    fn remember(&self, share: &Share<'_, P::Event>, divided: &Divided<'_, P::Event>) {
        if let Some(letters) = &self.dead_letters {
            let dead = divided.parked.iter().filter(|parked| parked.verdict.is_some());
            letters.count(share.items.len() + share.spoiled.len(), dead.count());
        }
        for parked in &divided.parked {
            let lease = share.spans.iter().find(|s| s.lease.partition == parked.at.partition);
            if let Some((span, key)) = lease.zip(parked.key) {
                span.lease.parked().insert(key.into());
            }
        }
    }

    /// The event because of which an attempt failed.
    ///
    /// # Errors
    /// The error itself, when it is not about one event.
    pub(crate) async fn condemn(
        &self,
        error: Error,
        items: &[&Item<P::Event>],
        now: Timestamp,
    ) -> Result<Spoiled, Error> {
        if self.dead_letters.is_none() {
            return Err(error);
        }
        match error {
            Error::Poison { at, key, reason } if reason.is_of_one_record() => Ok(Spoiled {
                at,
                key: key.map(|key| key.as_bytes().into()),
                verdict: Verdict::from(&reason),
            }),
            error if error.is_refused_value() => self.find_refused(error, items, now).await,
            error => Err(error),
        }
    }

    /// Looks for the first event that makes a row which the database refuses, by halves.
    async fn find_refused(
        &self,
        mut error: Error,
        items: &[&Item<P::Event>],
        now: Timestamp,
    ) -> Result<Spoiled, Error> {
        let (mut good, mut bad) = (0, items.len());
        while let Some(half) = items.get(..usize::midpoint(good, bad)).filter(|h| h.len() > good) {
            match self.probe(half, now).await? {
                None => good = half.len(),
                Some(refused) => (bad, error) = (half.len(), refused),
            }
        }
        let at_fault = bad.checked_sub(1).and_then(|index| items.get(index));
        // With the last one it failed when everything was stored, maybe because of something else.
        let is_sure = bad < items.len() || self.probe(items, now).await?.is_some();
        let Some(item) = at_fault.filter(|_| is_sure) else {
            return Err(Error::Connection(format!("{error}; not so when it was tried again")));
        };
        let key = Some(item.key().as_str().as_bytes().into());
        let verdict = Verdict::from(&Poison::Refused(error.to_string()));
        Ok(Spoiled { at: item.at(), key, verdict })
    }

    /// Whether the database would refuse what these events make; nothing is stored.
    async fn probe(
        &self,
        items: &[&Item<P::Event>],
        now: Timestamp,
    ) -> Result<Option<Error>, Error> {
        let claim = Statement { sql: "select 1".into(), parameters: Vec::new() };
        let work = Work { items, claim, claimed: 1, further: Vec::new(), end: End::Rollback };
        match self.transact(&work, now).await {
            Ok(_) => Ok(None),
            Err(error) if error.is_refused_value() => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }
}

/// What is known of bad records before the first attempt.
fn parking<E>(share: &Share<'_, E>) -> Parking {
    let known = share.spans.iter().filter_map(|span| {
        let parked = span.lease.parked();
        (!parked.is_empty()).then(|| (span.lease.partition, parked.clone()))
    });
    let spoiled = share.spoiled.iter().map(|spoiled| (*spoiled).clone());
    Parking::new(known.collect::<HashMap<_, _>>(), spoiled.collect())
}
