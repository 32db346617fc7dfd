//! A schema as a list of fields, and how two of its revisions differ.

use schema_workflow::model::{Definition, Kind, Schema, Shape, Type};
use serde::Serialize;

use crate::schema::{fields_of, short, tell};

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
    /// Where it is, or the name of a type within the message; empty for the message itself.
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

/// The fields of a message, those of the records within it after the one that defines them.
#[must_use]
pub fn fields(schema: &Schema) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(schema, &schema.root, "", &mut fields);
    fields
}

fn collect(schema: &Schema, record: &Definition, prefix: &str, fields: &mut Vec<Field>) {
    for field in fields_of(record) {
        let path = format!("{prefix}{}", field.name);
        fields.push(Field {
            path: path.clone(),
            type_name: tell(schema, &field.ty),
            is_optional: field.ty.is_nullable(),
            default: field.default.as_ref().map(|default| default.value.to_string()),
            is_personal: field.pii.as_ref().is_some_and(|pii| pii.value == true),
            doc: field.doc.clone().unwrap_or_default(),
        });
        within(schema, &field.ty, &path, fields);
    }
}

/// The fields of the records that a type defines.
fn within(schema: &Schema, of: &Type, path: &str, fields: &mut Vec<Field>) {
    match &of.kind {
        Kind::Named(name) if of.is_definition => {
            if let Some(definition) = schema.types.get(name) {
                collect(schema, definition, &format!("{path}."), fields);
            }
        }
        Kind::Array(items) => within(schema, items, &format!("{path}[]"), fields),
        Kind::Map(values) => within(schema, values, &format!("{path}{{}}"), fields),
        Kind::Union(types) => types.iter().for_each(|one| within(schema, one, path, fields)),
        Kind::Named(_) | Kind::Primitive(_) => {}
    }
}

/// What became of what the types say, and of each field, in the order of the newer revision; what
/// is gone comes last.
#[must_use]
pub fn changes(before: &Schema, after: &Schema) -> Vec<Change> {
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
    let types = after.types.iter().filter_map(|(name, definition)| {
        let path = if *name == after.root.name { "" } else { short(name) };
        let (before, after) = (Some(said(before.types.get(name)?)), Some(said(definition)));
        Some(Change { path: path.to_owned(), before, after })
    });
    types.chain(changes).filter(|change| change.before != change.after).collect()
}

/// What a type says besides its shape, which the fields tell.
fn said(definition: &Definition) -> String {
    let doc = definition.doc.as_deref().unwrap_or_default();
    match &definition.shape {
        Shape::Enum { default: Some(default), .. } => format!("{doc} Others count as {default}."),
        Shape::Enum { .. } | Shape::Record(_) | Shape::Fixed { .. } => doc.to_owned(),
    }
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

    fn read(text: &str) -> Schema {
        parse(text).unwrap()
    }

    #[test]
    fn fields_of_records_within_follow_their_holder() {
        let fields = fields(&read(NEW));
        let paths: Vec<_> = fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["id", "cut", "cut[].at", "cut[].mail"]);
        assert_eq!(fields[3].presence(), "optional, default `null`");
        assert!(fields[3].is_personal && !fields[2].is_personal);
    }

    #[test]
    fn each_field_that_differs_is_told() {
        let changes = changes(&read(OLD), &read(NEW));
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
        assert_eq!(super::changes(&read(NEW), &read(NEW)), []);
    }

    #[test]
    fn what_types_say_is_told_where_it_differs() {
        let text = |doc: &str, of_class: &str, default: &str| {
            read(&format!(
                r#"{{"type": "record", "name": "R", "doc": "{doc}", "fields": [
                    {{"name": "x", "doc": "X.", "type": {{"type": "enum", "name": "Class",
                      "doc": "{of_class}", "symbols": ["A", "B"], "default": "{default}"}}}}]}}"#
            ))
        };
        let told = |before, after| {
            let changes = changes(&before, &after).into_iter();
            changes.map(|change| (change.path, change.after.unwrap())).collect::<Vec<_>>()
        };
        let old = || text("One.", "Class.", "A");
        let class = |said: &str| vec![("Class".to_owned(), said.to_owned())];
        assert_eq!(told(old(), text("Two.", "Class.", "A")), [(String::new(), "Two.".into())]);
        assert_eq!(told(old(), text("One.", "Kind.", "A")), class("Kind. Others count as A."));
        assert_eq!(told(old(), text("One.", "Class.", "B")), class("Class. Others count as B."));
    }
}
