//! What a new revision breaks for readers and writers of an earlier one.
//!
//! The rules are the same in both directions (`FULL`): events live for ever, so that new readers
//! read what was written long ago, and during a roll-out old readers read what is written now.

use std::collections::{BTreeMap, BTreeSet};

use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use serde_json::Value;

use crate::{
    finding::{Change, Finding},
    lint::defaults,
    model::{At, Definition, Field, Kind, Schema, Shape, Type},
    rules::{self, Rule},
    source::Source,
};

/// An earlier revision.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// What it is called in messages, such as `revision 2`.
    pub label: String,
    /// Its text.
    pub source: Source,
}

/// All that `now` breaks for any of the earlier revisions: compatible with the last one is not
/// enough, since records of each of them are in the topics.
#[must_use]
pub fn breaking(earlier: &[Earlier], now: &Source) -> Vec<Finding> {
    let after = match now.schema() {
        Ok(schema) => schema,
        Err(finding) => return vec![*finding],
    };
    let mut findings = Vec::new();
    for one in earlier {
        match one.source.schema() {
            Ok(before) => {
                let mut comparison = Comparison::new(one, &before, now, &after);
                comparison.run();
                findings.append(&mut comparison.findings);
            }
            Err(finding) => findings.push(*finding),
        }
    }
    findings
}

struct Comparison<'a> {
    label: &'a str,
    texts: [&'a str; 2],
    before: &'a Schema,
    now: &'a Source,
    after: &'a Schema,
    /// Pairs of types that were compared, or are being: a record may contain itself.
    seen: BTreeSet<(String, String)>,
    findings: Vec<Finding>,
}

/// What is compared, and where it stands.
#[derive(Clone, Copy)]
struct Spot<'a> {
    at: usize,
    path: &'a str,
}

impl<'a> Comparison<'a> {
    fn new(earlier: &'a Earlier, before: &'a Schema, now: &'a Source, after: &'a Schema) -> Self {
        Self {
            label: &earlier.label,
            texts: [&earlier.source.text, &now.text],
            before,
            now,
            after,
            seen: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    fn run(&mut self) {
        let (before, after) = (&self.before.root, &self.after.root);
        let short = after.name.rsplit('.').next().unwrap_or(&after.name).to_owned();
        self.definitions(&short, before, after);
        if self.findings.is_empty()
            && let Err(reason) = self.as_avro_sees_it()
        {
            let spot = Spot { at: after.at, path: &short };
            self.find(&rules::AVRO_INCOMPATIBLE, spot, &reason, "", "");
        }
    }

    /// Apache Avro's own verdict. `Partial` is a no: some values cannot be read.
    fn as_avro_sees_it(&self) -> Result<(), String> {
        let [before, after] = self.texts.map(apache_avro::Schema::parse_str);
        let before = before.map_err(|error| error.to_string())?;
        let after = after.map_err(|error| error.to_string())?;
        match SchemaCompatibility::mutual_read(&before, &after) {
            Ok(Compatibility::Full) => Ok(()),
            Ok(Compatibility::Partial) => Err("only some values can be read".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn find(&mut self, rule: &'static Rule, spot: Spot<'_>, what: &str, before: &str, after: &str) {
        let mut finding = Finding::new(rule, self.now, spot.at, spot.path, what.to_owned());
        finding.change = Some(Change {
            against: self.label.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        });
        self.findings.push(finding);
    }

    fn definitions(&mut self, path: &str, before: &Definition, after: &Definition) {
        if !self.seen.insert((before.name.clone(), after.name.clone())) {
            return;
        }
        let spot = Spot { at: after.at, path };
        if before.name != after.name {
            self.find(&rules::TYPE_RENAMED, spot, "has another name", &before.name, &after.name);
        }
        self.aliases(spot, &before.aliases, &after.aliases);
        match (&before.shape, &after.shape) {
            (Shape::Record(before), Shape::Record(after)) => self.fields(spot, before, after),
            (
                Shape::Enum { symbols: before, default: old },
                Shape::Enum { symbols: after, default: new },
            ) => {
                self.symbols(spot, before, after);
                self.enum_default(spot, old.as_deref(), new.as_deref());
            }
            (Shape::Fixed { size: before }, Shape::Fixed { size: after }) => {
                if before != after {
                    let [before, after] = [before, after].map(|size| format!("{size} bytes"));
                    self.find(&rules::FIXED_SIZE, spot, "has another size", &before, &after);
                }
            }
            (old, new) => {
                self.find(&rules::TYPE_CHANGED, spot, "is another type", kind(old), kind(new));
            }
        }
    }

    fn aliases(&mut self, spot: Spot<'_>, before: &[At<String>], after: &[At<String>]) {
        let names = |aliases: &[At<String>]| {
            let mut names: Vec<_> = aliases.iter().map(|alias| alias.value.clone()).collect();
            names.sort();
            names.join(", ")
        };
        let (old, new) = (names(before), names(after));
        if old != new {
            self.find(&rules::ALIAS_CHANGED, spot, "has other aliases", &old, &new);
        }
    }

    fn fields(&mut self, spot: Spot<'_>, before: &[Field], after: &[Field]) {
        let gone: Vec<_> = before.iter().filter(|old| named(after, &old.name).is_none()).collect();
        let mut added: Vec<_> =
            after.iter().filter(|new| named(before, &new.name).is_none()).collect();
        for old in &gone {
            self.gone(spot, old, &mut added);
        }
        for new in added {
            let path = format!("{}.{}", spot.path, new.name);
            let described = self.after.describe(&new.ty);
            let spot = Spot { at: new.at, path: &path };
            match &new.default {
                None => {
                    self.find(
                        &rules::FIELD_ADDED,
                        spot,
                        "is new and has no default",
                        "",
                        &described,
                    );
                }
                Some(default) => {
                    if let Err(reason) =
                        defaults::check_for_all(self.after, &new.ty, &default.value)
                    {
                        self.find(&rules::DEFAULT_FOR_ALL, spot, &reason, "", &described);
                    }
                }
            }
        }
        for new in after {
            if let Some(old) = named(before, &new.name) {
                self.field(spot, old, new);
            }
        }
    }

    /// A field that is there no more. One that came instead, of the same type or by an alias, is
    /// most likely the same by another name; it is taken out of those that were added.
    fn gone(&mut self, spot: Spot<'_>, old: &Field, added: &mut Vec<&Field>) {
        let described = self.before.describe(&old.ty);
        let path = format!("{}.{}", spot.path, old.name);
        let has_alias = |new: &&&Field| new.aliases.iter().any(|alias| alias.value == old.name);
        let is_alike = |new: &&&Field| self.after.describe(&new.ty) == described;
        let heir = added.iter().find(has_alias).or_else(|| added.iter().find(is_alike)).copied();
        match heir {
            Some(heir) => {
                added.retain(|new| new.name != heir.name);
                let new = format!("{} {}", heir.name, self.after.describe(&heir.ty));
                let old = format!("{} {described}", old.name);
                let spot = Spot { at: heir.at, path: &path };
                let what = format!("is gone, and {} came instead: a rename", heir.name);
                self.find(&rules::FIELD_RENAMED, spot, &what, &old, &new);
            }
            None => {
                let spot = Spot { path: &path, ..spot };
                self.find(&rules::FIELD_REMOVED, spot, "is gone", &described, "");
            }
        }
    }

    fn field(&mut self, owner: Spot<'_>, before: &Field, after: &Field) {
        let path = format!("{}.{}", owner.path, after.name);
        let spot = Spot { at: after.at, path: &path };
        self.aliases(spot, &before.aliases, &after.aliases);
        self.ty(&path, &before.ty, &after.ty);
        let told = |field: &Field| field.default.as_ref().map(|default| sorted(&default.value));
        let (old, new) = (told(before), told(after));
        // One where there was none changes no record: all have the field.
        if old.is_some() && old != new {
            let what = match &new {
                None => "has no default any more",
                Some(_) => "has another default",
            };
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            self.find(&rules::DEFAULT_CHANGED, spot, what, &old, &new);
        }
        let is_personal =
            |field: &Field| field.pii.as_ref().is_some_and(|told| told.value == Value::Bool(true));
        if is_personal(before) && !is_personal(after) {
            let what = "is no longer marked as personal data";
            self.find(&rules::PII_CHANGED, spot, what, "\"pii\": true", "");
        }
    }

    fn ty(&mut self, path: &str, before: &Type, after: &Type) {
        let spot = Spot { at: after.at, path };
        let count = self.findings.len();
        match (&before.kind, &after.kind) {
            (Kind::Primitive(old), Kind::Primitive(new)) if old == new => {}
            (Kind::Array(old), Kind::Array(new)) | (Kind::Map(old), Kind::Map(new)) => {
                self.ty(&format!("{path}[]"), old, new);
            }
            (Kind::Named(old), Kind::Named(new)) => {
                self.named_types(path, old, new);
                if before.is_definition != after.is_definition {
                    let place =
                        |is_here| if is_here { "defined here" } else { "defined elsewhere" };
                    let (old, new) = (place(before.is_definition), place(after.is_definition));
                    self.find(
                        &rules::DEFINITION_MOVED,
                        spot,
                        "is defined in another place",
                        old,
                        new,
                    );
                }
            }
            (Kind::Union(old), Kind::Union(new)) if old.len() == new.len() => {
                old.iter().zip(new).for_each(|(old, new)| self.ty(path, old, new));
            }
            _ => {
                let (old, new) = (self.before.describe(before), self.after.describe(after));
                self.find(&rules::TYPE_CHANGED, spot, "is another type", &old, &new);
            }
        }
        if self.findings.len() == count && self.before.logical(before) != self.after.logical(after)
        {
            let (old, new) = (self.before.describe(before), self.after.describe(after));
            self.find(&rules::LOGICAL_CHANGED, spot, "means something else", &old, &new);
        }
    }

    fn named_types(&mut self, path: &str, before: &str, after: &str) {
        let (Some(old), Some(new)) = (self.before.types.get(before), self.after.types.get(after))
        else {
            return;
        };
        self.definitions(path, old, new);
    }

    fn symbols(&mut self, spot: Spot<'_>, before: &[String], after: &[String]) {
        let missing = |from: &[String], of: &[String]| {
            let missing = of.iter().filter(|symbol| !from.contains(symbol));
            missing.cloned().collect::<Vec<_>>().join(", ")
        };
        let (gone, new) = (missing(after, before), missing(before, after));
        let (old_list, new_list) = (before.join(", "), after.join(", "));
        if !gone.is_empty() {
            let what = format!("has lost {gone}");
            self.find(&rules::SYMBOL_REMOVED, spot, &what, &old_list, &new_list);
        }
        if !new.is_empty() {
            let what = format!("has the new symbol {new}");
            self.find(&rules::SYMBOL_ADDED, spot, &what, &old_list, &new_list);
        }
    }

    fn enum_default(&mut self, spot: Spot<'_>, before: Option<&str>, after: Option<&str>) {
        // A default where there was none changes no value: who had none could not read at all.
        if before.is_some() && before != after {
            let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
            self.find(&rules::DEFAULT_CHANGED, spot, "has another default symbol", old, new);
        }
    }
}

fn named<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == name)
}

/// A value as text: the order of an object's members does not matter.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> =
                members.iter().map(|(name, value)| (name, sorted(value))).collect();
            format!("{members:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(sorted).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

const fn kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::Record(_) => "a record",
        Shape::Enum { .. } => "an enum",
        Shape::Fixed { .. } => "a fixed",
    }
}
