//! The consumers of an installation, and what each can do.

use std::str::FromStr;

use schemas::Topic;

/// A consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Consumer {
    /// Orders, for the overview.
    Orders,
    /// Customers.
    Customers,
    /// Classes of customers.
    CustomerClassifier,
    /// Report of the customers.
    CustomerReport,
    /// Answers orders: confirmed, or to be confirmed.
    OrderConfirmation,
    /// Values orders in USD.
    OrderValuation,
    /// E-mail campaigns and what came of each mail.
    Campaigns,
    /// Sends the mails of campaigns.
    EmailCampaign,
}

/// A name that no consumer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such consumer")]
pub struct UnknownConsumer;

impl FromStr for Consumer {
    type Err = UnknownConsumer;

    fn from_str(name: &str) -> Result<Self, UnknownConsumer> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or(UnknownConsumer)
    }
}

impl Consumer {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Orders,
        Self::Customers,
        Self::CustomerClassifier,
        Self::CustomerReport,
        Self::OrderConfirmation,
        Self::OrderValuation,
        Self::Campaigns,
        Self::EmailCampaign,
    ];

    /// Its name: binary, group and service.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Customers => "customers",
            Self::CustomerClassifier => "customer-classifier",
            Self::CustomerReport => "customer-report",
            Self::OrderConfirmation => "order-confirmation",
            Self::OrderValuation => "order-valuation",
            Self::Campaigns => "campaigns",
            Self::EmailCampaign => "email-campaign",
        }
    }

    /// Its schema in Postgres.
    #[must_use]
    pub fn schema(self) -> String {
        consumer_runtime::run::schema_of(self.name())
    }

    /// Why its rows cannot be built anew, or compared with the log; none when they can.
    #[must_use]
    pub const fn is_no_read_model(self) -> Option<&'static str> {
        match self {
            Self::Orders
            | Self::Customers
            | Self::CustomerClassifier
            | Self::CustomerReport
            | Self::Campaigns => None,
            Self::OrderConfirmation => Some(
                "order-confirmation is a policy: it answers events with commands, and keeps no \
                 rows that could be built anew or compared",
            ),
            Self::EmailCampaign => Some(
                "email-campaign is a saga: its rows say what it has asked for and sent, and cannot \
                 be built anew or compared. `campaigns` is the read model of its work",
            ),
            Self::OrderValuation => Some(
                "order-valuation is a policy: it answers orders with commands, once, by rates \
                 that do not come from the log. Its rows say what was answered, and cannot be \
                 built anew or compared",
            ),
        }
    }

    /// The topic of the events that it publishes, numbered by its rows, and reads back.
    #[must_use]
    pub const fn publishes(self) -> Option<Topic> {
        match self {
            Self::CustomerClassifier => Some(Topic::CUSTOMER_CLASSIFICATION_EVENTS),
            Self::Orders
            | Self::Customers
            | Self::CustomerReport
            | Self::Campaigns
            | Self::OrderConfirmation
            | Self::OrderValuation
            | Self::EmailCampaign => None,
        }
    }

    /// Whether a column follows not only from the events, but also from the clock.
    #[must_use]
    pub fn is_of_the_clock(self, table: &str, column: &str) -> bool {
        const WINDOW: [&str; 7] =
            ["revenue", "orders", "rule", "next_due_at", "class", "sequence", "classified_at"];
        self == Self::CustomerClassifier && table == "customer" && WINDOW.contains(&column)
    }
}
