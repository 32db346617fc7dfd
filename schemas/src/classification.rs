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
}

messages! {
    /// What happened to the classification of a customer.
    pub enum ClassificationEvent on Topic::CUSTOMER_CLASSIFICATION_EVENTS,
        files in "customer_classification" {
        /// See [`CustomerClassificationUpdated`].
        Updated(CustomerClassificationUpdated) = "customer_classification_updated",
    }
}
