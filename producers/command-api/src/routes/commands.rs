//! `/v1/commands/{id}`: what became of a command.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use schemas::CommandId;
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use crate::{
    lookup::Unsearched,
    openapi::ProblemBody,
    outcomes::{Known, Outcome, Pending},
};

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
/// Outcomes are kept for a day. A command that another instance has taken is known here only once
/// it was decided.
#[utoipa::path(
    get, path = "/v1/commands/{id}", operation_id = "commandStatus", tag = "commands",
    params(("id" = String, Path, description = "Id of the command, a UUID")),
    responses(
        (status = 200, description = "Its outcome, or that it has none yet", body = CommandStatus),
        (status = 404, description = "No outcome is known", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "The outcomes could not be searched in time; try again after \
            `Retry-After` seconds", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn status(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<CommandStatus>, Problem> {
    let Ok(uuid) = Uuid::parse_str(&id) else {
        return Err(absent("a command id is a UUID"));
    };
    let command = CommandId(uuid);
    match api.outcomes.known(command) {
        Some(Known::Decided(outcome)) => Ok(Json(decided(command, outcome))),
        Some(Known::Pending(taken)) => Ok(Json(pending(command, taken))),
        None => match api.history.find(command).await {
            Ok(Some(outcome)) => Ok(Json(decided(command, outcome))),
            Ok(None) => Err(absent("no outcome of such a command is known")),
            Err(error @ (Unsearched::Busy | Unsearched::Unfinished)) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(Problem::new(status, "not_searched", error.to_string()).retry_after(2))
            }
        },
    }
}

fn absent(detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

fn decided(command: CommandId, known: Outcome) -> CommandStatus {
    let outcome = known.outcome;
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
        correlation_id: known.correlation_id,
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
    }
}
