//! `/v1/commands/{id}`: what became of a command.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemas::CommandId;
use serde::Serialize;
use service::{Problem, Subject, auth::refusal::forbidden};
use utoipa::ToSchema;

use super::Api;
use crate::{
    answer::set_token,
    lookup::Unsearched,
    openapi::ProblemBody,
    outcomes::{Known, Outcome, Pending},
    request::is_key,
};

/// The right to ask what became of any command.
const RIGHT: &str = "command-api/commands";

/// What became of a command.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandStatus {
    /// Id of the command.
    #[schema(value_type = String, format = Uuid)]
    command_id: String,
    /// `pending`, `accepted` or `rejected`.
    #[schema(example = "accepted")]
    status: &'static str,
    /// Aggregate type.
    #[schema(example = "order")]
    aggregate: String,
    /// Id of the aggregate.
    #[schema(example = "o-17")]
    aggregate_id: String,
    /// Version of the aggregate after the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// Ids of the events that the command made, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<String>>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionBody>,
    /// Joins the command with everything that it sets off.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// As header `oneway-token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1~order.commands.3.1234")]
    token: Option<String>,
}

/// Why a command was rejected.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RejectionBody {
    /// Stable code for programs.
    #[schema(example = "rule_violated")]
    code: String,
    /// One sentence for people.
    message: String,
    /// JSON pointer to the field of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

/// What became of a command.
///
/// Any instance tells, whoever took the command. Outcomes are kept for a day.
#[utoipa::path(
    get, path = "/v1/commands/{id}", operation_id = "commandStatus", tag = "commands",
    params(("id" = String, Path, description = "Id of the command, or the `Idempotency-Key` that \
        it was sent with")),
    responses(
        (status = 200, description = "Its outcome, or that it has none yet", body = CommandStatus,
            headers(("oneway-token" = String,
                description = "What a query is to be sent with, to see this change"))),
        (status = 404, description = "There is no such command in the log", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "The log could not be searched in time; try again after \
            `Retry-After` seconds", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn status(
    State(api): State<Api>,
    subject: Subject,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    if !subject.may(RIGHT) {
        return Err(forbidden(&subject, RIGHT));
    }
    if !is_key(&key) {
        return Err(absent("a command id has 1 to 200 visible ASCII characters"));
    }
    let command = CommandId::from_key(&key);
    let known = match api.outcomes.known(command) {
        None => api.history.find(command).await.map_err(unsearched)?,
        known => known,
    };
    match known {
        Some(Known::Decided(known)) => {
            let mut response = Json(decided(command, &known)).into_response();
            set_token(&mut response, &known.outcome);
            Ok(response)
        }
        Some(Known::Pending(taken)) => Ok(Json(pending(command, taken)).into_response()),
        None => {
            Err(absent("there is no such command in the log, or its outcome is older than a day"))
        }
    }
}

fn absent(detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

fn unsearched(error: Unsearched) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_searched", error.to_string()).retry_after(2)
}

fn decided(command: CommandId, known: &Outcome) -> CommandStatus {
    let Outcome { outcome, correlation_id } = known.clone();
    let token = outcome.token().map(|token| token.to_string());
    let rejection = outcome.rejection.map(|rejection| RejectionBody {
        code: rejection.code,
        message: rejection.message,
        pointer: rejection.pointer,
    });
    CommandStatus {
        command_id: command.to_string(),
        status: if rejection.is_some() { "rejected" } else { "accepted" },
        aggregate: outcome.aggregate,
        aggregate_id: outcome.aggregate_id,
        version: Some(outcome.version),
        events: Some(outcome.event_ids),
        rejection,
        correlation_id,
        token,
    }
}

fn pending(command: CommandId, taken: Pending) -> CommandStatus {
    CommandStatus {
        command_id: command.to_string(),
        status: "pending",
        aggregate: taken.identity.aggregate.to_owned(),
        aggregate_id: taken.identity.aggregate_id.to_string(),
        version: None,
        events: None,
        rejection: None,
        correlation_id: Some(taken.correlation_id),
        token: None,
    }
}
