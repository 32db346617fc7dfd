//! Commands whose senders lack the right: told, logged, and kept on a topic of their own.

use std::{sync::Arc, time::Duration};

use event_log::{OutRecord, record::headers};
use schemas::{Encoder, Envelope, Messages, Timestamp, command::CommandRefused};
use service::{Problem, Subject, auth::refusal::forbidden};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    command::Submission,
    dispatch::{CommandLog, SOURCE},
    metrics,
};

/// Longest time that the record may hold up the answer. The log line is written in any case.
const RECORD_LIMIT: Duration = Duration::from_secs(1);

/// Records refusals; shared by all requests.
pub struct Refusals {
    log: Arc<dyn CommandLog>,
    encoder: Encoder<CommandRefused>,
}

impl Refusals {
    /// Makes one that appends to a log.
    pub fn new(log: Arc<dyn CommandLog>, encoder: Encoder<CommandRefused>) -> Self {
        Self { log, encoder }
    }

    /// Refuses a command for the want of its right.
    pub async fn refuse(&self, submission: &Submission, subject: &Subject) -> Problem {
        let right = submission.command.right();
        let problem = forbidden(subject, &right);
        let refused = CommandRefused {
            command_id: submission.id.to_string(),
            aggregate: submission.command.aggregate().to_owned(),
            aggregate_id: submission.aggregate_id.to_string(),
            command_type: submission.command.wire_type().to_owned(),
            actor: submission.actor.clone(),
            right,
            reason: problem.code.to_owned(),
        };
        if let Err(reason) = self.record(&refused, &submission.correlation_id).await {
            ::metrics::counter!(metrics::REFUSALS_LOST).increment(1);
            tracing::warn!(%reason, command.id = refused.command_id, trace.id = submission.trace_id(), "a refusal is not in the log");
        }
        problem
    }

    async fn record(&self, refused: &CommandRefused, correlation_id: &str) -> Result<(), String> {
        let id = Uuid::now_v7().to_string();
        let envelope = Envelope {
            id: &id,
            source: SOURCE,
            message_type: refused.wire_type(),
            time: Some(Timestamp::now()),
            subject: Some(&refused.aggregate_id),
            correlation_id: Some(correlation_id),
            causation_id: Some(&refused.command_id),
            actor: Some(&refused.actor),
            ..Envelope::default()
        };
        let record = OutRecord {
            topic: CommandRefused::TOPIC,
            partition: None,
            key: Some(refused.command_id.as_str().into()),
            payload: Some(self.encoder.encode(refused).map_err(|error| error.to_string())?),
            headers: headers(&envelope),
        };
        match timeout(RECORD_LIMIT, self.log.append(record)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the log did not acknowledge it in time".to_owned()),
        }
    }
}
