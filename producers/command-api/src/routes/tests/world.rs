//! The routes on a log in memory, which decides what it is told to decide.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, header},
};
use event_log::{OutRecord, Partition, Position, appender::AppendError};
use rdkafka::{error::KafkaError, message::Headers, types::RDKafkaErrorCode};
use schemas::{
    CommandId, Encoder, EventId,
    any_command::Encoders,
    command::{CommandOutcome, CommandPosition, Rejection, RejectionCode, fingerprint},
};
use serde_json::Value;
use service::{
    Env, Subject, Tracer,
    auth::{roles::Roles, subject::Said},
    edge, trace,
};
use tower::ServiceExt;

use crate::{
    dispatch::{CommandLog, Dispatcher},
    lookup::{History, Unsearched},
    openapi,
    outcomes::{Known, Outcome, Outcomes},
    refusals::Refusals,
    routes::Api,
    settings::Limits,
    traced,
};

/// How long an answer is waited for unless the request says otherwise.
pub(super) const WAIT: Duration = Duration::from_millis(1_200);

/// What the log does with the next commands.
#[derive(Clone, Debug, Default)]
pub(super) enum Will {
    #[default]
    Accept,
    Reject(RejectionCode),
    Sleep,
    Refuse,
    LoseTrack,
    Hang,
}

pub(super) struct MemoryLog {
    will: Mutex<Will>,
    appended: Mutex<Vec<OutRecord>>,
    outcomes: Arc<Outcomes>,
}

pub(super) fn header(record: &OutRecord, name: &str) -> Option<String> {
    let mut all = record.headers.iter();
    let value = all.find(|header| header.key == name).and_then(|header| header.value);
    value.map(|value| String::from_utf8(value.to_vec()).unwrap())
}

#[async_trait]
impl CommandLog for MemoryLog {
    async fn append(&self, record: OutRecord) -> Result<Position, AppendError> {
        let will = self.will.lock().unwrap().clone();
        let time_out = KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut);
        let rejection = match will {
            Will::Refuse => return Err(AppendError::Refused(time_out)),
            Will::LoseTrack => return Err(AppendError::Unknown(time_out)),
            Will::Hang => std::future::pending().await,
            Will::Reject(code) => Some(Rejection::new(code, "because").at("/name")),
            Will::Accept | Will::Sleep => None,
        };
        let command = CommandId(header(&record, "ce_id").unwrap().parse().unwrap());
        let position =
            Position { partition: Partition { topic: record.topic, number: 0 }, offset: 0 };
        let outcome = CommandOutcome {
            aggregate: record.topic.name().split('.').next().unwrap().to_owned(),
            aggregate_id: String::from_utf8(record.key.clone().unwrap()).unwrap(),
            fingerprint: fingerprint(
                &header(&record, "ce_type").unwrap(),
                header(&record, "oneway-expected-version").map(|v| v.parse().unwrap()),
                record.payload.as_deref().unwrap(),
            ),
            version: 3,
            event_ids: vec![EventId::of_command(command, 0).to_string()],
            rejection,
            latest_change: Some(CommandPosition { partition: 3, offset: 17 }),
        };
        self.appended.lock().unwrap().push(record);
        if !matches!(will, Will::Sleep) {
            self.outcomes.decided(command, Outcome { outcome, correlation_id: Some("c".into()) });
        }
        Ok(position)
    }
}

#[derive(Default)]
pub(super) struct MemoryHistory(pub(super) HashMap<CommandId, Result<Option<Known>, Unsearched>>);

#[async_trait]
impl History for MemoryHistory {
    async fn find(&self, command: CommandId) -> Result<Option<Known>, Unsearched> {
        self.0.get(&command).cloned().unwrap_or(Ok(None))
    }
}

pub(super) struct World {
    router: Router,
    subject: Subject,
    log: Arc<MemoryLog>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and pointers of a problem.
    pub(super) fn problem(&self) -> (u16, String, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["correlationId"], self.header("x-correlation-id"));
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let pointers = errors.iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
        (self.status, body["code"].as_str().unwrap().to_owned(), pointers)
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(MemoryHistory::default())
    }

    /// With traces recorded: they go nowhere.
    pub(super) fn traced() -> Self {
        let nobody = ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), "http://127.0.0.1:9".to_owned());
        let settings = trace::Settings::from_env(&Env::new("command-api", HashMap::from([nobody])));
        let (tracer, _) = trace::Exporter::start("command-api", settings).unwrap();
        Self::on(MemoryHistory::default(), tracer)
    }

    pub(super) fn with(history: MemoryHistory) -> Self {
        Self::on(history, Tracer::off())
    }

    fn on(history: MemoryHistory, tracer: Tracer) -> Self {
        let limits = Limits {
            wait: WAIT,
            delivery: Duration::from_millis(1_100),
            in_flight: 2,
            body_kbytes: 64,
            queue_kbytes: 1_024,
            remembered: 10,
            lookup: Duration::from_secs(1),
        };
        let outcomes = Outcomes::new(&limits);
        let log = Arc::new(MemoryLog {
            will: Mutex::default(),
            appended: Mutex::default(),
            outcomes: Arc::clone(&outcomes),
        });
        let encoders = Encoders {
            customer: Encoder::new(&[1, 2, 3, 4]).unwrap(),
            order: Encoder::new(&[5, 6, 7, 8]).unwrap(),
            campaign: Encoder::new(&[10, 11, 12, 13, 14]).unwrap(),
            mailing: Encoder::new(&[15, 16, 17, 18, 19, 20, 21]).unwrap(),
        };
        let append = Arc::<MemoryLog>::clone(&log);
        let dispatcher = Dispatcher::new(append, encoders, Arc::clone(&outcomes), 2, limits);
        let refusals = Refusals::new(Arc::<MemoryLog>::clone(&log), Encoder::new(&[9]).unwrap());
        let (dispatcher, refusals) = (Arc::new(dispatcher), Arc::new(refusals));
        let on = tracer.clone();
        let api = Api { dispatcher, refusals, outcomes, history: Arc::new(history), tracer };
        let router = traced::behind(openapi::router(api), &on);
        Self { router, log, subject: Subject::anonymous() }
    }

    /// Whoever asks has the role.
    pub(super) fn with_role(self, role: &str) -> Self {
        let said = Said { actor: "Åse".into(), roles: vec![role.into()], ..Said::default() };
        Self { subject: Subject::of_token(said, Roles::of_this_system().unwrap()), ..self }
    }

    pub(super) fn will(self, will: Will) -> Self {
        *self.log.will.lock().unwrap() = will;
        self
    }

    pub(super) fn appended(&self) -> MutexGuard<'_, Vec<OutRecord>> {
        self.log.appended.lock().unwrap()
    }

    pub(super) async fn ask(&self, call: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let known = edge::whole(self.router.clone()).layer(Extension(self.subject.clone()));
        let response = edge::behind(known).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = to_bytes(response.into_body(), 1_000_000).await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        Answer { status, headers, text }
    }
}
