//! Puts a command into the log and waits for its outcome.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Violation;
use event_log::{Appender, OutRecord, Position, appender::AppendError, record::headers};
use schemas::{Envelope, Timestamp, any_command::Encoders, command::CommandOutcome};
use service::Prefer;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    command::Submission,
    metrics,
    outcomes::{Outcomes, Pending, Refusal},
    settings::Limits,
};

/// Source of every command in its envelope.
pub const SOURCE: &str = "command-api";

/// Least time for the log to acknowledge a command, however short the client wants to wait.
const LEAST_DELIVERY: Duration = Duration::from_secs(1);

/// Where commands are appended.
#[async_trait]
pub trait CommandLog: Send + Sync {
    /// Appends a record; the error says whether it may be in the log.
    async fn append(&self, record: OutRecord) -> Result<Position, AppendError>;
}

#[async_trait]
impl CommandLog for Appender {
    async fn append(&self, record: OutRecord) -> Result<Position, AppendError> {
        Self::append(self, record).await
    }
}

/// What became of a submitted command, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was decided.
    Decided(CommandOutcome),
    /// It is in the log; the client did not want to wait any longer.
    Pending,
}

/// Why a submitted command was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Its form is wrong; nothing was appended.
    #[error("the command breaks a rule of form")]
    Invalid(Vec<Violation>),
    /// Its id belongs to another command; nothing was appended.
    #[error("the command id was used for another command")]
    Reused,
    /// Too many commands are under way; nothing was appended.
    #[error("too many commands are under way")]
    Overloaded,
    /// The log did not take it.
    #[error("the log did not take the command")]
    Refused,
    /// It may or may not be in the log.
    #[error("it is not known whether the command is in the log")]
    Unknown,
    /// A bug of ours.
    #[error("the command cannot be written")]
    Internal,
}

/// Sends commands; shared by all requests.
pub struct Dispatcher {
    log: Arc<dyn CommandLog>,
    encoders: Encoders,
    outcomes: Arc<Outcomes>,
    reply_to: i32,
    limits: Limits,
}

impl Dispatcher {
    /// Makes one whose outcomes come back on partition `reply_to` of `command.results`.
    pub fn new(
        log: Arc<dyn CommandLog>,
        encoders: Encoders,
        outcomes: Arc<Outcomes>,
        reply_to: i32,
        limits: Limits,
    ) -> Self {
        Self { log, encoders, outcomes, reply_to, limits }
    }

    /// Sends a command and waits for its outcome as long as the client prefers.
    pub async fn send(&self, submission: &Submission, prefer: Prefer) -> Result<Answer, Failure> {
        let since = std::time::Instant::now();
        let aggregate = submission.command.aggregate();
        let answer = self.try_send(submission, prefer).await;
        let result = label(&answer);
        ::metrics::counter!(metrics::COMMANDS, "aggregate" => aggregate, "result" => result)
            .increment(1);
        ::metrics::histogram!(metrics::ANSWER_SECONDS, "aggregate" => aggregate)
            .record(since.elapsed());
        answer
    }

    async fn try_send(&self, submission: &Submission, prefer: Prefer) -> Result<Answer, Failure> {
        let now = Timestamp::now();
        let violations = submission.validate(now);
        if !violations.is_empty() {
            return Err(Failure::Invalid(violations));
        }
        let payload = self.encoders.encode(&submission.command).map_err(|error| {
            tracing::error!(%error, command.id = %submission.id, trace.id = submission.trace_id(), "a command cannot be encoded");
            Failure::Internal
        })?;
        let identity = submission.identity(&payload);
        let id = submission.id;
        let mut waiter =
            self.outcomes.wait_for(id, &identity).map_err(|refusal| match refusal {
                Refusal::Full => Failure::Overloaded,
                Refusal::Reused => Failure::Reused,
            })?;

        let started = Instant::now();
        let wait = self.wait(prefer);
        let delivery = self.limits.delivery.min(wait.max(LEAST_DELIVERY));
        let append = timeout(delivery, self.log.append(self.record(submission, payload, now)));
        tokio::select! {
            // The same command was sent twice, and the other one has its outcome already.
            outcome = waiter.outcome() => return Ok(Answer::Decided(outcome)),
            appended = append => self.check(submission, appended)?,
        }
        match timeout_at(started + wait, waiter.outcome()).await {
            Ok(outcome) => Ok(Answer::Decided(outcome)),
            Err(_) => {
                // From now on nobody waits for it here, but it can be asked for.
                let correlation_id = submission.correlation_id.clone();
                self.outcomes.left(id, Pending { identity, correlation_id });
                Ok(Answer::Pending)
            }
        }
    }

    /// How long the outcome is waited for.
    fn wait(&self, prefer: Prefer) -> Duration {
        if prefer.respond_async {
            return Duration::ZERO;
        }
        prefer.wait_or(self.limits.wait)
    }

    fn check(
        &self,
        submission: &Submission,
        appended: Result<Result<Position, AppendError>, tokio::time::error::Elapsed>,
    ) -> Result<(), Failure> {
        let (id, trace) = (submission.id, submission.trace_id());
        match appended {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error @ AppendError::Refused(_))) => {
                tracing::warn!(%error, command.id = %id, trace.id = trace, "a command was not appended");
                Err(Failure::Refused)
            }
            Ok(Err(error @ AppendError::Unknown(_))) => {
                tracing::warn!(%error, command.id = %id, trace.id = trace, "a command may not be appended");
                Err(Failure::Unknown)
            }
            Err(_) => {
                tracing::warn!(command.id = %id, trace.id = trace, "the log did not acknowledge a command in time");
                Err(Failure::Unknown)
            }
        }
    }

    fn record(&self, submission: &Submission, payload: Vec<u8>, now: Timestamp) -> OutRecord {
        let id = submission.id.to_string();
        let traceparent = submission.trace.map(|context| context.to_string());
        let envelope = Envelope {
            id: &id,
            source: SOURCE,
            message_type: submission.command.wire_type(),
            time: Some(now),
            subject: Some(submission.aggregate_id.as_str()),
            correlation_id: Some(&submission.correlation_id),
            actor: Some(&submission.actor),
            traceparent: traceparent.as_deref(),
            expected_version: submission.expected_version,
            reply_to: Some(self.reply_to),
            ..Envelope::default()
        };
        OutRecord {
            topic: submission.command.topic(),
            partition: None,
            key: Some(submission.aggregate_id.as_str().into()),
            payload: Some(payload),
            headers: headers(&envelope),
        }
    }
}

const fn label(answer: &Result<Answer, Failure>) -> &'static str {
    match answer {
        Ok(Answer::Decided(outcome)) if outcome.rejection.is_none() => "accepted",
        Ok(Answer::Decided(_)) => "rejected",
        Ok(Answer::Pending) => "pending",
        Err(Failure::Invalid(_)) => "invalid",
        Err(Failure::Reused) => "reused",
        Err(Failure::Overloaded) => "overloaded",
        Err(Failure::Refused) => "refused",
        Err(Failure::Unknown) => "unknown",
        Err(Failure::Internal) => "internal",
    }
}
