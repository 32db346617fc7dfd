//! The chore: sends what is due, tells what came of it, and asks for more.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use consumer_runtime::{Chore, Connection, Database, Emissions, Error, backlog::Backlog, flight};
use schemas::{Timestamp, Topic};
use tokio::sync::OnceCell;

use crate::{
    asking,
    projection::{Command, EmailCampaign, Tables},
    sending::{SEND, Sending},
    settings::Pace,
    telling,
};

/// The topics that say what was done already.
const TOPICS: [Topic; 4] = [
    Topic::CUSTOMER_EVENTS,
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
    Topic::CAMPAIGN_EVENTS,
    Topic::MAILING_EVENTS,
];

/// Notes that this schema has all that the log had. When it is the first time, whoever had the
/// schema before knew which mails were on their way, and that is lost: they are uncertain.
const CATCH_UP: &str = "with first as (insert into sender (caught_up_at) values ($1) \
       on conflict do nothing returning caught_up_at), \
     lost as (insert into delivery (requested_by, mailing_id, outcome, detail, ended_at) \
       select m.requested_by, m.mailing_id, 'uncertain', \
         'what was known of mails on their way is lost', $1 \
       from mailing m, first where m.status = 'requested' returning requested_by, mailing_id) \
     insert into effect (id, name, subject, cause, state, attempts, started_at, ended_at, outcome) \
     select gen_random_uuid(), $2, mailing_id, requested_by, 'completed', 0, $1, $1, 'uncertain' \
     from lost";

/// The chore.
#[derive(Debug)]
pub struct Campaigning {
    log: event_log::Settings,
    pace: Pace,
    sending: Sending,
    backlog: OnceCell<Backlog>,
    has_caught_up: AtomicBool,
}

impl Campaigning {
    /// Sends by `sending`, at this pace.
    #[must_use]
    pub fn new(log: event_log::Settings, pace: Pace, sending: Sending) -> Self {
        let (backlog, has_caught_up) = (OnceCell::new(), AtomicBool::new(false));
        Self { log, pace, sending, backlog, has_caught_up }
    }

    /// Whether what the log had when this process began is applied. Before that a mail may look
    /// unsent that was sent long ago.
    async fn has_caught_up(&self, database: &Database, now: Timestamp) -> Result<bool, Error> {
        if self.has_caught_up.load(Ordering::Acquire) {
            return Ok(true);
        }
        let look = || Backlog::look(&self.log, TOPICS.to_vec());
        let backlog = self.backlog.get_or_try_init(look).await?;
        if !backlog.is_applied(database).await? {
            return Ok(false);
        }
        let connection = database.connection().await?;
        flight::select(&connection, CATCH_UP, &[&now.to_jiff(), &SEND]).await?;
        self.has_caught_up.store(true, Ordering::Release);
        Ok(true)
    }
}

#[async_trait]
impl Chore<EmailCampaign> for Campaigning {
    fn interval(&self) -> std::time::Duration {
        self.pace.poll
    }

    fn follows_events(&self) -> bool {
        true
    }

    /// A mail that is cut off in the middle would be uncertain.
    fn stop(&self) -> bool {
        self.sending.stop();
        true
    }

    async fn prepare(&self, database: &Database, now: Timestamp) -> Result<(), Error> {
        match self.has_caught_up(database, now).await? {
            true => self.sending.send_some(now).await,
            false => Ok(()),
        }
    }

    async fn turn(
        &self,
        connection: &Connection,
        now: Timestamp,
        _: &mut Tables,
        out: &mut Emissions<Command>,
    ) -> Result<bool, Error> {
        let more = telling::tell(connection, now, out).await?;
        if !self.has_caught_up.load(Ordering::Acquire) {
            return Ok(more);
        }
        asking::fix(connection, now, out).await?;
        Ok(asking::ask(connection, now, self.pace, out).await? || more)
    }
}
