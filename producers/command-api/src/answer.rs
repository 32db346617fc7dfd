//! Outcomes as HTTP answers.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    Token,
    command::{CommandOutcome, Rejection, RejectionCode},
};
use serde::Serialize;
use service::{Prefer, Problem, edge::CORRELATION_ID};
use utoipa::ToSchema;

use crate::{
    command::Submission,
    dispatch::{Answer, Failure},
};

/// What a query must be sent with to see what the command found or left.
pub const TOKEN: HeaderName = HeaderName::from_static(Token::HEADER);

/// The command was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted<'a> {
    /// Id of the command.
    #[schema(value_type = String, format = Uuid, example = "01932f6b-8c00-7000-8000-000000000000")]
    command_id: String,
    /// Aggregate type.
    #[schema(example = "order")]
    aggregate: &'a str,
    /// Id of the aggregate.
    #[schema(example = "o-17")]
    aggregate_id: &'a str,
    /// Version of the aggregate after the command; also the `ETag`.
    #[schema(example = 1)]
    version: i64,
    /// Ids of the events that the command made, in order; none when it changed nothing.
    #[schema(value_type = Vec<String>)]
    events: &'a [String],
    /// Joins the command with everything that it sets off.
    correlation_id: &'a str,
    /// As header `oneway-token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1~order.commands.3.1234")]
    token: Option<String>,
}

/// The command is in the log, and has no outcome yet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Taken<'a> {
    /// Id of the command: ask for its outcome at `/v1/commands/{id}`.
    #[schema(value_type = String, format = Uuid)]
    command_id: String,
    /// Aggregate type.
    #[schema(example = "order")]
    aggregate: &'a str,
    /// Id of the aggregate.
    aggregate_id: &'a str,
    /// Always `pending`.
    #[schema(example = "pending")]
    status: &'static str,
    /// Joins the command with everything that it sets off.
    correlation_id: &'a str,
}

/// How the answer to a command looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 201 and where the new resource is: under this path.
    Created(&'static str),
    /// 200.
    Changed,
    /// 200 and a word, as the generic route has always answered.
    Word,
    /// 200 and JSON, of the generic route.
    Generic,
}

impl Form {
    /// Where the fields of the command are in the request's body.
    const fn payload(self) -> &'static str {
        match self {
            Self::Created(_) | Self::Changed => "",
            Self::Word | Self::Generic => "/payload",
        }
    }
}

/// Answers a command.
pub fn answer(
    submission: &Submission,
    form: Form,
    prefer: Prefer,
    result: Result<Answer, Failure>,
) -> Response {
    let mut response = match result {
        Ok(Answer::Decided(outcome)) => match &outcome.rejection {
            None => accepted(submission, form, &outcome),
            Some(rejection) => {
                let problem = rejected(rejection, outcome.version, form.payload());
                let mut response = problem.into_response();
                set_token(&mut response, &outcome);
                response
            }
        },
        Ok(Answer::Pending) => taken(submission, form, prefer),
        Err(failure) => failed(submission, form, &failure),
    };
    set(&mut response, CORRELATION_ID, &submission.correlation_id);
    response
}

fn accepted(submission: &Submission, form: Form, outcome: &CommandOutcome) -> Response {
    let body = Accepted {
        command_id: submission.id.to_string(),
        aggregate: &outcome.aggregate,
        aggregate_id: &outcome.aggregate_id,
        version: outcome.version,
        events: &outcome.event_ids,
        correlation_id: &submission.correlation_id,
        token: outcome.token().map(|token| token.to_string()),
    };
    let mut response = match form {
        Form::Created(path) => {
            let mut response = (StatusCode::CREATED, Json(body)).into_response();
            let location = format!("{path}/{}", submission.aggregate_id);
            set(&mut response, header::LOCATION, &location);
            response
        }
        Form::Changed | Form::Generic => Json(body).into_response(),
        Form::Word => "OK".into_response(),
    };
    set(&mut response, header::ETAG, &format!("\"{}\"", outcome.version));
    set_token(&mut response, outcome);
    response
}

fn taken(submission: &Submission, form: Form, prefer: Prefer) -> Response {
    let body = Taken {
        command_id: submission.id.to_string(),
        aggregate: submission.command.aggregate(),
        aggregate_id: submission.aggregate_id.as_str(),
        status: "pending",
        correlation_id: &submission.correlation_id,
    };
    let mut response = match form {
        Form::Word => (StatusCode::ACCEPTED, "Accepted").into_response(),
        _ => (StatusCode::ACCEPTED, Json(body)).into_response(),
    };
    set(&mut response, header::LOCATION, &status_path(submission));
    if prefer.respond_async {
        let applied = HeaderName::from_static("preference-applied");
        set(&mut response, applied, "respond-async");
    }
    response
}

/// The problem that a rejection is told as; `payload` is where the command's fields are.
pub fn rejected(rejection: &Rejection, version: i64, payload: &str) -> Problem {
    let code = rejection.known_code();
    let status = match code {
        Some(RejectionCode::NotFound) => StatusCode::NOT_FOUND,
        Some(RejectionCode::VersionMismatch) => StatusCode::PRECONDITION_FAILED,
        Some(RejectionCode::Invalid | RejectionCode::CommandIdReused) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Some(RejectionCode::Malformed) => StatusCode::BAD_REQUEST,
        // A newer processor may have reasons that are not known here.
        Some(RejectionCode::AlreadyExists | RejectionCode::RuleViolated) | None => {
            StatusCode::CONFLICT
        }
    };
    let name = code.map_or("rejected", RejectionCode::as_str);
    let problem = Problem::new(status, name, &rejection.message);
    let problem = match &rejection.pointer {
        Some(pointer) => problem.at(format!("{payload}{pointer}"), &rejection.message),
        None => problem,
    };
    match code {
        Some(RejectionCode::VersionMismatch) => problem.current_version(version),
        _ => problem,
    }
}

fn failed(submission: &Submission, form: Form, failure: &Failure) -> Response {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let problem = match failure {
        Failure::Invalid(violations) => {
            let named = |pointer: &str| format!("{}{pointer}", form.payload());
            let said = violations.iter().map(|v| format!("{} {}", named(v.pointer), v.message));
            let detail = said.collect::<Vec<_>>().join("; ");
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
            violations.iter().fold(problem, |p, v| p.at(named(v.pointer), &v.message))
        }
        Failure::Reused => {
            let detail = "another command has this Idempotency-Key";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "command_id_reused", detail)
        }
        Failure::Overloaded => overloaded(),
        Failure::Refused => {
            let detail = "the log is not available; the command is not in the log";
            Problem::new(unavailable, "kafka_unavailable", detail).retry_after(2)
        }
        Failure::Unknown => {
            let id = submission.id;
            let detail = format!(
                "the log did not answer in time; the command may be in the log or not: send it \
                 again with Idempotency-Key: {id}, or look at /v1/commands/{id}"
            );
            Problem::new(unavailable, "outcome_unknown", detail).retry_after(2)
        }
        Failure::Internal => {
            let detail = "this is a bug of the service";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        }
    };
    let mut response = problem.into_response();
    if matches!(failure, Failure::Unknown) {
        set(&mut response, header::LOCATION, &status_path(submission));
    }
    response
}

/// There is no room for this request.
pub fn overloaded() -> Problem {
    let detail = "too many commands are under way; this one was not taken";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).retry_after(1)
}

fn status_path(submission: &Submission) -> String {
    format!("/v1/commands/{}", submission.id)
}

/// Rejections have a token too: whoever is told that the order exists wants to see it. Commands
/// without an outcome have none: it is not known whether they will make an event.
pub fn set_token(response: &mut Response, outcome: &CommandOutcome) {
    if let Some(token) = outcome.token() {
        set(response, TOKEN, &token.to_string());
    }
}

/// Sets a header to a text that is visible ASCII by what was checked before.
fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rejection_has_its_status() {
        let status = |code: RejectionCode| {
            let rejection = Rejection::new(code, "no").at("/name");
            let problem = rejected(&rejection, 7, "/payload");
            assert_eq!(problem.code, code.as_str());
            assert_eq!(problem.errors.first().unwrap().pointer, "/payload/name");
            (problem.status.as_u16(), problem.version)
        };
        let all = RejectionCode::ALL.map(status);
        assert_eq!(
            all,
            [
                (409, None),
                (404, None),
                (409, None),
                (422, None),
                (412, Some(7)),
                (422, None),
                (400, None)
            ]
        );
        let rejection =
            Rejection { code: "new_reason".into(), message: "no".into(), pointer: None };
        let problem = rejected(&rejection, 7, "");
        assert_eq!((problem.status.as_u16(), problem.code), (409, "rejected"));
    }
}
