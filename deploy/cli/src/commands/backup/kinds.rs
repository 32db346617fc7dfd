//! What is copied. The events are the truth. Commands are copied because events name their offsets,
//! and tokens do: in an empty commands topic numbers would begin again, and a token would be met
//! before its command is applied. Their outcomes, because who asks for one must not be told that
//! there was no such command. Refusals, because nothing else has them. The rest follows from these,
//! or is only of the moment.

use schemas::Topic;

/// The group whose offsets say which commands are decided.
pub const PROCESSOR: &str = "command-processor";

/// Consumers that publish by a relay, and the topic whose name carries the relay's cursor.
pub const RELAYS: [(&str, Topic); 4] = [
    ("customer-classifier", Topic::CUSTOMER_CLASSIFICATION_EVENTS),
    ("email-campaign", Topic::MAILING_COMMANDS),
    ("order-confirmation", Topic::ORDER_COMMANDS),
    ("order-valuation", Topic::ORDER_COMMANDS),
];

/// What is copied, in the order in which the ends are taken: what follows from something before
/// that. So a copy that is made under load has nothing without its cause, but what commands in it
/// will make again.
pub const TOPICS: [Topic; 11] = [
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
    Topic::MAILING_EVENTS,
    Topic::CAMPAIGN_EVENTS,
    Topic::ORDER_EVENTS,
    Topic::CUSTOMER_EVENTS,
    Topic::COMMAND_RESULTS,
    Topic::MAILING_COMMANDS,
    Topic::CAMPAIGN_COMMANDS,
    Topic::ORDER_COMMANDS,
    Topic::CUSTOMER_COMMANDS,
    Topic::COMMAND_REFUSALS,
];

/// Whether nothing of a topic is ever deleted.
pub fn is_event_store(topic: Topic) -> bool {
    topic.name().ends_with(".events")
}

/// The topic whose commands make the events of this one, if commands do.
pub fn commands_of(events: Topic) -> Option<Topic> {
    TOPICS.into_iter().find(|topic| topic.events_of_commands() == Some(events))
}

#[cfg(test)]
mod tests {
    use event_log::topics::Declaration;

    use super::*;
    use crate::stack::catalog;

    #[test]
    fn every_event_store_and_every_commands_topic_is_copied() {
        let text = include_str!("../../../../topics.yaml");
        let declared = Declaration::parse(text).unwrap();
        for (name, topic) in &declared.topics {
            let wanted = topic.event_store || name.starts_with("command.");
            let wanted = wanted || name.ends_with(".commands");
            let copied = TOPICS.iter().any(|copied| copied.name() == name);
            assert_eq!(copied, wanted, "{name}");
            if copied {
                assert_eq!(is_event_store(Topic::named(name).unwrap()), topic.event_store);
            }
        }
    }

    #[test]
    fn every_relay_is_known() {
        let services = catalog::parse(include_str!("../../../../services.yaml")).unwrap();
        let mut found: Vec<_> = services
            .iter()
            .filter(|service| {
                let mut writes = service.writes.iter();
                let is_ours = |topic: &Topic| TOPICS.contains(topic);
                service.database.is_some() && writes.any(is_ours)
            })
            .map(|service| service.name.as_str())
            .collect();
        found.sort_unstable();
        assert_eq!(found, RELAYS.map(|(name, _)| name));
    }
}
