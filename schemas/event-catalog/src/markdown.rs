//! The pages of the catalogue: an index, a page for each type of messages and each topic, and one
//! of the services. Links are relative, as code-hosting sites show them.

mod message;
mod topic;

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use crate::{
    catalogue::{Kind, Message, consumers, messages, producers},
    input::Input,
};

/// Where they are, in the repository.
pub const FOLDER: &str = "docs/events";

/// At the end of each page.
const ORIGIN: &str = "\n---\n\nMade by `oneway docs` of the schemas and of who reads and writes \
    which topic; changed there, not here.\n";

/// The pages, by their paths in the repository.
#[must_use]
pub fn markdown(input: &Input) -> BTreeMap<PathBuf, String> {
    let messages = messages(input);
    let mut pages = BTreeMap::new();
    let mut add = |path: String, page: String| {
        pages.insert([FOLDER, path.as_str()].iter().collect(), page + ORIGIN);
    };
    add("README.md".to_owned(), index(input, &messages));
    add("services.md".to_owned(), services(input));
    for one in &messages {
        add(format!("{}/{}.md", one.aggregate, one.wire_type), message::page(one));
    }
    for one in &input.topics {
        add(format!("topics/{}.md", one.name), topic::page(input, &messages, one));
    }
    pages
}

fn index(input: &Input, messages: &[Message]) -> String {
    let mut page = "# Commands, events and states\n\nEverything that travels on the topics. For \
        tools there is the same as an [AsyncAPI document](../asyncapi.json).\n"
        .to_owned();
    let mut aggregates: Vec<&str> = messages.iter().map(|one| one.aggregate.as_str()).collect();
    aggregates.sort_unstable();
    aggregates.dedup();
    for aggregate in aggregates {
        let _ = write!(page, "\n## {}\n", spaced(aggregate));
        for kind in Kind::ALL {
            let of_kind: Vec<_> = messages
                .iter()
                .filter(|one| one.aggregate == aggregate && one.kind == kind)
                .collect();
            if !of_kind.is_empty() {
                let _ = write!(page, "\n| {} | what it says |\n| --- | --- |\n", kind.name());
                of_kind.iter().for_each(|one| page.push_str(&row(one, "")));
            }
        }
    }
    page.push_str("\n## Topics\n\n| topic | holds | written by | read by |\n");
    page.push_str("| --- | --- | --- | --- |\n");
    for topic in &input.topics {
        let name = &topic.name;
        let (writers, readers) = (producers(input, name), consumers(input, name));
        let _ = writeln!(
            page,
            "| [{name}](topics/{name}.md) | {} | {} | {} |",
            cell(&topic.holds),
            service_links(&writers, ""),
            service_links(&readers, "")
        );
    }
    page
}

/// A line of a table of messages.
fn row(message: &Message, root: &str) -> String {
    let Message { wire_type, aggregate, doc, .. } = message;
    format!("| [`{wire_type}`]({root}{aggregate}/{wire_type}.md) | {} |\n", cell(doc))
}

fn services(input: &Input) -> String {
    let mut page = "# Services\n".to_owned();
    for service in &input.services {
        let _ = write!(page, "\n## {}\n\n{}.\n\n", service.name, capital(&service.about));
        let _ = writeln!(page, "- **Reads:** {}", topic_links(&service.reads, ""));
        let _ = writeln!(page, "- **Writes:** {}", topic_links(&service.writes, ""));
    }
    page
}

fn service_links(names: &[String], root: &str) -> String {
    links(names, |name| format!("[{name}]({root}services.md#{name})"))
}

fn topic_links(names: &[String], root: &str) -> String {
    links(names, |name| format!("[{name}]({root}topics/{name}.md)"))
}

fn links(names: &[String], link: impl Fn(&str) -> String) -> String {
    if names.is_empty() {
        return "—".to_owned();
    }
    names.iter().map(|name| link(name)).collect::<Vec<_>>().join(", ")
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn spaced(name: &str) -> String {
    capital(&name.replace('_', " "))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}
