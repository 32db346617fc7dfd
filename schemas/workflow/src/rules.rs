//! The rules, each with an identifier that stays and a page that explains it.

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, for good.
    pub id: &'static str,
    page: &'static str,
}

impl Rule {
    /// What it demands, in one line.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.page.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// Its page, in Markdown: why, and what to do instead.
    #[must_use]
    pub const fn page(&self) -> &'static str {
        self.page
    }

    /// What to do instead, in a sentence or two, if the page says so.
    #[must_use]
    pub fn instead(&self) -> Option<String> {
        let (_, way) = self.page.split_once("**Instead:** ")?;
        Some(way.split("\n\n").next().unwrap_or(way).trim().replace('\n', " "))
    }
}

/// The rule of that identifier.
#[must_use]
pub fn named(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

macro_rules! rules {
    ($($name:ident = $id:literal,)+) => {
        $(
            #[doc = include_str!(concat!("../rules/", $id, ".md"))]
            pub static $name: Rule =
                Rule { id: $id, page: include_str!(concat!("../rules/", $id, ".md")) };
        )+

        /// Every rule.
        pub static ALL: &[&Rule] = &[$(&$name,)+];
    };
}

rules! {
    // Of one file.
    INVALID_SCHEMA = "invalid-schema",
    FILE_NAME = "file-name",
    NAMESPACE = "namespace",
    TYPE_NAME = "type-name",
    FIELD_NAME = "field-name",
    SYMBOL_NAME = "symbol-name",
    RECORD_DOC = "record-doc",
    FIELD_DOC = "field-doc",
    MONEY_DECIMAL = "money-decimal",
    NO_FLOAT = "no-float",
    LOGICAL_TYPE = "logical-type",
    OPTIONAL_DEFAULT = "optional-default",
    ENUM_DEFAULT = "enum-default",
    DEFAULT_VALUE = "default-value",
    PII_FLAG = "pii-flag",
    UNKNOWN_ATTRIBUTE = "unknown-attribute",
    NO_ALIAS = "no-alias",
    UNION_SHAPE = "union-shape",
    // Of a revision and an earlier one.
    TYPE_RENAMED = "type-renamed",
    FIELD_REMOVED = "field-removed",
    FIELD_RENAMED = "field-renamed",
    FIELD_ADDED = "field-added",
    TYPE_CHANGED = "type-changed",
    LOGICAL_CHANGED = "logical-changed",
    FIXED_SIZE = "fixed-size",
    SYMBOL_REMOVED = "symbol-removed",
    SYMBOL_ADDED = "symbol-added",
    DEFAULT_CHANGED = "default-changed",
    ALIAS_CHANGED = "alias-changed",
    DEFINITION_MOVED = "definition-moved",
    DEFAULT_FOR_ALL = "default-for-all",
    PII_CHANGED = "pii-changed",
    AVRO_INCOMPATIBLE = "avro-incompatible",
    SUBJECT_GONE = "subject-gone",
    // Of files, revisions and the lock file.
    EDITED_REVISION = "edited-revision",
    NOT_LOCKED = "not-locked",
    UNKNOWN_RECORD = "unknown-record",
}
