//! What can be asked.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
};
use consumer_runtime::{
    build::Until,
    query::{Arguments, ProblemBody, bad_argument, described},
};
use event_log::Partition;
use schemas::{Timestamp, Topic};
use serde::Deserialize;
use serde_json::{Value, json};
use service::{Problem, Subject, auth::refusal::forbidden};
use tokio::{sync::Semaphore, task::spawn_blocking};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    consumer::Consumer,
    error::Error,
    events::{self, Filter},
    health::Health,
    letters::{self, Wish},
    rebuild::{self, Rebuilds},
    scan::{EVENTS, SHOWN, Scan, Tools},
    schema,
    standing::Observer,
    timeline,
    trace::{self, Root, effects, tree::Tree},
};

/// Readers of topics at once: each reads as fast as it can.
const READERS: usize = 2;

/// What answers are made of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    scan: Scan,
    observer: Observer,
    health: Health,
    rebuilds: Rebuilds,
    readers: Arc<Semaphore>,
}

impl Desk {
    /// Of one installation.
    #[must_use]
    pub fn new(scan: Scan, observer: Observer, health: Health, rebuilds: Rebuilds) -> Self {
        Self { scan, observer, health, rebuilds, readers: Arc::new(Semaphore::new(READERS)) }
    }

    /// Reads topics on a thread of its own, when it is its turn.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Scan) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.readers).acquire_owned().await;
        let scan = self.scan.clone();
        let read = spawn_blocking(move || {
            let _turn = turn;
            work(&scan)
        });
        read.await?
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Oneway operator", description = "What happened, why, and how far each consumer is."),
    tags((name = "operator", description = "The event store and its consumers")),
)]
struct Description;

/// Which records are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct EventArguments {
    /// Most records on the page: 1 to 200, otherwise 50.
    limit: Option<usize>,
    /// Where the page starts: `next` of the page before.
    cursor: Option<String>,
    /// Only records of these topics, with commas; otherwise of all that carry events.
    topic: Option<String>,
    /// Only records of this type, such as `order_created`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    message_type: Option<String>,
    /// Only records with this key.
    key: Option<String>,
    /// Only records with this correlation id.
    correlation_id: Option<String>,
    /// Only records of this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only records before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl EventArguments {
    fn filter(&self) -> Result<Filter, Problem> {
        let topics = match &self.topic {
            None => SHOWN.into_iter().take(EVENTS).collect(),
            Some(names) => names.split(',').map(shown).collect::<Result<_, _>>()?,
        };
        Ok(Filter {
            topics,
            message_type: self.message_type.clone(),
            key: self.key.clone(),
            correlation_id: self.correlation_id.clone(),
            since: self.since,
            until: self.until,
        })
    }
}

fn shown(name: &str) -> Result<Topic, Problem> {
    let topic = SHOWN.into_iter().find(|topic| topic.name() == name);
    topic.ok_or_else(|| {
        let names = SHOWN.map(Topic::name).join(", ");
        bad_argument("topic", &format!("must be one or more of {names}"))
    })
}

/// Records of the event store, the newest first.
#[utoipa::path(
    get, path = "/v1/events", tag = "operator", params(EventArguments),
    responses(
        (status = 200, description = "A page: `records`, and `next` when there may be more", body = Value),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(desk): State<Desk>,
    Arguments(arguments): Arguments<EventArguments>,
) -> Result<Json<Value>, Problem> {
    let limit = arguments.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(bad_argument("limit", "must be 1 to 200"));
    }
    let cursor = arguments.cursor.as_deref().map(str::parse::<Until>).transpose();
    let cursor = cursor.map_err(|_| bad_argument("cursor", "is not one that this query gave"))?;
    let filter = arguments.filter()?;
    let page = desk.read(move |scan| events::page(scan, &filter, cursor.as_ref(), limit));
    let page = page.await?;
    let records: Vec<_> = page.records.iter().map(|seen| seen.as_json()).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(Json(json!({ "records": records, "next": next })))
}

/// The life of one aggregate: its events in order, and its state after each.
#[utoipa::path(
    get, path = "/v1/aggregates/{type}/{id}", tag = "operator",
    params(
        ("type" = String, Path, description = "Such as order"),
        ("id" = String, Path, description = "Id of the aggregate"),
    ),
    responses(
        (status = 200, description = "`steps`: each with `event` and `state`", body = Value),
        (status = 404, description = "There is no event of it", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn aggregate(
    State(desk): State<Desk>,
    Path((aggregate, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let steps = desk.read(move |scan| timeline::timeline(scan, &aggregate, &id)).await?;
    let steps =
        steps.iter().map(|step| json!({ "event": step.event.as_json(), "state": step.state }));
    Ok(Json(json!({ "steps": steps.collect::<Vec<_>>() })))
}

/// Under which subjects of this installation a schema is registered, and as which version of each.
#[utoipa::path(
    get, path = "/v1/schemas/{id}", tag = "operator",
    params(("id" = u32, Path, description = "Its id in the registry, as records name it")),
    responses(
        (status = 200, description = "`uses`, each with `topic`, `subject` and `version`", body = Value),
        (status = 404, description = "There is no such schema", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn schema(State(desk): State<Desk>, Path(id): Path<u32>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "uses": schema::uses(&desk.scan.settings, id).await? })))
}

/// Everything that one request set off: who caused whom.
#[utoipa::path(
    get, path = "/v1/causation/{correlationId}", tag = "operator",
    params(("correlationId" = String, Path, description = "Correlation id of the request")),
    responses(
        (status = 200, description = "`records` in the order of the tree, each with its `depth`",
            body = Value),
        (status = 404, description = "No record has it", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn causation(
    State(desk): State<Desk>,
    Path(correlation_id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let root = Root::Correlation(correlation_id);
    let mut found = desk.read(move |scan| trace::records(scan, &root)).await?;
    let client =
        desk.observer.database(Consumer::Orders)?.dedicated().await.map_err(Error::from)?;
    found.extend(effects::caused_by(&client, &found).await?);
    Ok(Json(Tree::of(found).as_json()))
}

/// How many offsets each topic has had: what a topic without transactions has had of records.
#[utoipa::path(
    get, path = "/v1/topics", tag = "operator",
    responses((status = 200, description = "`topics`, each with its `end`", body = Value)),
)]
async fn topics(State(desk): State<Desk>) -> Result<Json<Value>, Problem> {
    let ends = desk.read(|scan| {
        let partitions = scan.partitions(&SHOWN, None)?;
        let end = |tools: &mut Tools, partition: Partition| {
            Ok((partition.topic, tools.log.high_watermark(partition)?))
        };
        Ok(scan.each(&partitions, end)?)
    });
    let ends = ends.await?;
    let topic = |topic: Topic| {
        let ends = ends.iter().filter(|(of, _)| *of == topic);
        json!({ "name": topic.name(), "end": ends.map(|(_, end)| end).sum::<i64>() })
    };
    Ok(Json(json!({ "topics": SHOWN.map(topic), "time": Timestamp::now() })))
}

/// How all consumers stand.
#[utoipa::path(
    get, path = "/v1/consumers", tag = "operator",
    responses((status = 200, description = "`consumers`, each with its partitions", body = Value)),
)]
async fn consumers(State(desk): State<Desk>) -> Result<Json<Value>, Problem> {
    let all = desk.observer.all().await?;
    let all: Vec<_> = all.iter().map(|one| one.as_json()).collect();
    Ok(Json(json!({ "consumers": all })))
}

/// The records that a consumer cannot handle.
#[utoipa::path(
    get, path = "/v1/consumers/{name}/dead-letters", tag = "operator",
    params(("name" = String, Path, description = "The consumer")),
    responses((status = 200, description = "`deadLetters`, the oldest first", body = Value)),
)]
async fn dead_letters(
    State(desk): State<Desk>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(told(&letters::list(&desk.observer, named(&name)?).await?))
}

/// Asks a consumer to try records again, or to give them up. It does so itself, a moment later.
#[utoipa::path(
    post, path = "/v1/consumers/{name}/dead-letters", tag = "operator",
    params(("name" = String, Path, description = "The consumer")),
    request_body = Wish,
    responses(
        (status = 200, description = "`deadLetters` that are meant", body = Value),
        (status = 403, description = "The right `operator.DEAD_LETTERS` is needed",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn ask(
    State(desk): State<Desk>,
    Extension(subject): Extension<Subject>,
    Path(name): Path<String>,
    Json(wish): Json<Wish>,
) -> Result<Json<Value>, Problem> {
    check(&subject, "operator.DEAD_LETTERS")?;
    let meant = letters::ask(&desk.observer, named(&name)?, &wish, subject.actor()).await?;
    Ok(told(&meant))
}

fn check(subject: &Subject, right: &str) -> Result<(), Problem> {
    match subject.may(right) {
        true => Ok(()),
        false => Err(forbidden(subject, right)),
    }
}

/// The last step of a rebuild of this consumer, with what it has said so far.
#[utoipa::path(
    get, path = "/v1/consumers/{name}/rebuild", tag = "operator",
    params(("name" = String, Path, description = "The consumer")),
    responses((status = 200, description = "The step; null when there was none", body = Value)),
)]
async fn last_step(
    State(desk): State<Desk>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(desk.rebuilds.last(named(&name)?)))
}

/// Begins a step of a rebuild: `plan`, `start`, `status`, `diff`, `switch`, `back` or `drop`.
#[utoipa::path(
    post, path = "/v1/consumers/{name}/rebuild", tag = "operator",
    params(("name" = String, Path, description = "The consumer")),
    request_body = rebuild::Wish,
    responses(
        (status = 202, description = "It has begun"),
        (status = 403, description = "The right `operator.REBUILD` is needed",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn begin_step(
    State(desk): State<Desk>,
    Extension(subject): Extension<Subject>,
    Path(name): Path<String>,
    Json(wish): Json<rebuild::Wish>,
) -> Result<StatusCode, Problem> {
    check(&subject, "operator.REBUILD")?;
    desk.rebuilds.begin(named(&name)?, wish.step, subject.actor())?;
    Ok(StatusCode::ACCEPTED)
}

fn told(letters: &[consumer_runtime::dead_letters::desk::DeadLetter]) -> Json<Value> {
    let letters: Vec<_> = letters.iter().map(letters::as_json).collect();
    Json(json!({ "deadLetters": letters }))
}

fn named(name: &str) -> Result<Consumer, Error> {
    let names = || Consumer::ALL.map(Consumer::name).join(", ");
    name.parse().map_err(|_| Error::NotFound(format!("the consumers are {}", names())))
}

/// Whether the servers and processes of the installation work.
#[utoipa::path(
    get, path = "/v1/health", tag = "operator",
    responses((status = 200, description = "`parts`, each with what is `wrong`", body = Value)),
)]
async fn health(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({ "parts": desk.health.look().await }))
}

/// Everything that is served.
pub fn router(desk: Desk) -> Router {
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(aggregate))
        .routes(routes!(schema))
        .routes(routes!(causation))
        .routes(routes!(topics))
        .routes(routes!(consumers))
        .routes(routes!(dead_letters, ask))
        .routes(routes!(last_step, begin_step))
        .routes(routes!(health));
    described(routes, desk)
}
