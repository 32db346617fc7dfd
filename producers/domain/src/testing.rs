//! Given / when / then: tests of rules read as sentences.
//!
//! ```ignore
//! given::<Orders>([created()]).when(confirm()).then([confirmed()]);
//! ```

use std::fmt::Debug;

use schemas::{
    Timestamp,
    command::{Rejection, RejectionCode},
};

use crate::aggregate::Aggregate;

/// The present of every test.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

/// Folds events from nothing.
pub(crate) fn fold<A: Aggregate>(events: &[A::Event]) -> Option<A::State> {
    events.iter().fold(None, A::evolve)
}

/// An aggregate with a past.
pub(crate) struct Given<A: Aggregate>(Option<A::State>);

/// What a command led to.
pub(crate) struct Outcome<E>(Result<Vec<E>, Rejection>);

/// The past of the aggregate.
pub(crate) fn given<A: Aggregate>(past: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given(fold::<A>(&past.into_iter().collect::<Vec<_>>()))
}

impl<A: Aggregate> Given<A> {
    /// The wish.
    pub(crate) fn when(self, command: impl Into<A::Command>) -> Outcome<A::Event> {
        Outcome(A::decide(self.0.as_ref(), &command.into(), now()))
    }
}

impl<E: PartialEq + Debug> Outcome<E> {
    /// The wish is granted and exactly this happens.
    pub(crate) fn then(self, expected: impl IntoIterator<Item = E>) {
        assert_eq!(self.0, Ok(expected.into_iter().collect()));
    }

    /// The wish is granted and nothing happens.
    pub(crate) fn then_nothing(self) {
        self.then([]);
    }

    /// The wish is refused.
    pub(crate) fn refused(self, code: RejectionCode) {
        let rejection = self.0.expect_err("accepted");
        assert_eq!(rejection.known_code(), Some(code), "{}", rejection.message);
        assert_eq!(rejection.pointer, None);
    }

    /// The wish is refused because of the form of a field.
    pub(crate) fn invalid(self, pointer: &str) {
        let rejection = self.0.expect_err("accepted");
        assert_eq!(rejection.known_code(), Some(RejectionCode::Invalid));
        assert_eq!(rejection.pointer.as_deref(), Some(pointer));
    }
}
