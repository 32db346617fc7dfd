//! Which order is answered by which command.

use consumer_runtime::{Policy, Reaction, Recorded, Source};
use schemas::{
    Message, Money,
    order::{ConfirmOrder, OrderCommand, OrderCreated, OrderEvent, RequireConfirmation},
};

/// Orders up to a threshold are confirmed, larger ones wait for a person.
#[derive(Clone, Copy, Debug)]
pub struct OrderConfirmation {
    threshold: Money,
}

impl OrderConfirmation {
    /// Asks for confirmation of orders of more than this.
    #[must_use]
    pub const fn above(threshold: Money) -> Self {
        Self { threshold }
    }
}

impl Policy for OrderConfirmation {
    type Event = OrderEvent;
    type Command = OrderCommand;

    fn sources(&self) -> Vec<Source<OrderEvent>> {
        let only = &[OrderCreated::FILE.wire_type];
        vec![Source::of::<OrderEvent>(|event| event).only(only)]
    }

    fn react(&self, happened: &Recorded<OrderEvent>) -> Option<Reaction<OrderCommand>> {
        let OrderEvent::Created(order) = &happened.event else { return None };
        let command = if order.value > self.threshold {
            RequireConfirmation {}.into()
        } else {
            ConfirmOrder::default().into()
        };
        Some(Reaction { aggregate: happened.key.clone(), command })
    }
}

#[cfg(test)]
mod tests {
    use consumer_runtime::testing::recorded;
    use schemas::{AggregateId, order::OrderConfirmed};

    use super::*;

    fn answer(event: impl Into<OrderEvent>) -> Option<OrderCommand> {
        let policy = OrderConfirmation::above(Money::from_minor(100_000));
        let reaction = policy.react(&recorded("o1", 1, event.into()))?;
        assert_eq!(reaction.aggregate.as_str(), "o1");
        Some(reaction.command)
    }

    fn order(cents: i64) -> OrderCreated {
        OrderCreated {
            customer_id: AggregateId::new("c1").unwrap(),
            text: "a book".into(),
            value: Money::from_minor(cents),
            ordered_at: consumer_runtime::testing::noon(),
        }
    }

    #[test]
    fn up_to_the_threshold_orders_are_confirmed() {
        assert_eq!(answer(order(1)), Some(ConfirmOrder::default().into()));
        assert_eq!(answer(order(100_000)), Some(ConfirmOrder::default().into()));
        assert_eq!(answer(order(100_001)), Some(RequireConfirmation {}.into()));
    }

    #[test]
    fn only_new_orders_are_answered() {
        assert_eq!(answer(OrderConfirmed::default()), None);
    }
}
