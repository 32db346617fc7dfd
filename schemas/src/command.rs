//! What becomes of a command: its outcome, and the state that the command processor keeps.

use serde::{Deserialize, Serialize};

use crate::{
    codec::PREFIX,
    id::{AggregateId, CommandId, EventId},
    message::sole_message,
    position::{Partition, Position},
    timestamp::Timestamp,
    token::Token,
    topic::Topic,
};

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Stable code for programs, see [`RejectionCode`].
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// JSON pointer to the offending field of the payload.
    #[serde(default)]
    pub pointer: Option<String>,
}

/// The codes of [`Rejection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionCode {
    /// The aggregate to be created exists.
    AlreadyExists,
    /// The aggregate does not exist.
    NotFound,
    /// The state of the aggregate does not allow it.
    RuleViolated,
    /// The payload breaks a rule of form.
    Invalid,
    /// The aggregate has another version than expected.
    VersionMismatch,
    /// The command id was used for another command.
    CommandIdReused,
    /// The record is no command that this system knows.
    Malformed,
}

impl RejectionCode {
    /// Every code.
    pub const ALL: [Self; 7] = [
        Self::AlreadyExists,
        Self::NotFound,
        Self::RuleViolated,
        Self::Invalid,
        Self::VersionMismatch,
        Self::CommandIdReused,
        Self::Malformed,
    ];

    /// Its wire form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyExists => "already_exists",
            Self::NotFound => "not_found",
            Self::RuleViolated => "rule_violated",
            Self::Invalid => "invalid",
            Self::VersionMismatch => "version_mismatch",
            Self::CommandIdReused => "command_id_reused",
            Self::Malformed => "malformed",
        }
    }
}

impl Rejection {
    /// Makes one without a pointer.
    #[must_use]
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Self {
        Self { code: code.as_str().to_owned(), message: message.into(), pointer: None }
    }

    /// Names the offending field.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// The code, when this version knows it.
    #[must_use]
    pub fn known_code(&self) -> Option<RejectionCode> {
        RejectionCode::ALL.into_iter().find(|code| code.as_str() == self.code)
    }
}

/// What became of one command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandOutcome {
    /// Aggregate type, such as `order`.
    pub aggregate: String,
    /// Id of the aggregate.
    pub aggregate_id: String,
    /// [`fingerprint`] of the command that this answers: under one command id there may have
    /// been several.
    pub fingerprint: i64,
    /// Version of the aggregate after the command.
    pub version: i64,
    /// Ids of the events that the command made, in order.
    pub event_ids: Vec<String>,
    /// Why it was refused; absent when it was accepted.
    #[serde(default)]
    pub rejection: Option<Rejection>,
    /// The command that made the newest event of the aggregate, as of this outcome: this one
    /// itself when it made any. Absent when there is no event, and from older outcomes.
    #[serde(default)]
    pub latest_change: Option<CommandPosition>,
}

/// Where a command is, in the commands topic of its aggregate type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandPosition {
    /// Number of the partition.
    pub partition: i32,
    /// Offset in it.
    pub offset: i64,
}

impl CommandOutcome {
    /// What a read model must have applied to show the aggregate at least as this outcome found
    /// or left it. Of the newest change, not of this command: one that made no events leaves
    /// nothing that a read model could wait for.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        let CommandPosition { partition, offset } = self.latest_change?;
        let topic = Topic::commands_of(&self.aggregate)?;
        Some(Position { partition: Partition { topic, number: partition }, offset }.into())
    }
}

sole_message!(
    CommandOutcome, "CommandOutcome" on Topic::COMMAND_RESULTS,
    file "command_outcome" in "command" as "command_outcome"
);

/// A command was refused before it came into the log, because its sender lacked the right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandRefused {
    /// Id that the command would have had.
    pub command_id: String,
    /// Aggregate type, such as `order`.
    pub aggregate: String,
    /// Id of the aggregate.
    pub aggregate_id: String,
    /// Wire name of the command.
    #[serde(rename = "type")]
    pub command_type: String,
    /// Who sent it.
    pub actor: String,
    /// The right that was missing, such as `order.CONFIRM`.
    pub right: String,
    /// Stable code for programs: `forbidden`.
    pub reason: String,
}

sole_message!(
    CommandRefused, "CommandRefused" on Topic::COMMAND_REFUSALS,
    file "command_refused" in "command" as "command_refused"
);

/// Hash (FNV-1a, 64 bits) of what makes a command this one and no other, whatever its id. Not of
/// the schema id in front of the payload: a repeat may come from a newer sender. Stored, so it must
/// never change; zero is reserved for "not known".
#[must_use]
pub fn fingerprint(wire_type: &str, expected_version: Option<u64>, payload: &[u8]) -> i64 {
    let datum = payload.get(PREFIX..).unwrap_or(payload);
    let version = expected_version.map_or(0, |version| version.wrapping_add(1));
    let parts = [wire_type.as_bytes(), &version.to_be_bytes(), datum];
    let hash = parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed() | i64::from(hash == 0)
}

/// What became of one recent command of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentOutcome {
    /// Which command.
    pub command_id: CommandId,
    /// Hash of type, payload and expected version: tells a repeat from another command under the
    /// same id.
    pub fingerprint: i64,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Version of the aggregate after it.
    pub version: i64,
    /// How many events it made; their ids follow from the command id.
    pub events: i32,
    /// Why it was refused; absent when it was accepted.
    #[serde(default)]
    pub rejection: Option<Rejection>,
    /// Offset of the command that made the newest event of the aggregate, as of this outcome: this
    /// one's own when it made any. Absent when there is no event, and from older outcomes.
    #[serde(default)]
    pub latest_change: Option<i64>,
}

impl RecentOutcome {
    /// The outcome as its sender gets it, the same each time; `partition` is the aggregate's.
    #[must_use]
    pub fn to_outcome(&self, aggregate: &str, id: &AggregateId, partition: i32) -> CommandOutcome {
        let event_ids = (0..u32::try_from(self.events).unwrap_or(0))
            .map(|index| EventId::of_command(self.command_id, index).to_string())
            .collect();
        CommandOutcome {
            aggregate: aggregate.to_owned(),
            aggregate_id: id.to_string(),
            fingerprint: self.fingerprint,
            version: self.version,
            event_ids,
            rejection: self.rejection.clone(),
            latest_change: self.latest_change.map(|offset| CommandPosition { partition, offset }),
        }
    }
}

/// Key of the record that says that its partition of a state topic lacks nothing: the state topic
/// can be lost and is then written anew, bit by bit. No aggregate id looks like this.
pub const STATE_COMPLETE_KEY: &str = "!complete";

/// Wire type of that record, which has an empty payload.
pub const STATE_COMPLETE: &str = "state_complete";

/// What the command processor keeps of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregateState<S> {
    /// Number of events of the aggregate; 0 when it does not exist.
    pub version: i64,
    /// State after those events; absent when the aggregate does not exist.
    #[serde(default = "Option::default")]
    pub state: Option<S>,
    /// The newest command outcomes, oldest first.
    pub recent: Vec<RecentOutcome>,
}

impl<S> AggregateState<S> {
    /// How many outcomes are remembered: a command repeated later than this many other commands
    /// on the same aggregate is decided again, on the state as it is then.
    pub const MEMORY: usize = 16;

    /// How many refusals on aggregates that do not exist a partition remembers: a command that is
    /// repeated later than this many others of its kind is decided again as well.
    pub const ABSENT_MEMORY: usize = 10_000;

    /// An aggregate that does not exist.
    #[must_use]
    pub const fn absent() -> Self {
        Self { version: 0, state: None, recent: Vec::new() }
    }

    /// Whether an encoded state is that of an aggregate that does not exist: the version, which is
    /// the first field of every state's schema, is 0. Spares decoding a whole partition.
    #[must_use]
    pub fn is_absent(payload: &[u8]) -> bool {
        payload.get(PREFIX) == Some(&0)
    }

    /// The outcome of an earlier command with this id.
    #[must_use]
    pub fn outcome_of(&self, command: CommandId) -> Option<&RecentOutcome> {
        self.recent.iter().rev().find(|outcome| outcome.command_id == command)
    }

    /// Offset of the command that made the newest event, where it is known: every outcome carries
    /// on what the one before it knew.
    #[must_use]
    pub fn latest_change(&self) -> Option<i64> {
        self.recent.last().and_then(|outcome| outcome.latest_change)
    }

    /// Remembers an outcome and forgets the oldest past [`Self::MEMORY`].
    pub fn remember(&mut self, outcome: RecentOutcome) {
        if self.recent.len() >= Self::MEMORY {
            self.recent.remove(0);
        }
        self.recent.push(outcome);
    }
}
