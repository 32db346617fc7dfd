//! What operators can ask: which orders wait for a rate, and which never get a value.

use axum::{Json, Router, extract::State};
use consumer_runtime::{
    Database,
    page::{Page, PageRequest},
    query::{Arguments, ProblemBody, Reading, described},
    row::RowError,
};
use schemas::{Money, Rate, Timestamp};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::projection::{IMPOSSIBLE, PENDING, VALUED};

const COLUMNS: &str =
    "order_id, day, value, noted_at, state, reason, rate, rate_day, source, usd_value";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway order valuation",
        description = "How far the orders are valued in USD, by the reference rates of the ECB.",
    ),
    tags((name = "valuations", description = "Orders and their values in USD")),
)]
struct Description;

/// An order and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Valued {
    /// Id of the order.
    order_id: String,
    /// Its day, in UTC.
    #[schema(example = "2026-11-20")]
    day: String,
    /// In EUR.
    #[schema(value_type = String, example = "13.99")]
    value: Money,
    /// Since when it is known here.
    #[schema(value_type = String, format = DateTime)]
    noted_at: Timestamp,
    /// `pending`, `valued` or `impossible`.
    #[schema(example = "pending")]
    state: String,
    /// Why it is impossible.
    reason: Option<String>,
    /// USD for one EUR.
    #[schema(value_type = Option<String>, example = "1.0850")]
    rate: Option<Rate>,
    /// The day on which that rate was published.
    rate_day: Option<String>,
    /// Where it is from: `ecb`, or `recorded`.
    source: Option<String>,
    /// In USD.
    #[schema(value_type = Option<String>, example = "15.18")]
    usd_value: Option<Money>,
}

impl Valued {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            order_id: row.next()?,
            day: row.next()?,
            value: row.next()?,
            noted_at: row.next()?,
            state: row.next()?,
            reason: row.next()?,
            rate: row.next()?,
            rate_day: row.next()?,
            source: row.next()?,
            usd_value: row.next()?,
        })
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It waits for a rate.
    Pending,
    /// Its value is known.
    Valued,
    /// There is no value, and will be none.
    Impossible,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => PENDING,
            Self::Valued => VALUED,
            Self::Impossible => IMPOSSIBLE,
        }
    }
}

/// Which orders are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArguments {
    /// Most orders on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only orders that stand so.
    #[param(value_type = Option<String>, example = "pending")]
    state: Option<Standing>,
}

/// The orders and their values, by order id.
#[utoipa::path(
    get, path = "/v1/valuations", tag = "valuations", params(ListArguments),
    responses(
        (status = 200, description = "A page of orders", body = Page<Valued>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(database): State<Database>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<Page<Valued>>, Problem> {
    let page: PageRequest<String> = PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let sql = format!(
        "select {COLUMNS} from valuation \
         where ($1::text is null or order_id collate \"C\" > $1) \
           and ($2::text is null or state = $2) \
         order by order_id collate \"C\" limit $3"
    );
    let state = arguments.state.map(Standing::as_str);
    let rows =
        database.select(&sql, &[&page.after, &state, &page.to_select()], Valued::read).await?;
    Ok(Json(page.page(rows, |row| row.order_id.clone())))
}

/// Everything that is served.
pub fn router(database: Database) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi()).routes(routes!(list));
    described(routes, database)
}
