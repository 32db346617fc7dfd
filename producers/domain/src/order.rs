//! The rules of orders: placed once, then confirmed, possibly by a person.
//!
//! ```text
//! CREATE ──▶ new ──REQUIRE_CONFIRMATION──▶ unconfirmed ──CONFIRM──▶ confirmed
//!             └──────────────────────CONFIRM──────────────────────────▲
//! ```
//! `CORRECT_TEXT` and `ADD_USD_RATE_AND_VALUE` leave it where it is.

use schemas::{
    Money, Timestamp,
    command::{Rejection, RejectionCode},
    order::{
        ConfirmOrder, CreateOrder, Order, OrderCommand, OrderConfirmationRequired, OrderConfirmed,
        OrderCreated, OrderEvent, OrderStatus, OrderTextCorrected, OrderUsdRateAndValueAdded,
    },
};

use crate::{
    aggregate::{Aggregate, absent, existing, well_formed},
    validate::{Check, Lines, TEXT_LENGTH, Violation},
};

/// Least value of an order: one cent.
const LEAST_VALUE: Money = Money::from_minor(1);

/// The aggregate `order`.
#[derive(Clone, Copy, Debug)]
pub struct Orders;

impl Aggregate for Orders {
    const NAME: &'static str = "order";
    type Command = OrderCommand;
    type Event = OrderEvent;
    type State = Order;

    fn validate(command: &OrderCommand, now: Timestamp) -> Vec<Violation> {
        let mut check = Check::default();
        match command {
            OrderCommand::Create(create) => {
                check.text("/text", &create.text, &TEXT_LENGTH, Lines::Many);
                check.money("/value", create.value, LEAST_VALUE);
                if let Some(ordered_at) = create.ordered_at {
                    check.not_in_future("/orderedAt", ordered_at, now);
                }
            }
            OrderCommand::AddUsdRateAndValue(add) => {
                check.not_in_future("/time", add.time, now);
                check.rate("/usdRate", add.usd_rate);
                check.money("/usdValue", add.usd_value, Money::ZERO);
            }
            OrderCommand::Confirm(ConfirmOrder { note: Some(note) }) => {
                check.text("/note", note, &TEXT_LENGTH, Lines::Many);
            }
            OrderCommand::CorrectText(correct) => {
                check.text("/text", &correct.text, &TEXT_LENGTH, Lines::Many);
            }
            OrderCommand::RequireConfirmation(_) | OrderCommand::Confirm(_) => {}
        }
        check.finish()
    }

    fn decide(
        state: Option<&Order>,
        command: &OrderCommand,
        now: Timestamp,
    ) -> Result<Vec<OrderEvent>, Rejection> {
        well_formed::<Self>(command, now)?;
        let event = match command {
            OrderCommand::Create(create) => {
                absent::<Self>(state)?;
                created(create.clone(), now)
            }
            OrderCommand::AddUsdRateAndValue(add) => {
                existing::<Self>(state)?;
                OrderEvent::UsdRateAndValueAdded(OrderUsdRateAndValueAdded {
                    time: add.time,
                    usd_rate: add.usd_rate,
                    usd_value: add.usd_value,
                })
            }
            OrderCommand::RequireConfirmation(_) => {
                in_status(existing::<Self>(state)?, &[OrderStatus::New])?;
                OrderEvent::ConfirmationRequired(OrderConfirmationRequired {})
            }
            OrderCommand::Confirm(confirm) => {
                let open = [OrderStatus::New, OrderStatus::Unconfirmed];
                in_status(existing::<Self>(state)?, &open)?;
                OrderEvent::Confirmed(OrderConfirmed { note: confirm.note.clone() })
            }
            OrderCommand::CorrectText(correct) => {
                existing::<Self>(state)?;
                OrderEvent::TextCorrected(OrderTextCorrected { text: correct.text.clone() })
            }
        };
        Ok(vec![event])
    }

    fn evolve(state: Option<Order>, event: &OrderEvent) -> Option<Order> {
        let status = match event {
            OrderEvent::Created(_) => {
                return Some(Order { status: OrderStatus::New });
            }
            OrderEvent::UsdRateAndValueAdded(_) | OrderEvent::TextCorrected(_) => return state,
            OrderEvent::ConfirmationRequired(_) => OrderStatus::Unconfirmed,
            OrderEvent::Confirmed(_) => OrderStatus::Confirmed,
        };
        state.map(|_| Order { status })
    }
}

/// An order without a date was placed now.
fn created(create: CreateOrder, now: Timestamp) -> OrderEvent {
    OrderEvent::Created(OrderCreated {
        customer_id: create.customer_id,
        text: create.text,
        value: create.value,
        ordered_at: create.ordered_at.unwrap_or(now),
    })
}

fn in_status(order: &Order, allowed: &[OrderStatus]) -> Result<(), Rejection> {
    if allowed.contains(&order.status) {
        return Ok(());
    }
    let status = match order.status {
        OrderStatus::New => "new",
        OrderStatus::Unconfirmed => "waiting for its confirmation already",
        OrderStatus::Confirmed => "confirmed already",
    };
    let message = format!("the order is {status}");
    Err(Rejection::new(RejectionCode::RuleViolated, message))
}

#[cfg(test)]
mod tests;
