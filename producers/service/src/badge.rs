//! Which role a thread works for, where several share a process: its log lines carry the role's
//! name, and what it counts is shown on the role's admin port. Every thread of a role wears its
//! badge: those of its runtime, and those that are started by [`spawn`]. In a process with one role
//! there are no badges, and nothing here does anything.

use std::{
    cell::Cell,
    fmt, io,
    thread::{self, JoinHandle},
};

use metrics::{set_default_local_recorder, with_local_recorder};
use metrics_exporter_prometheus::PrometheusRecorder;
use tracing::{Span, error_span};

/// Target of the spans that carry names: always on, whatever the filter of the log.
pub(crate) const SPANS: &str = "service::badge";

thread_local! {
    static WORN: Cell<Badge> = const { Cell::new(Badge(None)) };
}

/// What tells the threads of one role from those of others.
#[derive(Clone, Copy, Default)]
pub struct Badge(Option<&'static Marks>);

struct Marks {
    span: Span,
    recorder: PrometheusRecorder,
}

impl fmt::Debug for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Badge").field(&self.0.map(|marks| &marks.span)).finish()
    }
}

impl Badge {
    /// The badge of a role, whose threads count by this recorder. It is there until the process
    /// ends, as is the role.
    pub(crate) fn new(role: &'static str, recorder: PrometheusRecorder) -> Self {
        // An error's span passes every filter that lets anything pass.
        let span = error_span!(target: SPANS, parent: None, "role", service.name = %role);
        Self(Some(Box::leak(Box::new(Marks { span, recorder }))))
    }

    /// That of this thread; none where there are none.
    #[must_use]
    pub fn of_this_thread() -> Self {
        WORN.get()
    }

    /// Puts it on this thread, which wore none, until [`Badge::take_off`].
    pub(crate) fn put_on(self) {
        let Some(marks) = self.0 else { return };
        WORN.set(self);
        // No guards, for there is nowhere to keep them: a thread of a runtime is told when it
        // begins and when it ends. The recorder's is needed for nothing: it goes with the thread.
        marks.span.with_subscriber(|(id, dispatch)| dispatch.enter(id));
        std::mem::forget(set_default_local_recorder(&marks.recorder));
    }

    /// Takes it off at the end of the thread: spans are kept by number of thread, and the next
    /// thread of this number may be another role's.
    pub(crate) fn take_off(self) {
        let Some(marks) = self.0 else { return };
        marks.span.with_subscriber(|(id, dispatch)| dispatch.exit(id));
        WORN.set(Self::default());
    }

    /// Does something under this badge, on a thread that wears none: a new one, or one of a
    /// library's own.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        let Some(marks) = self.0 else { return work() };
        let before = WORN.replace(self);
        let done = marks.span.in_scope(|| with_local_recorder(&marks.recorder, work));
        WORN.set(before);
        done
    }
}

/// Starts a thread that works for the same role as this one.
///
/// # Errors
/// When the system has no more threads.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let badge = Badge::of_this_thread();
    thread::Builder::new().name(name.into()).spawn(move || badge.within(work))
}

#[cfg(test)]
mod tests {
    use metrics::counter;
    use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

    use super::*;

    fn badge(role: &'static str) -> (Badge, PrometheusHandle) {
        let recorder = PrometheusBuilder::new().build_recorder();
        let shown = recorder.handle();
        (Badge::new(role, recorder), shown)
    }

    fn is_named() -> bool {
        Span::current().metadata().is_some_and(|span| span.name() == "role")
    }

    #[test]
    fn threads_count_for_the_role_that_started_them() {
        let ((orders, of_orders), (customers, of_customers)) =
            (badge("orders"), badge("customers"));
        let count = |name| move || spawn("worker", move || counter!(name).increment(1)).unwrap();
        for thread in [orders.within(count("orders_x")), customers.within(count("customers_x"))] {
            thread.join().unwrap();
        }
        count("nobodys_x")().join().unwrap();
        assert!(of_orders.render().contains("orders_x 1"), "{}", of_orders.render());
        assert!(of_customers.render().contains("customers_x 1"), "{}", of_customers.render());
        for shown in [of_orders, of_customers] {
            assert_eq!(shown.render().matches("_x 1").count(), 1, "{}", shown.render());
        }
    }

    #[test]
    fn a_thread_leaves_no_name_to_the_next_of_its_number() {
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let ((orders, _), (customers, _)) = (badge("orders"), badge("customers"));
            for badge in [orders, customers, orders] {
                assert!(!is_named());
                badge.put_on();
                assert!(is_named());
                badge.take_off();
            }
            assert!(!is_named());
            orders.within(|| assert!(is_named()));
            assert!(!is_named());
        });
    }
}
