//! The page of a topic.

use std::fmt::Write as _;

use super::{capital, row, service_links};
use crate::{
    catalogue::{Message, consumers, producers},
    headers::OF_DEAD_LETTERS,
    input::{Input, Topic},
};

const ROOT: &str = "../";

pub fn page(input: &Input, messages: &[Message], topic: &Topic) -> String {
    let name = &topic.name;
    let config = topic.config.iter().map(|(name, value)| format!("`{name}={value}`"));
    let config = config.collect::<Vec<_>>().join(", ");
    let mut page = format!("# {name}\n\n{}.\n\n", capital(&topic.holds));
    for (name, value) in [
        ("Partitions", topic.partitions.to_string()),
        ("Copies", topic.replication.to_string()),
        ("Settings", if config.is_empty() { "the broker's".to_owned() } else { config }),
        ("Written by", service_links(&producers(input, name), ROOT)),
        ("Read by", service_links(&consumers(input, name), ROOT)),
    ] {
        let _ = writeln!(page, "- **{name}:** {value}");
    }
    let messages: Vec<_> = messages.iter().filter(|message| message.topic == *name).collect();
    if messages.is_empty() {
        page.push_str("\nIts records are bytes of others, untouched, with their own headers and ");
        page.push_str("these:\n\n| header | what it says |\n| --- | --- |\n");
        for (name, _, said) in OF_DEAD_LETTERS {
            let _ = writeln!(page, "| `{name}` | {said} |");
        }
    } else {
        page.push_str("\n| message | what it says |\n| --- | --- |\n");
        messages.iter().for_each(|message| page.push_str(&row(message, ROOT)));
    }
    page
}
