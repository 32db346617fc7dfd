//! The page of a type of messages.

use std::fmt::Write as _;

use super::{cell, service_links, spaced};
use crate::{
    catalogue::{Message, Version},
    fields::Field,
};

const ROOT: &str = "../";

pub fn page(message: &Message) -> String {
    let Message { wire_type, aggregate, topic, .. } = message;
    let mut page = format!("# {wire_type}\n\n{}\n\n", message.doc);
    let schema = format!("{ROOT}../../schemas/avro/{aggregate}/{wire_type}.avsc");
    for (name, value) in [
        ("Kind", format!("{}, {}", message.kind.name(), spaced(aggregate).to_lowercase())),
        ("Topic", format!("[{topic}]({ROOT}topics/{topic}.md)")),
        ("Key", message.key.to_owned()),
        ("Subject", format!("`{}`", message.subject)),
        ("Schema", format!("[`{}`]({schema})", message.record)),
        ("Written by", service_links(&message.producers, ROOT)),
        ("Read by", service_links(&message.consumers, ROOT)),
    ] {
        let _ = writeln!(page, "- **{name}:** {value}");
    }
    page.push_str("\n## Fields\n\n");
    page.push_str(&table(&message.fields));
    if let Some(example) = &message.example {
        let _ = write!(page, "\n## Example\n\n```json\n{example:#}\n```\n");
    }
    page.push_str("\n## Versions\n");
    let present = message.versions.first().map(|version| version.number);
    for version in &message.versions {
        let mark = if Some(version.number) == present { " (present)" } else { "" };
        let _ = write!(page, "\n### {}{mark}\n\n{}", version.number, diff(version));
    }
    page
}

fn table(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "It has none: its type and its headers say it all.\n".to_owned();
    }
    let mut table = "| field | type | presence | personal data | what it says |\n".to_owned();
    table.push_str("| --- | --- | --- | --- | --- |\n");
    for field in fields {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} |",
            field.path,
            cell(&field.type_name),
            cell(&field.presence()),
            if field.is_personal { "yes" } else { "" },
            cell(&field.doc)
        );
    }
    table
}

fn diff(version: &Version) -> String {
    if version.changes.is_empty() {
        let said = if version.number == 1 {
            "The first one."
        } else {
            "It says the same as the one before."
        };
        return format!("{said}\n");
    }
    let mut diff = "```diff\n".to_owned();
    for change in &version.changes {
        let path = if change.path.is_empty() { "(itself)" } else { &change.path };
        for (sign, line) in [('-', &change.before), ('+', &change.after)] {
            if let Some(line) = line {
                let _ = writeln!(diff, "{sign} {path}: {line}");
            }
        }
    }
    diff + "```\n"
}
