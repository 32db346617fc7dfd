//! Lists in pages, by cursor: where a page ended is told by the sort key of its last row, not by
//! a count, so that no row is skipped or repeated while others are written.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use service::Problem;
use utoipa::ToSchema;

use crate::query::bad_argument;

/// Rows on a page when the client names no limit.
const DEFAULT_LIMIT: i64 = 50;

/// Most rows on a page.
const MOST: i64 = 500;

/// Longest cursor, in characters.
const LONGEST_CURSOR: usize = 1_024;

/// Which page is asked for; `K` is the sort key of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// Most rows.
    pub limit: i64,
    /// The page starts after this row.
    pub after: Option<K>,
}

impl<K: Serialize + DeserializeOwned> PageRequest<K> {
    /// Reads the arguments `limit` and `cursor`.
    ///
    /// # Errors
    /// A problem when one is malformed.
    pub fn new(limit: Option<i64>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MOST).contains(&limit) {
            return Err(bad_argument("limit", &format!("must be from 1 to {MOST}")));
        }
        let after = cursor.map(|text| {
            let malformed = || bad_argument("cursor", "is none that a list has given");
            read_cursor(text).ok_or_else(malformed)
        });
        Ok(Self { limit, after: after.transpose()? })
    }

    /// How many rows to select: one more than fit, which tells whether there is a next page.
    #[must_use]
    pub const fn to_select(&self) -> i64 {
        self.limit + 1
    }

    /// Makes the page of the rows that were selected.
    #[must_use]
    pub fn page<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(key);
        Page { next: last.map(|key| cursor(&key)), items: rows }
    }
}

/// The cursor of a row with this sort key.
pub fn cursor(key: &impl Serialize) -> String {
    // A key cannot but be JSON.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The sort key in a cursor; `None` when it is none.
#[must_use]
pub fn read_cursor<K: DeserializeOwned>(text: &str) -> Option<K> {
    let short = Some(text).filter(|text| text.len() <= LONGEST_CURSOR)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(short).ok()?).ok()
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with its rows in another form.
    pub fn map<U>(self, form: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(form).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Key = (String, i64);

    #[test]
    fn a_page_leads_to_the_next() {
        let first = PageRequest::<Key>::new(Some(2), None).unwrap();
        assert_eq!(first.to_select(), 3);
        let key = |n: &i64| (format!("name {n}"), *n);
        let page = first.page(vec![1, 2, 3], key);
        assert_eq!(page.items, [1, 2]);
        let second = PageRequest::<Key>::new(Some(2), page.next.as_deref()).unwrap();
        assert_eq!(second.after, Some(("name 2".into(), 2)));
        assert_eq!(second.page(vec![3], key).next, None);
        assert_eq!(second.page(vec![3, 4], key).next, None);
    }

    #[test]
    fn what_is_no_page() {
        for limit in [0, -1, 501] {
            assert!(PageRequest::<Key>::new(Some(limit), None).is_err());
        }
        for cursor in ["", "x", "bnVsbA", &"a".repeat(2_000)] {
            assert!(PageRequest::<Key>::new(None, Some(cursor)).is_err(), "{cursor}");
        }
    }
}
