//! What a schema file says, with the places where it says so.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// Something, and the byte of the file at which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The byte.
    pub at: usize,
    /// The thing.
    pub value: T,
}

/// A record with all types that it names.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The outermost type.
    pub root: Definition,
    /// Every type with a name, by its full name, the outermost too.
    pub types: BTreeMap<String, Definition>,
}

/// A type with a name.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Where its name stands.
    pub at: usize,
    /// Full name.
    pub name: String,
    /// What it is, for people.
    pub doc: Option<String>,
    /// Further names.
    pub aliases: Vec<At<String>>,
    /// What kind of type it is.
    pub shape: Shape,
    /// What the bytes mean, if that is told.
    pub logical: Option<Logical>,
    /// Attributes that Avro does not know.
    pub others: Vec<At<String>>,
}

/// The kinds of types with a name.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Fields, in the order of their bytes.
    Record(Vec<Field>),
    /// One of some symbols.
    Enum {
        /// The symbols, in the order of their numbers.
        symbols: Vec<String>,
        /// What others are read as.
        default: Option<String>,
    },
    /// So many bytes.
    Fixed {
        /// How many.
        size: u64,
    },
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Where its name stands.
    pub at: usize,
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub doc: Option<String>,
    /// Further names.
    pub aliases: Vec<At<String>>,
    /// Its type.
    pub ty: Type,
    /// What it is where it was not written.
    pub default: Option<At<Value>>,
    /// Whether it is personal data, if that is told.
    pub pii: Option<At<Value>>,
    /// Attributes that neither Avro nor we know.
    pub others: Vec<At<String>>,
}

/// A type where it is used.
#[derive(Clone, Debug)]
pub struct Type {
    /// Where it stands.
    pub at: usize,
    /// What it is.
    pub kind: Kind,
    /// Whether a type with a name is defined here, not just named.
    pub is_definition: bool,
    /// What the bytes mean, if that is told here.
    pub logical: Option<Logical>,
    /// Attributes that Avro does not know.
    pub others: Vec<At<String>>,
}

/// What a type is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `null`, `boolean`, `int`, `long`, `float`, `double`, `bytes` or `string`.
    Primitive(Primitive),
    /// The type of that full name.
    Named(String),
    /// A list.
    Array(Box<Type>),
    /// Values by strings.
    Map(Box<Type>),
    /// One of several.
    Union(Vec<Type>),
}

/// A type that Avro has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of Avro")]
pub enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

/// What bytes mean.
#[derive(Clone, Debug)]
pub struct Logical {
    /// Where it is told.
    pub at: usize,
    /// Its name, such as `decimal`.
    pub name: String,
    /// Digits of a decimal.
    pub precision: Option<u64>,
    /// How many of them are behind the point.
    pub scale: Option<u64>,
}

impl PartialEq for Logical {
    fn eq(&self, other: &Self) -> bool {
        let scale = |one: &Self| one.scale.unwrap_or(0);
        self.name == other.name && self.precision == other.precision && scale(self) == scale(other)
    }
}

impl Primitive {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Null, "null"),
        (Self::Boolean, "boolean"),
        (Self::Int, "int"),
        (Self::Long, "long"),
        (Self::Float, "float"),
        (Self::Double, "double"),
        (Self::Bytes, "bytes"),
        (Self::String, "string"),
    ];

    /// The type of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, its)| *its == name).map(|(primitive, _)| primitive)
    }
}

impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.into_iter().find(|(primitive, _)| primitive == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl Schema {
    /// What a type means: what it says itself, else what its definition says.
    #[must_use]
    pub fn logical<'a>(&'a self, ty: &'a Type) -> Option<&'a Logical> {
        let named = || match &ty.kind {
            Kind::Named(name) => self.types.get(name)?.logical.as_ref(),
            _ => None,
        };
        ty.logical.as_ref().or_else(named)
    }

    /// A type in a few words, such as `decimal(18,2) in fixed(8) oneway.Money, or null`.
    #[must_use]
    pub fn describe(&self, ty: &Type) -> String {
        let stored = match &ty.kind {
            Kind::Primitive(primitive) => primitive.to_string(),
            Kind::Named(name) => self.describe_named(name),
            Kind::Array(items) => format!("array of {}", self.describe(items)),
            Kind::Map(values) => format!("map of {}", self.describe(values)),
            Kind::Union(branches) => {
                let branches: Vec<_> = branches.iter().map(|one| self.describe(one)).collect();
                format!("[{}]", branches.join(", "))
            }
        };
        match self.logical(ty) {
            Some(logical) => format!("{logical} in {stored}"),
            None => stored,
        }
    }

    fn describe_named(&self, name: &str) -> String {
        match self.types.get(name).map(|definition| &definition.shape) {
            Some(Shape::Fixed { size }) => format!("fixed({size}) {name}"),
            Some(Shape::Enum { symbols, .. }) => format!("enum {name} of {}", symbols.join(", ")),
            _ => name.to_owned(),
        }
    }
}

impl fmt::Display for Logical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.precision {
            Some(precision) => {
                write!(f, "{}({precision},{})", self.name, self.scale.unwrap_or(0))
            }
            None => f.write_str(&self.name),
        }
    }
}

impl Type {
    /// Whether it is a union that may be null.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        let is_null = |one: &Self| matches!(one.kind, Kind::Primitive(Primitive::Null));
        matches!(&self.kind, Kind::Union(branches) if branches.iter().any(is_null))
    }
}
