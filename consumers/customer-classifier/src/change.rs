//! The history of the classes: what was published, as it came back from the log.

use consumer_runtime::{ProjectionError, Recorded, Row, columns};
use schemas::{
    AggregateId, Money, Timestamp,
    classification::{CustomerClass, CustomerClassificationUpdated},
};

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
        pub class: CustomerClass,
        /// The class until then.
        pub previous_class: Option<CustomerClass>,
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
        Ok(Self {
            change_id: happened.id.0.into(),
            customer_id: happened.key.clone(),
            sequence: happened.sequence.ok_or(none)?,
            class: updated.class,
            previous_class: updated.previous_class,
            reason: updated.reason.clone(),
            revenue: updated.confirmed_revenue,
            orders: updated.confirmed_orders,
            window_days: updated.window_days,
            rule: updated.rule_version.clone(),
            evaluated_at: updated.evaluated_at,
        })
    }
}
