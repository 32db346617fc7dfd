//! What can be asked, one file per resource.

pub mod commands;
pub mod customers;
pub mod generic;
pub mod orders;

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemas::{AggregateId, CommandId, any_command::AnyCommand};
use service::{Problem, Tracer, trace::tracer::Joined};
use uuid::Uuid;

use crate::{
    answer::{Form, answer},
    command::Submission,
    dispatch::Dispatcher,
    lookup::History,
    outcomes::Outcomes,
    refusals::Refusals,
    request::CommandHeaders,
    traced::Told,
};

/// What the routes work with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// Sends commands.
    pub dispatcher: Arc<Dispatcher>,
    /// Records what is refused.
    pub refusals: Arc<Refusals>,
    /// The outcomes of late.
    pub outcomes: Arc<Outcomes>,
    /// The outcomes before.
    pub history: Arc<dyn History>,
    /// Says to which trace a command belongs.
    pub tracer: Tracer,
}

impl Api {
    /// Takes a command and answers it. Without an id it is for an aggregate whose id follows from
    /// the command's, so that a repeat creates the same one.
    pub async fn take(
        &self,
        headers: CommandHeaders,
        aggregate_id: Option<AggregateId>,
        command: impl Into<AnyCommand>,
        form: Form,
    ) -> Response {
        let id = headers.key.unwrap_or_else(|| CommandId(Uuid::now_v7()));
        // The same for a repeat, so that its answer is the same too.
        let correlation_id = headers.correlation_id.unwrap_or_else(|| id.to_string());
        let Joined { place, context } = self.tracer.join(headers.parent, &correlation_id);
        let submission = Submission {
            id,
            aggregate_id: aggregate_id.unwrap_or_else(|| AggregateId::derived_from(id)),
            command: command.into(),
            expected_version: headers.expected_version,
            correlation_id,
            actor: headers.subject.actor().to_owned(),
            trace: context,
        };
        let mut response = if headers.subject.may(&submission.command.right()) {
            let result = self.dispatcher.send(&submission, headers.prefer).await;
            answer(&submission, form, headers.prefer, result)
        } else {
            self.refusals.refuse(&submission, &headers.subject).await.into_response()
        };
        if self.tracer.is_on() {
            response.extensions_mut().insert(Told::of(&submission, place));
        }
        response
    }
}

/// The id in a path: one that can be no id is that of nothing.
fn path_id(aggregate: &str, text: &str) -> Result<AggregateId, Problem> {
    AggregateId::new(text).map_err(|error| {
        let detail = format!("there is no such {aggregate}: {error}");
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    })
}

#[cfg(test)]
mod tests;
