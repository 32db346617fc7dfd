//! Change notifications with the rows themselves: after the commit a consumer is asked for the rows
//! that changed, as its queries show them, and for rows elsewhere that show a part of them. Clients
//! so need not query again for every change. It is done beside the projection, within a limit of
//! time; when it fails, clients are told less, never something wrong.

use std::{collections::HashMap, fmt, future::Future, time::Duration};

use async_trait::async_trait;
use schemas::notification::{ChangeKind, ReadModelChanged};

use crate::{change_feed::Changed, database::Database, error::Error, transaction::within};

/// How long a consumer may take.
const LIMIT: Duration = Duration::from_secs(2);

/// What a consumer shows of changes.
#[async_trait]
pub trait Details: Send + Sync + 'static {
    /// Rows of a read model by their keys, each with its key and as JSON, as a query shows them
    /// now. Rows that no query shows (any more) are left out; for a read model without such rows
    /// there are none.
    ///
    /// # Errors
    /// When they cannot be read: clients are told without them.
    async fn rows(
        &self,
        database: &Database,
        read_model: &str,
        keys: &[&str],
    ) -> Result<Vec<(String, String)>, Error>;

    /// Rows of other read models that show a part of what changed, each changed by the same event.
    /// More than `most` for one read model need not be named: clients are then told that anything
    /// may have changed.
    ///
    /// # Errors
    /// When they cannot be read: clients are told that anything may have changed.
    async fn affected(
        &self,
        _database: &Database,
        _changes: &[Changed],
        _most: usize,
    ) -> Result<Vec<Changed>, Error> {
        Ok(Vec::new())
    }
}

/// A consumer's [`Details`] with where they are read.
pub struct Showing {
    details: Box<dyn Details>,
    database: Database,
}

impl fmt::Debug for Showing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Showing").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Showing {
    /// Reads them there.
    #[must_use]
    pub fn new(details: Box<dyn Details>, database: Database) -> Self {
        Self { details, database }
    }

    /// Adds the rows elsewhere; false when they are not known.
    pub(crate) async fn add_affected(&self, changes: &mut Vec<Changed>, most: usize) -> bool {
        let affected = self.details.affected(&self.database, changes, most);
        match in_time(affected).await {
            Some(affected) => {
                changes.extend(affected);
                true
            }
            None => false,
        }
    }

    /// Fills the details in: one query for each read model.
    pub(crate) async fn fill(&self, told: &mut [&mut ReadModelChanged]) {
        let mut wanted: HashMap<String, Vec<String>> = HashMap::new();
        for body in told.iter().filter(|body| has_row(body.kind)) {
            if let Some(id) = &body.row_id {
                wanted.entry(body.read_model.clone()).or_default().push(id.clone());
            }
        }
        for (read_model, mut keys) in wanted {
            keys.sort_unstable();
            keys.dedup();
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            let rows = in_time(self.details.rows(&self.database, &read_model, &keys)).await;
            let rows: HashMap<_, _> = rows.unwrap_or_default().into_iter().collect();
            let bodies = told.iter_mut().filter(|body| has_row(body.kind));
            for body in bodies.filter(|body| body.read_model == read_model) {
                body.details = body.row_id.as_ref().and_then(|id| rows.get(id)).cloned();
            }
        }
    }
}

const fn has_row(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::AddRow | ChangeKind::UpdateRow)
}

async fn in_time<T>(reading: impl Future<Output = Result<T, Error>>) -> Option<T> {
    match within(LIMIT, "read what changed", reading).await {
        Ok(read) => Some(read),
        Err(error) => {
            tracing::warn!(%error, "clients are told of changes without details");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Knows row `a` of each read model but the one that cannot be read, and notes what it is asked.
    #[derive(Clone, Default)]
    struct Known(Arc<Mutex<Vec<String>>>);

    #[async_trait]
    impl Details for Known {
        async fn rows(
            &self,
            _: &Database,
            read_model: &str,
            keys: &[&str],
        ) -> Result<Vec<(String, String)>, Error> {
            self.0.lock().unwrap().push(format!("{read_model}: {}", keys.join(" ")));
            match read_model {
                "broken" => Err(Error::Broken("no".into())),
                _ => Ok(vec![("a".to_owned(), format!("{{\"of\":\"{read_model}\"}}"))]),
            }
        }

        async fn affected(
            &self,
            _: &Database,
            changes: &[Changed],
            _: usize,
        ) -> Result<Vec<Changed>, Error> {
            match changes {
                [] => Err(Error::Broken("no".into())),
                changes => Ok(changes.to_vec()),
            }
        }
    }

    fn showing(known: Known) -> Showing {
        // Connects to nothing.
        let database = Database::new(&crate::Server::nowhere(), "nothing", 1).unwrap();
        Showing::new(Box::new(known), database)
    }

    fn told(read_model: &str, kind: ChangeKind, row_id: Option<&str>) -> ReadModelChanged {
        ReadModelChanged {
            endpoint: "orders".into(),
            read_model: read_model.into(),
            kind,
            row_id: row_id.map(str::to_owned),
            topic: None,
            partition: None,
            offset: None,
            details: None,
        }
    }

    #[tokio::test]
    async fn rows_that_are_there_are_told_by_one_query_for_each_read_model() {
        let known = Known::default();
        let mut all = [
            told("overview", ChangeKind::AddRow, Some("a")),
            told("overview", ChangeKind::UpdateRow, Some("a")),
            told("overview", ChangeKind::UpdateRow, Some("gone")),
            told("overview", ChangeKind::DeleteRow, Some("a")),
            told("overview", ChangeKind::All, None),
            told("broken", ChangeKind::AddRow, Some("a")),
        ];
        showing(known.clone()).fill(&mut all.iter_mut().collect::<Vec<_>>()).await;
        let details: Vec<_> = all.iter().map(|told| told.details.as_deref()).collect();
        let row = Some(r#"{"of":"overview"}"#);
        assert_eq!(details, [row, row, None, None, None, None]);
        let mut asked = known.0.lock().unwrap().clone();
        asked.sort_unstable();
        assert_eq!(asked, ["broken: a", "overview: a gone"]);
    }

    #[tokio::test]
    async fn what_else_is_affected_is_added_or_not_known() {
        let showing = showing(Known::default());
        let change = Changed {
            read_model: "overview",
            kind: ChangeKind::UpdateRow,
            key: "a".into(),
            at: None,
            correlation_id: None,
            trace: None,
        };
        let mut changes = vec![change];
        assert!(showing.add_affected(&mut changes, 9).await);
        assert_eq!(changes.len(), 2);
        let mut none = Vec::new();
        assert!(!showing.add_affected(&mut none, 9).await);
        assert!(none.is_empty());
    }
}
