//! Read your own write: a query sent with the tokens of command answers is answered when the read
//! model has applied what they name, by whichever instance; or else it says how far behind it is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
};
use schemas::Topic;
use serde_json::json;
use service::{Prefer, Problem};
use utoipa::{
    IntoParams, IntoResponses, OpenApi as _,
    openapi::{OpenApi, RefOr},
};

pub mod demand;
pub mod lookout;

use crate::query::{Lag, ProblemBody};
use demand::Demand;
use lookout::{Unmet, View};

/// What a query has to pass.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// What is applied.
    pub view: View,
    /// The topics from which the read model is built.
    pub topics: Arc<BTreeSet<Topic>>,
    /// How long a query waits when the client does not say.
    pub wait: Duration,
}

impl Fresh {
    /// Has every query behind the router wait for what its tokens name. The query's own snapshot
    /// is taken after the offsets were read, and rows are committed together with their offsets:
    /// so it is never older than them. Both ask the same server.
    pub fn before(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self, pass))
    }
}

async fn pass(
    State(fresh): State<Fresh>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let demand = Demand::read(request.headers(), &fresh.topics)?;
    let limit = Prefer::read(request.headers()).wait_or(fresh.wait);
    if let Some(demand) = demand {
        fresh.view.wait_for(&demand, limit).await.map_err(problem)?;
    }
    Ok(next.run(request).await)
}

/// Why a query is not answered.
fn problem(unmet: Unmet) -> Problem {
    let unavailable = |code, detail: &str| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(1)
    };
    match unmet {
        Unmet::Late(missing) => {
            let detail = "the read model has not yet applied what the token names: ask again, or \
                          wait longer (Prefer: wait=…)";
            unavailable("not_applied_yet", detail)
                .with("lag", json!(missing.iter().map(Lag::from).collect::<Vec<_>>()))
        }
        Unmet::Unknown => {
            unavailable("read_model_unavailable", "the read model cannot be read at the moment")
        }
        Unmet::Crowded => {
            unavailable("overloaded", "too many queries wait for what their tokens name")
        }
        Unmet::Stopping => unavailable("stopping", "this instance is about to stop"),
    }
}

/// What the clients of every query are told of this, for the description.
pub fn describe(description: &mut OpenApi) {
    description.merge(Shared::openapi());
    for path in description.paths.paths.values_mut() {
        let parameters = Headers::into_params(|| None).into_iter().map(RefOr::T);
        path.parameters.get_or_insert_default().extend(parameters);
        for operation in path.get.iter_mut().chain(&mut path.post) {
            for (status, response) in Refusals::responses() {
                // What a query says of its own mistakes stays.
                operation.responses.responses.entry(status).or_insert(response);
            }
        }
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ProblemBody)))]
struct Shared;

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what queries are sent with")]
struct Headers {
    /// The `oneway-token` of an answer to a command, or several, in one header with commas or in
    /// several: the query is answered when the read model has applied what those commands caused.
    #[param(rename = "oneway-token", required = false, value_type = String,
        example = "1~order.commands.3.1234")]
    token: Option<String>,
    /// `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
    #[param(rename = "Prefer", required = false, value_type = String, example = "wait=5")]
    prefer: Option<String>,
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents how queries are refused")]
enum Refusals {
    /// The token is malformed
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(#[to_schema] ProblemBody),
    /// A token of who asks is needed, or it is not valid (`no_token`, `invalid_token`)
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(#[to_schema] ProblemBody),
    /// The roles of who asks do not have the `right` (`forbidden`)
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] ProblemBody),
    /// Too many requests in a short time (`too_many_requests`)
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(#[to_schema] ProblemBody),
    /// The read model has not applied what the token names (`not_applied_yet`, with the `lag`), or
    /// cannot be read; `Retry-After` says when to ask again
    #[response(status = 503, content_type = "application/problem+json")]
    Unmet(#[to_schema] ProblemBody),
}
