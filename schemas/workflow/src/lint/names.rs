//! How things are called, and where files belong.

use std::path::Path;

/// The namespace of all messages.
pub const ROOT: &str = "oneway";

/// What the place of a file says about its record.
pub struct Home {
    folder: String,
    stem: String,
}

impl Home {
    /// Of `…/<folder>/<stem>.avsc`, also where a revision follows the stem.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".avsc")?;
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let folder = path.parent()?.file_name()?.to_str()?.to_owned();
        Some(Self { folder, stem })
    }

    pub fn namespace(&self) -> String {
        format!("{ROOT}.{}", self.folder)
    }

    pub fn record(&self) -> String {
        if self.stem.ends_with("_state") {
            return "AggregateState".into();
        }
        self.stem.split('_').map(capitalised).collect()
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

pub fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

pub fn is_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

pub fn is_upper(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The words of a name in camelCase, in lower case.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_tell_names() {
        let home = Home::of(Path::new("schemas/avro/order/order_created.avsc")).unwrap();
        assert_eq!(
            (home.namespace().as_str(), home.record().as_str()),
            ("oneway.order", "OrderCreated")
        );
        let home = Home::of(Path::new("revisions/order/order_state.2.avsc")).unwrap();
        assert_eq!(home.record(), "AggregateState");
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("customerName"), ["customer", "name"]);
        assert_eq!(words("renamed"), ["renamed"]);
    }
}
