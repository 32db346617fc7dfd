//! What can be asked about classifications.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use consumer_runtime::{
    Database,
    page::{Page, PageRequest},
    query::{Arguments, ProblemBody, Reading, described, not_found},
    row::RowError,
};
use schemas::{Money, Timestamp, classification::CustomerClass};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::account::Class;

const COLUMNS: &str = "customer_id, class, revenue, orders, rule, sequence, classified_at";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway customer classification",
        description = "The classes of the customers by their confirmed orders.",
    ),
    tags((name = "classifications", description = "Classes A, B and C")),
)]
struct Description;

/// A customer's class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Classification {
    /// Id of the customer.
    #[schema(example = "00004")]
    customer_id: String,
    /// The class.
    #[schema(value_type = String, example = "B")]
    class: CustomerClass,
    /// Sum of the confirmed orders in the window, in EUR.
    #[schema(value_type = String, example = "1234.50")]
    confirmed_revenue: Money,
    /// Their number.
    confirmed_orders: i64,
    /// The rule by which they are counted.
    #[schema(example = "a=10000.00,b=1000.00,window=365d")]
    rule_version: String,
    /// How many times the class was published: `ce_sequence` of the last event.
    sequence: i64,
    /// When the class last changed.
    #[schema(value_type = String, format = DateTime)]
    classified_at: Timestamp,
}

impl Classification {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            customer_id: row.next()?,
            class: row.next::<Class>()?.0,
            confirmed_revenue: row.next()?,
            confirmed_orders: row.next()?,
            rule_version: row.next()?,
            sequence: row.next()?,
            classified_at: row.next()?,
        })
    }
}

/// Which classifications are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArguments {
    /// Most customers on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only customers of this class.
    #[param(value_type = String, example = "A")]
    class: Option<CustomerClass>,
}

/// The customers with their classes, by customer id.
#[utoipa::path(
    get, path = "/v1/classifications", tag = "classifications", params(ListArguments),
    responses(
        (status = 200, description = "A page of classifications", body = Page<Classification>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(database): State<Database>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<Page<Classification>>, Problem> {
    let page: PageRequest<String> = PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let sql = format!(
        "select {COLUMNS} from customer \
         where class is not null and ($1::text is null or customer_id collate \"C\" > $1) \
           and ($2::text is null or class = $2) \
         order by customer_id collate \"C\" limit $3"
    );
    let class = arguments.class.map(CustomerClass::as_str);
    let rows = database
        .select(&sql, &[&page.after, &class, &page.to_select()], Classification::read)
        .await?;
    Ok(Json(page.page(rows, |row| row.customer_id.clone())))
}

/// How many customers there are of each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The best customers.
    #[serde(rename = "A")]
    a: i64,
    /// Good customers.
    #[serde(rename = "B")]
    b: i64,
    /// Everybody else.
    #[serde(rename = "C")]
    c: i64,
    /// All of them.
    total: i64,
}

/// How many customers there are of each class.
#[utoipa::path(
    get, path = "/v1/classifications/summary", tag = "classifications",
    responses((status = 200, description = "The numbers", body = Summary)),
)]
async fn summary(State(database): State<Database>) -> Result<Json<Summary>, Problem> {
    let sql = "select class, count(*) from customer where class is not null group by class";
    let counts =
        database.select(sql, &[], |row| Ok((row.next::<Class>()?.0, row.next::<i64>()?))).await?;
    let mut summary = Summary::default();
    for (class, count) in counts {
        summary.total += count;
        match class {
            CustomerClass::A => summary.a = count,
            CustomerClass::B => summary.b = count,
            CustomerClass::C => summary.c = count,
        }
    }
    Ok(Json(summary))
}

/// The class of one customer.
#[utoipa::path(
    get, path = "/v1/classifications/{customerId}", tag = "classifications",
    params(("customerId" = String, Path, description = "Id of the customer")),
    responses(
        (status = 200, description = "The class; its `sequence` is the `ETag`",
            body = Classification),
        (status = 404, description = "The customer is not known", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn one(
    State(database): State<Database>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let sql =
        format!("select {COLUMNS} from customer where customer_id = $1 and class is not null");
    let rows = database.select(&sql, &[&id], Classification::read).await?;
    let row = rows.into_iter().next();
    let row = row.ok_or_else(|| not_found("there is no such customer"))?;
    Ok(([(header::ETAG, format!("\"{}\"", row.sequence))], Json(row)))
}

/// Everything that is served.
pub fn router(database: Database) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(summary))
        .routes(routes!(one));
    described(routes, database)
}
