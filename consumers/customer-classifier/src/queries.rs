//! What can be asked about classifications.

use axum::{
    Json, Router,
    extract::{FromRef, Path, State},
    http::header,
    response::{AppendHeaders, IntoResponse},
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

use crate::rule::Rule;

const COLUMNS: &str = "customer_id, class, revenue, orders, rule, sequence, classified_at";

/// Changes of a customer's class that are shown at most: the newest.
const MOST_CHANGES: i64 = 1_000;

/// What the queries know.
#[derive(Clone, Debug)]
struct Asked {
    database: Database,
    rule: Rule,
}

impl FromRef<Asked> for Database {
    fn from_ref(asked: &Asked) -> Self {
        asked.database.clone()
    }
}

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
            class: row.next()?,
            confirmed_revenue: row.next()?,
            confirmed_orders: row.next()?,
            rule_version: row.next()?,
            sequence: row.next()?,
            classified_at: row.next()?,
        })
    }
}

/// A change of a customer's class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its number among those of the customer: `ce_sequence` of the event.
    sequence: i64,
    /// The class from then on.
    #[schema(value_type = String, example = "B")]
    class: CustomerClass,
    /// The class until then; null for the first.
    #[schema(value_type = Option<String>, example = "C")]
    previous_class: Option<CustomerClass>,
    /// Why the class was looked at: `first`, `order_confirmed`, `aged_out` or `rule_changed`; null
    /// for changes of before there were reasons.
    #[schema(example = "order_confirmed")]
    reason: Option<String>,
    /// Sum of the confirmed orders in the window, in EUR: the figure that decided.
    #[schema(value_type = String, example = "1234.50")]
    confirmed_revenue: Money,
    /// Their number.
    confirmed_orders: i64,
    /// Length of the window in days; null when all orders counted.
    #[schema(example = 365)]
    window_days: Option<i32>,
    /// The rule that decided.
    #[schema(example = "a=10000.00,b=1000.00,window=365d")]
    rule_version: String,
    /// When the rule was applied.
    #[schema(value_type = String, format = DateTime)]
    evaluated_at: Timestamp,
}

impl Change {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            sequence: row.next()?,
            class: row.next()?,
            previous_class: row.next()?,
            reason: row.next()?,
            confirmed_revenue: row.next()?,
            confirmed_orders: row.next()?,
            window_days: row.next()?,
            rule_version: row.next()?,
            evaluated_at: row.next()?,
        })
    }
}

/// A customer's class, and how it came to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithHistory {
    #[serde(flatten)]
    classification: Classification,
    /// The changes as they are in the log, the newest first, at most 1,000. The last one may come
    /// a moment after the class itself.
    history: Vec<Change>,
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

/// How many customers there are of each class, and by which rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
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
    /// The rule of the instance that answers.
    #[schema(example = "a=10000.00,b=1000.00,window=365d")]
    rule_version: String,
    /// Customers that are still counted by another rule: while it is not 0 after a change of the
    /// rule, classes are being made anew.
    pending: i64,
}

/// How many customers there are of each class, and whether all are counted by the present rule.
#[utoipa::path(
    get, path = "/v1/classifications/summary", tag = "classifications",
    responses((status = 200, description = "The numbers", body = Summary)),
)]
async fn summary(State(Asked { database, rule }): State<Asked>) -> Result<Json<Summary>, Problem> {
    let sql = "select class, count(*), count(*) filter (where rule not in ('', $1)) \
               from customer where class is not null group by class";
    let read = |row: &mut Reading<'_>| Ok((row.next()?, row.next()?, row.next()?));
    let counts: Vec<(CustomerClass, i64, i64)> =
        database.select(sql, &[&rule.version()], read).await?;
    let mut summary = Summary { rule_version: rule.version().to_owned(), ..Summary::default() };
    for (class, count, pending) in counts {
        summary.total += count;
        summary.pending += pending;
        match class {
            CustomerClass::A => summary.a = count,
            CustomerClass::B => summary.b = count,
            CustomerClass::C => summary.c = count,
        }
    }
    Ok(Json(summary))
}

/// The class of one customer, with its history.
#[utoipa::path(
    get, path = "/v1/classifications/{customerId}", tag = "classifications",
    params(("customerId" = String, Path, description = "Id of the customer")),
    responses(
        (status = 200, description = "The class; its `sequence` is the `ETag`, once the history \
            has it", body = WithHistory),
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
    let classification = row.ok_or_else(|| not_found("there is no such customer"))?;
    let sql = "select sequence, class, previous_class, reason, revenue, orders, window_days, rule, \
                 evaluated_at \
               from classification_change where customer_id = $1 order by sequence desc limit $2";
    let history = database.select(sql, &[&id, &MOST_CHANGES], Change::read).await?;
    let sequence = classification.sequence;
    let is_whole = history.first().is_some_and(|newest| newest.sequence == sequence);
    let tag = is_whole.then(|| [(header::ETAG, format!("\"{sequence}\""))]);
    Ok((tag.map(AppendHeaders), Json(WithHistory { classification, history })))
}

/// Everything that is served.
pub fn router(database: Database, rule: Rule) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(summary))
        .routes(routes!(one));
    described(routes, Asked { database, rule })
}
