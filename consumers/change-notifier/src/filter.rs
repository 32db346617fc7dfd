//! Which read models a client wants to hear of.

use serde::Deserialize;
use service::auth::Subject;

/// Most read models that one client names.
pub const MOST_MODELS: usize = 64;

/// Longest name of an endpoint or a read model, in bytes.
const LONGEST: usize = 64;

/// A read model, as `endpoint/readModel`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Model(Box<str>);

impl Model {
    /// What it takes to ask for it.
    pub fn right(&self) -> &str {
        &self.0
    }

    /// Of its two names.
    pub fn new(endpoint: &str, read_model: &str) -> Self {
        Self(format!("{endpoint}/{read_model}").into())
    }
}

/// What a client wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Every read model, those that will be there later too.
    All,
    /// These.
    Models(Vec<Model>),
}

/// Why a text is no [`Filter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It names too many.
    #[error("names at most {MOST_MODELS} read models")]
    TooMany,
    /// One of them is no name.
    #[error("is a list of endpoint/readModel, such as orders/overview,customers/overview")]
    Name,
}

/// True for a name of an endpoint, a read model or a resolver.
pub fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(allowed)
}

impl Filter {
    /// Reads `orders/overview,customers/overview`; empty means all.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Ok(Self::All);
        }
        let mut models = Vec::new();
        for name in text.split(',') {
            let (endpoint, read_model) = name.split_once('/').ok_or(Malformed::Name)?;
            if !is_name(endpoint) || !is_name(read_model) {
                return Err(Malformed::Name);
            }
            let model = Model::new(endpoint, read_model);
            if !models.contains(&model) {
                models.push(model);
            }
            if models.len() > MOST_MODELS {
                return Err(Malformed::TooMany);
            }
        }
        Ok(Self::Models(models))
    }

    /// The first of its read models that a subject may not ask for, as a right.
    pub fn refused_to(&self, subject: &Subject) -> Option<&str> {
        match self {
            Self::All => Some("*/*").filter(|right| !subject.may(right)),
            Self::Models(models) => {
                models.iter().map(Model::right).find(|right| !subject.may(right))
            }
        }
    }

    /// Whether the client wants to hear of a read model.
    pub fn wants(&self, model: &Model) -> bool {
        match self {
            Self::All => true,
            Self::Models(models) => models.contains(model),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        assert_eq!(Filter::parse(""), Ok(Filter::All));
        let two = Filter::parse("orders/overview,customers/overview,orders/overview").unwrap();
        assert!(two.wants(&Model::new("orders", "overview")));
        assert!(!two.wants(&Model::new("orders", "confirmationRequests")));
        assert!(Filter::All.wants(&Model::new("any", "thing")));
        let Filter::Models(models) = two else { panic!() };
        assert_eq!(models.len(), 2);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bad in ["orders", "orders/", "/x", "a/b,", "a/b/c", "a b/c", &"x".repeat(99)] {
            assert_eq!(Filter::parse(bad), Err(Malformed::Name), "{bad}");
        }
        let many: Vec<_> = (0..=MOST_MODELS).map(|n| format!("a/m{n}")).collect();
        assert_eq!(Filter::parse(&many.join(",")), Err(Malformed::TooMany));
    }
}
