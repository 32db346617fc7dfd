//! Commands, events and state of the aggregate `order`.

use serde::{Deserialize, Serialize};

use crate::{
    command::AggregateState,
    decimal::{Money, Rate},
    id::AggregateId,
    message::{messages, sole_message},
    timestamp::Timestamp,
    topic::Topic,
};

/// Wish: an order is placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateOrder {
    /// Who orders; need not be known yet.
    pub customer_id: AggregateId,
    /// What is ordered.
    pub text: String,
    /// Value in EUR.
    pub value: Money,
    /// When it was ordered; absent means when the command is processed.
    #[serde(default)]
    pub ordered_at: Option<Timestamp>,
}

/// Wish: the value of an order in USD is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddUsdRateAndValue {
    /// Start of the day (UTC) whose reference rate was used.
    pub time: Timestamp,
    /// USD for one EUR.
    pub usd_rate: Rate,
    /// Value of the order in USD.
    pub usd_value: Money,
}

/// Wish: a new order waits until a person confirms it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequireConfirmation {}

/// Wish: an order is confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmOrder {
    /// What whoever confirms it has to say.
    #[serde(default)]
    pub note: Option<String>,
}

/// Wish: what was ordered is put in other words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectText {
    /// What is ordered.
    pub text: String,
}

/// An order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// Who orders; need not be known yet.
    pub customer_id: AggregateId,
    /// What is ordered.
    pub text: String,
    /// Value in EUR.
    pub value: Money,
    /// When it was ordered.
    pub ordered_at: Timestamp,
}

/// The value of an order in USD was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderUsdRateAndValueAdded {
    /// Start of the day (UTC) whose reference rate was used.
    pub time: Timestamp,
    /// USD for one EUR.
    pub usd_rate: Rate,
    /// Value of the order in USD.
    pub usd_value: Money,
}

/// The order waits until a person confirms it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfirmationRequired {}

/// The order was confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfirmed {
    /// What whoever confirmed it had to say; revision 1 has no notes.
    #[serde(default)]
    pub note: Option<String>,
}

/// What was ordered was put in other words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTextCorrected {
    /// What is ordered.
    pub text: String,
}

messages! {
    /// What may be wished of an order.
    pub enum OrderCommand on Topic::ORDER_COMMANDS, files in "order" {
        /// See [`CreateOrder`].
        Create(CreateOrder) = "create_order",
        /// See [`AddUsdRateAndValue`].
        AddUsdRateAndValue(AddUsdRateAndValue) = "add_usd_rate_and_value",
        /// See [`RequireConfirmation`].
        RequireConfirmation(RequireConfirmation) = "require_confirmation",
        /// See [`ConfirmOrder`].
        Confirm(ConfirmOrder) = "confirm_order",
        /// See [`CorrectText`].
        CorrectText(CorrectText) = "correct_text",
    }
}

messages! {
    /// What happened to an order.
    pub enum OrderEvent on Topic::ORDER_EVENTS, files in "order" {
        /// See [`OrderCreated`].
        Created(OrderCreated) = "order_created",
        /// See [`OrderUsdRateAndValueAdded`].
        UsdRateAndValueAdded(OrderUsdRateAndValueAdded) = "order_usd_rate_and_value_added",
        /// See [`OrderConfirmationRequired`].
        ConfirmationRequired(OrderConfirmationRequired) = "order_confirmation_required",
        /// See [`OrderConfirmed`].
        Confirmed(OrderConfirmed) = "order_confirmed",
        /// See [`OrderTextCorrected`].
        TextCorrected(OrderTextCorrected) = "order_text_corrected",
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderStatus {
    /// Placed, and nothing decided yet.
    New,
    /// Waits for a person.
    Unconfirmed,
    /// Confirmed.
    Confirmed,
}

/// State of an order: all that its commands are decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Where the order stands.
    pub status: OrderStatus,
}

sole_message!(
    AggregateState<Order>, "AggregateState" on Topic::ORDER_STATE,
    file "order_state" in "order" as "order_state"
);
