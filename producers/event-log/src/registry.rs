//! The schema registry, over the Confluent API. Binaries only look up: registration is a deploy
//! step, done by the command-line tool through the same client.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use schemas::{Encoder, Messages, Namespace};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, ErrorClass};

const TIME_OUT: Duration = Duration::from_secs(5);
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A client of the registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    http: reqwest::Client,
    base: String,
}

/// Why the registry could not help.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It has no such thing; asking again cannot help.
    #[error("the schema registry has no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// It refuses the request.
    #[error("the schema registry refuses {what}: {reason}")]
    Refused {
        /// What was attempted.
        what: String,
        /// Its own words.
        reason: String,
    },
    /// It is away or in trouble.
    #[error("the schema registry is not available for {what}: {reason}")]
    Unavailable {
        /// What was attempted.
        what: String,
        /// What happened.
        reason: String,
    },
}

impl RegistryError {
    /// What it asks for. An absent schema is the fault of the record that names it; at start-up
    /// callers treat it as fatal.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::NotFound { .. } => ErrorClass::Poison,
            Self::Refused { .. } => ErrorClass::Fatal,
            Self::Unavailable { .. } => ErrorClass::Transient,
        }
    }
}

#[derive(Deserialize)]
struct IdAnswer {
    id: u32,
}

#[derive(Deserialize)]
struct SchemaAnswer {
    schema: String,
}

impl Registry {
    /// Makes a client for the base URL of the API.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.trim_end_matches('/').to_owned() }
    }

    /// The writer for all messages of a topic: looks up the id of each of its schemas.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when one is not registered, others as they come.
    pub async fn encoder<M: Messages>(&self, namespace: &Namespace) -> Result<Encoder<M>, Error> {
        let mut ids = Vec::with_capacity(M::FILES.len());
        for (index, file) in M::FILES.iter().enumerate() {
            let topic = namespace.qualify(M::topic_of(index).name());
            ids.push(self.id(&file.subject(&topic), file.text).await?);
        }
        Ok(Encoder::new(&ids)?)
    }

    /// Asks for next to nothing: whether it answers.
    ///
    /// # Errors
    /// When the registry is away.
    pub async fn ping(&self) -> Result<(), RegistryError> {
        let what = "list of schema types".to_owned();
        let answer = self.call(Method::GET, "schemas/types".to_owned(), None, what);
        answer.await.map(|_: Vec<String>| ())
    }

    /// The id of a schema text registered under a subject.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when it is not registered.
    pub async fn id(&self, subject: &str, text: &str) -> Result<u32, RegistryError> {
        let what = format!("schema of subject {subject}");
        let body = json!({ "schema": text });
        let answer = self.call(Method::POST, format!("subjects/{subject}"), Some(&body), what);
        answer.await.map(|IdAnswer { id }| id)
    }

    /// The text of the schema with an id.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when there is none.
    pub async fn schema(&self, id: u32) -> Result<String, RegistryError> {
        let what = format!("schema with id {id}");
        let answer = self.call(Method::GET, format!("schemas/ids/{id}"), None, what);
        answer.await.map(|SchemaAnswer { schema }| schema)
    }

    /// Registers a schema text under a subject; its id, new or not.
    ///
    /// # Errors
    /// [`RegistryError::Refused`] when it is not compatible with an earlier version.
    pub async fn register(&self, subject: &str, text: &str) -> Result<u32, RegistryError> {
        let what = format!("registration under {subject}");
        let body = json!({ "schema": text });
        let path = format!("subjects/{subject}/versions");
        let answer = self.call(Method::POST, path, Some(&body), what);
        answer.await.map(|IdAnswer { id }| id)
    }

    /// Sets the compatibility level of a subject, such as `FULL_TRANSITIVE`.
    ///
    /// # Errors
    /// When the registry is away or refuses.
    pub async fn set_compatibility(&self, subject: &str, level: &str) -> Result<(), RegistryError> {
        let what = format!("compatibility level of {subject}");
        let body = json!({ "compatibility": level });
        let answer = self.call(Method::PUT, format!("config/{subject}"), Some(&body), what);
        answer.await.map(|_: Value| ())
    }

    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: String,
        body: Option<&Value>,
        what: String,
    ) -> Result<T, RegistryError> {
        let mut request =
            self.http.request(method, format!("{}/{path}", self.base)).timeout(TIME_OUT);
        if let Some(body) = body {
            request = request.header("content-type", MEDIA_TYPE).body(body.to_string());
        }
        let unavailable = |what: &str, error: &dyn std::error::Error| RegistryError::Unavailable {
            what: what.to_owned(),
            reason: error.source().map_or_else(|| error.to_string(), ToString::to_string),
        };
        let answer = request.send().await.map_err(|error| unavailable(&what, &error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| unavailable(&what, &error))?;
        match status {
            _ if status.is_success() => serde_json::from_str(&text).map_err(|_| {
                RegistryError::Unavailable { what, reason: "its answer is not understood".into() }
            }),
            StatusCode::NOT_FOUND => Err(RegistryError::NotFound { what }),
            _ if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                Err(RegistryError::Refused { what, reason: reason(status, &text) })
            }
            _ => Err(RegistryError::Unavailable { what, reason: reason(status, &text) }),
        }
    }
}

/// The registry's own words, when it sent some.
fn reason(status: StatusCode, text: &str) -> String {
    let message = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|body| body.get("message").and_then(Value::as_str).map(str::to_owned));
    message.map_or_else(|| status.to_string(), |message| format!("{status}, {message}"))
}
