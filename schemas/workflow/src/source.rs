//! The text of a schema file, and where in it things are.

use std::{fmt, path::PathBuf};

use jsonc_parser::{CollectOptions, ParseOptions, common::Ranged};

use crate::{
    finding::Finding,
    model::{Schema, Shape},
    parse, rules,
};

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A schema file: what it is called, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path, or what stands for it: a subject and a version, a path at a git revision.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

impl Source {
    /// The place of a byte of the text.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Place { line: before.matches('\n').count() + 1, column }
    }

    /// What it says.
    ///
    /// # Errors
    /// When it is no Avro record; with the place.
    pub fn schema(&self) -> Result<Schema, Box<Finding>> {
        let invalid = |offset, message: String| {
            let rule = &rules::INVALID_SCHEMA;
            Box::new(Finding::new(rule, self, offset, "", message))
        };
        let options = CollectOptions::default();
        let json = jsonc_parser::parse_to_ast(&self.text, &options, &STRICT)
            .map_err(|error| invalid(error.range().start, error.kind().to_string()))?;
        let value = json.value.ok_or_else(|| invalid(0, "the file is empty".into()))?;
        let schema = parse::schema(&value).map_err(|wrong| invalid(wrong.at, wrong.message))?;
        if !matches!(schema.root.shape, Shape::Record(_)) {
            return Err(invalid(value.start(), "a message is a record".into()));
        }
        // Ours is the model that knows places; theirs is the one that will read and write.
        match apache_avro::Schema::parse_str(&self.text) {
            Ok(_) => Ok(schema),
            Err(error) => Err(invalid(value.start(), error.to_string())),
        }
    }
}

/// Plain JSON.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};
