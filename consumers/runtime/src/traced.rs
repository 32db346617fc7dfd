//! The traces that events belong to. Of an event whose trace is recorded it is told when it was
//! applied; what it causes comes after that, or else after what the event itself came after.

use std::time::SystemTime;

use schemas::Envelope;
use service::{
    Tracer,
    trace::{Context, Kind, Place, Span},
};

use crate::recorded::{Item, Recorded};

/// An event's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// As its record says.
    pub from: Context,
    recorded: Option<(Place, Box<str>)>,
}

impl Traced {
    /// Of a record that names a trace. Applying it keeps its place, however often it is attempted.
    pub(crate) fn read(tracer: &Tracer, envelope: &Envelope<'_>) -> Option<Box<Self>> {
        let from = Context::parse(envelope.traceparent?)?;
        let place = tracer.after_context(from);
        let recorded = place.map(|place| (place, envelope.message_type.into()));
        Some(Box::new(Self { from, recorded }))
    }

    /// What is sent on with whatever it causes.
    #[must_use]
    pub fn context(&self) -> Context {
        self.recorded.as_ref().map_or(self.from, |(place, _)| place.context())
    }
}

/// Tells of events that were applied by a consumer, from then until now.
pub(crate) fn tell<E>(
    tracer: &Tracer,
    consumer: &'static str,
    items: &[&Item<E>],
    started: SystemTime,
) {
    if !tracer.is_on() {
        return;
    }
    let events = items.iter().filter_map(|item| match item {
        Item::Handled(event) => Some(event),
        Item::Passed(_) => None,
    });
    let spans = events.filter_map(|event| span(consumer, event, started));
    tracer.send_all(spans, SystemTime::now());
}

fn span<E>(consumer: &'static str, event: &Recorded<E>, started: SystemTime) -> Option<Span> {
    let (place, message_type) = event.trace.as_ref()?.recorded.as_ref()?;
    let span = place.span(Kind::Consumer, format!("apply {message_type}"), started);
    let span = span
        .at("process", event.at)
        .with("messaging.consumer.group.name", consumer)
        .with("messaging.message.id", event.id.to_string())
        .with("oneway.event.type", message_type.to_string());
    Some(span)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use service::{Env, trace};

    use super::*;
    use crate::{projection::Cause, testing::recorded};

    const RECORDED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(tracer: &Tracer, traceparent: Option<&str>) -> Option<Traced> {
        let envelope = Envelope { message_type: "x_done", traceparent, ..Envelope::default() };
        Traced::read(tracer, &envelope).map(|traced| *traced)
    }

    #[tokio::test]
    async fn what_an_event_causes_comes_after_its_own_span() {
        let nobody = ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), "http://127.0.0.1:9".to_owned());
        let settings = trace::Settings::from_env(&Env::new("orders", HashMap::from([nobody])));
        let (tracer, _exporter) = trace::Exporter::start("orders", settings).unwrap();
        let traced = read(&tracer, Some(RECORDED)).unwrap();
        assert_eq!(traced.from.to_string(), RECORDED);
        assert_eq!(traced.context().trace_id(), traced.from.trace_id());
        assert_ne!(traced.context(), traced.from);
        let mut event = recorded("o1", 1, ());
        assert!(span("orders", &event, SystemTime::now()).is_none());
        event.trace = Some(Box::new(traced.clone()));
        assert_eq!(Cause::from(&event).trace, Some(traced.context()));
        assert!(span("orders", &event, SystemTime::now()).is_some());
        // A trace that nobody records goes on, and so does every trace where nothing is recorded.
        let unwanted = RECORDED.replace("-01", "-00");
        for (tracer, sent) in [(&tracer, &*unwanted), (&Tracer::off(), RECORDED)] {
            let traced = read(tracer, Some(sent)).unwrap();
            assert_eq!(traced.context().to_string(), sent);
            event.trace = Some(Box::new(traced));
            assert!(span("orders", &event, SystemTime::now()).is_none());
        }
        assert_eq!(read(&tracer, None), None);
        assert_eq!(read(&tracer, Some("nonsense")), None);
    }
}
