//! Records of the log on their way in.

use event_log::{Error, MessageReader, record};
use rdkafka::message::BorrowedMessage;
use schemas::notification::ReadModelChanged;

use crate::change::Notification;

/// Reads a record; the inner error says why it is no notification.
///
/// # Errors
/// The outer error is of the registry.
pub fn notification(
    reader: &mut MessageReader,
    message: &BorrowedMessage<'_>,
) -> Result<Result<Notification, String>, Error> {
    let envelope = match record::envelope(message) {
        Ok(envelope) => envelope,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let (_, payload) = record::bytes(message);
    let read = reader.read::<ReadModelChanged>(envelope.message_type, payload)?;
    Ok(match read {
        Ok(Some(body)) => Ok(Notification::new(body, envelope.correlation_id)),
        Ok(None) => Err("message is of another type".to_owned()),
        Err(unreadable) => Err(unreadable.to_string()),
    })
}
