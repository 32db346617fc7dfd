//! `/v1/orders`

use axum::{
    extract::{Path, State},
    response::Response,
};
use schemas::{
    AggregateId, Money, Timestamp,
    order::{ConfirmOrder, CreateOrder, OrderCommand},
};
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use super::{Api, path_id};
use crate::{
    answer::{Accepted, Form},
    body::JsonBody,
    openapi::CommandProblems,
    request::{CommandHeaderParams, CommandHeaders},
};

/// A new order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewOrder {
    /// Your own id: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. One is made when absent.
    #[schema(value_type = Option<String>, max_length = 128, example = "o-17")]
    id: Option<AggregateId>,
    /// Who orders; need not be known yet.
    #[schema(value_type = String, max_length = 128, example = "c-1")]
    customer_id: AggregateId,
    /// What is ordered, 1 to 2,000 characters; may have line breaks.
    #[schema(max_length = 2000, example = "two CDs")]
    text: String,
    /// Value in EUR, above zero and below 10^13, with at most two decimals; a string, or a number.
    #[schema(value_type = String, example = "13.99")]
    value: Money,
    /// When it was ordered, not in the future; now when absent.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:00Z")]
    ordered_at: Option<Timestamp>,
}

/// Place an order.
#[utoipa::path(
    post, path = "/v1/orders", operation_id = "createOrder", tag = "orders", params(CommandHeaderParams),
    request_body = NewOrder,
    responses(
        (status = 201, description = "Placed", body = Accepted, headers(
            ("Location" = String, description = "`/v1/orders/{id}`"),
            ("ETag" = String, description = "Version of the order"),
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn create(
    State(api): State<Api>,
    headers: CommandHeaders,
    JsonBody(body): JsonBody<NewOrder>,
) -> Response {
    let command = CreateOrder {
        customer_id: body.customer_id,
        text: body.text,
        value: body.value,
        ordered_at: body.ordered_at,
    };
    let command = OrderCommand::from(command);
    api.take(headers, body.id, command, Form::Created("/v1/orders")).await
}

/// Confirm an order. Has no body.
#[utoipa::path(
    post, path = "/v1/orders/{id}/confirmation", operation_id = "confirmOrder", tag = "orders",
    params(("id" = String, Path, description = "Id of the order"), CommandHeaderParams),
    responses(
        (status = 200, description = "Confirmed", body = Accepted, headers(
            ("ETag" = String, description = "Version of the order"),
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn confirm(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: CommandHeaders,
) -> Result<Response, Problem> {
    let id = path_id("order", &id)?;
    let command = OrderCommand::from(ConfirmOrder::default());
    Ok(api.take(headers, Some(id), command, Form::Changed).await)
}
