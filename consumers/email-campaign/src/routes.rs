//! What is asked over HTTP: links in mails, which everybody may follow who has one; previews and
//! test mails, for those who prepare a campaign.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use consumer_runtime::{
    Database, Error, flight,
    query::{ProblemBody, bad_argument, described, not_found},
    tokio_postgres::types::ToSql,
};
use domain::template::Recipient;
use schemas::{AggregateId, Timestamp, mailing::Reaction};
use serde::{Deserialize, Serialize};
use service::{
    Problem,
    auth::{Subject, refusal::forbidden},
};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    audience::{self, Audience},
    mail::{Composed, Composer, MailError, Templates, mailbox},
    post::{Answer, Post},
};

/// How the paths of links in mails begin.
pub const OPEN: &str = "/m/";

/// The right to send test mails.
const TEST: &str = "campaign.SEND_TEST";

/// One transparent pixel.
const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway e-mail campaigns",
        description = "Previews and test mails. How a campaign goes is asked of `campaigns`.",
    ),
    tags((name = "campaigns", description = "What a campaign would send")),
)]
struct Description;

/// What makes and sends mails outside of campaigns.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Makes them.
    pub composer: Composer,
    /// Sends them.
    pub post: Arc<Post>,
}

/// What the handlers work with.
#[derive(Clone, Debug)]
struct Office {
    database: Database,
    desk: Desk,
}

impl Office {
    /// Notes a reaction; false when nobody has such a link.
    async fn react(&self, token: &str, reaction: Reaction) -> Result<bool, Error> {
        let sql = "with known as (select mailing_id from mailing where link_token = $1), \
             noted as (insert into reaction (mailing_id, reaction, reacted_at) \
               select mailing_id, $2, $3 from known on conflict do nothing) \
             select from known";
        let connection = self.database.connection().await?;
        let now = Timestamp::now().to_jiff();
        let parameters: [&(dyn ToSql + Sync); 3] = [&token, &reaction.as_str(), &now];
        Ok(!flight::select(&connection, sql, &parameters).await?.is_empty())
    }

    async fn templates(&self, campaign: &str) -> Result<Templates, Problem> {
        let sql = "select subject, body from campaign where campaign_id = $1";
        let read = |row: &mut consumer_runtime::query::Reading<'_>| {
            Ok(Templates { subject: row.next()?, body: row.next()? })
        };
        let found = self.database.select(sql, &[&campaign], read).await?;
        found.into_iter().next().ok_or_else(|| not_found("there is no such campaign"))
    }

    /// The mail that the campaign would send to this customer, or to a made-up one.
    async fn compose(&self, campaign: &str, customer: Option<&str>) -> Result<Composed, Problem> {
        let templates = self.templates(campaign).await?;
        let (name, class) = match customer {
            Some(customer) => self.customer(customer).await?,
            None => ("Anna Example".to_owned(), "B".to_owned()),
        };
        let recipient = Recipient { name: &name, class: &class };
        // A link that leads nowhere: nobody is to be unsubscribed by a look at a mail.
        self.desk.composer.compose(&templates, recipient, "preview").map_err(|error| unfit(&error))
    }

    async fn customer(&self, customer: &str) -> Result<(String, String), Problem> {
        let sql = "select k.name, coalesce((select c.class from customer_class c \
                     where c.customer_id = k.customer_id order by c.sequence desc limit 1), 'C') \
                   from customer k where k.customer_id = $1";
        let read = |row: &mut consumer_runtime::query::Reading<'_>| Ok((row.next()?, row.next()?));
        let found = self.database.select(sql, &[&customer], read).await?;
        found.into_iter().next().ok_or_else(|| not_found("there is no such customer"))
    }
}

fn unfit(error: &MailError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.to_string())
}

async fn opened(
    State(office): State<Office>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    noted(office.react(&token, Reaction::Opened).await?)?;
    let headers = [(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, PIXEL).into_response())
}

fn noted(is_known: bool) -> Result<(), Problem> {
    if is_known { Ok(()) } else { Err(not_found("there is no such link")) }
}

async fn clicked(
    State(office): State<Office>,
    Path((token, target, tag)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let target = office.desk.composer.links.target(&token, &target, &tag);
    let target = target.ok_or_else(|| not_found("there is no such link"))?;
    noted(office.react(&token, Reaction::Clicked).await?)?;
    Ok(Redirect::to(&target).into_response())
}

/// Looking does not unsubscribe: scanners of mails follow every link.
async fn ask_to_unsubscribe() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width\"><title>Unsubscribe</title>\
         <h1>Unsubscribe</h1><p>Do you want no more mails from us?</p>\
         <form method=post><button>Unsubscribe</button></form></html>",
    )
}

/// By the form, or by a mail program's one click (RFC 8058): whoever has the link may.
async fn unsubscribe(
    State(office): State<Office>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    noted(office.react(&token, Reaction::Unsubscribed).await?)?;
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>Unsubscribed</title>\
                <h1>Unsubscribed</h1><p>You will not get any more mails from us.</p></html>";
    Ok(Html(page).into_response())
}

/// From whoever handles the answers to mails: the link is in each mail's headers.
async fn answered(
    State(office): State<Office>,
    Path((token, reaction)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let known = [Reaction::Replied, Reaction::Bounced].into_iter().find(|r| r.as_str() == reaction);
    let unknown = || not_found("there is no such reaction: use replied or bounced");
    noted(office.react(&token, known.ok_or_else(unknown)?).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// For whom a preview is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct For {
    /// A customer; a made-up one when absent.
    #[schema(example = "00004")]
    customer_id: Option<String>,
}

/// A mail as its reader would see it.
#[derive(Debug, Serialize, ToSchema)]
struct Preview {
    /// The subject.
    subject: String,
    /// The body.
    html: String,
    /// The body for those who see no HTML.
    text: String,
}

/// What a campaign would send.
#[utoipa::path(
    post, path = "/v1/campaigns/{id}/preview", tag = "campaigns", request_body = For,
    params(("id" = String, Path, description = "Id of the campaign")),
    responses(
        (status = 200, description = "The mail", body = Preview),
        (status = 404, description = "There is no such campaign or customer", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn preview(
    State(office): State<Office>,
    Path(id): Path<String>,
    Json(For { customer_id }): Json<For>,
) -> Result<Json<Preview>, Problem> {
    let Composed { subject, html, text } = office.compose(&id, customer_id.as_deref()).await?;
    Ok(Json(Preview { subject, html, text }))
}

/// Whom a campaign would write to if it were started now.
#[utoipa::path(
    get, path = "/v1/campaigns/{id}/audience", tag = "campaigns",
    params(("id" = String, Path, description = "Id of the campaign")),
    responses(
        (status = 200, description = "How many, and how many not, and why", body = Audience),
        (status = 404, description = "There is no such campaign", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn audience(
    State(office): State<Office>,
    Path(id): Path<String>,
) -> Result<Json<Audience>, Problem> {
    audience::of(&office.database, &id).await.map(Json)
}

/// Where a test mail goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Test {
    /// The address.
    #[schema(example = "anna@example.org")]
    to: String,
    /// For which customer it is made; for a made-up one when absent.
    customer_id: Option<String>,
}

/// Send what a campaign would send to an address, once. Needs the right `campaign.SEND_TEST`.
#[utoipa::path(
    post, path = "/v1/campaigns/{id}/test", tag = "campaigns", request_body = Test,
    params(("id" = String, Path, description = "Id of the campaign")),
    responses(
        (status = 204, description = "The mail server took it"),
        (status = 400, description = "The address is none", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 502, description = "The mail server refused it", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn test(
    State(office): State<Office>,
    Extension(subject): Extension<Subject>,
    Path(id): Path<String>,
    Json(Test { to, customer_id }): Json<Test>,
) -> Result<StatusCode, Problem> {
    if !subject.may(TEST) {
        return Err(forbidden(&subject, TEST));
    }
    let to = mailbox("", &to).map_err(|_| bad_argument("to", "must be an e-mail address"))?;
    let composed = office.compose(&id, customer_id.as_deref()).await?;
    // No mailing of any customer: each test mail is one of its own.
    let mailing = AggregateId::from(uuid::Uuid::new_v4());
    let message = office.desk.composer.message(&mailing, to, "preview", composed);
    match office.desk.post.send(&message.map_err(|error| unfit(&error))?).await {
        Answer::Taken => Ok(StatusCode::NO_CONTENT),
        Answer::Later(said) | Answer::Never(said) | Answer::Away(said) | Answer::Unknown(said) => {
            let detail = format!("the mail server did not take it: {said}");
            Err(Problem::new(StatusCode::BAD_GATEWAY, "not_sent", detail))
        }
    }
}

/// Everything that is served.
pub fn router(database: Database, desk: Desk) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(preview))
        .routes(routes!(audience))
        .routes(routes!(test));
    let office = Office { database, desk };
    let links = Router::new()
        .route("/m/{token}/opened", get(opened))
        .route("/m/{token}/to/{target}/{tag}", get(clicked))
        .route("/m/{token}/unsubscribe", get(ask_to_unsubscribe).post(unsubscribe))
        .route("/m/{token}/reactions/{reaction}", axum::routing::post(answered))
        .with_state(office.clone());
    described(routes, office).merge(links)
}
