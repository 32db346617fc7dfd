//! Notifications, appended as a consumer does it.

use std::time::Duration;

use event_log::{Appender, OutRecord, Registry, record::headers};
use schemas::{
    Encoder, Envelope, Messages, Topic,
    notification::{ChangeKind, ReadModelChanged},
};
use testkit::Installation;

/// Appends them.
pub struct Notifications {
    appender: Appender,
    encoder: Encoder<ReadModelChanged>,
}

/// A new row of a consumer's `overview`.
pub fn row(endpoint: &str, id: &str, details: Option<&str>) -> ReadModelChanged {
    ReadModelChanged {
        endpoint: endpoint.to_owned(),
        read_model: "overview".to_owned(),
        kind: ChangeKind::AddRow,
        row_id: Some(id.to_owned()),
        topic: Some(Topic::ORDER_EVENTS.name().to_owned()),
        partition: Some(0),
        offset: Some(1),
        details: details.map(str::to_owned),
    }
}

impl Notifications {
    pub async fn connect(installation: &Installation) -> Self {
        let settings = installation.settings();
        let registry = Registry::of(&settings);
        let encoder = registry.encoder(&settings.namespace).await.unwrap();
        Self { appender: Appender::new(&settings, Duration::from_secs(10)).unwrap(), encoder }
    }

    pub async fn append(&self, body: &ReadModelChanged, correlation_id: &str) {
        let payload = self.encoder.encode(body).unwrap();
        self.record(body.wire_type(), payload, body.row_id.as_deref(), correlation_id).await;
    }

    pub async fn append_nonsense(&self) {
        self.record("read_model_changed", b"nonsense".to_vec(), None, "c").await;
    }

    async fn record(&self, kind: &str, payload: Vec<u8>, key: Option<&str>, correlation_id: &str) {
        let envelope = Envelope {
            id: "n",
            source: "tests",
            message_type: kind,
            correlation_id: Some(correlation_id),
            ..Envelope::default()
        };
        let record = OutRecord {
            topic: Topic::CHANGE_NOTIFICATIONS,
            partition: None,
            key: key.map(Into::into),
            payload: Some(payload),
            headers: headers(&envelope),
        };
        self.appender.append(record).await.unwrap();
    }
}
