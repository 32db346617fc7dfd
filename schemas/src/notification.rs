//! Change notifications: hints to query again, never facts.

use serde::{Deserialize, Serialize};

use crate::{message::sole_message, topic::Topic};

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeKind {
    /// Anything may have changed: query again.
    All,
    /// The row is new.
    AddRow,
    /// The row has other values.
    UpdateRow,
    /// The row is gone.
    DeleteRow,
}

/// Rows of a read model changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadModelChanged {
    /// The consumer that owns the read model.
    pub endpoint: String,
    /// Name of the read model.
    pub read_model: String,
    /// What happened.
    pub kind: ChangeKind,
    /// Key of the row; absent for [`ChangeKind::All`].
    #[serde(default)]
    pub row_id: Option<String>,
    /// Topic of the event that caused the change; absent for [`ChangeKind::All`].
    #[serde(default)]
    pub topic: Option<String>,
    /// Its partition.
    #[serde(default)]
    pub partition: Option<i32>,
    /// Its offset: the change is visible in the read model up to here.
    #[serde(default)]
    pub offset: Option<i64>,
    /// The row as its query shows it, as JSON, read after the change; absent for
    /// [`ChangeKind::All`] and [`ChangeKind::DeleteRow`], and when the consumer shows none.
    #[serde(default)]
    pub details: Option<String>,
}

sole_message!(
    ReadModelChanged, "ReadModelChanged" on Topic::CHANGE_NOTIFICATIONS,
    file "read_model_changed" in "notification" as "read_model_changed"
);
