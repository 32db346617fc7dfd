//! What can be asked about orders.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use consumer_runtime::{
    Database,
    hearing::Changes,
    page::{Page, PageRequest},
    query::{Arguments, ProblemBody, Reading, bad_argument, described, not_found},
    row::RowError,
};
use schemas::{Money, Rate, Timestamp};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{graphql, requests, resolvers::resolvers, status::Status};

const COLUMNS: &str = "order_id, customer_id, customer.name, text, value, status, ordered_at, \
                       usd_rate, usd_value, usd_rate_at, updated_at, customer_order.version";

/// An order is shown even when its customer is not known (yet).
const FROM: &str = "from customer_order left join customer using (customer_id)";

#[derive(OpenApi)]
#[openapi(
    info(title = "Oneway orders", description = "The orders as the read model has them."),
    tags((name = "orders", description = "Orders")),
)]
struct Description;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id.
    id: String,
    /// Who ordered.
    #[schema(example = "00004")]
    customer_id: String,
    /// The customer's name; null while the customer is not known.
    customer_name: Option<String>,
    /// What was ordered.
    text: String,
    /// Value in EUR.
    #[schema(value_type = String, example = "13.99")]
    value: Money,
    /// Where it stands.
    status: Status,
    /// When it was ordered.
    #[schema(value_type = String, format = DateTime)]
    ordered_at: Timestamp,
    /// Value in USD; null until it is known.
    usd: Option<Usd>,
    /// When anything last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Version of the order: for `If-Match` of the command API.
    version: i64,
}

/// The value of an order in USD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usd {
    /// USD for one EUR.
    #[schema(value_type = String, example = "1.0850")]
    rate: Rate,
    /// Value in USD.
    #[schema(value_type = String, example = "15.18")]
    value: Money,
    /// Start of the day whose rate was used.
    #[schema(value_type = String, format = DateTime)]
    rate_at: Timestamp,
}

impl Order {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.next()?,
            customer_id: row.next()?,
            customer_name: row.next()?,
            text: row.next()?,
            value: row.next()?,
            status: row.next()?,
            ordered_at: row.next()?,
            usd: Usd::read(row)?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Usd {
    fn read(row: &mut Reading<'_>) -> Result<Option<Self>, RowError> {
        let rate: Option<Rate> = row.next()?;
        let value: Option<Money> = row.next()?;
        let rate_at: Option<Timestamp> = row.next()?;
        let all = rate.zip(value).zip(rate_at);
        Ok(all.map(|((rate, value), rate_at)| Self { rate, value, rate_at }))
    }
}

/// Which orders are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListArguments {
    /// Most orders on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only orders that stand so.
    status: Option<Status>,
    /// Only orders of this customer.
    customer_id: Option<String>,
}

/// The orders, newest first.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", params(ListArguments),
    responses(
        (status = 200, description = "A page of orders", body = Page<Order>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(database): State<Database>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<Page<Order>>, Problem> {
    let page: PageRequest<(i64, String)> =
        PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let (time, id) = page.after.clone().unzip();
    let time = time.map(Timestamp::from_micros).transpose();
    let time = time.map_err(|_| bad_argument("cursor", "is none that a list has given"))?;
    let sql = format!(
        "select {COLUMNS} {FROM} \
         where ($1::timestamptz is null or (ordered_at, order_id collate \"C\") < ($1, $2)) \
           and ($3::text is null or status = $3) and ($4::text is null or customer_id = $4) \
         order by ordered_at desc, order_id collate \"C\" desc limit $5"
    );
    let status = arguments.status.map(Status::as_str);
    let orders = database
        .select(
            &sql,
            &[
                &time.map(Timestamp::to_jiff),
                &id,
                &status,
                &arguments.customer_id,
                &page.to_select(),
            ],
            Order::read,
        )
        .await?;
    Ok(Json(page.page(orders, |order| (order.ordered_at.micros(), order.id.clone()))))
}

/// One order.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "Id of the order")),
    responses(
        (status = 200, description = "The order; its version is the `ETag`", body = Order),
        (status = 404, description = "The read model has no such order", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn one(
    State(database): State<Database>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let sql = format!("select {COLUMNS} {FROM} where order_id = $1");
    let rows = database.select(&sql, &[&id], Order::read).await?;
    let order = rows.into_iter().next().ok_or_else(|| not_found("there is no such order"))?;
    Ok(([(header::ETAG, format!("\"{}\"", order.version))], Json(order)))
}

/// Everything that is served.
pub fn router(database: Database, changes: Changes, graphql: graphql::Settings) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(one))
        .merge(requests::routes())
        .merge(resolvers(database.clone()).routes());
    described(routes, database.clone()).merge(graphql::router(database, changes, graphql))
}
