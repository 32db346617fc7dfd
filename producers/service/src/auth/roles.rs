//! What roles may do: the one table of `roles.yaml`, or one of the same form that replaces it.

use std::{collections::BTreeMap, sync::Arc};

/// The table that holds unless another one is configured.
const DEFAULT: &str = include_str!("roles.yaml");

/// Roles and their rights. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Arc<BTreeMap<String, Vec<Pattern>>>);

/// Why a text is no table of roles.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRoles {
    /// It is not a map from roles to lists.
    #[error("it is no map from roles to lists of rights: {0}")]
    Form(String),
    /// An entry names no right.
    #[error("{0:?} is no right: write aggregate.COMMAND, consumer/read-model or *")]
    Pattern(String),
}

impl Roles {
    /// Reads a table in YAML.
    ///
    /// # Errors
    /// [`InvalidRoles`] when the text is none.
    pub fn parse(text: &str) -> Result<Self, InvalidRoles> {
        let table: BTreeMap<String, Vec<String>> =
            serde_saphyr::from_str(text).map_err(|error| InvalidRoles::Form(error.to_string()))?;
        let patterns = |(role, rights): (String, Vec<String>)| {
            let rights = rights.iter().map(|right| Pattern::parse(right));
            Ok((role, rights.collect::<Result<_, _>>()?))
        };
        Ok(Self(Arc::new(table.into_iter().map(patterns).collect::<Result<_, InvalidRoles>>()?)))
    }

    /// The table of this system.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub fn of_this_system() -> Result<Self, InvalidRoles> {
        Self::parse(DEFAULT)
    }

    /// True when the role has the right. A role that is not in the table has none.
    #[must_use]
    pub fn allow(&self, role: &str, right: &str) -> bool {
        self.0.get(role).is_some_and(|rights| rights.iter().any(|pattern| pattern.covers(right)))
    }
}

/// One or several rights.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Everything,
    /// `*` on either side stands for all.
    Some {
        kind: char,
        of: String,
        what: String,
    },
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, InvalidRoles> {
        if text == "*" {
            return Ok(Self::Everything);
        }
        match split(text) {
            Some((kind, of, what)) if !of.is_empty() && !what.is_empty() => {
                Ok(Self::Some { kind, of: of.to_owned(), what: what.to_owned() })
            }
            _ => Err(InvalidRoles::Pattern(text.to_owned())),
        }
    }

    fn covers(&self, right: &str) -> bool {
        let Self::Some { kind, of, what } = self else { return true };
        let same = |pattern: &str, part: &str| pattern == "*" || pattern == part;
        split(right).is_some_and(|(k, o, w)| k == *kind && same(of, o) && same(what, w))
    }
}

/// Kind of a right, and its two parts: queries have a slash, commands a dot alone.
fn split(right: &str) -> Option<(char, &str, &str)> {
    let kind = if right.contains('/') { '/' } else { '.' };
    right.split_once(kind).map(|(of, what)| (kind, of, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_this_system() {
        let roles = Roles::of_this_system().unwrap();
        let rights = [
            "orders/overview",
            "customer.CREATE",
            "order.CREATE",
            "order.CONFIRM",
            "mailing.REQUEST",
        ];
        let expected = [
            ("viewer", [true, false, false, false, false]),
            ("clerk", [true, true, true, false, false]),
            ("approver", [true, true, true, true, false]),
            ("canary", [true, false, true, false, false]),
            ("service", [false, false, false, true, false]),
            ("admin", [true; 5]),
            ("", [false; 5]),
            ("Admin", [false; 5]),
        ];
        for (role, expected) in expected {
            assert_eq!(rights.map(|right| roles.allow(role, right)), expected, "{role}");
        }
    }

    #[test]
    fn patterns_stand_for_their_kind_alone() {
        let roles = Roles::parse("a: [order.*, orders/overview]\nb: ['*.CREATE']\nc: []").unwrap();
        for (role, right, expected) in [
            ("a", "order.CONFIRM", true),
            ("a", "order/overview", false),
            ("a", "orders.CONFIRM", false),
            ("a", "orders/overview", true),
            ("a", "orders/overview/all", false),
            ("b", "customer.CREATE", true),
            ("b", "orders/x.CREATE", false),
            ("b", "CREATE", false),
            ("c", "orders/overview", false),
        ] {
            assert_eq!(roles.allow(role, right), expected, "{role} {right}");
        }
        for bad in ["a: [order]", "a: [.CREATE]", "a: ['orders/']", "a: order.CREATE", "[a]"] {
            assert!(Roles::parse(bad).is_err(), "{bad}");
        }
    }
}
