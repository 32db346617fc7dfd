//! The spans of commands that somebody records, told once their batch is committed. Of others
//! nothing is made.

use std::time::SystemTime;

use event_log::Position;
use schemas::command::RecentOutcome;
use service::{
    Tracer,
    trace::{Kind, Place, Span},
};

use crate::outbound::SOURCE;

/// The spans of the batch under way.
pub struct Spans {
    tracer: Tracer,
    aggregate: &'static str,
    decided: Vec<Span>,
}

/// The span of a command that is being decided.
pub struct Begun {
    place: Place,
    started: SystemTime,
    /// Its place, for what the command causes.
    pub traceparent: String,
}

impl Spans {
    /// Of an aggregate type.
    pub const fn of(aggregate: &'static str, tracer: Tracer) -> Self {
        Self { tracer, aggregate, decided: Vec::new() }
    }

    /// Begins one, if the trace of the command is recorded.
    pub fn begin(&self, traceparent: Option<&str>) -> Option<Begun> {
        let place = self.tracer.after(traceparent)?;
        let (started, traceparent) = (SystemTime::now(), place.context().to_string());
        Some(Begun { place, started, traceparent })
    }

    /// Ends it as far as that is known before the commit. `repeated`: the answer is an earlier one.
    pub fn decided(
        &mut self,
        begun: &Begun,
        at: Position,
        command: &'static str,
        (outcome, repeated): (&RecentOutcome, bool),
    ) {
        let Begun { place, started, .. } = *begun;
        let (kind, name) = (Kind::Consumer, format!("decide {command}"));
        let rejection = outcome.rejection.as_ref();
        let result = match (rejection, repeated) {
            (_, true) => "repeated",
            (Some(_), false) => "rejected",
            (None, false) => "accepted",
        };
        let mut span = place
            .span(kind, name, started)
            .at("process", at)
            .with("messaging.consumer.group.name", SOURCE)
            .with("oneway.command.id", outcome.command_id.to_string())
            .with("oneway.command.type", command)
            .with("oneway.aggregate.type", self.aggregate)
            .with("oneway.outcome", result);
        if let Some(rejection) = rejection {
            span = span.with("oneway.rejection", rejection.code.clone());
        }
        self.decided.push(span);
    }

    /// What was decided counts from now on.
    pub fn committed(&mut self) {
        if !self.decided.is_empty() {
            self.tracer.send_all(self.decided.drain(..), SystemTime::now());
        }
    }
}
