//! Whether one schema file is as ours are.

pub(crate) mod defaults;
mod names;

use crate::{
    finding::Finding,
    model::{Definition, Field, Kind, Primitive, Schema, Shape, Type},
    rules::{self, Rule},
    source::Source,
};

/// Logical types that every reader of ours knows.
const LOGICAL: [&str; 4] = ["decimal", "timestamp-micros", "uuid", "date"];

/// Names of fields that suggest personal data: those must say whether they are.
const PERSONAL: [&str; 14] = [
    "name",
    "email",
    "location",
    "address",
    "street",
    "city",
    "postcode",
    "phone",
    "birthday",
    "recipient",
    "actor",
    "surname",
    "nickname",
    "iban",
];

/// Bytes and digits of a decimal.
const DECIMAL: (u64, u64) = (8, 18);

/// All that is wrong with a file.
#[must_use]
pub fn lint(source: &Source) -> Vec<Finding> {
    let schema = match source.schema() {
        Ok(schema) => schema,
        Err(finding) => return vec![*finding],
    };
    let mut linter = Linter { source, schema: &schema, findings: Vec::new() };
    linter.message();
    for definition in schema.types.values() {
        linter.definition(definition);
    }
    linter.findings.sort_by_key(|finding| finding.place);
    linter.findings
}

struct Linter<'a> {
    source: &'a Source,
    schema: &'a Schema,
    findings: Vec<Finding>,
}

impl Linter<'_> {
    fn find(&mut self, rule: &'static Rule, at: usize, path: &str, message: impl Into<String>) {
        self.findings.push(Finding::new(rule, self.source, at, path, message.into()));
    }

    /// What concerns the message as a whole.
    fn message(&mut self) {
        let root = &self.schema.root;
        if root.doc.as_ref().is_none_or(|doc| doc.trim().is_empty()) {
            self.find(&rules::RECORD_DOC, root.at, "", format!("{} has no doc", root.name));
        }
        let (space, name) = root.name.rsplit_once('.').unwrap_or(("", &root.name));
        let Some(home) = names::Home::of(&self.source.path) else { return };
        if space != home.namespace() {
            let message =
                format!("the namespace is {space:?}, of this folder {:?}", home.namespace());
            self.find(&rules::NAMESPACE, root.at, "", message);
        }
        if name != home.record() {
            let message = format!("record {name} in a file for {}", home.record());
            self.find(&rules::FILE_NAME, root.at, "", message);
        }
    }

    fn definition(&mut self, definition: &Definition) {
        let (space, name) = definition.name.rsplit_once('.').unwrap_or(("", &definition.name));
        if !names::is_pascal(name) {
            self.find(&rules::TYPE_NAME, definition.at, "", format!("{name} is not in PascalCase"));
        }
        if space != names::ROOT && !space.starts_with(&format!("{}.", names::ROOT)) {
            let message = format!("{name} is not in the namespace {}", names::ROOT);
            self.find(&rules::NAMESPACE, definition.at, "", message);
        }
        self.aliases(name, &definition.aliases);
        for other in &definition.others {
            self.unknown(name, other.at, &other.value);
        }
        match &definition.shape {
            Shape::Record(fields) => fields.iter().for_each(|field| self.field(name, field)),
            Shape::Enum { symbols, default } => {
                self.symbols(definition.at, name, symbols, default.as_ref());
            }
            Shape::Fixed { size } => {
                if let Some(logical) = &definition.logical
                    && logical.name == "decimal"
                    && (*size, true)
                        != (DECIMAL.0, logical.precision.is_some_and(|digits| digits <= DECIMAL.1))
                {
                    let message = format!("{logical} in fixed({size})");
                    self.find(&rules::MONEY_DECIMAL, logical.at, name, message);
                }
            }
        }
    }

    fn symbols(&mut self, at: usize, name: &str, symbols: &[String], default: Option<&String>) {
        match default {
            None => self.find(&rules::ENUM_DEFAULT, at, name, "the enum has no default symbol"),
            Some(default) if !symbols.contains(default) => {
                let message = format!("the default {default} is not one of its symbols");
                self.find(&rules::ENUM_DEFAULT, at, name, message);
            }
            Some(_) => {}
        }
        for symbol in symbols.iter().filter(|symbol| !names::is_upper(symbol)) {
            let message = format!("{symbol} is not in UPPER_CASE");
            self.find(&rules::SYMBOL_NAME, at, name, message);
        }
    }

    fn field(&mut self, owner: &str, field: &Field) {
        let path = format!("{owner}.{}", field.name);
        if !names::is_camel(&field.name) {
            self.find(&rules::FIELD_NAME, field.at, &path, "not in camelCase");
        }
        if field.doc.as_ref().is_none_or(|doc| doc.trim().is_empty()) {
            self.find(&rules::FIELD_DOC, field.at, &path, "no doc");
        }
        self.aliases(&path, &field.aliases);
        for other in &field.others {
            self.unknown(&path, other.at, &other.value);
        }
        self.personal(&path, field);
        self.ty(&path, &field.ty);
        match (&field.default, field.ty.is_nullable()) {
            (None, true) => {
                self.find(
                    &rules::OPTIONAL_DEFAULT,
                    field.at,
                    &path,
                    "may be null, and has no default",
                );
            }
            (Some(default), nullable) => {
                if let Err(reason) = defaults::check(self.schema, &field.ty, &default.value) {
                    self.find(&rules::DEFAULT_VALUE, default.at, &path, reason);
                } else if nullable && !default.value.is_null() {
                    let message = format!("the default is {}, not null", default.value);
                    self.find(&rules::OPTIONAL_DEFAULT, default.at, &path, message);
                }
            }
            (None, false) => {}
        }
    }

    fn personal(&mut self, path: &str, field: &Field) {
        match &field.pii {
            Some(told) if !told.value.is_boolean() => {
                let message = format!("\"pii\" is {}, not true or false", told.value);
                self.find(&rules::PII_FLAG, told.at, path, message);
            }
            None if names::words(&field.name)
                .last()
                .is_some_and(|w| PERSONAL.contains(&w.as_str())) =>
            {
                let message = "does not say whether it is personal data: \"pii\": true or false";
                self.find(&rules::PII_FLAG, field.at, path, message);
            }
            _ => {}
        }
    }

    fn ty(&mut self, path: &str, ty: &Type) {
        for other in &ty.others {
            self.unknown(path, other.at, &other.value);
        }
        if let Some(logical) = self.schema.logical(ty)
            && !LOGICAL.contains(&logical.name.as_str())
        {
            let message = format!("{} is none of {}", logical.name, LOGICAL.join(", "));
            self.find(&rules::LOGICAL_TYPE, ty.at, path, message);
        }
        match &ty.kind {
            Kind::Primitive(Primitive::Float | Primitive::Double) => {
                self.find(&rules::NO_FLOAT, ty.at, path, self.schema.describe(ty));
            }
            Kind::Primitive(Primitive::Bytes) if ty.logical.is_some() => {
                self.find(&rules::MONEY_DECIMAL, ty.at, path, self.schema.describe(ty));
            }
            Kind::Primitive(_) | Kind::Named(_) => {}
            Kind::Array(part) | Kind::Map(part) => self.ty(&format!("{path}[]"), part),
            Kind::Union(branches) => {
                if !(branches.len() == 2 && matches!(null(branches.first()), Some(true))) {
                    let message = format!("the union is {}", self.schema.describe(ty));
                    self.find(&rules::UNION_SHAPE, ty.at, path, message);
                }
                branches.iter().for_each(|branch| self.ty(path, branch));
            }
        }
    }

    fn aliases(&mut self, path: &str, aliases: &[crate::model::At<String>]) {
        for alias in aliases {
            self.find(&rules::NO_ALIAS, alias.at, path, format!("has the alias {}", alias.value));
        }
    }

    fn unknown(&mut self, path: &str, at: usize, name: &str) {
        let message = format!("nobody knows the attribute {name:?}");
        self.find(&rules::UNKNOWN_ATTRIBUTE, at, path, message);
    }
}

fn null(ty: Option<&Type>) -> Option<bool> {
    ty.map(|ty| matches!(ty.kind, Kind::Primitive(Primitive::Null)))
}
