//! What can be asked about customers.

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
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::resolvers::resolvers;

const COLUMNS: &str =
    "customer_id, name, location, email, email_permission, version, created_at, updated_at";

#[derive(OpenApi)]
#[openapi(
    info(title = "Oneway customers", description = "The customers as the read model has them."),
    tags((name = "customers", description = "Customers")),
)]
struct Description;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    #[schema(example = "00004")]
    id: String,
    /// Full name.
    name: String,
    /// Where the customer is.
    location: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// True while the customer may be written to.
    email_permission: bool,
    /// Version of the customer: for `If-Match` of the command API.
    version: i64,
    /// When the customer became known.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When anything last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl Customer {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.next()?,
            name: row.next()?,
            location: row.next()?,
            email: row.next()?,
            email_permission: row.next()?,
            version: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
        })
    }
}

/// Which customers are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArguments {
    /// Most customers on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only customers whose name begins so, in upper or lower case.
    name: Option<String>,
}

/// The customers, by name.
#[utoipa::path(
    get, path = "/v1/customers", tag = "customers", params(ListArguments),
    responses(
        (status = 200, description = "A page of customers", body = Page<Customer>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(database): State<Database>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<Page<Customer>>, Problem> {
    let page: PageRequest<(String, String)> =
        PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let (name, id) = page.after.clone().unzip();
    let sql = format!(
        "select {COLUMNS}, lower(name) from customer \
         where ($1::text is null or (lower(name) collate \"C\", customer_id collate \"C\") > ($1, $2)) \
           and ($3::text is null or starts_with(lower(name) collate \"C\", lower($3))) \
         order by lower(name) collate \"C\", customer_id collate \"C\" limit $4"
    );
    let rows = database
        .select(&sql, &[&name, &id, &arguments.name, &page.to_select()], |row| {
            Ok((Customer::read(row)?, row.next::<String>()?))
        })
        .await?;
    let page = page.page(rows, |(customer, name)| (name.clone(), customer.id.clone()));
    Ok(Json(page.map(|(customer, _)| customer)))
}

/// One customer.
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "Id of the customer")),
    responses(
        (status = 200, description = "The customer; its version is the `ETag`", body = Customer),
        (status = 404, description = "The read model has no such customer", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn one(
    State(database): State<Database>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let sql = format!("select {COLUMNS} from customer where customer_id = $1");
    let rows = database.select(&sql, &[&id], Customer::read).await?;
    let customer = rows.into_iter().next();
    let customer = customer.ok_or_else(|| not_found("there is no such customer"))?;
    Ok(([(header::ETAG, format!("\"{}\"", customer.version))], Json(customer)))
}

/// Everything that is served.
pub fn router(database: Database) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(one))
        .merge(resolvers(database.clone()).routes());
    described(routes, database)
}
