//! Mails on their way: each is an effect in the ledger, begun before the mail server is asked and
//! ended together with what came of it. One that was begun and never ended may or may not have
//! arrived: it is *uncertain*, and never sent again but by a person's decision.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use consumer_runtime::{
    Database, Error,
    effect::{Effect, Standing, Undertaking},
    flight,
    row::{RowError, read_field},
    tokio_postgres::{Row, types::ToSql},
};
use domain::template::Recipient;
use futures_util::{StreamExt, TryStreamExt, stream};
use metrics::counter;
use schemas::{AggregateId, EventId, Timestamp, classification::CustomerClass, mailing::Exclusion};
use uuid::Uuid;

use crate::{
    mail::{Composer, MailError, Templates, mailbox},
    metrics::MAILS,
    post::{Answer, Post},
    settings::Patience,
};

/// The effect's name.
pub const SEND: &str = "send-mail";

/// Mails that are begun in one go. A pause holds after so many.
const BATCH: i64 = 20;

/// Mails that are sent side by side.
pub const AT_ONCE: usize = 4;

/// How long a mail waits when there is no mail server.
const AWAY: Duration = Duration::from_secs(5);

/// Most of what a mail server said is kept, in characters.
const LONGEST_REASON: usize = 400;

/// Mails that wait, and those of campaigns that are over.
const DUE: &str = "select m.mailing_id, m.requested_by, m.link_token, m.customer_class, \
       m.customer_id, m.campaign_id \
     from mailing m join campaign c on c.campaign_id = m.campaign_id \
     where m.status = 'requested' and c.status in ('running', 'completed') \
       and not exists (select from effect e where e.cause = m.requested_by and e.name = $1 \
         and e.state = 'completed') \
       and not exists (select from retry r where r.requested_by = m.requested_by \
         and r.due_at > $2) \
     order by m.requested_at, m.mailing_id limit $3";

/// Ends the effect of a mail that is not sent, and notes that, unless an attempt is under way.
const EXCLUDE: &str = "with ended as (insert into effect as e \
       (id, name, subject, cause, state, attempts, started_at, ended_at, outcome) \
       values ($1, $2, $3, $4, 'completed', 0, $5, $5, $6) \
       on conflict (id) do update set state = 'completed', ended_at = $5, outcome = $6 \
         where e.state = 'failed' returning e.cause) \
     insert into delivery (requested_by, mailing_id, outcome, detail, ended_at) \
     select cause, $3, $6, $7, $5 from ended returning requested_by";

/// Sends mails.
#[derive(Debug)]
pub struct Sending {
    post: Arc<Post>,
    composer: Composer,
    patience: Patience,
    /// Connections of its own: each mail under way holds one.
    database: Database,
    is_stopping: AtomicBool,
}

/// A mailing that is due.
struct Mailing {
    id: AggregateId,
    requested_by: Uuid,
    token: String,
    class: CustomerClass,
    customer: AggregateId,
    campaign: AggregateId,
}

/// What is known of a mailing at the moment of sending.
struct Situation {
    campaign_status: String,
    templates: Templates,
    name: String,
    email: Option<String>,
    permission: bool,
}

/// What came of a mail, for good.
enum Outcome {
    Sent(String),
    Failed(String),
    Uncertain(String),
    Excluded(Exclusion),
}

impl Outcome {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Sent(id) => ("sent", id),
            Self::Failed(reason) => ("failed", reason),
            Self::Uncertain(reason) => ("uncertain", reason),
            Self::Excluded(reason) => ("excluded", reason.as_str()),
        }
    }
}

impl Sending {
    /// Sends by this server.
    #[must_use]
    pub fn new(
        post: Arc<Post>,
        composer: Composer,
        patience: Patience,
        database: Database,
    ) -> Self {
        Self { post, composer, patience, database, is_stopping: AtomicBool::new(false) }
    }

    /// Begins no further mail.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }

    /// Sends some of the mails that are due.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn send_some(&self, now: Timestamp) -> Result<(), Error> {
        let due: Vec<Mailing> = {
            let connection = self.database.connection().await?;
            let parameters: [&(dyn ToSql + Sync); 3] = [&SEND, &now.to_jiff(), &BATCH];
            let rows = flight::select(&connection, DUE, &parameters).await?;
            rows.iter().map(Mailing::read).collect::<Result<_, _>>()?
        };
        let sending = stream::iter(due).map(|mailing| async move { self.send(&mailing).await });
        sending.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(drop)
    }

    async fn send(&self, mailing: &Mailing) -> Result<(), Error> {
        if self.is_stopping.load(Ordering::Acquire) {
            return Ok(());
        }
        // Nothing is begun for whoever is not written to: were it interrupted, nobody would know.
        if let Some(reason) = self.situation(mailing).await?.exclusion()
            && self.exclude(mailing, reason).await?
        {
            return Ok(());
        }
        match mailing.effect().begin(&self.database, Timestamp::now()).await? {
            Standing::Due(undertaking) => self.attempt(mailing, undertaking).await,
            Standing::Interrupted(undertaking) => {
                let reason = "whoever was sending it ended in the middle of it".to_owned();
                end(mailing, undertaking, Outcome::Uncertain(reason)).await
            }
            // By another instance: now, or since we looked.
            Standing::Completed | Standing::Busy => Ok(()),
        }
    }

    async fn attempt(&self, mailing: &Mailing, undertaking: Undertaking) -> Result<(), Error> {
        // Now, and not when it was asked for: a permission may have been withdrawn since.
        let situation = self.situation(mailing).await?;
        if let Some(reason) = situation.exclusion() {
            return end(mailing, undertaking, Outcome::Excluded(reason)).await;
        }
        let Some(email) = situation.email.as_deref().filter(|_| situation.is_running()) else {
            return undertaking.fail("the campaign is paused", Timestamp::now()).await;
        };
        let answer = match self.message(mailing, &situation, email) {
            Ok(message) => self.post.send(&message).await,
            Err(error) => Answer::Never(error.to_string()),
        };
        let told = |said: &str| without_address(said, email);
        match answer {
            Answer::Taken => {
                let id = self.composer.message_id(&mailing.id);
                end(mailing, undertaking, Outcome::Sent(id)).await
            }
            Answer::Never(said) => end(mailing, undertaking, Outcome::Failed(told(&said))).await,
            Answer::Unknown(said) => {
                end(mailing, undertaking, Outcome::Uncertain(told(&said))).await
            }
            Answer::Later(said) => self.later(mailing, undertaking, told(&said)).await,
            Answer::Away(said) => {
                tracing::warn!(mailing.id = %mailing.id, said, "the mail server is away");
                let refusals = refusals(&self.database, mailing).await?;
                put_off(mailing, undertaking, (refusals, AWAY), told(&said)).await
            }
        }
    }

    fn message(
        &self,
        mailing: &Mailing,
        situation: &Situation,
        email: &str,
    ) -> Result<lettre::Message, MailError> {
        let recipient = Recipient { name: &situation.name, class: mailing.class.as_str() };
        let composed = self.composer.compose(&situation.templates, recipient, &mailing.token)?;
        let to = mailbox(&situation.name, email)?;
        self.composer.message(&mailing.id, to, &mailing.token, composed)
    }

    /// The server does not want it now.
    async fn later(
        &self,
        mailing: &Mailing,
        undertaking: Undertaking,
        said: String,
    ) -> Result<(), Error> {
        let refusals = refusals(&self.database, mailing).await? + 1;
        if refusals >= self.patience.attempts {
            let reason = format!("given up after {} attempts: {said}", self.patience.attempts);
            return end(mailing, undertaking, Outcome::Failed(reason)).await;
        }
        put_off(mailing, undertaking, (refusals, self.patience.wait(refusals)), said).await
    }

    /// Notes that it is not sent, in the ledger as well; false when an attempt to send it was begun
    /// and has not ended: then nothing is noted.
    async fn exclude(&self, mailing: &Mailing, reason: Exclusion) -> Result<bool, Error> {
        let effect = mailing.effect();
        let (now, outcome) = (Timestamp::now().to_jiff(), Outcome::Excluded(reason));
        let (id, (name, detail)) = (effect.id(), outcome.parts());
        let parameters: [&(dyn ToSql + Sync); 7] =
            [&id, &SEND, &effect.subject, &mailing.requested_by, &now, &name, &detail];
        let connection = self.database.connection().await?;
        let noted = flight::select(&connection, EXCLUDE, &parameters).await?;
        let is_noted = !noted.is_empty();
        if is_noted {
            counter!(MAILS, "outcome" => name).increment(1);
        }
        Ok(is_noted)
    }

    async fn situation(&self, mailing: &Mailing) -> Result<Situation, Error> {
        let sql = "select c.status, c.subject, c.body, coalesce(k.name, ''), k.email, \
                     coalesce(k.permission, false) \
                   from campaign c left join customer k on k.customer_id = $2 \
                   where c.campaign_id = $1";
        let connection = self.database.connection().await?;
        let ids = (mailing.campaign.as_str(), mailing.customer.as_str());
        let rows = flight::select(&connection, sql, &[&ids.0, &ids.1]).await?;
        let missing = || Error::Broken("a mailing has no campaign".into());
        Ok(Situation::read(rows.first().ok_or_else(missing)?)?)
    }
}

impl Situation {
    /// Why the customer is not written to, if so.
    fn exclusion(&self) -> Option<Exclusion> {
        if self.campaign_status == "completed" {
            Some(Exclusion::CampaignCompleted)
        } else if self.email.is_none() {
            Some(Exclusion::NoAddress)
        } else if self.permission {
            None
        } else {
            Some(Exclusion::NoPermission)
        }
    }

    fn is_running(&self) -> bool {
        self.campaign_status == "running"
    }
}

impl Mailing {
    fn effect(&self) -> Effect<'_> {
        Effect { name: SEND, cause: EventId(self.requested_by), subject: self.id.as_str() }
    }

    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: read_field(row, 0, "mailing_id")?,
            requested_by: read_field(row, 1, "requested_by")?,
            token: read_field(row, 2, "link_token")?,
            class: read_field(row, 3, "customer_class")?,
            customer: read_field(row, 4, "customer_id")?,
            campaign: read_field(row, 5, "campaign_id")?,
        })
    }
}

impl Situation {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            campaign_status: read_field(row, 0, "status")?,
            templates: Templates {
                subject: read_field(row, 1, "subject")?,
                body: read_field(row, 2, "body")?,
            },
            name: read_field(row, 3, "name")?,
            email: read_field(row, 4, "email")?,
            permission: read_field(row, 5, "permission")?,
        })
    }
}

/// How often the server has refused it for now.
async fn refusals(database: &Database, mailing: &Mailing) -> Result<i32, Error> {
    let connection = database.connection().await?;
    let sql = "select attempts from retry where requested_by = $1";
    let rows = flight::select(&connection, sql, &[&mailing.requested_by]).await?;
    Ok(rows.first().map_or(Ok(0), |row| read_field(row, 0, "attempts"))?)
}

/// It is over: what came of it is noted with the end of the effect.
async fn end(
    mailing: &Mailing,
    mut undertaking: Undertaking,
    outcome: Outcome,
) -> Result<(), Error> {
    let now = Timestamp::now();
    let (name, detail) = outcome.parts();
    counter!(MAILS, "outcome" => name).increment(1);
    let sql = "insert into delivery (requested_by, mailing_id, outcome, detail, ended_at) \
               values ($1, $2, $3, $4, $5)";
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&mailing.requested_by, &mailing.id.as_str(), &name, &detail, &now.to_jiff()];
    flight::select(undertaking.open().await?, sql, &parameters).await?;
    undertaking.complete(name, now).await
}

/// It is tried again later.
async fn put_off(
    mailing: &Mailing,
    mut undertaking: Undertaking,
    (refusals, wait): (i32, Duration),
    reason: String,
) -> Result<(), Error> {
    let now = Timestamp::now();
    let due_at = now.to_jiff().saturating_add(wait).unwrap_or(now.to_jiff());
    let sql = "insert into retry (requested_by, attempts, due_at, reason) values ($1, $2, $3, $4) \
               on conflict (requested_by) do update set attempts = excluded.attempts, \
                 due_at = excluded.due_at, reason = excluded.reason";
    let parameters: [&(dyn ToSql + Sync); 4] = [&mailing.requested_by, &refusals, &due_at, &reason];
    flight::select(undertaking.open().await?, sql, &parameters).await?;
    undertaking.fail(&reason, now).await
}

/// Without the address, and not too long: it becomes part of the log for ever.
fn without_address(said: &str, email: &str) -> String {
    said.replace(email, "<the address>").chars().take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_does_not_get_into_the_log() {
        let said = "550 5.1.1 <anna@example.org>: no such user";
        let told = without_address(said, "anna@example.org");
        assert_eq!(told, "550 5.1.1 <<the address>>: no such user");
    }
}
