//! Schemas as [`schema_workflow`] reads them, and how their types are told to people.

use std::path::PathBuf;

use schema_workflow::{
    model::{Definition, Field, Kind, Primitive, Schema, Shape, Type},
    source::Source,
};

/// What a text says; nothing when it is no schema of a record.
#[must_use]
pub fn parse(text: &str) -> Option<Schema> {
    Source { path: PathBuf::new(), text: text.to_owned() }.schema().ok()
}

/// The fields of a record; none of anything else.
#[must_use]
pub fn fields_of(definition: &Definition) -> &[Field] {
    match &definition.shape {
        Shape::Record(fields) => fields,
        Shape::Enum { .. } | Shape::Fixed { .. } => &[],
    }
}

/// A type in a few words. That a value may be absent is told beside it.
#[must_use]
pub fn tell(schema: &Schema, of: &Type) -> String {
    let Some(logical) = schema.logical(of) else { return stored(schema, of) };
    match (logical.name.as_str(), &of.kind) {
        ("decimal", Kind::Named(name)) => format!("{}: {logical}", short(name)),
        ("decimal", _) => logical.to_string(),
        ("timestamp-micros", _) => "timestamp in µs".to_owned(),
        ("timestamp-millis", _) => "timestamp in ms".to_owned(),
        ("date", _) => "date".to_owned(),
        ("uuid", _) => "UUID".to_owned(),
        (other, _) => format!("{} ({other})", stored(schema, of)),
    }
}

fn stored(schema: &Schema, of: &Type) -> String {
    match &of.kind {
        Kind::Primitive(primitive) => primitive.to_string(),
        Kind::Named(name) => named(schema, name),
        Kind::Array(items) => format!("list of {}", tell(schema, items)),
        Kind::Map(values) => format!("map of {}", tell(schema, values)),
        Kind::Union(types) => {
            let types = types.iter().filter(|one| !is_null(one));
            types.map(|one| tell(schema, one)).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn named(schema: &Schema, name: &str) -> String {
    let own = short(name);
    match schema.types.get(name).map(|definition| &definition.shape) {
        Some(Shape::Fixed { size }) => format!("{own}: {size} bytes"),
        Some(Shape::Enum { symbols, .. }) => format!("{own}: one of {}", symbols.join(", ")),
        Some(Shape::Record(_)) | None => own.to_owned(),
    }
}

fn is_null(of: &Type) -> bool {
    matches!(of.kind, Kind::Primitive(Primitive::Null))
}

/// A name without its namespace.
#[must_use]
pub fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(of: &str) -> String {
        let text = format!(
            r#"{{"type": "record", "name": "R", "namespace": "a.b", "fields": [
                {{"name": "first", "type": {{"type": "enum", "name": "E", "symbols": ["A", "B"]}}}},
                {{"name": "second", "type": {of}}}]}}"#
        );
        let schema = parse(&text).unwrap_or_else(|| panic!("{of}"));
        tell(&schema, &fields_of(&schema.root)[1].ty)
    }

    #[test]
    fn types_are_told_to_people() {
        for (of, said) in [
            (r#""string""#, "string"),
            (r#"["null", "long"]"#, "long"),
            (r#"["null", "long", "string"]"#, "long or string"),
            (r#""E""#, "E: one of A, B"),
            (r#""a.b.E""#, "E: one of A, B"),
            (r#"{"type": "array", "items": "R"}"#, "list of R"),
            (r#"{"type": "map", "values": {"type": "long"}}"#, "map of long"),
            (r#"{"type": "fixed", "name": "x.Id", "size": 16}"#, "Id: 16 bytes"),
            (r#"{"type": "long", "logicalType": "timestamp-micros"}"#, "timestamp in µs"),
            (r#"{"type": "string", "logicalType": "uuid"}"#, "UUID"),
            (r#"{"type": "int", "logicalType": "time-millis"}"#, "int (time-millis)"),
            (
                r#"{"type": "fixed", "name": "Money", "size": 8, "logicalType": "decimal",
                    "precision": 18, "scale": 2}"#,
                "Money: decimal(18,2)",
            ),
        ] {
            assert_eq!(told(of), said, "{of}");
        }
    }

    #[test]
    fn what_is_no_record_is_no_schema() {
        for text in ["", "{", r#""string""#, "{}"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
