//! The schema registry, over the Confluent API. Binaries only look up: registration is a deploy
//! step, done by the command-line tool through the same client.

mod access;

use std::time::Duration;

use reqwest::{Method, StatusCode};
use schemas::{Encoder, Messages, Namespace};
use serde::Deserialize;
use serde_json::{Value, json};

pub use crate::registry::access::Access;
use crate::{
    backoff::Backoff,
    error::{Error, ErrorClass},
    settings::Settings,
};

const TIME_OUT: Duration = Duration::from_secs(5);
/// A registry that has just started takes its time for the first writes; a deployment has that.
const WRITE_TIME_OUT: Duration = Duration::from_secs(30);
const REGISTRATION_ATTEMPTS: usize = 6;
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A client of the registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    http: reqwest::Client,
    access: Access,
    base: String,
}

/// A schema under a subject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// From 1; some registries leave gaps.
    pub version: u32,
    /// The id in front of payloads, unique in the registry.
    pub id: u32,
    /// The text, as the registry keeps it.
    pub schema: String,
}

/// Where a schema is registered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Use {
    /// Under which subject.
    pub subject: String,
    /// As which version of it.
    pub version: u32,
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
        /// The status of its answer, when there was one.
        status: Option<StatusCode>,
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

#[derive(Deserialize)]
struct Verdict {
    is_compatible: bool,
    messages: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct LevelAnswer {
    // Asked for, it comes by the one name; some registries use the name it is set by.
    #[serde(rename = "compatibilityLevel", alias = "compatibility")]
    level: String,
}

impl Registry {
    /// Makes a client for the base URL of the API of a registry that lets everybody in.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self::with_access(base, Access::default())
    }

    /// Makes a client of the registry of an installation.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self::with_access(&settings.registry_url, settings.registry_access.clone())
    }

    fn with_access(base: &str, access: Access) -> Self {
        let http = access.client();
        Self { http, access, base: base.trim_end_matches('/').to_owned() }
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

    /// Under which subjects the schema with an id is registered.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when there is none.
    pub async fn uses(&self, id: u32) -> Result<Vec<Use>, RegistryError> {
        let what = format!("subjects of the schema with id {id}");
        self.call(Method::GET, format!("schemas/ids/{id}/versions"), None, what).await
    }

    /// Registers a schema text under a subject; its id, new or not.
    ///
    /// # Errors
    /// [`RegistryError::Refused`] when it is not compatible with an earlier version.
    pub async fn register(&self, subject: &str, text: &str) -> Result<u32, RegistryError> {
        // Of those that register an equal text at the same moment, Apicurio 3.0.9 answers some
        // with 500 ("Failed to ensure content"): its look for the text and the insert are two
        // steps. To register is idempotent, so they ask again, and find the text.
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(400));
        for _ in 1..REGISTRATION_ATTEMPTS {
            match self.register_once(subject, text).await {
                Err(RegistryError::Unavailable {
                    status: Some(StatusCode::INTERNAL_SERVER_ERROR),
                    ..
                }) => tokio::time::sleep(backoff.next_wait()).await,
                answer => return answer,
            }
        }
        self.register_once(subject, text).await
    }

    async fn register_once(&self, subject: &str, text: &str) -> Result<u32, RegistryError> {
        let what = format!("registration under {subject}");
        let body = json!({ "schema": text });
        let path = format!("subjects/{subject}/versions");
        let answer = self.call_within(WRITE_TIME_OUT, Method::POST, path, Some(&body), what);
        answer.await.map(|IdAnswer { id }| id)
    }

    /// Deletes a subject with its versions. Their ids are not given again.
    ///
    /// # Errors
    /// When the registry is away or refuses.
    pub async fn delete(&self, subject: &str) -> Result<(), RegistryError> {
        let what = format!("deletion of {subject}");
        let answer = self.call(Method::DELETE, format!("subjects/{subject}"), None, what);
        answer.await.map(|_: Value| ())
    }

    /// Every subject that it has.
    ///
    /// # Errors
    /// When the registry is away or refuses.
    pub async fn subjects(&self) -> Result<Vec<String>, RegistryError> {
        self.call(Method::GET, "subjects".to_owned(), None, "list of subjects".to_owned()).await
    }

    /// Every version of a subject, oldest first; none when there is no such subject.
    ///
    /// # Errors
    /// When the registry is away or refuses.
    pub async fn versions(&self, subject: &str) -> Result<Vec<Version>, RegistryError> {
        let what = format!("versions of {subject}");
        let path = format!("subjects/{subject}/versions");
        let answer: Result<Vec<u32>, _> = self.call(Method::GET, path, None, what).await;
        let mut numbers = match answer {
            Err(RegistryError::NotFound { .. }) => return Ok(Vec::new()),
            other => other?,
        };
        numbers.sort_unstable();
        let mut versions = Vec::with_capacity(numbers.len());
        for number in numbers {
            let what = format!("version {number} of {subject}");
            let path = format!("subjects/{subject}/versions/{number}");
            versions.push(self.call(Method::GET, path, None, what).await?);
        }
        Ok(versions)
    }

    /// What the registry has against a schema as the next version of a subject; nothing when it
    /// would take it.
    ///
    /// # Errors
    /// When the registry is away, or refuses to say.
    pub async fn objections(
        &self,
        subject: &str,
        text: &str,
    ) -> Result<Vec<String>, RegistryError> {
        let what = format!("verdict on a version of {subject}");
        let path = format!("compatibility/subjects/{subject}/versions?verbose=true");
        let body = json!({ "schema": text });
        let verdict: Verdict = self.call(Method::POST, path, Some(&body), what).await?;
        match verdict {
            Verdict { is_compatible: true, .. } => Ok(Vec::new()),
            Verdict { messages: None, .. } => Ok(vec!["it is not compatible".to_owned()]),
            Verdict { messages: Some(messages), .. } => Ok(messages),
        }
    }

    /// The compatibility level that a subject has of its own; none when it has that of all.
    ///
    /// # Errors
    /// When the registry is away or refuses.
    pub async fn compatibility(&self, subject: &str) -> Result<Option<String>, RegistryError> {
        let what = format!("compatibility level of {subject}");
        match self.call(Method::GET, format!("config/{subject}"), None, what).await {
            Ok(LevelAnswer { level }) => Ok(Some(level)),
            Err(RegistryError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the compatibility level of a subject, such as `FULL_TRANSITIVE`.
    ///
    /// # Errors
    /// When the registry is away or refuses.
    pub async fn set_compatibility(&self, subject: &str, level: &str) -> Result<(), RegistryError> {
        let what = format!("compatibility level of {subject}");
        let body = json!({ "compatibility": level });
        let path = format!("config/{subject}");
        let answer = self.call_within(WRITE_TIME_OUT, Method::PUT, path, Some(&body), what);
        answer.await.map(|_: Value| ())
    }

    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: String,
        body: Option<&Value>,
        what: String,
    ) -> Result<T, RegistryError> {
        self.call_within(TIME_OUT, method, path, body, what).await
    }

    async fn call_within<T: for<'de> Deserialize<'de>>(
        &self,
        time_out: Duration,
        method: Method,
        path: String,
        body: Option<&Value>,
        what: String,
    ) -> Result<T, RegistryError> {
        let request = self.http.request(method, format!("{}/{path}", self.base));
        let mut request = self.access.authorise(request).timeout(time_out);
        if let Some(body) = body {
            request = request.header("content-type", MEDIA_TYPE).body(body.to_string());
        }
        let away = |error: reqwest::Error| {
            let cause = std::error::Error::source(&error);
            let reason = cause.map_or_else(|| error.to_string(), ToString::to_string);
            RegistryError::Unavailable { what: what.clone(), reason, status: None }
        };
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let text = answer.text().await.map_err(away)?;
        let unavailable = |what, reason| {
            let status = Some(status);
            Err(RegistryError::Unavailable { what, reason, status })
        };
        match status {
            _ if status.is_success() => serde_json::from_str(&text).or_else(|_| {
                let reason = "its answer is not that of a schema registry; is its URL right?";
                unavailable(what, reason.to_owned())
            }),
            StatusCode::NOT_FOUND if is_own(&text) => Err(RegistryError::NotFound { what }),
            // Not its own word: a wrong address must not look like a schema that is not there.
            StatusCode::NOT_FOUND => {
                let reason = "404 without the code of a schema registry; is its URL right?";
                unavailable(what, reason.to_owned())
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                unavailable(what, reason(status, &text))
            }
            _ if status.is_client_error() => {
                Err(RegistryError::Refused { what, reason: reason(status, &text) })
            }
            _ => unavailable(what, reason(status, &text)),
        }
    }
}

#[derive(Deserialize)]
struct ErrorAnswer {
    // 40401 no such subject, 40402 no such version, 40403 no such schema, 40408 no own level; some
    // say 404 only.
    error_code: u32,
    message: Option<String>,
}

/// Whether an error has the form in which a schema registry tells it.
fn is_own(text: &str) -> bool {
    serde_json::from_str::<ErrorAnswer>(text)
        .is_ok_and(|answer| answer.error_code / 100 == 404 || answer.error_code == 404)
}

/// The registry's own words, when it sent some.
fn reason(status: StatusCode, text: &str) -> String {
    let message = serde_json::from_str::<ErrorAnswer>(text).ok().and_then(|answer| answer.message);
    message.map_or_else(|| status.to_string(), |message| format!("{status}, {message}"))
}
