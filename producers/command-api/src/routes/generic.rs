//! `POST /api/command`: any command of any aggregate, in the form that existing front ends,
//! scripts and recordings send. Fields beside those of the form are passed over.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    AggregateId,
    any_command::{AnyCommand, NoCommand},
};
use serde::Deserialize;
use serde_json::Value;
use service::{
    Problem,
    edge::{AsIs, is_correlation_id},
};
use utoipa::ToSchema;

use super::Api;
use crate::{
    answer::{Accepted, Form},
    body::{JsonBody, bad_part, invalid},
    openapi::CommandProblems,
    request::{CommandHeaderParams, CommandHeaders},
};

/// Any command.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "aggregateName": "order", "aggregateId": "o-17", "command": "CREATE",
    "payload": {"customerId": "c-1", "text": "two CDs", "value": "13.99"},
    "correlationId": "SVLT-V1StGXR8_Z5jdHi6B-myT",
}))]
pub struct GenericCommand {
    /// `customer`, `order`, `campaign` or `mailing`.
    #[schema(required, value_type = String)]
    aggregate_name: Option<String>,
    /// Id of the aggregate: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`.
    #[schema(required, value_type = String)]
    aggregate_id: Option<String>,
    /// Of a customer: `CREATE`, `UPDATE`, `GRANT_EMAIL_PERMISSION`, `WITHDRAW_EMAIL_PERMISSION`;
    /// of an order: `CREATE`, `ADD_USD_RATE_AND_VALUE`, `REQUIRE_CONFIRMATION`, `CONFIRM`, `CORRECT_TEXT`; of a
    /// campaign: `CREATE`, `START`, `PAUSE`, `COMPLETE`; of a mailing, by a person: `MARK_SENT`,
    /// `MARK_FAILED`, `REQUEST_AGAIN`.
    #[schema(required, value_type = String)]
    command: Option<String>,
    /// Fields of the command; none when absent.
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
    /// Joins the command with everything that it sets off; goes before the header.
    correlation_id: Option<String>,
}

/// Send any command.
///
/// Answers 200 with the text `OK`, and 400 with a text that says what is wrong, or both with JSON
/// when `Accept` asks for it. All other errors are problem details in any case.
#[utoipa::path(
    post, path = "/api/command", operation_id = "sendCommand", tag = "generic", params(CommandHeaderParams),
    request_body = GenericCommand,
    responses(
        (status = 200, description = "Accepted", content(
            (String = "text/plain", example = "OK"),
            (Accepted = "application/json"),
        ), headers(
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn command(
    State(api): State<Api>,
    accept: HeaderMap,
    headers: CommandHeaders,
    body: Result<JsonBody<GenericCommand>, Problem>,
) -> Response {
    let wants_json = accepts(&accept, &["application/json", "application/problem+json"]);
    let form = if wants_json { Form::Generic } else { Form::Word };
    match body.and_then(|JsonBody(body)| Sent::read(body)) {
        Ok(sent) => {
            let headers = CommandHeaders {
                correlation_id: sent.correlation_id.or(headers.correlation_id),
                ..headers
            };
            api.take(headers, Some(sent.id), sent.command, form).await
        }
        Err(problem) => refused(problem, !wants_json),
    }
}

struct Sent {
    id: AggregateId,
    command: AnyCommand,
    correlation_id: Option<String>,
}

impl Sent {
    fn read(body: GenericCommand) -> Result<Self, Problem> {
        let aggregate = body.aggregate_name.ok_or_else(|| missing("/aggregateName"))?;
        let id = body.aggregate_id.ok_or_else(|| missing("/aggregateId"))?;
        let name = body.command.ok_or_else(|| missing("/command"))?;
        let command = AnyCommand::read(&aggregate, &name, body.payload.unwrap_or_default());
        let command = command.map_err(refusal)?;
        let id = AggregateId::new(&id)
            .map_err(|error| invalid("/aggregateId", &format!("is refused: {error}")))?;
        if body.correlation_id.as_deref().is_some_and(|id| !is_correlation_id(id)) {
            let detail = "must have 1 to 128 visible ASCII characters";
            return Err(invalid("/correlationId", detail));
        }
        Ok(Self { id, command, correlation_id: body.correlation_id })
    }
}

fn refusal(error: NoCommand) -> Problem {
    match error {
        NoCommand::Aggregate => bad("Invalid aggregate name", "/aggregateName"),
        NoCommand::Name(_) => bad("Invalid command name", "/command"),
        NoCommand::NoObject => invalid("/payload", "must be an object"),
        NoCommand::Payload(error) => bad_part(&error, "/payload"),
    }
}

fn missing(pointer: &str) -> Problem {
    bad("Missing field", pointer)
}

fn bad(text: &str, pointer: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", text).at(pointer, text)
}

fn refused(problem: Problem, as_text: bool) -> Response {
    if !as_text || problem.status != StatusCode::BAD_REQUEST {
        return problem.into_response();
    }
    let mut response = (problem.status, problem.detail).into_response();
    response.extensions_mut().insert(AsIs);
    response
}

/// True when one of the media types is asked for by name.
fn accepts(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut asked = values.flat_map(|value| value.split(','));
    asked.any(|range| {
        let name = range.split(';').next().unwrap_or_default().trim();
        media_types.iter().any(|media_type| name.eq_ignore_ascii_case(media_type))
    })
}
