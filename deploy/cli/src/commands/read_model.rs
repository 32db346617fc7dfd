//! Which read model a command works on.

use std::path::Path;

use clap::{Args, ValueEnum};
use consumer_runtime::{Database, run::schema_of};
use event_log::ErrorClass;
use schemas::Topic;

use crate::{
    commands::cluster::running,
    failure::{Failure, Result},
};

/// A consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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

impl Consumer {
    /// Its name: binary, group and service.
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

    /// Why there cannot be another build of it.
    ///
    /// # Errors
    /// When there cannot.
    pub fn check_rebuild(self) -> Result<()> {
        match self {
            Self::Orders
            | Self::Customers
            | Self::CustomerClassifier
            | Self::CustomerReport
            | Self::Campaigns => Ok(()),
            Self::OrderConfirmation | Self::OrderValuation | Self::EmailCampaign => {
                self.check_verify()
            }
        }
    }

    /// Why its rows cannot be compared with the log.
    ///
    /// # Errors
    /// When they cannot.
    pub fn check_verify(self) -> Result<()> {
        match self {
            Self::Orders
            | Self::Customers
            | Self::CustomerClassifier
            | Self::CustomerReport
            | Self::Campaigns => Ok(()),
            Self::OrderConfirmation => Err(Failure::setup(
                "order-confirmation is a policy: it answers events with commands, and keeps no \
                 rows that could be built anew or compared",
            )),
            Self::EmailCampaign => Err(Failure::setup(
                "email-campaign is a saga: its rows say what it has asked for and sent, and cannot \
                 be built anew or compared. `campaigns` is the read model of its work",
            )),
            Self::OrderValuation => Err(Failure::setup(
                "order-valuation is a policy: it answers orders with commands, once, by rates \
                 that do not come from the log. Its rows say what was answered, and cannot be \
                 built anew or compared",
            )),
        }
    }

    /// The topic of the events that it publishes, numbered by its rows, and reads back.
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
    pub fn is_of_the_clock(self, table: &str, column: &str) -> bool {
        const WINDOW: [&str; 7] =
            ["revenue", "orders", "rule", "next_due_at", "class", "sequence", "classified_at"];
        self == Self::CustomerClassifier && table == "customer" && WINDOW.contains(&column)
    }
}

/// Where the read models are; when it is left out, those of the local stack.
#[derive(Clone, Debug, Args)]
pub struct ReadModels {
    /// Postgres
    #[arg(long = "database", env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    url: Option<String>,
}

impl ReadModels {
    /// Where they are.
    pub fn url(&self, state: &Path) -> Result<String> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let stack = running(state)?.ok_or_else(|| {
            Failure::setup(
                "no stack runs here: start one with `cargo oneway up`, or name the database by \
                 --database (DATABASE_URL)",
            )
        })?;
        Ok(stack.database_url)
    }

    /// Connections to the schema of a consumer.
    pub fn of(&self, consumer: Consumer, state: &Path) -> Result<Database> {
        // Not shown: it holds a password.
        let url = self.url(state)?.parse().map_err(|_| {
            Failure::setup("the URL of the database is malformed (use postgresql://…)")
        })?;
        Database::new(&url, &schema_of(consumer.name()), 2).map_err(failed)
    }
}

/// Who asks for something, for those who look later.
pub fn operator() -> String {
    std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())
}

/// Turns an error of the runtime into the end of a command.
pub fn failed(error: consumer_runtime::Error) -> Failure {
    match error.class() {
        _ if error.is_wrong_set_up() => Failure::Setup(error.into()),
        ErrorClass::Transient => Failure::Unavailable(error.into()),
        ErrorClass::Poison | ErrorClass::Fatal => Failure::Internal(error.into()),
    }
}
