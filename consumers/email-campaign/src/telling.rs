//! What came of mails, and what customers did with them, as commands to their aggregates: taken from
//! where it was noted, in the transaction that puts the commands into the outbox.

use consumer_runtime::{
    Cause, Connection, Emissions, Error, flight, row::read_field, tokio_postgres::Row,
};
use schemas::{
    AggregateId, Either, EventId, Timestamp,
    customer::WithdrawEmailPermission,
    mailing::{
        ExcludeMailing, Exclusion, MailingCommand, MarkFailed, MarkSent, MarkUncertain, Reaction,
        RecordReaction,
    },
};
use uuid::Uuid;

use crate::projection::Command;

/// Most that is told in one turn.
const BATCH: i64 = 500;

const DELIVERIES: &str = "with told as (delete from delivery where requested_by in \
       (select requested_by from delivery where ended_at <= $2 order by ended_at limit $1 \
        for update skip locked) \
       returning *) \
     select t.mailing_id, t.requested_by, m.correlation_id, t.outcome, t.detail, t.ended_at \
     from told t left join mailing m on m.mailing_id = t.mailing_id order by t.ended_at";

const REACTIONS: &str = "with told as (delete from reaction where (mailing_id, reaction) in \
       (select mailing_id, reaction from reaction where reacted_at <= $2 \
        order by reacted_at limit $1 \
        for update skip locked) returning *) \
     select m.mailing_id, m.requested_by, m.correlation_id, t.reaction, t.reacted_at, m.customer_id \
     from told t join mailing m on m.mailing_id = t.mailing_id order by t.reacted_at";

/// Tells what was noted until now, which is the time of the commands; true when there may be more.
/// What is noted meanwhile waits for the next turn: a command that tells of what comes after it is
/// refused, as one of the future.
///
/// # Errors
/// When Postgres fails.
pub async fn tell(
    connection: &Connection,
    now: Timestamp,
    out: &mut Emissions<Command>,
) -> Result<bool, Error> {
    let now = now.to_jiff();
    let deliveries = flight::select(connection, DELIVERIES, &[&BATCH, &now]).await?;
    for row in &deliveries {
        let mailing: AggregateId = read_field(row, 0, "mailing_id")?;
        // One command for each time that it was requested, whatever it says.
        out.answer(cause(row)?, &mailing, Either::First(ended(row)?));
    }
    let reactions = flight::select(connection, REACTIONS, &[&BATCH, &now]).await?;
    for row in &reactions {
        react(row, out)?;
    }
    let told = deliveries.len().max(reactions.len());
    Ok(i64::try_from(told) == Ok(BATCH))
}

fn cause(row: &Row) -> Result<Cause, Error> {
    let event: Uuid = read_field(row, 1, "requested_by")?;
    let correlation_id: Option<String> = read_field(row, 2, "correlation_id")?;
    let correlation_id = correlation_id.map(Into::into);
    Ok(Cause { id: EventId(event), correlation_id, trace: None })
}

fn ended(row: &Row) -> Result<MailingCommand, Error> {
    let (outcome, detail): (String, String) =
        (read_field(row, 3, "outcome")?, read_field(row, 4, "detail")?);
    let ended_at: Timestamp = read_field(row, 5, "ended_at")?;
    Ok(match outcome.as_str() {
        "sent" => MarkSent { message_id: Some(detail), sent_at: ended_at }.into(),
        "failed" => MarkFailed { reason: detail }.into(),
        "uncertain" => MarkUncertain { reason: detail }.into(),
        _ => {
            let reason = Exclusion::named(&detail).unwrap_or(Exclusion::Other);
            ExcludeMailing { reason }.into()
        }
    })
}

fn react(row: &Row, out: &mut Emissions<Command>) -> Result<(), Error> {
    let (mailing, customer): (AggregateId, AggregateId) =
        (read_field(row, 0, "mailing_id")?, read_field(row, 5, "customer_id")?);
    let name: String = read_field(row, 3, "reaction")?;
    let reacted_at: Timestamp = read_field(row, 4, "reacted_at")?;
    let reaction = Reaction::named(&name).unwrap_or(Reaction::Other);
    let record = RecordReaction { reaction, reacted_at };
    out.answer_each(cause(row)?, &name, &mailing, Either::First(record.into()));
    if reaction == Reaction::Unsubscribed {
        let withdraw = WithdrawEmailPermission { source: format!("link in mailing {mailing}") };
        let withdraw = Either::Second(Either::Second(withdraw.into()));
        out.answer_each(cause(row)?, "withdrawn", &customer, withdraw);
    }
    Ok(())
}
