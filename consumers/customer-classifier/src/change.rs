//! The history of the classes: what was published, as it came back from the log.

use consumer_runtime::{ProjectionError, Recorded, Row, columns};
use schemas::{
    AggregateId, Money, Timestamp,
    classification::{CustomerClass, CustomerClassificationUpdated},
};

use crate::account::Class;

columns! {
    /// A change of a class.
    pub struct ChangeRow {
        /// Id of the event.
        pub change_id: AggregateId,
        /// The customer.
        pub customer_id: AggregateId,
        /// Number of the change among those of the customer.
        pub sequence: i64,
        /// The class from then on.
        pub class: Class,
        /// The class until then.
        pub previous_class: Option<Class>,
        /// Why the class was looked at.
        pub reason: Option<String>,
        /// Sum of the confirmed orders in the window.
        pub revenue: Money,
        /// Their number.
        pub orders: i64,
        /// Length of the window in days.
        pub window_days: Option<i32>,
        /// The rule that decided.
        pub rule: String,
        /// When the rule was applied.
        pub evaluated_at: Timestamp,
    }
}

impl Row for ChangeRow {
    const TABLE: &'static str = "classification_change";
}

impl ChangeRow {
    /// The row of an event.
    ///
    /// # Errors
    /// When the event has no sequence: nobody but this consumer writes to its topic.
    pub fn of<E>(
        happened: &Recorded<E>,
        updated: &CustomerClassificationUpdated,
    ) -> Result<Self, ProjectionError> {
        let none = ProjectionError::Impossible("a change of a class has no ce_sequence");
        let class = |class: CustomerClass| Class(class);
        Ok(Self {
            change_id: id_of(happened)?,
            customer_id: happened.key.clone(),
            sequence: happened.sequence.ok_or(none)?,
            class: class(updated.class),
            previous_class: updated.previous_class.map(class),
            reason: updated.reason.clone(),
            revenue: updated.confirmed_revenue,
            orders: updated.confirmed_orders,
            window_days: updated.window_days,
            rule: updated.rule_version.clone(),
            evaluated_at: updated.evaluated_at,
        })
    }
}

/// The key of the row of an event.
///
/// # Errors
/// Never: each UUID is a key.
pub fn id_of<E>(happened: &Recorded<E>) -> Result<AggregateId, ProjectionError> {
    let id = AggregateId::new(&happened.id.to_string());
    id.map_err(|_| ProjectionError::Impossible("the id of an event is no key"))
}
