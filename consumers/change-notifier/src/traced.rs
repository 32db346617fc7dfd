//! The end of a trace: a change goes out to the clients of this replica. One span for all of them.

use std::time::SystemTime;

use event_log::{Position, record::envelope};
use rdkafka::message::BorrowedMessage;
use service::{
    Tracer,
    trace::{Kind, Span},
};

/// Changes whose clients are to be woken.
#[derive(Debug, Default)]
pub struct Told(Vec<Span>);

impl Told {
    /// A change came, and so many clients of this replica want it.
    pub fn push(
        &mut self,
        tracer: &Tracer,
        (at, record): (Position, &BorrowedMessage<'_>),
        clients: usize,
        started: SystemTime,
    ) {
        let Ok(envelope) = envelope(record) else { return };
        let Some(place) = tracer.after(envelope.traceparent) else { return };
        let span = place
            .span(Kind::Consumer, "notify", started)
            .at("process", at)
            .with("messaging.message.id", envelope.id.to_owned())
            .with("oneway.clients", i64::try_from(clients).unwrap_or(i64::MAX));
        self.0.push(span);
    }

    /// The clients were woken.
    pub fn woken(&mut self, tracer: &Tracer) {
        if !self.0.is_empty() {
            tracer.send_all(self.0.drain(..), SystemTime::now());
        }
    }
}
