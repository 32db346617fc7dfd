//! Classification of customers by revenue: the events of the customer-classifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    decimal::Money, id::AggregateId, message::messages, timestamp::Timestamp, topic::Topic,
};

/// Class of a customer by revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CustomerClass {
    /// The best customers.
    A,
    /// Good customers.
    B,
    /// Everybody else; every customer starts here.
    C,
}

impl CustomerClass {
    /// The letter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// The class of a letter.
    #[must_use]
    pub fn from_letter(letter: &str) -> Option<Self> {
        [Self::A, Self::B, Self::C].into_iter().find(|class| class.as_str() == letter)
    }
}

impl fmt::Display for CustomerClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a class was looked at when it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The customer became known.
    First,
    /// An order was confirmed.
    OrderConfirmed,
    /// Orders left the window.
    AgedOut,
    /// Thresholds or window changed.
    RuleChanged,
}

impl Reason {
    /// The name: as text in events, so that an older reader takes a newer reason.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::OrderConfirmed => "order_confirmed",
            Self::AgedOut => "aged_out",
            Self::RuleChanged => "rule_changed",
        }
    }
}

/// The class of a customer changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerClassificationUpdated {
    /// Id of the customer.
    pub customer_id: AggregateId,
    /// The class from now on.
    pub class: CustomerClass,
    /// The class until now; absent for the first classification of a customer.
    #[serde(default)]
    pub previous_class: Option<CustomerClass>,
    /// Sum of the confirmed orders in the window, in EUR: the figure that decided.
    pub confirmed_revenue: Money,
    /// How many confirmed orders the sum is made of.
    pub confirmed_orders: i64,
    /// Length of the trailing window in days; absent when all orders count.
    #[serde(default)]
    pub window_days: Option<i32>,
    /// The rule that decided: thresholds and window.
    pub rule_version: String,
    /// When the rule was applied.
    pub evaluated_at: Timestamp,
    /// The name of a [`Reason`]; absent in events of before there were reasons.
    #[serde(default)]
    pub reason: Option<String>,
}

messages! {
    /// What happened to the classification of a customer.
    pub enum ClassificationEvent on Topic::CUSTOMER_CLASSIFICATION_EVENTS,
        files in "customer_classification" {
        /// See [`CustomerClassificationUpdated`].
        Updated(CustomerClassificationUpdated) = "customer_classification_updated",
    }
}
