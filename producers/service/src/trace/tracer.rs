//! Which traces are recorded, and who belongs to them. Cheap to clone; works from tasks and from
//! threads. One that is off does nothing, and allocates nothing.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use metrics::counter;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    context::Context,
    settings::Ratio,
    span::{Place, Span},
};
use crate::metrics::SPANS_DROPPED;

/// Makes places in traces, and takes their spans.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<On>>);

struct On {
    ratio: Ratio,
    queue: mpsc::Sender<Span>,
}

/// How a request joins a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// Of its span, when it is recorded.
    pub place: Option<Place>,
    /// What is sent on.
    pub context: Option<Context>,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("is_on", &self.is_on()).finish()
    }
}

impl Tracer {
    /// One that records nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    pub(super) fn on(ratio: Ratio, queue: mpsc::Sender<Span>) -> Self {
        Self(Some(Arc::new(On { ratio, queue })))
    }

    /// Whether anything is recorded.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A place after what a `traceparent` names; none unless that is recorded.
    #[must_use]
    pub fn after(&self, traceparent: Option<&str>) -> Option<Place> {
        self.0.as_ref()?;
        self.after_context(Context::parse(traceparent?)?)
    }

    /// A place after another, unless that is not recorded.
    #[must_use]
    pub fn after_context(&self, parent: Context) -> Option<Place> {
        let is_recorded = self.is_on() && parent.is_sampled;
        is_recorded.then(|| Place {
            context: Context { span: new_span(), ..parent },
            parent: Some(parent.span),
        })
    }

    /// Joins a request to the trace that its sender names, whose wish it is whether it is recorded.
    /// Where none is named a trace begins. Its id is the correlation id, if that is a UUID: so that
    /// whoever has one of them finds the other.
    #[must_use]
    pub fn join(&self, parent: Option<Context>, correlation_id: &str) -> Joined {
        let Some(on) = &self.0 else { return Joined::default() };
        if let Some(parent) = parent {
            let place = self.after_context(parent);
            return Joined { place, context: Some(place.map_or(parent, Place::context)) };
        }
        let named = Uuid::try_parse(correlation_id).ok().filter(|id| !id.is_nil());
        let trace = named.unwrap_or_else(Uuid::new_v4).as_u128();
        if !on.ratio.takes(trace) {
            return Joined::default();
        }
        let context = Context { trace, span: new_span(), is_sampled: true };
        Joined { place: Some(Place { context, parent: None }), context: Some(context) }
    }

    /// Sends a span, which ends now, to the collector: some time, or never when too many wait.
    pub fn send(&self, span: Span) {
        let ended = SystemTime::now();
        self.send_all([span], ended);
    }

    /// Sends spans that have ended then.
    pub fn send_all(&self, spans: impl IntoIterator<Item = Span>, ended: SystemTime) {
        let Some(on) = &self.0 else { return };
        for span in spans {
            // Clocks go back.
            let ended = ended.max(span.started + Duration::from_nanos(1));
            if on.queue.try_send(Span { ended, ..span }).is_err() {
                counter!(SPANS_DROPPED, "reason" => "queue_full").increment(1);
            }
        }
    }
}

/// Not zero: a random UUID says in this half that it is one.
fn new_span() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::span::Kind;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const ID: &str = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";

    fn tracer(ratio: &str, room: usize) -> (Tracer, mpsc::Receiver<Span>) {
        let (queue, spans) = mpsc::channel(room);
        (Tracer::on(ratio.parse().unwrap(), queue), spans)
    }

    #[test]
    fn a_place_comes_after_what_is_recorded() {
        let (tracer, _spans) = tracer("0", 1);
        let place = tracer.after(Some(SAMPLED)).unwrap();
        let parent = Context::parse(SAMPLED).unwrap();
        assert_eq!((place.parent, place.context.trace), (Some(parent.span), parent.trace));
        assert_ne!(place.context.span, parent.span);
        assert!(place.context.is_sampled);
        let not = SAMPLED.replace("-01", "-00");
        for none in [None, Some("nonsense"), Some(&*not)] {
            assert_eq!(tracer.after(none), None);
        }
        assert_eq!(Tracer::off().after(Some(SAMPLED)), None);
    }

    #[test]
    fn the_senders_wish_counts_and_else_the_ratio() {
        let (all, _spans) = tracer("1", 1);
        let (none, _spans) = tracer("0", 1);
        let sampled = Context::parse(SAMPLED).unwrap();
        let not = Context { is_sampled: false, ..sampled };
        assert!(none.join(Some(sampled), ID).place.is_some());
        // It travels on, so that the log can name it.
        assert_eq!(all.join(Some(not), ID), Joined { place: None, context: Some(not) });
        assert_eq!(none.join(None, ID), Joined::default());
        assert_eq!(Tracer::off().join(Some(sampled), ID), Joined::default());
        let root = all.join(None, ID).place.unwrap();
        assert_eq!((root.context.trace, root.parent), (sampled.trace, None), "by its correlation");
        let nil = Uuid::nil().to_string();
        for other in ["", "SVLT-1", &nil] {
            let root = all.join(None, other).place.unwrap();
            assert!(root.context.trace > 0 && root.context.trace != sampled.trace, "{other}");
        }
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_time_never_goes_back() {
        let (tracer, mut spans) = tracer("1", 1);
        let started = SystemTime::now() + Duration::from_secs(60);
        let span = tracer.after(Some(SAMPLED)).unwrap().span(Kind::Consumer, "a", started);
        tracer.send(span.clone());
        tracer.send(span);
        let sent = spans.try_recv().unwrap();
        assert!(sent.ended > sent.started);
        assert!(spans.try_recv().is_err(), "there was room for one");
    }
}
