//! What was found, and how it is told.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    rules::Rule,
    sarif,
    source::{Place, Source},
};

/// Something that is not as it must be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub place: Place,
    /// The field, such as `OrderCreated.lines[].price`; empty when it is about the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What was there, and what is there now, when it is about a change.
    pub change: Option<Change>,
}

/// The two definitions of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which earlier revision this is about.
    pub against: String,
    /// What it says; empty when it says nothing.
    pub before: String,
    /// What is said now; empty when nothing is.
    pub after: String,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For scripts: an array.
    Json,
    /// For code hosts that show findings in a review (SARIF 2.1.0).
    Sarif,
}

impl Finding {
    /// Makes one about a byte of a file.
    #[must_use]
    pub fn new(
        rule: &'static Rule,
        source: &Source,
        offset: usize,
        path: &str,
        message: String,
    ) -> Self {
        let (file, place) = (source.path.clone(), source.place(offset));
        Self { rule, file, place, path: path.to_owned(), message, change: None }
    }

    fn as_json(&self) -> Value {
        let change = self.change.as_ref().map(|Change { against, before, after }| {
            json!({ "against": against, "before": before, "after": after })
        });
        json!({
            "rule": self.rule.id,
            "file": self.file.display().to_string(),
            "line": self.place.line,
            "column": self.place.column,
            "path": self.path,
            "message": self.message,
            "change": change,
            "instead": self.rule.instead(),
        })
    }

    fn write(&self, text: &mut String) {
        let Self { rule, file, place, path, message, change } = self;
        let of = if path.is_empty() { String::new() } else { format!("{path}: ") };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}:{place}: {of}{message} [{}]", file.display(), rule.id);
        if let Some(Change { against, before, after }) = change {
            let said = |what: &str| if what.is_empty() { "–".into() } else { what.to_owned() };
            let _ = writeln!(text, "    {against}: {}", said(before));
            let _ = writeln!(text, "    now: {}", said(after));
        }
        if let Some(instead) = rule.instead() {
            let _ = writeln!(text, "    instead: {instead}");
        }
    }
}

/// All findings in some form.
#[must_use]
pub fn report(findings: &[Finding], format: Format) -> String {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    match format {
        Format::Text => {
            let mut text = String::new();
            findings.iter().for_each(|finding| finding.write(&mut text));
            text.trim_end().to_owned()
        }
        Format::Json => pretty(&findings.iter().map(Finding::as_json).collect()),
        Format::Sarif => pretty(&sarif::log(findings)),
    }
}
