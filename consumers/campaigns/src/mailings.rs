//! The log of a campaign, customer by customer; and what a person has to decide.

use axum::{
    Json,
    extract::{Path, State},
};
use consumer_runtime::{
    Database,
    page::{Page, PageRequest},
    query::{Arguments, ProblemBody, Reading, bad_argument},
    row::RowError,
    tokio_postgres::types::ToSql,
};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const SELECT: &str = "select m.mailing_id, m.campaign_id, m.customer_id, k.name, \
       m.customer_class, c.class, m.status, m.attempt, m.reason, m.message_id, m.requested_at, \
       m.ended_at, m.opened_at, m.clicked_at, m.replied_at, m.bounced_at, m.unsubscribed_at \
     from mailing m left join customer k on k.customer_id = m.customer_id \
       left join customer_class c on c.customer_id = m.customer_id";

/// Where a mailing may stand.
const STATUSES: [&str; 5] = ["requested", "sent", "failed", "uncertain", "excluded"];

/// A mail to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mailing {
    /// Its id.
    #[schema(example = "spring:00004")]
    id: String,
    /// Of which campaign.
    campaign_id: String,
    /// To which customer.
    customer_id: String,
    /// The customer's name.
    customer_name: Option<String>,
    /// Class of the customer when the campaign was started.
    #[schema(example = "B")]
    class_at_start: String,
    /// Class of the customer now.
    class_now: Option<String>,
    /// `requested`, `sent`, `failed`, `uncertain` or `excluded`.
    #[schema(example = "sent")]
    status: String,
    /// How many times it was requested.
    attempt: i32,
    /// Why it failed, is uncertain, or was excluded (`no_permission`, `no_address`,
    /// `campaign_completed`).
    reason: Option<String>,
    /// Message-ID of the mail.
    message_id: Option<String>,
    /// When it was last requested.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When it came to what it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When it was first opened.
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<Timestamp>,
    /// When a link in it was first followed.
    #[schema(value_type = Option<String>, format = DateTime)]
    clicked_at: Option<Timestamp>,
    /// When it was answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    replied_at: Option<Timestamp>,
    /// When it came back.
    #[schema(value_type = Option<String>, format = DateTime)]
    bounced_at: Option<Timestamp>,
    /// When the customer unsubscribed by it.
    #[schema(value_type = Option<String>, format = DateTime)]
    unsubscribed_at: Option<Timestamp>,
}

impl Mailing {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.next()?,
            campaign_id: row.next()?,
            customer_id: row.next()?,
            customer_name: row.next()?,
            class_at_start: row.next()?,
            class_now: row.next()?,
            status: row.next()?,
            attempt: row.next()?,
            reason: row.next()?,
            message_id: row.next()?,
            requested_at: row.next()?,
            ended_at: row.next()?,
            opened_at: row.next()?,
            clicked_at: row.next()?,
            replied_at: row.next()?,
            bounced_at: row.next()?,
            unsubscribed_at: row.next()?,
        })
    }
}

/// Which mailings are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct MailingArguments {
    /// Most mailings on the page: 1 to 500, otherwise 50.
    limit: Option<i64>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only those that are `requested`, `sent`, `failed`, `uncertain` or `excluded`.
    status: Option<String>,
    /// Only those to this customer.
    customer_id: Option<String>,
}

impl MailingArguments {
    fn status(&self) -> Result<Option<&str>, Problem> {
        match self.status.as_deref() {
            Some(status) if !STATUSES.contains(&status) => {
                Err(bad_argument("status", &format!("must be one of {}", STATUSES.join(", "))))
            }
            status => Ok(status),
        }
    }
}

/// The mails of a campaign, by customer id.
#[utoipa::path(
    get, path = "/v1/campaigns/{id}/mailings", tag = "mailings",
    params(("id" = String, Path, description = "Id of the campaign"), MailingArguments),
    responses(
        (status = 200, description = "A page of mailings", body = Page<Mailing>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn of_campaign(
    State(database): State<Database>,
    Path(id): Path<String>,
    Arguments(arguments): Arguments<MailingArguments>,
) -> Result<Json<Page<Mailing>>, Problem> {
    let page: PageRequest<String> = PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let sql = format!(
        "{SELECT} where m.campaign_id = $1 \
           and ($2::text is null or m.customer_id collate \"C\" > $2) \
           and ($3::text is null or m.status = $3) and ($4::text is null or m.customer_id = $4) \
         order by m.customer_id collate \"C\" limit $5"
    );
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&id, &page.after, &arguments.status()?, &arguments.customer_id, &page.to_select()];
    let rows = database.select(&sql, &parameters, Mailing::read).await?;
    Ok(Json(page.page(rows, |row| row.customer_id.clone())))
}

/// The mailings of all campaigns, by id: with `status=uncertain` those that a person has to decide.
#[utoipa::path(
    get, path = "/v1/mailings", tag = "mailings", params(MailingArguments),
    responses(
        (status = 200, description = "A page of mailings", body = Page<Mailing>),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn all(
    State(database): State<Database>,
    Arguments(arguments): Arguments<MailingArguments>,
) -> Result<Json<Page<Mailing>>, Problem> {
    let page: PageRequest<String> = PageRequest::new(arguments.limit, arguments.cursor.as_deref())?;
    let sql = format!(
        "{SELECT} where ($1::text is null or m.mailing_id collate \"C\" > $1) \
           and ($2::text is null or m.status = $2) and ($3::text is null or m.customer_id = $3) \
         order by m.mailing_id collate \"C\" limit $4"
    );
    let parameters: [&(dyn ToSql + Sync); 4] =
        [&page.after, &arguments.status()?, &arguments.customer_id, &page.to_select()];
    let rows = database.select(&sql, &parameters, Mailing::read).await?;
    Ok(Json(page.page(rows, |row| row.id.clone())))
}

/// The routes.
pub fn routes() -> OpenApiRouter<Database> {
    OpenApiRouter::new().routes(routes!(of_campaign)).routes(routes!(all))
}
