//! What one service did for a trace, once it is done. Names and attributes follow OpenTelemetry's
//! semantic conventions; what is our own begins with `oneway`.

use std::{borrow::Cow, time::SystemTime};

use schemas::Position;

use super::context::Context;

/// Whom a span has to do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers a request.
    Server,
    /// It sends what others read later.
    Producer,
    /// It takes what was sent before.
    Consumer,
}

/// Where a span belongs, before it is known what becomes of it. There is one only of what is
/// recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) context: Context,
    pub(super) parent: Option<u64>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) started: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) failure: Option<Cow<'static, str>>,
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Place {
    /// What is to be sent on, so that whatever is done because of it comes after this span.
    #[must_use]
    pub const fn context(self) -> Context {
        self.context
    }

    /// Its span: begun then, and ended when it is sent.
    #[must_use]
    pub fn span(self, kind: Kind, name: impl Into<String>, started: SystemTime) -> Span {
        Span {
            place: self,
            kind,
            name: name.into(),
            started,
            ended: started,
            attributes: Vec::new(),
            failure: None,
        }
    }
}

impl Span {
    /// With a further attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// About a record that is there.
    #[must_use]
    pub fn at(self, operation: &'static str, position: Position) -> Self {
        let Position { partition, offset } = position;
        self.of_topic(operation, partition.topic.name())
            .with("messaging.destination.partition.id", partition.number.to_string())
            .with("messaging.kafka.offset", offset)
    }

    /// About a record of a topic.
    #[must_use]
    pub fn of_topic(self, operation: &'static str, topic: &'static str) -> Self {
        self.with("messaging.system", "kafka")
            .with("messaging.operation.type", operation)
            .with("messaging.destination.name", topic)
    }

    /// It went wrong, for this reason.
    #[must_use]
    pub fn failed(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.failure = Some(reason.into());
        self
    }
}
