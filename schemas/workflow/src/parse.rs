//! From JSON to the model. Says what is wrong, and where.

use std::collections::BTreeMap;

use jsonc_parser::{
    ast::{Object, Value},
    common::Ranged,
};

use crate::model::{At, Definition, Field, Kind, Logical, Primitive, Schema, Shape, Type};

/// Why it is no schema.
#[derive(Debug)]
pub struct Wrong {
    /// The byte where.
    pub at: usize,
    /// What.
    pub message: String,
}

type Result<T> = std::result::Result<T, Wrong>;

/// Attributes of types that Avro gives a meaning.
const OF_TYPES: [&str; 16] = [
    "type",
    "name",
    "namespace",
    "doc",
    "aliases",
    "fields",
    "symbols",
    "default",
    "size",
    "items",
    "values",
    "logicalType",
    "precision",
    "scale",
    "order",
    "pii",
];

/// Attributes of fields that Avro, or we, give a meaning.
const OF_FIELDS: [&str; 7] = ["name", "type", "doc", "default", "aliases", "order", "pii"];

/// Reads a schema whose outermost type has a name.
pub fn schema(value: &Value<'_>) -> Result<Schema> {
    let mut parser = Parser { types: BTreeMap::new() };
    let root = match parser.ty(value, "")?.kind {
        Kind::Named(name) => parser.types.get(&name).cloned(),
        _ => None,
    };
    let root = root.ok_or_else(|| wrong(value, "a message is a record"))?;
    Ok(Schema { root, types: parser.types })
}

fn wrong(at: &impl Ranged, message: impl Into<String>) -> Wrong {
    Wrong { at: at.start(), message: message.into() }
}

struct Parser {
    types: BTreeMap<String, Definition>,
}

impl Parser {
    fn ty(&mut self, value: &Value<'_>, namespace: &str) -> Result<Type> {
        let plain = |kind| Type {
            at: value.start(),
            kind,
            is_definition: false,
            logical: None,
            others: Vec::new(),
        };
        match value {
            Value::StringLit(name) => self.known(value, &name.value, namespace).map(plain),
            Value::Array(branches) => {
                let branches = branches.elements.iter().map(|one| self.ty(one, namespace));
                Ok(plain(Kind::Union(branches.collect::<Result<_>>()?)))
            }
            Value::Object(object) => self.object(value, object, namespace),
            _ => Err(wrong(value, "a type is a name, an object, or an array of types")),
        }
    }

    fn known(&self, at: &Value<'_>, name: &str, namespace: &str) -> Result<Kind> {
        if let Some(primitive) = Primitive::named(name) {
            return Ok(Kind::Primitive(primitive));
        }
        let full = full_name(name, namespace);
        if self.types.contains_key(&full) {
            return Ok(Kind::Named(full));
        }
        Err(wrong(at, format!("there is no type {full} above this line")))
    }

    fn object(&mut self, at: &Value<'_>, object: &Object<'_>, namespace: &str) -> Result<Type> {
        let name = match object.get("type").map(|property| &property.value) {
            Some(Value::StringLit(name)) => name.value.as_ref(),
            Some(inner) => return self.ty(inner, namespace),
            None => return Err(wrong(at, "a type without \"type\"")),
        };
        let kind = match name {
            "record" | "error" | "enum" | "fixed" => {
                Kind::Named(self.definition(at, object, name, namespace)?)
            }
            "array" => Kind::Array(Box::new(self.part(at, object, "items", namespace)?)),
            "map" => Kind::Map(Box::new(self.part(at, object, "values", namespace)?)),
            name => self.known(at, name, namespace)?,
        };
        let is_named = matches!(name, "record" | "error" | "enum" | "fixed");
        Ok(Type {
            at: at.start(),
            kind,
            is_definition: is_named,
            // What a type with a name means and says stands at its definition.
            logical: if is_named { None } else { logical(object) },
            others: if is_named { Vec::new() } else { others(object, &OF_TYPES) },
        })
    }

    fn part(
        &mut self,
        at: &Value<'_>,
        object: &Object<'_>,
        name: &str,
        namespace: &str,
    ) -> Result<Type> {
        match object.get(name) {
            Some(property) => self.ty(&property.value, namespace),
            None => Err(wrong(at, format!("{name:?} is missing"))),
        }
    }

    /// Takes a definition in; its full name.
    fn definition(
        &mut self,
        at: &Value<'_>,
        object: &Object<'_>,
        kind: &str,
        namespace: &str,
    ) -> Result<String> {
        let name = object.get_string("name").ok_or_else(|| wrong(at, "a type without a name"))?;
        let own = object.get_string("namespace").map(|own| own.value.clone().into_owned());
        let full = full_name(&name.value, own.as_deref().unwrap_or(namespace));
        let namespace = full.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        let mut definition = Definition {
            at: name.start(),
            name: full.clone(),
            doc: text(object, "doc"),
            aliases: strings(object, "aliases")?,
            shape: Shape::Record(Vec::new()),
            logical: logical(object),
            others: others(object, &OF_TYPES),
        };
        if self.types.contains_key(&full) {
            return Err(wrong(name, format!("{full} is defined twice")));
        }
        // First: a record may contain itself.
        self.types.insert(full.clone(), definition.clone());
        definition.shape = match kind {
            "enum" => Shape::Enum {
                symbols: strings(object, "symbols")?.into_iter().map(|one| one.value).collect(),
                default: text(object, "default"),
            },
            "fixed" => Shape::Fixed {
                size: number(object, "size").ok_or_else(|| wrong(at, "a fixed without a size"))?,
            },
            _ => Shape::Record(self.fields(at, object, &namespace)?),
        };
        self.types.insert(full.clone(), definition);
        Ok(full)
    }

    fn fields(&mut self, at: &Value<'_>, object: &Object<'_>, space: &str) -> Result<Vec<Field>> {
        let fields = object.get_array("fields").ok_or_else(|| wrong(at, "no \"fields\""))?;
        let mut all: Vec<Field> = Vec::new();
        for value in &fields.elements {
            let object = value.as_object().ok_or_else(|| wrong(value, "a field is an object"))?;
            let field = self.field(value, object, space)?;
            if all.iter().any(|other| other.name == field.name) {
                return Err(wrong(value, format!("field {} is there twice", field.name)));
            }
            all.push(field);
        }
        Ok(all)
    }

    fn field(&mut self, at: &Value<'_>, object: &Object<'_>, namespace: &str) -> Result<Field> {
        let name = object.get_string("name").ok_or_else(|| wrong(at, "a field without a name"))?;
        let ty = self.part(at, object, "type", namespace)?;
        let told = |name| {
            object
                .get(name)
                .map(|property| At { at: property.value.start(), value: json(&property.value) })
        };
        Ok(Field {
            at: name.start(),
            name: name.value.clone().into_owned(),
            doc: text(object, "doc"),
            aliases: strings(object, "aliases")?,
            ty,
            default: told("default"),
            pii: told("pii"),
            others: others(object, &OF_FIELDS),
        })
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    match name.contains('.') || namespace.is_empty() {
        true => name.to_owned(),
        false => format!("{namespace}.{name}"),
    }
}

fn text(object: &Object<'_>, name: &str) -> Option<String> {
    object.get_string(name).map(|text| text.value.clone().into_owned())
}

fn number(object: &Object<'_>, name: &str) -> Option<u64> {
    object.get_number(name)?.value.parse().ok()
}

fn strings(object: &Object<'_>, name: &str) -> Result<Vec<At<String>>> {
    let Some(list) = object.get_array(name) else { return Ok(Vec::new()) };
    let one = |value: &Value<'_>| match value {
        Value::StringLit(text) => {
            Ok(At { at: text.start(), value: text.value.clone().into_owned() })
        }
        _ => Err(wrong(value, format!("{name:?} is a list of strings"))),
    };
    list.elements.iter().map(one).collect()
}

fn logical(object: &Object<'_>) -> Option<Logical> {
    let name = object.get_string("logicalType")?;
    Some(Logical {
        at: name.start(),
        name: name.value.clone().into_owned(),
        precision: number(object, "precision"),
        scale: number(object, "scale"),
    })
}

fn others(object: &Object<'_>, known: &[&str]) -> Vec<At<String>> {
    let names = object.properties.iter().map(|property| (property.start(), property.name.as_str()));
    names
        .filter(|(_, name)| !known.contains(name))
        .map(|(at, name)| At { at, value: name.to_owned() })
        .collect()
}

fn json(value: &Value<'_>) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::StringLit(text) => Json::String(text.value.clone().into_owned()),
        Value::NumberLit(number) => serde_json::from_str(number.value).unwrap_or(Json::Null),
        Value::BooleanLit(boolean) => Json::Bool(boolean.value),
        Value::Array(list) => list.elements.iter().map(json).collect(),
        Value::Object(object) => object
            .properties
            .iter()
            .map(|property| (property.name.as_str().to_owned(), json(&property.value)))
            .collect(),
        Value::NullKeyword(_) => Json::Null,
    }
}
