//! Which orders need a person: those above a threshold.

use consumer_runtime::policy::Policy;
use schemas::{
    AggregateId, Money,
    order::{ConfirmOrder, OrderCommand, OrderEvent, RequireConfirmation},
};

/// Answers a new order by its confirmation, or by the demand for one.
#[derive(Clone, Debug)]
pub struct OrderConfirmation {
    /// The largest value, in EUR, that needs no person.
    pub threshold: Money,
}

impl Policy for OrderConfirmation {
    type Event = OrderEvent;
    type Command = OrderCommand;

    fn react(
        &self,
        order: &AggregateId,
        event: &OrderEvent,
    ) -> Option<(AggregateId, OrderCommand)> {
        let OrderEvent::Created(created) = event else { return None };
        let command = if created.value > self.threshold {
            RequireConfirmation {}.into()
        } else {
            ConfirmOrder {}.into()
        };
        Some((order.clone(), command))
    }
}

#[cfg(test)]
mod tests {
    use schemas::order::{OrderConfirmed, OrderCreated};

    use super::*;

    fn answer(value: &str) -> Option<OrderCommand> {
        let order = AggregateId::new("o1").unwrap();
        let created = OrderCreated {
            customer_id: AggregateId::new("c1").unwrap(),
            text: "a book".to_owned(),
            value: value.parse().unwrap(),
            ordered_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        };
        let policy = OrderConfirmation { threshold: "1000.00".parse().unwrap() };
        let (target, command) = policy.react(&order, &created.into())?;
        assert_eq!(target, order);
        Some(command)
    }

    #[test]
    fn the_threshold_itself_is_confirmed() {
        assert_eq!(answer("1000.00"), Some(ConfirmOrder {}.into()));
        assert_eq!(answer("1000.01"), Some(RequireConfirmation {}.into()));
    }

    #[test]
    fn other_events_are_not_answered() {
        let policy = OrderConfirmation { threshold: Money::ZERO };
        let order = AggregateId::new("o1").unwrap();
        assert_eq!(policy.react(&order, &OrderConfirmed {}.into()), None);
    }
}
