//! Metadata of a record, in its headers: the CloudEvents 1.0 Kafka binding in binary mode, with
//! our extension attributes. Borrows from the record, so that reading it allocates nothing.

use std::io::Write;

use crate::timestamp::Timestamp;

const SPECVERSION: &str = "ce_specversion";
const ID: &str = "ce_id";
const SOURCE: &str = "ce_source";
const TYPE: &str = "ce_type";
const TIME: &str = "ce_time";
const SUBJECT: &str = "ce_subject";
const SEQUENCE: &str = "ce_sequence";
const CORRELATION_ID: &str = "ce_correlationid";
const CAUSATION_ID: &str = "ce_causationid";
const COMMAND_OFFSET: &str = "ce_commandoffset";
const COMMAND_CONTINUES: &str = "ce_commandcontinues";
const ACTOR: &str = "ce_actor";
const TRACEPARENT: &str = "traceparent";
const EXPECTED_VERSION: &str = "oneway-expected-version";
const REPLY_TO: &str = "oneway-reply-to";

/// Longest free-text attribute, in bytes.
pub const MAX_ATTRIBUTE: usize = 256;

/// What the headers of a record say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Id of the command, event or outcome.
    pub id: &'a str,
    /// The binary (or foreign producer) that wrote it.
    pub source: &'a str,
    /// Wire name of the message type.
    pub message_type: &'a str,
    /// When it was made.
    pub time: Option<Timestamp>,
    /// Aggregate id; equals the record's key.
    pub subject: Option<&'a str>,
    /// Of an event: the version of the aggregate after it, 1..n.
    pub sequence: Option<u64>,
    /// Shared by everything that one request set off.
    pub correlation_id: Option<&'a str>,
    /// Id of the command or event that caused this.
    pub causation_id: Option<&'a str>,
    /// Of an event: the offset of its command, in the partition of the commands topic that has the
    /// number of the event's own. Absent where no command was, and from older events.
    pub command_offset: Option<i64>,
    /// Of an event: further events of its command follow. They are committed together, but not
    /// read together.
    pub command_continues: bool,
    /// Who asked for it, when known.
    pub actor: Option<&'a str>,
    /// W3C trace context.
    pub traceparent: Option<&'a str>,
    /// Of a command: refuse it unless the aggregate has this version.
    pub expected_version: Option<u64>,
    /// Of a command: the partition of `command.results` that its sender reads.
    pub reply_to: Option<i32>,
}

/// Why headers are no envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// A required header is absent.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header cannot be read.
    #[error("header {0} is malformed")]
    Malformed(&'static str),
}

impl<'a> Envelope<'a> {
    /// Reads the headers of a record; unknown ones are passed over.
    ///
    /// # Errors
    /// [`EnvelopeError`] when one is malformed, or `ce_id`, `ce_source` or `ce_type` is missing.
    pub fn parse(
        headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Result<Self, EnvelopeError> {
        let mut envelope = Self::default();
        for (name, value) in headers {
            envelope.take(name, value.unwrap_or_default())?;
        }
        for (name, value) in
            [(ID, envelope.id), (SOURCE, envelope.source), (TYPE, envelope.message_type)]
        {
            if value.is_empty() {
                return Err(EnvelopeError::Missing(name));
            }
        }
        Ok(envelope)
    }

    fn take(&mut self, name: &str, value: &'a [u8]) -> Result<(), EnvelopeError> {
        match name {
            ID => self.id = text(ID, value)?,
            SOURCE => self.source = text(SOURCE, value)?,
            TYPE => self.message_type = text(TYPE, value)?,
            TIME => self.time = Some(parsed(TIME, value)?),
            SUBJECT => self.subject = Some(text(SUBJECT, value)?),
            SEQUENCE => self.sequence = Some(parsed(SEQUENCE, value)?),
            CORRELATION_ID => self.correlation_id = Some(text(CORRELATION_ID, value)?),
            CAUSATION_ID => self.causation_id = Some(text(CAUSATION_ID, value)?),
            COMMAND_OFFSET => self.command_offset = Some(parsed(COMMAND_OFFSET, value)?),
            COMMAND_CONTINUES => self.command_continues = parsed(COMMAND_CONTINUES, value)?,
            ACTOR => self.actor = Some(text(ACTOR, value)?),
            TRACEPARENT => self.traceparent = Some(text(TRACEPARENT, value)?),
            EXPECTED_VERSION => self.expected_version = Some(parsed(EXPECTED_VERSION, value)?),
            REPLY_TO => self.reply_to = Some(parsed(REPLY_TO, value)?),
            _ => {}
        }
        Ok(())
    }

    /// Of an event: whoever has read its partition up to it has read everything that the commands
    /// up to this offset caused.
    #[must_use]
    pub fn commands_done(&self) -> Option<i64> {
        self.command_offset.map(|offset| offset.saturating_sub(i64::from(self.command_continues)))
    }

    /// Hands each header to `sink`, ready to be attached to a record.
    pub fn write(&self, mut sink: impl FnMut(&'static str, &[u8])) {
        let mut number = [0_u8; 40];
        sink(SPECVERSION, b"1.0");
        sink(ID, self.id.as_bytes());
        sink(SOURCE, self.source.as_bytes());
        sink(TYPE, self.message_type.as_bytes());
        if let Some(time) = self.time {
            sink(TIME, printed(&mut number, format_args!("{time}")));
        }
        if let Some(sequence) = self.sequence {
            sink(SEQUENCE, printed(&mut number, format_args!("{sequence}")));
        }
        if let Some(offset) = self.command_offset {
            sink(COMMAND_OFFSET, printed(&mut number, format_args!("{offset}")));
        }
        if self.command_continues {
            sink(COMMAND_CONTINUES, b"true");
        }
        for (name, value) in [
            (SUBJECT, self.subject),
            (CORRELATION_ID, self.correlation_id),
            (CAUSATION_ID, self.causation_id),
            (ACTOR, self.actor),
            (TRACEPARENT, self.traceparent),
        ] {
            if let Some(value) = value {
                sink(name, value.as_bytes());
            }
        }
        if let Some(version) = self.expected_version {
            sink(EXPECTED_VERSION, printed(&mut number, format_args!("{version}")));
        }
        if let Some(partition) = self.reply_to {
            sink(REPLY_TO, printed(&mut number, format_args!("{partition}")));
        }
    }
}

fn text<'a>(name: &'static str, value: &'a [u8]) -> Result<&'a str, EnvelopeError> {
    let text = std::str::from_utf8(value).map_err(|_| EnvelopeError::Malformed(name))?;
    // Every byte, found wrong or not: so it takes many at once. Mostly that is all.
    let is_plain = value.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    let has_control = !is_plain && text.chars().any(char::is_control);
    if text.len() > MAX_ATTRIBUTE || has_control {
        return Err(EnvelopeError::Malformed(name));
    }
    Ok(text)
}

fn parsed<T: std::str::FromStr>(name: &'static str, value: &[u8]) -> Result<T, EnvelopeError> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= MAX_ATTRIBUTE);
    text.and_then(|text| text.parse().ok()).ok_or(EnvelopeError::Malformed(name))
}

/// Prints into a buffer that is longer than any number or timestamp.
fn printed<'b>(buffer: &'b mut [u8; 40], value: std::fmt::Arguments<'_>) -> &'b [u8] {
    let capacity = buffer.len();
    let mut rest = buffer.as_mut_slice();
    let written = if rest.write_fmt(value).is_ok() { capacity - rest.len() } else { 0 };
    buffer.split_at(written).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(envelope: &Envelope<'_>) -> Vec<(&'static str, Vec<u8>)> {
        let mut headers = Vec::new();
        envelope.write(|name, value| headers.push((name, value.to_vec())));
        headers
    }

    fn parse(headers: &[(&'static str, Vec<u8>)]) -> Result<(), EnvelopeError> {
        Envelope::parse(headers.iter().map(|(n, v)| (*n, Some(v.as_slice())))).map(|_| ())
    }

    #[test]
    fn headers_round_trip() {
        let envelope = Envelope {
            id: "e1",
            source: "command-processor",
            message_type: "order_created",
            time: Some("2026-11-20T10:00:00.000001Z".parse().unwrap()),
            subject: Some("o1"),
            sequence: Some(7),
            correlation_id: Some("SVLT-1"),
            causation_id: Some("c1"),
            command_offset: Some(i64::MAX),
            command_continues: true,
            actor: Some("anna"),
            traceparent: None,
            expected_version: Some(u64::MAX),
            reply_to: Some(3),
        };
        let headers = headers(&envelope);
        let read = Envelope::parse(headers.iter().map(|(n, v)| (*n, Some(v.as_slice()))));
        assert_eq!(read, Ok(envelope));
        assert!(headers.contains(&("ce_time", b"2026-11-20T10:00:00.000001Z".to_vec())));
        assert!(headers.contains(&("ce_specversion", b"1.0".to_vec())));
    }

    #[test]
    fn a_command_is_done_with_its_last_event() {
        let done = |command_offset, command_continues| {
            let event = Envelope { command_offset, command_continues, ..Envelope::default() };
            event.commands_done()
        };
        assert_eq!(done(Some(7), false), Some(7));
        assert_eq!(done(Some(7), true), Some(6), "the one before it");
        assert_eq!(done(None, false), None);
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let whole =
            headers(&Envelope { id: "1", source: "s", message_type: "t", ..Default::default() });
        assert_eq!(parse(&whole[..3]), Err(EnvelopeError::Missing("ce_type")));
        for (name, value) in [
            ("ce_sequence", "x"),
            ("ce_time", "noon"),
            ("ce_commandoffset", "1.5"),
            ("ce_commandcontinues", "1"),
            ("ce_actor", "a\nb"),
            ("ce_id", &"x".repeat(257)),
        ] {
            let mut bad = whole.clone();
            bad.push((name, value.as_bytes().to_vec()));
            assert_eq!(parse(&bad), Err(EnvelopeError::Malformed(name)), "{name}");
        }
    }
}
