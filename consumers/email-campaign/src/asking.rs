//! Whom a campaign addresses, and how fast: its audience is fixed at where this saga stands in the
//! log when it learns of the start; then a mailing is asked for each customer of it, at a set rate.
//! All of it is done inside the turn of the chore, by whichever instance has the campaign's lock.

use consumer_runtime::{
    Cause, Connection, Emissions, Error, flight,
    row::read_field,
    tokio_postgres::{Row, types::ToSql},
};
use schemas::{
    AggregateId, Either, EventId, Timestamp, Topic,
    campaign::{CutPosition, FixAudience},
    classification::CustomerClass,
    mailing::RequestMailing,
};
use uuid::Uuid;

use crate::{projection::Command, settings::Pace};

/// What the ids of mailings follow from whose campaign and customer are too long for one.
const LONG: Uuid = Uuid::from_u128(0x2a0c_6f0e_0f43_4d6b_8e55_51f7_0d28_9a44);

/// Campaigns that were started and whose audience nobody has begun to fix.
const UNFIXED: &str = "select c.campaign_id, c.audience_class, c.started_by, c.correlation_id \
     from campaign c where c.status = 'running' and c.started_by is not null and c.cut is null \
       and not exists (select from asking a where a.campaign_id = c.campaign_id) \
     order by c.campaign_id limit 10 for update of c skip locked";

/// Where the classes are applied up to.
const CUT: &str = "select partition, max(next_offset) from consumer_offset where topic = $1 \
     group by 1 order by 1";

/// The class of each customer up to a cut ($1, $2), after a customer ($3), in the order of customers.
const CLASSES: &str = "select distinct on (k.customer_id collate \"C\") \
       k.customer_id, k.class, k.sequence \
     from customer_class k join unnest($1::int[], $2::bigint[]) as cut (partition, next_offset) \
       on k.partition = cut.partition and k.log_offset < cut.next_offset \
     where k.customer_id collate \"C\" > $3 \
     order by k.customer_id collate \"C\", k.sequence desc";

/// The campaign whose turn it is, of those that are not done.
const NEXT: &str = "select c.campaign_id, c.audience_class, c.cut, c.fixed_by, c.correlation_id, \
       a.after_customer, a.asked_at \
     from asking a join campaign c on c.campaign_id = a.campaign_id \
     where c.status = 'running' and c.cut is not null and not a.is_done and a.asked_at < $1 \
     order by a.asked_at limit 1 for update of a skip locked";

/// Fixes the audiences of campaigns that were started.
///
/// # Errors
/// When Postgres fails.
pub async fn fix(
    connection: &Connection,
    now: Timestamp,
    out: &mut Emissions<Command>,
) -> Result<(), Error> {
    let unfixed = flight::select(connection, UNFIXED, &[]).await?;
    for row in &unfixed {
        let campaign: AggregateId = read_field(row, 0, "campaign_id")?;
        let class: CustomerClass = read_field(row, 1, "audience_class")?;
        let started: Option<Uuid> = read_field(row, 2, "started_by")?;
        let cut = cut(connection).await?;
        let customers = count(connection, &cut, class).await?;
        begin(connection, &campaign, now).await?;
        tracing::info!(
            aggregate.id = %campaign, customers, "the audience of a campaign is fixed"
        );
        let cause = cause(row, 3, started)?;
        let fix = FixAudience { customers, cut };
        out.answer(cause, &campaign, Either::Second(Either::First(fix.into())));
    }
    // Campaigns whose audience was fixed before this schema was made.
    let known = "insert into asking (campaign_id, asked_at) select campaign_id, $1 from campaign \
                 where cut is not null and status <> 'completed' on conflict do nothing";
    flight::select(connection, known, &[&now.to_jiff()]).await.map(drop)
}

async fn cut(connection: &Connection) -> Result<Vec<CutPosition>, Error> {
    let topic = Topic::CUSTOMER_CLASSIFICATION_EVENTS.name();
    let rows = flight::select(connection, CUT, &[&topic]).await?;
    rows.iter()
        .map(|row| {
            let partition = read_field(row, 0, "partition")?;
            Ok(CutPosition { partition, next_offset: read_field(row, 1, "next_offset")? })
        })
        .collect()
}

async fn count(
    connection: &Connection,
    cut: &[CutPosition],
    class: CustomerClass,
) -> Result<i64, Error> {
    let sql = format!("select count(*) from ({CLASSES}) as latest where class = $4");
    let (partitions, offsets) = columns(cut);
    let rows =
        flight::select(connection, &sql, &[&partitions, &offsets, &"", &class.as_str()]).await?;
    Ok(rows.first().map_or(Ok(0), |row| read_field(row, 0, "count"))?)
}

fn columns(cut: &[CutPosition]) -> (Vec<i32>, Vec<i64>) {
    cut.iter().map(|position| (position.partition, position.next_offset)).unzip()
}

async fn begin(
    connection: &Connection,
    campaign: &AggregateId,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "insert into asking (campaign_id, asked_at) values ($1, $2) on conflict do nothing";
    flight::select(connection, sql, &[&campaign.as_str(), &now.to_jiff()]).await.map(drop)
}

fn cause(row: &Row, correlation: usize, event: Option<Uuid>) -> Result<Cause, Error> {
    let unknown = || Error::Broken("a campaign that runs was never started".into());
    let correlation_id: Option<String> = read_field(row, correlation, "correlation_id")?;
    let id = EventId(event.ok_or_else(unknown)?);
    Ok(Cause { id, correlation_id: correlation_id.map(Into::into), trace: None })
}

/// Asks for the next mailings of one campaign, as many as the time since the last time allows.
/// True when another campaign may be due.
///
/// # Errors
/// When Postgres fails.
pub async fn ask(
    connection: &Connection,
    now: Timestamp,
    pace: Pace,
    out: &mut Emissions<Command>,
) -> Result<bool, Error> {
    // Below that not even one mail would be due.
    let least = std::time::Duration::from_secs(1) / pace.per_second;
    let before = now.to_jiff().saturating_sub(least).unwrap_or(now.to_jiff());
    let rows = flight::select(connection, NEXT, &[&before]).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let next = Next::read(row, now, pace)?;
    let found = next.customers(connection).await?;
    let last = found.last().map_or(next.after.as_str(), |(customer, _)| customer.as_str());
    let is_done = i64::try_from(found.len()).unwrap_or(i64::MAX) < next.most;
    let sql = "update asking set after_customer = $2, asked_at = $3, is_done = $4 \
               where campaign_id = $1";
    let parameters: [&(dyn ToSql + Sync); 4] =
        [&next.campaign.as_str(), &last, &now.to_jiff(), &is_done];
    flight::select(connection, sql, &parameters).await?;
    for (customer, sequence) in &found {
        next.request(customer, *sequence, out);
    }
    Ok(true)
}

/// The campaign whose turn it is.
struct Next {
    campaign: AggregateId,
    class: CustomerClass,
    cut: (Vec<i32>, Vec<i64>),
    cause: Cause,
    after: String,
    most: i64,
}

impl Next {
    fn read(row: &Row, now: Timestamp, pace: Pace) -> Result<Self, Error> {
        let cut: Option<String> = read_field(row, 2, "cut")?;
        let broken = || Error::Broken("a campaign has no readable cut".into());
        let asked_at: Timestamp = read_field(row, 6, "asked_at")?;
        Ok(Self {
            campaign: read_field(row, 0, "campaign_id")?,
            class: read_field(row, 1, "audience_class")?,
            cut: read_cut(&cut.unwrap_or_default()).ok_or_else(broken)?,
            cause: cause(row, 4, read_field(row, 3, "fixed_by")?)?,
            after: read_field(row, 5, "after_customer")?,
            most: due(now.micros() - asked_at.micros(), pace),
        })
    }

    /// The next customers of the class, without those of whom mailings are known. In order, also
    /// after the join: whoever comes before the last one is never looked at again.
    async fn customers(&self, connection: &Connection) -> Result<Vec<(AggregateId, i64)>, Error> {
        let sql = format!(
            "select customer_id, sequence from ({CLASSES}) as latest where class = $4 \
               and not exists (select from mailing m \
                 where m.campaign_id = $5 and m.customer_id = latest.customer_id) \
             order by customer_id collate \"C\" limit $6"
        );
        let (partitions, offsets) = &self.cut;
        let (class, campaign) = (self.class.as_str(), self.campaign.as_str());
        let parameters: [&(dyn ToSql + Sync); 6] =
            [partitions, offsets, &self.after, &class, &campaign, &self.most];
        let rows = flight::select(connection, &sql, &parameters).await?;
        let read = |row| Ok((read_field(row, 0, "customer_id")?, read_field(row, 1, "sequence")?));
        rows.iter().map(read).collect()
    }

    fn request(&self, customer: &AggregateId, sequence: i64, out: &mut Emissions<Command>) {
        let id = mailing_id(&self.campaign, customer);
        let request = RequestMailing {
            campaign_id: self.campaign.clone(),
            customer_id: customer.clone(),
            customer_class: self.class,
            class_sequence: sequence,
        };
        out.answer_each(self.cause.clone(), id.as_str(), &id, Either::First(request.into()));
    }
}

/// Mails that are due after so many microseconds; at most those of one second, so that nothing
/// piles up during a pause.
fn due(micros: i64, pace: Pace) -> i64 {
    let per_second = i64::from(pace.per_second);
    (micros.clamp(0, 1_000_000) * per_second / 1_000_000).max(1)
}

fn read_cut(text: &str) -> Option<(Vec<i32>, Vec<i64>)> {
    let positions = text.split(',').filter(|part| !part.is_empty());
    let read = |part: &str| {
        let (partition, offset) = part.split_once('=')?;
        Some((partition.parse::<i32>().ok()?, offset.parse::<i64>().ok()?))
    };
    positions.map(read).collect()
}

/// Id of the mailing of a campaign to a customer.
#[must_use]
pub fn mailing_id(campaign: &AggregateId, customer: &AggregateId) -> AggregateId {
    let text = format!("{campaign}:{customer}");
    AggregateId::new(&text).unwrap_or_else(|_| Uuid::new_v5(&LONG, text.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(text: &str) -> AggregateId {
        AggregateId::new(text).unwrap()
    }

    #[test]
    fn a_mailing_is_named_by_campaign_and_customer() {
        assert_eq!(mailing_id(&id("spring"), &id("c1")), id("spring:c1"));
        let long = |letter: &str| id(&letter.repeat(100));
        assert_eq!(mailing_id(&long("a"), &long("b")), mailing_id(&long("a"), &long("b")));
        assert_ne!(mailing_id(&long("a"), &long("b")), mailing_id(&long("a"), &long("c")));
    }

    #[test]
    fn a_pause_lets_nothing_pile_up() {
        let pace = Pace { per_second: 20, poll: Duration::ZERO };
        assert_eq!(due(50_000, pace), 1);
        assert_eq!(due(500_000, pace), 10);
        assert_eq!(due(3_600_000_000, pace), 20);
        assert_eq!(due(-5, pace), 1);
    }

    #[test]
    fn a_cut_is_read() {
        assert_eq!(read_cut("0=17,3=4"), Some((vec![0, 3], vec![17, 4])));
        assert_eq!(read_cut(""), Some((Vec::new(), Vec::new())));
        assert_eq!(read_cut("0"), None);
    }
}
