//! The seam between the command processor, which knows no business, and the rules of one
//! aggregate type, which know no infrastructure.

use std::fmt::Debug;

use schemas::{
    Messages, Timestamp,
    command::{Rejection, RejectionCode},
};

use crate::validate::Violation;

/// The rules of one aggregate type. The state of one aggregate is the fold of its events by
/// [`Aggregate::evolve`]; `None` stands for an aggregate that does not exist.
pub trait Aggregate: Send + 'static {
    /// Name of the type, such as `order`.
    const NAME: &'static str;
    /// What may be wished of it.
    type Command: Messages + Debug;
    /// What happened to it.
    type Event: Messages + Clone + PartialEq + Debug;
    /// All that its commands are decided on; `AggregateState` of it travels on its state topic.
    type State: Clone + PartialEq + Debug + Send + 'static;

    /// Checks the form of a command alone: lengths, characters, ranges. Every field that breaks
    /// a rule is named; an empty list means that the command may be appended.
    fn validate(command: &Self::Command, now: Timestamp) -> Vec<Violation>;

    /// Decides a command: the events that it makes, possibly none. Checks the form first, since
    /// not every producer of commands does.
    ///
    /// # Errors
    /// [`Rejection`] when the form or the state of the aggregate forbids it.
    fn decide(
        state: Option<&Self::State>,
        command: &Self::Command,
        now: Timestamp,
    ) -> Result<Vec<Self::Event>, Rejection>;

    /// Folds one event into the state. An event that the state does not allow (only a damaged
    /// log has one) changes nothing.
    fn evolve(state: Option<Self::State>, event: &Self::Event) -> Option<Self::State>;
}

/// Turns the first violation of a command's form into its rejection.
pub(crate) fn well_formed<A: Aggregate>(
    command: &A::Command,
    now: Timestamp,
) -> Result<(), Rejection> {
    match A::validate(command, now).into_iter().next() {
        None => Ok(()),
        Some(violation) => {
            let field = violation.pointer.trim_start_matches('/');
            let message = format!("{field} {}", violation.message);
            Err(Rejection::new(RejectionCode::Invalid, message).at(violation.pointer))
        }
    }
}

/// The state of an aggregate that has to exist.
pub(crate) fn existing<A: Aggregate>(state: Option<&A::State>) -> Result<&A::State, Rejection> {
    state.ok_or_else(|| {
        let message = format!("there is no such {}", A::NAME);
        Rejection::new(RejectionCode::NotFound, message)
    })
}

/// Refuses to create an aggregate that exists.
pub(crate) fn absent<A: Aggregate>(state: Option<&A::State>) -> Result<(), Rejection> {
    match state {
        None => Ok(()),
        Some(_) => {
            let message = format!("the {} exists already", A::NAME);
            Err(Rejection::new(RejectionCode::AlreadyExists, message))
        }
    }
}
