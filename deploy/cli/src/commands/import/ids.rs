//! Ids that follow from the content of a line: importing it again makes the same commands.
//!
//! An order is told apart by customer, time and value, and by how many such lines came before.
//! Its text and the customer's name take no part: naming further columns in a second import must
//! not make everything twice.

use schemas::{AggregateId, CommandId, Money, Timestamp};
use uuid::Uuid;

/// Namespace of everything derived here. Never changes.
const IMPORT: Uuid = Uuid::from_u128(0x6f6e_6577_6179_5b02_9a41_31f7_c8d2_0002);

/// What makes lines the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Content(Uuid);

impl Content {
    /// Of a line.
    pub fn new(customer: &AggregateId, ordered_at: Timestamp, value: Money) -> Self {
        let (time, minor) = (ordered_at.micros(), value.minor());
        Self(Uuid::new_v5(&IMPORT, format!("order/{customer}/{time}/{minor}").as_bytes()))
    }

    /// Id of the order in the `occurrence`-th (from 0) of such lines.
    pub fn order(self, occurrence: u32) -> Uuid {
        Uuid::new_v5(&self.0, &occurrence.to_be_bytes())
    }
}

/// Id of the command that creates an order with a text.
pub fn create_order(order: Uuid, text: &str) -> CommandId {
    CommandId(Uuid::new_v5(&order, text.as_bytes()))
}

/// Id of the command that creates a customer with a name.
pub fn create_customer(customer: &AggregateId, name: &str) -> CommandId {
    CommandId(Uuid::new_v5(&IMPORT, format!("customer/{customer}/{name}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_what_they_are() {
        let customer = AggregateId::new("00004").unwrap();
        let moment = "1997-01-01T00:00:00Z".parse().unwrap();
        let content = Content::new(&customer, moment, Money::from_minor(2933));
        assert_eq!(content.order(0).to_string(), "93e5b97f-ea05-591f-87dc-1a4923bacd67");
        assert_ne!(content.order(0), content.order(1));
        let command = create_order(content.order(0), "Imported order");
        assert_ne!(command, create_order(content.order(0), "two CDs"));
        assert_eq!(command.to_string(), "4d82d098-1424-5b36-bafc-b11d4dd9dd6e");
        let command = create_customer(&customer, "Customer 00004");
        assert_eq!(command.to_string(), "4951e9e7-bc95-5302-b9fa-0e1ad154b75e");
    }
}
