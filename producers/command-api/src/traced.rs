//! The span of a request that brings a command, from its head to its answer. What it says of the
//! command are names and the command's id.

use std::time::SystemTime;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, Method},
    middleware::{self, Next},
    response::Response,
};
use schemas::CommandId;
use service::{
    Tracer,
    trace::{Context, Kind, Place, Span},
};

use crate::command::Submission;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What an answer says of the command, in its extensions.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    place: Option<Place>,
    id: CommandId,
    command: &'static str,
    aggregate: &'static str,
}

impl Told {
    /// Of a command whose span is to be there, if it is recorded.
    pub fn of(submission: &Submission, place: Option<Place>) -> Self {
        let command = &submission.command;
        let (id, aggregate) = (submission.id, command.aggregate());
        Self { place, id, command: command.wire_type(), aggregate }
    }
}

/// The place in a trace that a request names. One that is malformed, or sent twice, counts as none.
pub fn parent(headers: &HeaderMap) -> Option<Context> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Context::parse(value.to_str().ok()?),
        _ => None,
    }
}

/// Has what a router does with commands be recorded.
pub fn behind(router: Router, tracer: &Tracer) -> Router {
    if !tracer.is_on() {
        return router;
    }
    router.layer(middleware::from_fn_with_state(tracer.clone(), pass))
}

async fn pass(State(tracer): State<Tracer>, request: Request, next: Next) -> Response {
    let method = match *request.method() {
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        // Brings no command.
        _ => return next.run(request).await,
    };
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let (started, parent) = (SystemTime::now(), parent(request.headers()));
    let mut answer = next.run(request).await;
    let told = answer.extensions_mut().remove::<Told>();
    // What was refused before it was a command has a span, too.
    let place = told.map_or_else(|| tracer.join(parent, "").place, |told| told.place);
    if let Some(place) = place {
        let span = place.span(Kind::Server, format!("{method} {}", route.as_str()), started);
        let span =
            span.with("http.request.method", method).with("http.route", route.as_str().to_owned());
        tracer.send(ended(span, told, &answer));
    }
    answer
}

fn ended(mut span: Span, told: Option<Told>, answer: &Response) -> Span {
    let status = answer.status();
    span = span.with("http.response.status_code", i64::from(status.as_u16()));
    if let Some(Told { id, command, aggregate, .. }) = told {
        span = span
            .with("oneway.command.id", id.to_string())
            .with("oneway.command.type", command)
            .with("oneway.aggregate.type", aggregate);
    }
    match status.is_server_error() {
        true => span.failed(status.as_str().to_owned()),
        false => span,
    }
}
