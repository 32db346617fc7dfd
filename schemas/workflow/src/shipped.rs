//! The revisions that this build knows, without any file.

use schemas::catalog::{self, Subject};

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

fn revisions(subject: &Subject) -> Vec<String> {
    let folder = subject.file.record.split('.').nth(1).unwrap_or_default();
    let file = |n| Revisions::get(&format!("{folder}/{}.{n}.avsc", subject.file.wire_type));
    let texts = (1..).map_while(file).filter_map(|file| String::from_utf8(file.data.into()).ok());
    let mut texts: Vec<_> = texts.collect();
    // A build of files that are not locked yet, on the machine of who changes them.
    if texts.last().is_none_or(|last| last != subject.file.text) {
        texts.push(subject.file.text.to_owned());
    }
    texts
}
