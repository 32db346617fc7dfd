//! Campaigns with their funnels.

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

use crate::mailings;

const COLUMNS: &str = "campaign_id, name, subject, body, audience_class, status, customers, \
                       created_at, started_at, completed_at, version";

/// How many mailings of a campaign came how far.
const FUNNEL: &str = "select count(*), \
       count(*) filter (where status = 'requested'), count(*) filter (where status = 'sent'), \
       count(*) filter (where status = 'failed'), count(*) filter (where status = 'uncertain'), \
       count(*) filter (where status = 'excluded' and reason = 'no_permission'), \
       count(*) filter (where status = 'excluded' and reason = 'no_address'), \
       count(*) filter (where status = 'excluded' \
         and reason not in ('no_permission', 'no_address')), \
       count(opened_at), count(clicked_at), count(replied_at), count(bounced_at), \
       count(unsubscribed_at) \
     from mailing where campaign_id = $1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway campaigns",
        description = "How e-mail campaigns go, and what came of each mail.",
    ),
    tags(
        (name = "campaigns", description = "Campaigns and their funnels"),
        (name = "mailings", description = "Each mail to each customer"),
    ),
)]
struct Description;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Its id.
    #[schema(example = "spring")]
    id: String,
    /// What people call it.
    name: String,
    /// Template of the mails' subject.
    #[schema(example = "Thank you, {{ name }}")]
    subject: String,
    /// Template of the mails' body, HTML.
    body: String,
    /// Class of the customers that it addresses.
    #[schema(example = "B")]
    audience_class: String,
    /// `draft`, `running`, `paused` or `completed`.
    #[schema(example = "running")]
    status: String,
    /// How many customers it addresses; null until it was started.
    customers: Option<i64>,
    /// When it was prepared.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was first started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// Its version: for `If-Match` of the command API.
    version: i64,
}

impl Campaign {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.next()?,
            name: row.next()?,
            subject: row.next()?,
            body: row.next()?,
            audience_class: row.next()?,
            status: row.next()?,
            customers: row.next()?,
            created_at: row.next()?,
            started_at: row.next()?,
            completed_at: row.next()?,
            version: row.next()?,
        })
    }
}

/// Why customers were not written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Excluded {
    /// They do not allow it.
    no_permission: i64,
    /// They have no address.
    no_address: i64,
    /// The campaign was over, or something else.
    other: i64,
}

/// How many mailings came how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Funnel {
    /// All that were requested.
    mailings: i64,
    /// Those that wait to be sent.
    waiting: i64,
    /// The mail server took them.
    sent: i64,
    /// They were not sent, and will not be.
    failed: i64,
    /// Nobody knows whether they were sent: a person decides.
    uncertain: i64,
    /// Customers who are not written to.
    excluded: Excluded,
    /// Opened at least once.
    opened: i64,
    /// A link was followed at least once.
    clicked: i64,
    /// Answered.
    replied: i64,
    /// Came back.
    bounced: i64,
    /// The customer wants no more mails.
    unsubscribed: i64,
}

/// Shares of the mails that were sent, in percent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Opened.
    #[schema(example = "41.5")]
    opened: Option<String>,
    /// Clicked.
    clicked: Option<String>,
    /// Unsubscribed.
    unsubscribed: Option<String>,
    /// Bounced.
    bounced: Option<String>,
}

impl Funnel {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            mailings: row.next()?,
            waiting: row.next()?,
            sent: row.next()?,
            failed: row.next()?,
            uncertain: row.next()?,
            excluded: Excluded {
                no_permission: row.next()?,
                no_address: row.next()?,
                other: row.next()?,
            },
            opened: row.next()?,
            clicked: row.next()?,
            replied: row.next()?,
            bounced: row.next()?,
            unsubscribed: row.next()?,
        })
    }

    fn rates(&self) -> Rates {
        let share = |part: i64| percent(part, self.sent);
        Rates {
            opened: share(self.opened),
            clicked: share(self.clicked),
            unsubscribed: share(self.unsubscribed),
            bounced: share(self.bounced),
        }
    }
}

/// With one decimal, rounded half up; none of nothing.
fn percent(part: i64, whole: i64) -> Option<String> {
    let tenths = (part * 2_000 + whole).checked_div(2 * whole)?;
    Some(format!("{}.{}", tenths / 10, tenths % 10))
}

/// A campaign and how it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    #[serde(flatten)]
    campaign: Campaign,
    /// How many mailings came how far.
    funnel: Funnel,
    /// Shares of those that were sent.
    rates: Rates,
}

/// Which campaigns are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArguments {
    /// Most campaigns on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only those that are `draft`, `running`, `paused` or `completed`.
    status: Option<String>,
}

/// The campaigns, newest first.
#[utoipa::path(
    get, path = "/v1/campaigns", tag = "campaigns", params(ListArguments),
    responses(
        (status = 200, description = "A page of campaigns", body = Page<Campaign>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(database): State<Database>,
    Arguments(arguments): Arguments<ListArguments>,
) -> Result<Json<Page<Campaign>>, Problem> {
    let page: PageRequest<(Timestamp, String)> =
        PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let (at, id) = page.after.clone().unzip();
    let at = at.map(Timestamp::to_jiff);
    let sql = format!(
        "select {COLUMNS} from campaign \
         where ($1::timestamptz is null or (created_at, campaign_id collate \"C\") < ($1, $2)) \
           and ($3::text is null or status = $3) \
         order by created_at desc, campaign_id collate \"C\" desc limit $4"
    );
    let parameters: [&(dyn consumer_runtime::tokio_postgres::types::ToSql + Sync); 4] =
        [&at, &id, &arguments.status, &page.to_select()];
    let rows = database.select(&sql, &parameters, Campaign::read).await?;
    Ok(Json(page.page(rows, |row| (row.created_at, row.id.clone()))))
}

/// A campaign with its funnel.
#[utoipa::path(
    get, path = "/v1/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path, description = "Id of the campaign")),
    responses(
        (status = 200, description = "The campaign; its version is the `ETag`", body = Standing),
        (status = 404, description = "There is no such campaign", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn one(
    State(database): State<Database>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let sql = format!("select {COLUMNS} from campaign where campaign_id = $1");
    let found = database.select(&sql, &[&id], Campaign::read).await?;
    let campaign = found.into_iter().next();
    let campaign = campaign.ok_or_else(|| not_found("there is no such campaign"))?;
    let funnel = database.select(FUNNEL, &[&id], Funnel::read).await?;
    let funnel = funnel.into_iter().next().unwrap_or_default();
    // Mailings come and go without a new version of the campaign.
    let tag = format!("W/\"{}\"", campaign.version);
    Ok(([(header::ETAG, tag)], Json(Standing { campaign, funnel, rates: funnel.rates() })))
}

/// Everything that is served.
pub fn router(database: Database) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(one))
        .merge(mailings::routes());
    described(routes, database)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn shares_are_rounded() {
        assert_eq!(percent(1, 3).as_deref(), Some("33.3"));
        assert_eq!(percent(2, 3).as_deref(), Some("66.7"));
        assert_eq!(percent(3, 3).as_deref(), Some("100.0"));
        assert_eq!(percent(0, 0), None);
    }
}
