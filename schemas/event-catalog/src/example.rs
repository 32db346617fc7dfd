//! A datum in Avro's JSON encoding: the values of the AsyncAPI document are such that any Avro
//! library reads them with nothing but the schema.

use schema_workflow::model::{Definition, Kind, Primitive, Schema, Shape, Type};
use serde_json::{Map, Value, json};

use crate::schema::fields_of;

/// Reads a datum; `None` when it does not fit the schema.
#[must_use]
pub fn avro_json(schema: &Schema, datum: &[u8]) -> Option<Value> {
    let mut rest = datum;
    let value = named(schema, &schema.root, &mut rest)?;
    rest.is_empty().then_some(value)
}

fn named(schema: &Schema, definition: &Definition, rest: &mut &[u8]) -> Option<Value> {
    match &definition.shape {
        Shape::Fixed { size } => take(rest, usize::try_from(*size).ok()?).map(text_of),
        Shape::Enum { symbols, .. } => symbols.get(length(rest)?).map(|symbol| json!(symbol)),
        Shape::Record(_) => {
            let fields = fields_of(definition).iter();
            let fields =
                fields.map(|field| Some((field.name.clone(), read(schema, &field.ty, rest)?)));
            fields.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

fn read(schema: &Schema, of: &Type, rest: &mut &[u8]) -> Option<Value> {
    match &of.kind {
        Kind::Primitive(primitive) => plain(*primitive, rest),
        Kind::Named(name) => named(schema, schema.types.get(name)?, rest),
        Kind::Array(items) => {
            let mut values = Vec::new();
            blocks(rest, |rest| {
                values.push(read(schema, items, rest)?);
                Some(())
            })?;
            Some(Value::Array(values))
        }
        Kind::Map(items) => {
            let mut values = Map::new();
            blocks(rest, |rest| {
                let name = string(rest)?;
                values.insert(name, read(schema, items, rest)?);
                Some(())
            })?;
            Some(Value::Object(values))
        }
        Kind::Union(types) => {
            let chosen = types.get(length(rest)?)?;
            let value = read(schema, chosen, rest)?;
            Some(match branch(&chosen.kind).as_str() {
                "null" => Value::Null,
                name => json!({ name: value }),
            })
        }
    }
}

/// The name of a type in a union.
fn branch(kind: &Kind) -> String {
    match kind {
        Kind::Primitive(primitive) => primitive.to_string(),
        Kind::Named(name) => name.clone(),
        Kind::Array(_) => "array".to_owned(),
        Kind::Map(_) => "map".to_owned(),
        Kind::Union(_) => "union".to_owned(),
    }
}

fn plain(primitive: Primitive, rest: &mut &[u8]) -> Option<Value> {
    Some(match primitive {
        Primitive::Null => Value::Null,
        Primitive::Boolean => json!(take(rest, 1)? == [1]),
        Primitive::Int | Primitive::Long => json!(long(rest)?),
        Primitive::Float => json!(f32::from_le_bytes(take(rest, 4)?.try_into().ok()?)),
        Primitive::Double => json!(f64::from_le_bytes(take(rest, 8)?.try_into().ok()?)),
        Primitive::String => json!(string(rest)?),
        Primitive::Bytes => {
            let size = length(rest)?;
            text_of(take(rest, size)?)
        }
    })
}

/// Bytes as characters of the same numbers.
fn text_of(bytes: &[u8]) -> Value {
    json!(bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(size)?;
    *rest = left;
    Some(taken)
}

fn string(rest: &mut &[u8]) -> Option<String> {
    let size = length(rest)?;
    String::from_utf8(take(rest, size)?.to_vec()).ok()
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    long(rest)?.try_into().ok()
}

/// Seven bits a byte, the lowest first; the sign is the lowest bit.
fn long(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?.first().copied()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
    None
}

/// Blocks of items up to an empty one; a negative count is followed by the size in bytes.
fn blocks(rest: &mut &[u8], mut item: impl FnMut(&mut &[u8]) -> Option<()>) -> Option<()> {
    loop {
        let count = long(rest)?;
        if count < 0 {
            long(rest)?;
        }
        if count == 0 {
            return Some(());
        }
        for _ in 0..count.unsigned_abs() {
            item(rest)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parse;

    fn read(of: &str, datum: &[u8]) -> Option<Value> {
        let text = format!(
            r#"{{"type": "record", "name": "R", "namespace": "a", "fields": [
                {{"name": "x", "type": {of}}}]}}"#
        );
        avro_json(&parse(&text)?, datum).map(|mut value| value["x"].take())
    }

    #[test]
    fn every_type_is_read() {
        let union = r#"["null", {"type": "fixed", "name": "F", "size": 2}]"#;
        let list = r#"{"type": "array", "items": "int"}"#;
        for (of, datum, value) in [
            (r#""long""#, &[0x81, 0x01][..], json!(-65)),
            (
                r#""long""#,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                json!(i64::MIN),
            ),
            (r#""boolean""#, &[1], json!(true)),
            (r#""double""#, &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f], json!(1.5)),
            (r#""float""#, &[0, 0, 0xc0, 0x3f], json!(1.5)),
            (r#""string""#, &[4, b'o', b'k'], json!("ok")),
            (r#""bytes""#, &[2, 0xff], json!("ÿ")),
            (r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#, &[2], json!("B")),
            (union, &[0], json!(null)),
            (union, &[2, 0, b'a'], json!({"a.F": "\0a"})),
            (list, &[4, 2, 4, 0], json!([1, 2])),
            (list, &[3, 4, 2, 4, 0], json!([1, 2])),
            (r#"{"type": "map", "values": "int"}"#, &[2, 2, b'k', 6, 0], json!({"k": 3})),
        ] {
            assert_eq!(read(of, datum), Some(value), "{of} {datum:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_no_value() {
        for (of, datum) in [
            (r#""long""#, &[0x80][..]),
            (r#""long""#, &[0x80; 11]),
            (r#""string""#, &[4, b'o']),
            (r#""string""#, &[1]),
            (r#""string""#, &[2, 0xff]),
            (r#"["null"]"#, &[2]),
            (r#""int""#, &[2, 2]),
        ] {
            assert_eq!(read(of, datum), None, "{of} {datum:?}");
        }
    }
}
