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

/// The class of a customer changed. Revisions before the thresholds had fields of their own are
/// read through [`Written`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Written")]
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
    /// Least revenue of class A by the rule that decided, in EUR; absent when no revision tells.
    #[serde(default)]
    pub a_threshold: Option<Money>,
    /// Least revenue of class B by the rule that decided, in EUR; absent when no revision tells.
    #[serde(default)]
    pub b_threshold: Option<Money>,
}

/// The event as some revision has it. The upcaster: what later revisions have fields for, earlier
/// ones say in `ruleVersion`.
#[derive(Deserialize)]
#[serde(rename = "CustomerClassificationUpdated", rename_all = "camelCase")]
struct Written {
    customer_id: AggregateId,
    class: CustomerClass,
    #[serde(default)]
    previous_class: Option<CustomerClass>,
    confirmed_revenue: Money,
    confirmed_orders: i64,
    #[serde(default)]
    window_days: Option<i32>,
    rule_version: String,
    evaluated_at: Timestamp,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    a_threshold: Option<Money>,
    #[serde(default)]
    b_threshold: Option<Money>,
}

impl From<Written> for CustomerClassificationUpdated {
    fn from(written: Written) -> Self {
        let told = |name| figure(&written.rule_version, name);
        Self {
            a_threshold: written.a_threshold.or_else(|| told("a")),
            b_threshold: written.b_threshold.or_else(|| told("b")),
            customer_id: written.customer_id,
            class: written.class,
            previous_class: written.previous_class,
            confirmed_revenue: written.confirmed_revenue,
            confirmed_orders: written.confirmed_orders,
            window_days: written.window_days,
            rule_version: written.rule_version,
            evaluated_at: written.evaluated_at,
            reason: written.reason,
        }
    }
}

/// A figure of a rule such as `a=10000.00,b=1000.00,window=365d`.
fn figure(rule: &str, name: &str) -> Option<Money> {
    let figures = rule.split(',').filter_map(|figure| figure.split_once('='));
    figures.into_iter().find(|(its, _)| *its == name)?.1.parse().ok()
}

messages! {
    /// What happened to the classification of a customer.
    pub enum ClassificationEvent on Topic::CUSTOMER_CLASSIFICATION_EVENTS,
        files in "customer_classification" {
        /// See [`CustomerClassificationUpdated`].
        Updated(CustomerClassificationUpdated) = "customer_classification_updated",
    }
}
