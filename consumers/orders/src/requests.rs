//! `GET /v1/confirmation-requests`: the requests to confirm an order, open and past ones.

use axum::{Json, extract::State};
use consumer_runtime::{
    Database,
    page::{Page, PageRequest},
    query::{Arguments, ProblemBody, Reading, bad_argument},
    row::RowError,
};
use schemas::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::status::Status;

/// A request to confirm an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmationRequest {
    /// Id of the order.
    order_id: String,
    /// Who ordered.
    #[schema(example = "00004")]
    customer_id: String,
    /// The customer's name; null while the customer is not known.
    customer_name: Option<String>,
    /// What was ordered.
    text: String,
    /// Value in EUR.
    #[schema(value_type = String, example = "1500.00")]
    value: Money,
    /// Where the order stands.
    status: Status,
    /// Since when a person was asked.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When the order was confirmed; null while the request is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    confirmed_at: Option<Timestamp>,
    /// Version of the order: for `If-Match` of the command API.
    version: i64,
}

impl ConfirmationRequest {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            order_id: row.next()?,
            customer_id: row.next()?,
            customer_name: row.next()?,
            text: row.next()?,
            value: row.next()?,
            status: row.next()?,
            requested_at: row.next()?,
            confirmed_at: row.next()?,
            version: row.next()?,
        })
    }
}

/// Which requests are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// Those that wait for a person.
    #[default]
    Open,
    /// Those that were answered.
    Confirmed,
    /// Both.
    All,
}

impl RequestState {
    /// A condition of its own, so that the index of the open ones serves.
    const fn condition(self) -> &'static str {
        match self {
            Self::Open => "confirmed_at is null",
            Self::Confirmed => "confirmed_at is not null",
            Self::All => "true",
        }
    }
}

/// Which requests are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArguments {
    /// Most requests on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// `open` (also when absent), `confirmed` or `all`.
    #[serde(default)]
    #[param(inline, required = false)]
    state: RequestState,
}

/// The requests to confirm an order, newest first.
#[utoipa::path(
    get, path = "/v1/confirmation-requests", tag = "orders", params(ListArguments),
    operation_id = "listConfirmationRequests",
    responses(
        (status = 200, description = "A page of requests", body = Page<ConfirmationRequest>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(database): State<Database>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<Page<ConfirmationRequest>>, Problem> {
    let page: PageRequest<(i64, String)> =
        PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let (time, id) = page.after.clone().unzip();
    let time = time.map(Timestamp::from_micros).transpose();
    let time = time.map_err(|_| bad_argument("cursor", "is none that a list has given"))?;
    let sql = format!(
        "select order_id, customer_id, customer.name, text, value, status, requested_at, \
                confirmed_at, customer_order.version \
         from confirmation_request join customer_order using (order_id) \
              left join customer using (customer_id) \
         where {} and ($1::timestamptz is null \
                       or (requested_at, order_id collate \"C\") < ($1, $2)) \
         order by requested_at desc, order_id collate \"C\" desc limit $3",
        arguments.state.condition()
    );
    let time = time.map(Timestamp::to_jiff);
    let requests =
        database.select(&sql, &[&time, &id, &page.to_select()], ConfirmationRequest::read).await?;
    Ok(Json(
        page.page(requests, |request| (request.requested_at.micros(), request.order_id.clone())),
    ))
}

/// Where they are listed.
#[must_use]
pub fn routes() -> OpenApiRouter<Database> {
    OpenApiRouter::new().routes(routes!(list))
}
