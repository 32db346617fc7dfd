//! The revisions that this build knows, without any file.

use schemas::catalog::{self, Subject};

use crate::history::{Folder, name_of};

#[derive(rust_embed::RustEmbed)]
#[folder = "../revisions"]
struct Revisions;

/// A subject with every revision of its schema, oldest first.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// The subject.
    pub subject: Subject,
    /// The texts, as they are registered.
    pub revisions: Vec<String>,
}

/// Every subject. The last revision of each is the one that this build writes.
#[must_use]
pub fn all() -> Vec<Shipped> {
    catalog::subjects()
        .into_iter()
        .map(|subject| Shipped { subject, revisions: revisions(&subject) })
        .collect()
}

/// The same of a folder; what the code does not know is left out.
#[must_use]
pub fn of(folder: &Folder) -> Vec<Shipped> {
    let known = folder.messages.values().filter_map(|message| {
        let revisions = message.revisions.iter().map(|source| source.text.clone()).collect();
        Some(Shipped { subject: message.subject?, revisions })
    });
    known.collect()
}

fn revisions(subject: &Subject) -> Vec<String> {
    let name = name_of(subject);
    let file = |n| Revisions::get(&format!("{name}.{n}.avsc"));
    let texts = (1..).map_while(file).filter_map(|file| String::from_utf8(file.data.into()).ok());
    let mut texts: Vec<_> = texts.collect();
    // A build of files that are not locked yet, on the machine of who changes them.
    if texts.last().is_none_or(|last| last != subject.file.text) {
        texts.push(subject.file.text.to_owned());
    }
    texts
}
