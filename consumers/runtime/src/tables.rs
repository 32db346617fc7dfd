//! Tables whose rows' types are forgotten: what the runtime works with.

use schemas::{AggregateId, Topic, notification::ChangeKind};
use smallvec::SmallVec;
use tokio_postgres::types::ToSql;

use crate::{
    error::Error,
    row::{Row, Values, parameter},
    sql,
    table::Table,
};

/// A statement and its parameters.
pub struct Statement<'a> {
    /// The text.
    pub sql: String,
    /// Its parameters.
    pub parameters: Vec<Values<'a>>,
}

impl Statement<'_> {
    /// The parameters as the client takes them.
    #[must_use]
    pub fn references(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(parameter).collect()
    }
}

impl std::fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the parameters: they are data.
        f.debug_tuple("Statement").field(&self.sql).finish()
    }
}

/// Rows of one table in a batch that clients are told of one by one; of more they are told that
/// anything may have changed. Happens while a read model catches up.
pub const MOST_TOLD: usize = 200;

/// What a batch did to a row that clients see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The read model that shows it.
    pub read_model: &'static str,
    /// Its key.
    pub key: Box<str>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Number of the last event that changed it.
    pub event: usize,
}

/// A [`Table`] whose rows' type is forgotten: what the runtime works with.
pub trait AnyTable: Send {
    /// Name of the table.
    fn name(&self) -> &'static str;

    /// See [`Row::SHARED`].
    fn is_shared(&self) -> bool;

    /// See [`Row::READ_MODEL`].
    fn read_model(&self) -> Option<&'static str>;

    /// Whether its rows keep the versions of a topic's aggregates.
    fn keeps_versions_of(&self, topic: Topic) -> bool;

    /// Whether keys were named since the last [`AnyTable::take_wanted`].
    fn has_wanted(&self) -> bool;

    /// The places of the rows named since the last call, in the order of their keys.
    fn take_wanted(&mut self) -> Vec<usize>;

    /// The keys at some places, as a parameter.
    fn keys(&self, places: &[usize]) -> Values<'_>;

    /// Reads rows by key.
    fn load_sql(&self) -> String;

    /// Creates missing rows.
    fn create_sql(&self) -> String;

    /// Reads and locks rows by key.
    fn lock_sql(&self) -> String;

    /// Takes rows that were read; every place that was asked for counts as loaded.
    ///
    /// # Errors
    /// When a row cannot be read.
    fn take_rows(
        &mut self,
        places: &[usize],
        created: &[String],
        rows: &[tokio_postgres::Row],
    ) -> Result<(), Error>;

    /// Writes what changed.
    fn store(&self) -> Vec<Statement<'_>>;

    /// What changed for clients; of very many rows only one more than are told one by one.
    fn changes(&self) -> Vec<Change>;

    /// Which event is applied next.
    fn at_event(&mut self, event: usize);

    /// Names the row that keeps the version of an aggregate, if there is one here.
    fn want_aggregate(&mut self, topic: Topic, id: &AggregateId);

    /// The version of an aggregate whose row is here: 0 when the row does not exist; `None` when
    /// this table keeps no versions of that topic.
    fn version(&mut self, topic: Topic, id: &AggregateId) -> Option<i64>;

    /// Sets the version; false when there is no row to keep it.
    fn set_version(&mut self, id: &AggregateId, version: i64) -> bool;
}

impl<R: Row> AnyTable for Table<R> {
    fn name(&self) -> &'static str {
        R::TABLE
    }

    fn is_shared(&self) -> bool {
        R::SHARED
    }

    fn read_model(&self) -> Option<&'static str> {
        R::READ_MODEL
    }

    fn keeps_versions_of(&self, topic: Topic) -> bool {
        R::AGGREGATE == Some(topic)
    }

    fn has_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn take_wanted(&mut self) -> Vec<usize> {
        let wanted = std::mem::take(&mut self.wanted);
        let wanted = self.ordered(wanted);
        if wanted.len() == self.slots.len() {
            self.order.clone_from(&wanted);
        }
        wanted
    }

    fn keys(&self, places: &[usize]) -> Values<'_> {
        Box::new(places.iter().map(|place| self.key(*place)).collect::<Vec<_>>())
    }

    fn load_sql(&self) -> String {
        sql::load::<R>()
    }

    fn create_sql(&self) -> String {
        sql::create::<R>()
    }

    fn lock_sql(&self) -> String {
        sql::lock::<R>()
    }

    fn take_rows(
        &mut self,
        places: &[usize],
        created: &[String],
        rows: &[tokio_postgres::Row],
    ) -> Result<(), Error> {
        for place in places {
            if let Some((_, slot)) = self.slots.get_index_mut(*place) {
                slot.loaded = true;
            }
        }
        for row in rows {
            let row = R::read(row)?;
            if let Some(slot) = self.find_mut(row.key()) {
                slot.shown = row.is_listed();
                slot.row = Some(Box::new(row));
            }
        }
        for key in created {
            if let Some(slot) = self.find_mut(key) {
                slot.shown = false;
            }
        }
        Ok(())
    }

    fn store(&self) -> Vec<Statement<'_>> {
        let changed = self.changed();
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for (key, slot) in changed {
            match &slot.row {
                Some(row) => rows.push(&**row),
                None => gone.push(key),
            }
        }
        let mut statements = Vec::new();
        if !gone.is_empty() {
            statements
                .push(Statement { sql: sql::remove::<R>(), parameters: vec![Box::new(gone)] });
        }
        if !rows.is_empty() {
            statements.push(Statement { sql: sql::upsert::<R>(), parameters: R::write(&rows) });
        }
        statements
    }

    fn changes(&self) -> Vec<Change> {
        let Some(read_model) = R::READ_MODEL else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        for (key, slot) in self.changed() {
            let kind = match (slot.shown, slot.row.as_deref().is_some_and(R::is_listed)) {
                (false, false) => continue,
                (false, true) => ChangeKind::AddRow,
                (true, true) => ChangeKind::UpdateRow,
                (true, false) => ChangeKind::DeleteRow,
            };
            changes.push(Change {
                read_model,
                key: key.into(),
                kind,
                event: slot.changed_by.unwrap_or_default(),
            });
            if changes.len() > MOST_TOLD {
                break;
            }
        }
        changes
    }

    fn at_event(&mut self, event: usize) {
        self.event = event;
    }

    fn want_aggregate(&mut self, topic: Topic, id: &AggregateId) {
        if R::AGGREGATE == Some(topic) {
            self.want(id);
        }
    }

    fn version(&mut self, topic: Topic, id: &AggregateId) -> Option<i64> {
        if R::AGGREGATE != Some(topic) {
            return None;
        }
        let slot = self.find_mut(id.as_str())?;
        let version = slot.row.as_deref_mut().and_then(R::version);
        Some(version.map_or(0, |version| *version))
    }

    fn set_version(&mut self, id: &AggregateId, version: i64) -> bool {
        let row = self.get_mut(id).ok().flatten();
        match row.and_then(R::version) {
            Some(kept) => {
                *kept = version;
                true
            }
            None => false,
        }
    }
}

/// Some tables of a projection. Asked for with every event, and so without an allocation.
pub type AnyTables<'a> = SmallVec<[&'a mut dyn AnyTable; 4]>;

/// The tables of a projection, for [`TableSet::all`].
#[macro_export]
macro_rules! tables {
    ($($table:expr),* $(,)?) => {{
        let mut all = $crate::AnyTables::new();
        $(all.push($table);)*
        all
    }};
}

/// The tables that a projection keeps, in the order in which rows are locked.
pub trait TableSet: Default + Send {
    /// Every table, always in the same order.
    fn all(&mut self) -> AnyTables<'_>;
}

/// The read models that some tables show, each once.
pub fn read_models<T: TableSet>(tables: &mut T) -> Vec<&'static str> {
    let all = tables.all();
    let mut models: Vec<_> = all.iter().filter_map(|table| table.read_model()).collect();
    models.sort_unstable();
    models.dedup();
    models
}
