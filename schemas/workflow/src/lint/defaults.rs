//! Whether a default is a value of its type, by the Avro specification ("Complex Types", field
//! default values).

use serde_json::Value;

use crate::model::{Kind, Primitive, Schema, Shape, Type};

/// Says why it is none, or why some libraries make something else of it: defaults that are bytes
/// or have a logical type come out raw of fastavro, and of records not all fill in what is left out.
pub fn check_for_all(schema: &Schema, ty: &Type, value: &Value) -> Result<(), String> {
    check(schema, ty, value)?;
    let plain = |ty: &Type| schema.logical(ty).is_none();
    match &ty.kind {
        Kind::Union(branches) => {
            branches.first().map_or(Ok(()), |first| check_for_all(schema, first, value))
        }
        Kind::Primitive(Primitive::Bytes) => Err("its default is bytes".into()),
        Kind::Named(name) => match schema.types.get(name).map(|definition| &definition.shape) {
            Some(Shape::Fixed { .. }) => Err("its default is bytes".into()),
            Some(Shape::Record(fields)) => fields.iter().try_for_each(|field| {
                let given = value.get(&field.name);
                let given =
                    given.ok_or_else(|| format!("its default leaves out {}", field.name))?;
                check_for_all(schema, &field.ty, given)
            }),
            _ => Ok(()),
        },
        Kind::Array(part) => {
            let values = value.as_array().into_iter().flatten();
            values.into_iter().try_for_each(|value| check_for_all(schema, part, value))
        }
        Kind::Map(part) => {
            let values = value.as_object().into_iter().flatten();
            values.into_iter().try_for_each(|(_, value)| check_for_all(schema, part, value))
        }
        Kind::Primitive(_) if plain(ty) => Ok(()),
        Kind::Primitive(_) => Err("its default has a logical type".into()),
    }
}

/// Says why it is none.
pub fn check(schema: &Schema, ty: &Type, value: &Value) -> Result<(), String> {
    let fits = match &ty.kind {
        Kind::Primitive(primitive) => of_primitive(*primitive, value),
        Kind::Array(items) => {
            let values = value.as_array().ok_or_else(|| wrong(schema, ty, value))?;
            return values.iter().try_for_each(|value| check(schema, items, value));
        }
        Kind::Map(values) => {
            let entries = value.as_object().ok_or_else(|| wrong(schema, ty, value))?;
            return entries.values().try_for_each(|value| check(schema, values, value));
        }
        // The default of a union is one of its first branch.
        Kind::Union(branches) => match branches.first() {
            Some(first) => return check(schema, first, value),
            None => false,
        },
        Kind::Named(name) => return of_named(schema, ty, name, value),
    };
    if fits { Ok(()) } else { Err(wrong(schema, ty, value)) }
}

fn wrong(schema: &Schema, ty: &Type, value: &Value) -> String {
    format!("the default {value} is no value of {}", schema.describe(ty))
}

fn of_primitive(primitive: Primitive, value: &Value) -> bool {
    match primitive {
        Primitive::Null => value.is_null(),
        Primitive::Boolean => value.is_boolean(),
        Primitive::Int => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        Primitive::Long => value.is_i64(),
        Primitive::Float | Primitive::Double => value.is_number(),
        Primitive::Bytes => is_bytes(value, None),
        Primitive::String => value.is_string(),
    }
}

/// Bytes are written as a string of the code points 0 to 255.
fn is_bytes(value: &Value, size: Option<u64>) -> bool {
    value.as_str().is_some_and(|text| {
        text.chars().all(|c| u32::from(c) < 256)
            && size.is_none_or(|size| text.chars().count() as u64 == size)
    })
}

fn of_named(schema: &Schema, ty: &Type, name: &str, value: &Value) -> Result<(), String> {
    let fits = match schema.types.get(name).map(|definition| &definition.shape) {
        Some(Shape::Fixed { size }) => is_bytes(value, Some(*size)),
        Some(Shape::Enum { symbols, .. }) => {
            value.as_str().is_some_and(|text| symbols.iter().any(|symbol| symbol == text))
        }
        Some(Shape::Record(fields)) => {
            let object = value.as_object().ok_or_else(|| wrong(schema, ty, value))?;
            for field in fields {
                match object.get(&field.name) {
                    Some(value) => check(schema, &field.ty, value)?,
                    None if field.default.is_some() => {}
                    None => return Err(format!("the default lacks the field {}", field.name)),
                }
            }
            true
        }
        None => false,
    };
    if fits { Ok(()) } else { Err(wrong(schema, ty, value)) }
}
