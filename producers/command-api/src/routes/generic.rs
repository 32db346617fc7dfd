//! `POST /api/command`: any command of any aggregate, in the form that existing front ends,
//! scripts and recordings send. Fields beside those of the form are passed over.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    AggregateId,
    customer::{
        CreateCustomer, CustomerCommand, GrantEmailPermission, UpdateCustomer,
        WithdrawEmailPermission,
    },
    order::{AddUsdRateAndValue, ConfirmOrder, CreateOrder, OrderCommand, RequireConfirmation},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use service::{
    Problem,
    edge::{AsIs, is_correlation_id},
};
use utoipa::ToSchema;

mod valuation;

use super::Api;
use crate::{
    answer::{Accepted, Form},
    body::{JsonBody, invalid, parse_part},
    command::Command,
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
    /// `customer` or `order`.
    #[schema(required, value_type = String)]
    aggregate_name: Option<String>,
    /// Id of the aggregate: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`.
    #[schema(required, value_type = String)]
    aggregate_id: Option<String>,
    /// Of a customer: `CREATE`, `UPDATE`, `GRANT_EMAIL_PERMISSION`, `WITHDRAW_EMAIL_PERMISSION`;
    /// of an order: `CREATE`, `ADD_USD_RATE_AND_VALUE`, `REQUIRE_CONFIRMATION`, `CONFIRM`.
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
/// Answers 200 with the text `OK`, or with JSON when `Accept` asks for it. Errors are problem
/// details; a 400 is their `detail` alone when `Accept` asks for `text/plain`.
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
        Err(problem) => {
            let wants_text = !wants_json && accepts(&accept, &["text/plain"]);
            refused(problem, wants_text)
        }
    }
}

struct Sent {
    id: AggregateId,
    command: Command,
    correlation_id: Option<String>,
}

impl Sent {
    fn read(body: GenericCommand) -> Result<Self, Problem> {
        let aggregate = body.aggregate_name.ok_or_else(|| missing("/aggregateName"))?;
        let id = body.aggregate_id.ok_or_else(|| missing("/aggregateId"))?;
        let name = body.command.ok_or_else(|| missing("/command"))?;
        let payload = match body.payload {
            None | Some(Value::Null) => Value::Object(serde_json::Map::new()),
            Some(payload) => payload,
        };
        let command = match aggregate.as_str() {
            "customer" => customer(&name, payload)?.into(),
            "order" => order(&name, payload)?.into(),
            _ => return Err(bad("Invalid aggregate name", "/aggregateName")),
        };
        let id = AggregateId::new(&id)
            .map_err(|error| invalid("/aggregateId", &format!("is refused: {error}")))?;
        if body.correlation_id.as_deref().is_some_and(|id| !is_correlation_id(id)) {
            let detail = "must have 1 to 128 visible ASCII characters";
            return Err(invalid("/correlationId", detail));
        }
        Ok(Self { id, command, correlation_id: body.correlation_id })
    }
}

fn customer(name: &str, payload: Value) -> Result<CustomerCommand, Problem> {
    match name {
        "CREATE" => read::<CreateCustomer, _>(payload),
        "UPDATE" => read::<UpdateCustomer, _>(payload),
        "GRANT_EMAIL_PERMISSION" => read::<GrantEmailPermission, _>(payload),
        "WITHDRAW_EMAIL_PERMISSION" => read::<WithdrawEmailPermission, _>(payload),
        _ => Err(bad("Invalid command name", "/command")),
    }
}

fn order(name: &str, payload: Value) -> Result<OrderCommand, Problem> {
    match name {
        "CREATE" => read::<CreateOrder, _>(payload),
        "ADD_USD_RATE_AND_VALUE" => read::<AddUsdRateAndValue, _>(valuation::normal(payload)),
        "REQUIRE_CONFIRMATION" => read::<RequireConfirmation, _>(payload),
        "CONFIRM" => read::<ConfirmOrder, _>(payload),
        _ => Err(bad("Invalid command name", "/command")),
    }
}

fn read<T: DeserializeOwned, C: From<T>>(payload: Value) -> Result<C, Problem> {
    parse_part::<T>(payload, "/payload").map(C::from)
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
