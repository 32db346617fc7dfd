//! Avro schemas as a tree, and how their types are told to people.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// A type of a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What is written.
    pub shape: Shape,
    /// What it means, when it means more.
    pub logical: Option<Logical>,
}

/// What is written of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `null`, `boolean`, `int`, `long`, `float`, `double`, `bytes` or `string`; or the name of a
    /// type that is defined around this one.
    Plain(String),
    /// So many bytes.
    Fixed(String, usize),
    /// One of the symbols.
    Enum(String, Vec<String>),
    /// Any number of values.
    Array(Box<Type>),
    /// Values by names.
    Map(Box<Type>),
    /// A value of one of the types.
    Union(Vec<Type>),
    /// Fields, in order.
    Record(Record),
}

/// A record with its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its name, with the namespace.
    pub name: String,
    /// What it says.
    pub doc: String,
    /// Its fields.
    pub fields: Vec<RecordField>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordField {
    /// Its name.
    pub name: String,
    /// What it says.
    pub doc: String,
    /// Its type.
    pub of: Type,
    /// What stands for it where a writer does not know it.
    pub default: Option<Value>,
    /// Whether it tells of a person.
    pub is_personal: bool,
}

/// What a value means.
#[derive(Clone, Debug, PartialEq)]
pub struct Logical {
    name: String,
    precision: u64,
    scale: u64,
}

/// The record that a text describes; an empty one when it describes none.
#[must_use]
pub fn parse(text: &str) -> Record {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    match Parser::default().parse(&value, "").shape {
        Shape::Record(record) => record,
        _ => Record::default(),
    }
}

/// Knows the types that have been defined so far, by their full names.
#[derive(Debug, Default)]
struct Parser {
    known: BTreeMap<String, Type>,
}

impl Parser {
    fn parse(&mut self, value: &Value, namespace: &str) -> Type {
        let shape = match value {
            Value::String(name) => return self.named(name, namespace),
            Value::Array(types) => {
                Shape::Union(types.iter().map(|one| self.parse(one, namespace)).collect())
            }
            _ => self.shape(value, namespace),
        };
        let number = |key: &str| value[key].as_u64().unwrap_or_default();
        let logical = value["logicalType"].as_str().map(|name| Logical {
            name: name.to_owned(),
            precision: number("precision"),
            scale: number("scale"),
        });
        let parsed = Type { shape, logical };
        if let Some(name) = parsed.shape.name() {
            self.known.insert(name.to_owned(), parsed.clone());
        }
        parsed
    }

    fn named(&self, name: &str, namespace: &str) -> Type {
        let full = full_name(name, namespace);
        let known = self.known.get(&full).or_else(|| self.known.get(name));
        let plain = || Type { shape: Shape::Plain(name.to_owned()), logical: None };
        known.cloned().unwrap_or_else(plain)
    }

    fn shape(&mut self, value: &Value, namespace: &str) -> Shape {
        let namespace = value["namespace"].as_str().unwrap_or(namespace);
        let name = full_name(value["name"].as_str().unwrap_or_default(), namespace);
        match value["type"].as_str() {
            Some("record") => {
                let fields = value["fields"].as_array().into_iter().flatten();
                let fields = fields.map(|field| self.field(field, namespace)).collect();
                Shape::Record(Record { name, doc: text(value, "doc"), fields })
            }
            Some("enum") => {
                let symbols = value["symbols"].as_array().into_iter().flatten();
                let symbols = symbols.filter_map(Value::as_str).map(str::to_owned);
                Shape::Enum(name, symbols.collect())
            }
            Some("fixed") => {
                let size = value["size"].as_u64().and_then(|size| usize::try_from(size).ok());
                Shape::Fixed(name, size.unwrap_or_default())
            }
            Some("array") => Shape::Array(Box::new(self.parse(&value["items"], namespace))),
            Some("map") => Shape::Map(Box::new(self.parse(&value["values"], namespace))),
            _ if value["type"].is_null() => Shape::Plain(String::new()),
            _ => self.parse(&value["type"], namespace).shape,
        }
    }

    fn field(&mut self, field: &Value, namespace: &str) -> RecordField {
        RecordField {
            name: text(field, "name"),
            doc: text(field, "doc"),
            of: self.parse(&field["type"], namespace),
            default: field.get("default").cloned(),
            is_personal: field["pii"] == true,
        }
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl Shape {
    /// The full name of a type that has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Fixed(name, _) | Self::Enum(name, _) => Some(name),
            Self::Record(record) => Some(&record.name),
            Self::Plain(_) | Self::Array(_) | Self::Map(_) | Self::Union(_) => None,
        }
    }
}

impl Type {
    /// Whether a value may be absent.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        matches!(&self.shape, Shape::Union(types) if types.iter().any(Self::is_null))
    }

    fn is_null(&self) -> bool {
        self.shape == Shape::Plain("null".to_owned())
    }
}

/// That a value may be absent is told beside its type.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Logical { name, precision, scale }) = &self.logical else {
            return write!(f, "{}", self.shape);
        };
        match name.as_str() {
            "decimal" => {
                if let Some(name) = self.shape.name() {
                    write!(f, "{}: ", short(name))?;
                }
                write!(f, "decimal({precision}, {scale})")
            }
            "timestamp-micros" => f.write_str("timestamp in µs"),
            "timestamp-millis" => f.write_str("timestamp in ms"),
            "date" => f.write_str("date"),
            "uuid" => f.write_str("UUID"),
            other => write!(f, "{} ({other})", self.shape),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(name) => f.write_str(short(name)),
            Self::Fixed(name, size) => write!(f, "{}: {size} bytes", short(name)),
            Self::Enum(name, symbols) => {
                write!(f, "{}: one of {}", short(name), symbols.join(", "))
            }
            Self::Array(items) => write!(f, "list of {items}"),
            Self::Map(values) => write!(f, "map of {values}"),
            Self::Union(types) => {
                let types = types.iter().filter(|one| !one.is_null());
                f.write_str(&types.map(ToString::to_string).collect::<Vec<_>>().join(" or "))
            }
            Self::Record(record) => f.write_str(short(&record.name)),
        }
    }
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
        parse(&text).fields[1].of.to_string()
    }

    #[test]
    fn types_are_told_to_people() {
        for (of, said) in [
            (r#""string""#, "string"),
            (r#"["null", "long"]"#, "long"),
            (r#"["null", "long", "string"]"#, "long or string"),
            (r#""E""#, "E: one of A, B"),
            (r#""a.b.E""#, "E: one of A, B"),
            (r#"{"type": "E"}"#, "E: one of A, B"),
            (r#"{"type": "array", "items": "R"}"#, "list of R"),
            (r#"{"type": "map", "values": {"type": "long"}}"#, "map of long"),
            (r#"{"type": "fixed", "name": "x.Id", "size": 16}"#, "Id: 16 bytes"),
            (r#"{"type": "long", "logicalType": "timestamp-micros"}"#, "timestamp in µs"),
            (r#"{"type": "string", "logicalType": "uuid"}"#, "UUID"),
            (r#"{"type": "int", "logicalType": "time-millis"}"#, "int (time-millis)"),
            (
                r#"{"type": "fixed", "name": "Money", "size": 8, "logicalType": "decimal",
                    "precision": 18, "scale": 2}"#,
                "Money: decimal(18, 2)",
            ),
        ] {
            assert_eq!(told(of), said, "{of}");
        }
    }

    #[test]
    fn what_is_no_record_has_no_fields() {
        for text in ["", "{", r#""string""#, "{}"] {
            assert_eq!(parse(text), Record::default(), "{text}");
        }
    }
}
