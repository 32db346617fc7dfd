//! The topics of the system and the names they have on a broker.

use std::fmt;

/// A topic of DESIGN's table; on the broker its name may carry a [`Namespace`] in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(&'static str);

impl Topic {
    /// Customer commands.
    pub const CUSTOMER_COMMANDS: Self = Self("customer.commands");
    /// Customer events: event store.
    pub const CUSTOMER_EVENTS: Self = Self("customer.events");
    /// Latest customer states.
    pub const CUSTOMER_STATE: Self = Self("customer.state");
    /// Order commands.
    pub const ORDER_COMMANDS: Self = Self("order.commands");
    /// Order events: event store.
    pub const ORDER_EVENTS: Self = Self("order.events");
    /// Latest order states.
    pub const ORDER_STATE: Self = Self("order.state");
    /// Campaign commands.
    pub const CAMPAIGN_COMMANDS: Self = Self("campaign.commands");
    /// Campaign events: event store.
    pub const CAMPAIGN_EVENTS: Self = Self("campaign.events");
    /// Latest campaign states.
    pub const CAMPAIGN_STATE: Self = Self("campaign.state");
    /// Mailing commands.
    pub const MAILING_COMMANDS: Self = Self("mailing.commands");
    /// Mailing events: event store.
    pub const MAILING_EVENTS: Self = Self("mailing.events");
    /// Latest mailing states.
    pub const MAILING_STATE: Self = Self("mailing.state");
    /// One outcome per command.
    pub const COMMAND_RESULTS: Self = Self("command.results");
    /// Commands that were refused by who sent them.
    pub const COMMAND_REFUSALS: Self = Self("command.refusals");
    /// Classification events: event store.
    pub const CUSTOMER_CLASSIFICATION_EVENTS: Self = Self("customer-classification.events");
    /// Which rows of which read model changed.
    pub const CHANGE_NOTIFICATIONS: Self = Self("change-notifications");

    /// Records that the consumer `orders` cannot handle.
    pub const ORDERS_DEAD_LETTER: Self = Self("orders.dead-letter");
    /// Records that the consumer `customers` cannot handle.
    pub const CUSTOMERS_DEAD_LETTER: Self = Self("customers.dead-letter");
    /// Records that the consumer `customer-classifier` cannot handle.
    pub const CUSTOMER_CLASSIFIER_DEAD_LETTER: Self = Self("customer-classifier.dead-letter");
    /// Records that the consumer `customer-report` cannot handle.
    pub const CUSTOMER_REPORT_DEAD_LETTER: Self = Self("customer-report.dead-letter");
    /// Records that the policy `order-confirmation` cannot handle.
    pub const ORDER_CONFIRMATION_DEAD_LETTER: Self = Self("order-confirmation.dead-letter");
    /// Records that the consumer `order-valuation` cannot handle.
    pub const ORDER_VALUATION_DEAD_LETTER: Self = Self("order-valuation.dead-letter");

    /// Records that the saga `email-campaign` cannot handle.
    pub const EMAIL_CAMPAIGN_DEAD_LETTER: Self = Self("email-campaign.dead-letter");
    /// Records that the consumer `campaigns` cannot handle.
    pub const CAMPAIGNS_DEAD_LETTER: Self = Self("campaigns.dead-letter");

    /// Every topic.
    pub const ALL: [Self; 24] = [
        Self::CUSTOMER_COMMANDS,
        Self::CUSTOMER_EVENTS,
        Self::CUSTOMER_STATE,
        Self::ORDER_COMMANDS,
        Self::ORDER_EVENTS,
        Self::ORDER_STATE,
        Self::CAMPAIGN_COMMANDS,
        Self::CAMPAIGN_EVENTS,
        Self::CAMPAIGN_STATE,
        Self::MAILING_COMMANDS,
        Self::MAILING_EVENTS,
        Self::MAILING_STATE,
        Self::COMMAND_RESULTS,
        Self::COMMAND_REFUSALS,
        Self::CUSTOMER_CLASSIFICATION_EVENTS,
        Self::CHANGE_NOTIFICATIONS,
        Self::ORDERS_DEAD_LETTER,
        Self::CUSTOMERS_DEAD_LETTER,
        Self::CUSTOMER_CLASSIFIER_DEAD_LETTER,
        Self::CUSTOMER_REPORT_DEAD_LETTER,
        Self::ORDER_CONFIRMATION_DEAD_LETTER,
        Self::ORDER_VALUATION_DEAD_LETTER,
        Self::EMAIL_CAMPAIGN_DEAD_LETTER,
        Self::CAMPAIGNS_DEAD_LETTER,
    ];

    /// The topic of that logical name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.0 == name)
    }

    /// The topic that carries the commands of an aggregate type, such as `order`.
    #[must_use]
    pub fn commands_of(aggregate: &str) -> Option<Self> {
        let is_theirs = |topic: &Self| topic.0.strip_suffix(".commands") == Some(aggregate);
        Self::ALL.into_iter().find(is_theirs)
    }

    /// The topic for the records that a consumer cannot handle.
    #[must_use]
    pub fn dead_letter_of(consumer: &str) -> Option<Self> {
        let is_theirs = |topic: &Self| topic.0.strip_suffix(".dead-letter") == Some(consumer);
        Self::ALL.into_iter().find(is_theirs)
    }

    /// The topic that carries the events which the commands of this one make, in partitions of the
    /// same numbers; `None` when this one carries no commands.
    #[must_use]
    pub fn events_of_commands(self) -> Option<Self> {
        let aggregate = self.0.strip_suffix(".commands")?;
        let is_theirs = |topic: &Self| topic.0.strip_suffix(".events") == Some(aggregate);
        Self::ALL.into_iter().find(is_theirs)
    }

    /// The logical name, as in the documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Prefix of everything one installation owns on a shared cluster: topics, consumer groups,
/// transactional ids, and with the topics the registry's subjects. Empty for a cluster of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace(String);

/// Why a text is no [`Namespace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a namespace has at most 64 characters of a-z 0-9 -")]
pub struct InvalidNamespace;

impl Namespace {
    /// Checks and takes the text; the empty text means no prefix.
    ///
    /// # Errors
    /// [`InvalidNamespace`] when it is too long or has another character.
    pub fn new(text: &str) -> Result<Self, InvalidNamespace> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidNamespace)
        }
    }

    /// The name on the broker of a topic, group or transactional id.
    #[must_use]
    pub fn qualify(&self, name: &str) -> String {
        if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) }
    }

    /// The logical name behind a name on the broker; `None` when it is not of this installation.
    #[must_use]
    pub fn strip<'a>(&self, name: &'a str) -> Option<&'a str> {
        if self.0.is_empty() {
            return Some(name);
        }
        name.strip_prefix(self.0.as_str())?.strip_prefix('.')
    }

    /// The text; empty when there is no prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found_by_name_and_by_what_they_carry() {
        for topic in Topic::ALL {
            assert_eq!(Topic::named(topic.name()), Some(topic));
        }
        assert_eq!(Topic::named("basket.commands"), None);
        assert_eq!(Topic::commands_of("order"), Some(Topic::ORDER_COMMANDS));
        assert_eq!(Topic::commands_of("order.commands"), None);
        assert_eq!(Topic::ORDER_COMMANDS.events_of_commands(), Some(Topic::ORDER_EVENTS));
        assert_eq!(Topic::ORDER_EVENTS.events_of_commands(), None);
    }

    #[test]
    fn a_namespace_goes_in_front() {
        let none = Namespace::default();
        let blue = Namespace::new("blue").unwrap();
        assert_eq!(none.qualify("order.events"), "order.events");
        assert_eq!(blue.qualify("order.events"), "blue.order.events");
        assert_eq!(blue.strip("blue.order.events"), Some("order.events"));
        assert_eq!(blue.strip("bluer.order.events"), None);
        assert_eq!(Namespace::new("no.dots"), Err(InvalidNamespace));
    }
}
