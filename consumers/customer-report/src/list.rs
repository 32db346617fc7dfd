//! The report in pages, or as a whole.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use consumer_runtime::{
    page::{Page, PageRequest},
    query::{Arguments, ProblemBody, bad_argument},
    tokio_postgres::types::ToSql,
};
use schemas::{Timestamp, classification::CustomerClass};
use serde::Deserialize;
use service::Problem;

use crate::{
    as_of,
    customer::{COLUMNS, Customer},
    queries::Report,
    sort::{Parameter, Place, Sort},
    source, spreadsheet,
};

/// What is listed, and how.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArguments {
    /// The report as it was: at the end of a day (UTC) that is over, or at a moment.
    #[serde(rename = "as-of")]
    #[param(rename = "as-of", example = "2026-05-31")]
    pub as_of: Option<String>,
    /// Only customers of this class.
    #[param(value_type = Option<String>, example = "A")]
    #[schema(value_type = Option<String>, example = "A")]
    pub class: Option<CustomerClass>,
    /// Only customers who are there; in upper or lower case.
    pub location: Option<String>,
    /// Only customers with this text in name, id or location; in upper or lower case.
    pub text: Option<String>,
    /// By which column, `-` before it for the descending order; otherwise by name.
    #[param(example = "-confirmedRevenue")]
    pub sort: Option<String>,
    /// Most customers on the page: 1 to 500, otherwise 50.
    pub limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    pub cursor: Option<String>,
    /// `csv` or `json`; otherwise what `Accept` asks for.
    #[param(inline)]
    pub format: Option<Format>,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A page.
    Json,
    /// The whole report.
    Csv,
}

/// What is selected: the rest of a query, with its parameters.
pub struct Selection {
    /// `from … where …`, in brackets as far as it must be.
    pub sql: String,
    /// Its parameters, from `$1`.
    pub parameters: Vec<Parameter>,
}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Selection").field(&self.sql).finish()
    }
}

impl Selection {
    /// Everybody at a moment.
    #[must_use]
    pub fn of(as_of: Option<Timestamp>) -> Self {
        let sql = format!("from {} where true", source::of(as_of));
        Self { sql, parameters: vec![Box::new(as_of.map(Timestamp::to_jiff))] }
    }

    /// Adds a parameter, and returns its number.
    pub fn parameter(&mut self, parameter: Parameter) -> usize {
        self.parameters.push(parameter);
        self.parameters.len()
    }

    /// The parameters as the client takes them.
    #[must_use]
    pub fn references(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
    }

    /// Only what is asked for. Conditions that nobody asked for are no part of the text: each text
    /// has the plan that is good for it.
    fn filter(&mut self, arguments: &ListArguments) {
        if let Some(class) = arguments.class {
            let class = self.parameter(Box::new(class.as_str()));
            self.sql += &format!(" and class = ${class}::text");
        }
        if let Some(location) = &arguments.location {
            let location = self.parameter(Box::new(location.clone()));
            self.sql += &format!(" and lower(location) = lower(${location}::text)");
        }
        if let Some(text) = &arguments.text {
            let n = self.parameter(Box::new(text.clone()));
            self.sql += &format!(
                " and (strpos(lower(name), lower(${n}::text)) > 0 \
                    or strpos(lower(customer_id), lower(${n})) > 0 \
                    or strpos(lower(coalesce(location, '')), lower(${n})) > 0)"
            );
        }
    }
}

/// The customers with their orders, revenue and class, in pages; or all of them as CSV.
#[utoipa::path(
    get, path = "/v1/report/customers", tag = "report", params(ListArguments),
    responses(
        (status = 200, description = "A page of customers; the whole report as `text/csv` when \
            that is asked for, its rows all of one moment", content(
                (Page<Customer> = "application/json"), (String = "text/csv"),
            )),
        (status = 400, description = "An argument is malformed, or `as-of` is not over yet",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "As many whole reports as can be are written already",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(report): State<Report>,
    headers: HeaderMap,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Response, Problem> {
    answer(&report, &headers, &arguments).await
}

/// The same, for what is better in no address, since addresses are kept in logs: texts that
/// somebody types, and cursors, which have names in them.
#[utoipa::path(
    post, path = "/v1/report/customers/search", tag = "report", request_body = ListArguments,
    responses(
        (status = 200, description = "As for the same arguments in an address", content(
                (Page<Customer> = "application/json"), (String = "text/csv"),
            )),
        (status = 400, description = "An argument is malformed, or `as-of` is not over yet",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn search(
    State(report): State<Report>,
    headers: HeaderMap,
    Json(arguments): Json<ListArguments>,
) -> Result<Response, Problem> {
    answer(&report, &headers, &arguments).await
}

async fn answer(
    report: &Report,
    headers: &HeaderMap,
    arguments: &ListArguments,
) -> Result<Response, Problem> {
    let as_of = as_of::parse(arguments.as_of.as_deref(), Timestamp::now())?;
    let sort = Sort::parse(arguments.sort.as_deref())?;
    let format = arguments.format.unwrap_or_else(|| spreadsheet::preferred(headers));
    let mut selection = Selection::of(as_of);
    selection.filter(arguments);
    let mut response = if format == Format::Csv {
        if arguments.limit.is_some() || arguments.cursor.is_some() {
            let name = if arguments.limit.is_some() { "limit" } else { "cursor" };
            return Err(bad_argument(name, "is not for CSV, which has the whole report"));
        }
        spreadsheet::whole(report, &selection, &sort).await?
    } else {
        let page = PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
        Json(self::page(report, selection, &sort, &page).await?).into_response()
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

async fn page(
    report: &Report,
    mut selection: Selection,
    sort: &Sort,
    page: &PageRequest<Place>,
) -> Result<Page<Customer>, Problem> {
    if let Some(place) = &page.after {
        let [value, id] = sort.parameters(place)?;
        let (value, id) = (selection.parameter(value), selection.parameter(id));
        selection.sql += &format!(" and {}", sort.comes_after(value, id));
    }
    let limit = selection.parameter(Box::new(page.to_select()));
    let sql = format!(
        "select {COLUMNS}, {} {} {} limit ${limit}::bigint",
        sort.value(),
        selection.sql,
        sort.order_by()
    );
    let read = |row: &mut consumer_runtime::query::Reading<'_>| {
        Ok((Customer::read(row)?, sort.read(row)?))
    };
    let rows = report.database.select(&sql, &selection.references(), read).await?;
    let page = page.page(rows, |(customer, value)| sort.place(value.clone(), &customer.id));
    Ok(page.map(|(customer, _)| customer))
}
