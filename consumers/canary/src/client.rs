//! Requests to services.

use std::path::Path;

use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use serde::Deserialize;
use service::Services;

use crate::error::Error;

/// Asks services. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    services: Services,
    http: reqwest::Client,
}

/// Asks them as somebody.
#[derive(Debug)]
pub struct Asking<'a> {
    client: &'a Client,
    credentials: Option<HeaderValue>,
}

/// What services say when they refuse something (RFC 9457).
#[derive(Debug, Default, Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// Of services that are there.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(services: Services) -> reqwest::Result<Self> {
        // A service is where it is said to be: a token goes nowhere else.
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { services, http })
    }

    /// As whoever the token in a file is of; as nobody without one.
    ///
    /// # Errors
    /// When the file cannot be read, or has no token.
    pub async fn asking(&self, token_file: Option<&Path>) -> Result<Asking<'_>, Error> {
        let Some(file) = token_file else { return Ok(Asking { client: self, credentials: None }) };
        let text = tokio::fs::read_to_string(file).await;
        let text = text.map_err(|error| Error::Token(error.to_string()))?;
        Ok(Asking { client: self, credentials: Some(credentials(&text)?) })
    }
}

/// Tokens are visible ASCII, and secret.
fn credentials(text: &str) -> Result<HeaderValue, Error> {
    let token = text.trim();
    let value = HeaderValue::try_from(format!("Bearer {token}")).ok();
    let value = value.filter(|_| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()));
    let mut value = value.ok_or_else(|| Error::Token("there is none in it".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Asking<'_> {
    /// A request to a service.
    ///
    /// # Errors
    /// When nobody says where it is.
    pub fn request(
        &self,
        method: Method,
        service: &'static str,
        path: &str,
    ) -> Result<RequestBuilder, Error> {
        let url = self.client.services.find(service).and_then(|base| base.join(path).ok());
        let request = self.client.http.request(method, url.ok_or(Error::Unplaced(service))?);
        Ok(match &self.credentials {
            Some(credentials) => request.header(AUTHORIZATION, credentials),
            None => request,
        })
    }
}

/// The answer of a service, if it is a good one.
///
/// # Errors
/// When it is none, or does not come.
pub async fn answer(service: &'static str, request: RequestBuilder) -> Result<Response, Error> {
    let answer = request.send().await.map_err(|error| Error::away(service, error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let said = answer.text().await.unwrap_or_default();
    Err(refused(service, status, &said))
}

fn refused(service: &'static str, status: StatusCode, said: &str) -> Error {
    // Whoever else answers, such as a proxy, has said enough by the status.
    let Problem { detail } = serde_json::from_str(said).unwrap_or_default();
    Error::Refused { service, status, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_services_words() {
        let said = r#"{"status": 403, "detail": "this needs the right order.CREATE"}"#;
        let error = refused("command-api", StatusCode::FORBIDDEN, said).to_string();
        let wanted = "command-api answers 403 Forbidden: this needs the right order.CREATE";
        assert_eq!(error, wanted);
        let error = refused("orders", StatusCode::BAD_GATEWAY, "<html>").to_string();
        assert_eq!(error, "orders answers 502 Bad Gateway: ");
    }

    #[test]
    fn a_token_is_one_word_and_not_shown() {
        let value = credentials(" abc.def\n").unwrap();
        assert_eq!((value.to_str().unwrap(), value.is_sensitive()), ("Bearer abc.def", true));
        for bad in ["", "\n", "s3cret one", "s3cr\u{e9}t"] {
            let error = credentials(bad).unwrap_err().to_string();
            assert!(!error.contains("s3c"), "{error}");
        }
    }
}
