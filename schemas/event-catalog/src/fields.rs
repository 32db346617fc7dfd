//! A schema as a list of fields, and how two of its revisions differ.

use serde::Serialize;

use crate::schema::{Record, Shape, Type};

/// A field, of the message or of a record within it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Where it is: names joined by dots, `[]` after a list and `{}` after a map.
    pub path: String,
    /// Its type, for people.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it may be absent.
    pub is_optional: bool,
    /// What stands for it where a writer does not know it, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether it tells of a person.
    pub is_personal: bool,
    /// What it says.
    pub doc: String,
}

/// What became of a field between two revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where it is; empty for the message itself.
    pub path: String,
    /// What it was, if it was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is, if it still is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Field {
    /// Whether it must be there, and what stands for it otherwise.
    #[must_use]
    pub fn presence(&self) -> String {
        let presence = if self.is_optional { "optional" } else { "required" };
        match &self.default {
            Some(default) => format!("{presence}, default `{default}`"),
            None => presence.to_owned(),
        }
    }

    /// All about it in one line.
    fn line(&self) -> String {
        let personal = if self.is_personal { ", personal data" } else { "" };
        format!("{}, {}{personal}: {}", self.type_name, self.presence(), self.doc)
    }
}

/// The fields of a record, those of the records within it after the one that holds them.
#[must_use]
pub fn fields(record: &Record) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(record, "", &mut fields);
    fields
}

fn collect(record: &Record, prefix: &str, fields: &mut Vec<Field>) {
    for field in &record.fields {
        let path = format!("{prefix}{}", field.name);
        fields.push(Field {
            path: path.clone(),
            type_name: field.of.to_string(),
            is_optional: field.of.is_optional(),
            default: field.default.as_ref().map(ToString::to_string),
            is_personal: field.is_personal,
            doc: field.doc.clone(),
        });
        within(&field.of, &path, fields);
    }
}

/// The fields of the records that a type is made of.
fn within(of: &Type, path: &str, fields: &mut Vec<Field>) {
    match &of.shape {
        Shape::Record(record) => collect(record, &format!("{path}."), fields),
        Shape::Array(items) => within(items, &format!("{path}[]"), fields),
        Shape::Map(values) => within(values, &format!("{path}{{}}"), fields),
        Shape::Union(types) => types.iter().for_each(|one| within(one, path, fields)),
        Shape::Plain(_) | Shape::Fixed(..) | Shape::Enum(..) => {}
    }
}

/// What became of each field, in the order of the newer revision; what is gone comes last.
#[must_use]
pub fn changes(before: &Record, after: &Record) -> Vec<Change> {
    let (old, new) = (fields(before), fields(after));
    let line =
        |all: &[Field], path: &str| all.iter().find(|field| field.path == path).map(Field::line);
    let gone = old.iter().filter(|field| line(&new, &field.path).is_none());
    let all = new.iter().chain(gone).map(|field| &field.path);
    let changes = all.map(|path| Change {
        path: path.clone(),
        before: line(&old, path),
        after: line(&new, path),
    });
    let doc = |record: &Record| Some(record.doc.clone());
    let itself = Change { path: String::new(), before: doc(before), after: doc(after) };
    [itself].into_iter().chain(changes).filter(|change| change.before != change.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parse;

    const OLD: &str = r#"{"type": "record", "name": "R", "doc": "One.", "fields": [
        {"name": "id", "type": "string", "doc": "Which."},
        {"name": "old", "type": "int", "doc": "Gone."},
        {"name": "cut", "doc": "Where.", "type": {"type": "array", "items":
            {"type": "record", "name": "C", "fields": [
                {"name": "at", "type": "int", "doc": "Here."}]}}}]}"#;
    const NEW: &str = r#"{"type": "record", "name": "R", "doc": "One.", "fields": [
        {"name": "id", "type": "string", "doc": "Which one."},
        {"name": "cut", "doc": "Where.", "type": {"type": "array", "items":
            {"type": "record", "name": "C", "fields": [
                {"name": "at", "type": "int", "doc": "Here."},
                {"name": "mail", "type": ["null", "string"], "default": null, "pii": true,
                 "doc": "Address."}]}}}]}"#;

    #[test]
    fn fields_of_records_within_follow_their_holder() {
        let fields = fields(&parse(NEW));
        let paths: Vec<_> = fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["id", "cut", "cut[].at", "cut[].mail"]);
        assert_eq!(fields[3].presence(), "optional, default `null`");
        assert!(fields[3].is_personal && !fields[2].is_personal);
    }

    #[test]
    fn each_field_that_differs_is_told() {
        let changes = changes(&parse(OLD), &parse(NEW));
        let told: Vec<_> = changes
            .iter()
            .map(|change| (change.path.as_str(), change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("id", Some("string, required: Which."), Some("string, required: Which one.")),
                (
                    "cut[].mail",
                    None,
                    Some("string, optional, default `null`, personal data: Address.")
                ),
                ("old", Some("int, required: Gone."), None),
            ]
        );
        assert_eq!(super::changes(&parse(NEW), &parse(NEW)), []);
    }
}
