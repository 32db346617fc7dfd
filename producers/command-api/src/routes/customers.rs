//! `/v1/customers`

use axum::{
    extract::{Path, State},
    response::Response,
};
use schemas::{
    AggregateId,
    customer::{
        CreateCustomer, CustomerCommand, GrantEmailPermission, UpdateCustomer,
        WithdrawEmailPermission,
    },
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

/// A new customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCustomer {
    /// Your own id: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. One is made when absent.
    #[schema(value_type = Option<String>, max_length = 128, example = "c-1")]
    id: Option<AggregateId>,
    /// Full name, 1 to 200 characters.
    #[schema(max_length = 200, example = "Anna Meier")]
    name: String,
    /// Where the customer is, up to 200 characters.
    #[schema(max_length = 200, example = "Basel")]
    location: Option<String>,
    /// E-mail address.
    #[schema(example = "anna@example.com")]
    email: Option<String>,
}

/// All data of a customer: what is left out is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerData {
    /// Full name, 1 to 200 characters.
    #[schema(max_length = 200, example = "Anna Meier-Huber")]
    name: String,
    /// Where the customer is, up to 200 characters.
    #[schema(max_length = 200, example = "Bern")]
    location: Option<String>,
    /// E-mail address. Removing it withdraws a permission.
    #[schema(example = "anna@example.com")]
    email: Option<String>,
}

/// Where a permission was given or withdrawn.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PermissionSource {
    /// Such as the name of a form, 1 to 200 characters.
    #[schema(max_length = 200, example = "newsletter form")]
    source: String,
}

/// Create a customer.
#[utoipa::path(
    post, path = "/v1/customers", operation_id = "createCustomer", tag = "customers", params(CommandHeaderParams),
    request_body = NewCustomer,
    responses(
        (status = 201, description = "Created", body = Accepted, headers(
            ("Location" = String, description = "`/v1/customers/{id}`"),
            ("ETag" = String, description = "Version of the customer"),
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn create(
    State(api): State<Api>,
    headers: CommandHeaders,
    JsonBody(body): JsonBody<NewCustomer>,
) -> Response {
    let command = CreateCustomer { name: body.name, location: body.location, email: body.email };
    let command = CustomerCommand::from(command);
    api.take(headers, body.id, command, Form::Created("/v1/customers")).await
}

/// Replace the data of a customer.
#[utoipa::path(
    put, path = "/v1/customers/{id}", operation_id = "updateCustomer", tag = "customers",
    params(("id" = String, Path, description = "Id of the customer"), CommandHeaderParams),
    request_body = CustomerData,
    responses(
        (status = 200, description = "Replaced, or the same as before", body = Accepted, headers(
            ("ETag" = String, description = "Version of the customer"),
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn update(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: CommandHeaders,
    JsonBody(body): JsonBody<CustomerData>,
) -> Result<Response, Problem> {
    let id = path_id("customer", &id)?;
    let command = UpdateCustomer { name: body.name, location: body.location, email: body.email };
    let command = CustomerCommand::from(command);
    Ok(api.take(headers, Some(id), command, Form::Changed).await)
}

/// Allow e-mails to a customer, who must have an address.
#[utoipa::path(
    put, path = "/v1/customers/{id}/email-permission", tag = "customers",
    operation_id = "grantEmailPermission",
    params(("id" = String, Path, description = "Id of the customer"), CommandHeaderParams),
    request_body = PermissionSource,
    responses(
        (status = 200, description = "Allowed, now or before", body = Accepted, headers(
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn grant_email_permission(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: CommandHeaders,
    JsonBody(PermissionSource { source }): JsonBody<PermissionSource>,
) -> Result<Response, Problem> {
    let id = path_id("customer", &id)?;
    let command = CustomerCommand::from(GrantEmailPermission { source });
    Ok(api.take(headers, Some(id), command, Form::Changed).await)
}

/// Allow no more e-mails to a customer.
#[utoipa::path(
    delete, path = "/v1/customers/{id}/email-permission", tag = "customers",
    operation_id = "withdrawEmailPermission",
    params(("id" = String, Path, description = "Id of the customer"), CommandHeaderParams),
    request_body = PermissionSource,
    responses(
        (status = 200, description = "Not allowed, now or before", body = Accepted, headers(
            ("oneway-token" = String, description = "What a query is to be sent with, to see this change"),
        )),
        CommandProblems,
    ),
)]
pub async fn withdraw_email_permission(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: CommandHeaders,
    JsonBody(PermissionSource { source }): JsonBody<PermissionSource>,
) -> Result<Response, Problem> {
    let id = path_id("customer", &id)?;
    let command = CustomerCommand::from(WithdrawEmailPermission { source });
    Ok(api.take(headers, Some(id), command, Form::Changed).await)
}
