//! Services that commands ask over HTTP: where they are, and what they answer.

use std::{path::Path, time::Duration};

use anyhow::anyhow;
use reqwest::{
    Client, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde_json::Value;

use crate::{
    commands::cluster,
    failure::{Failure, Result},
};

/// The environment variable with a token.
pub const TOKEN: &str = "ONEWAY_TOKEN";

/// A client that waits so long for an answer, and shows the token in the environment: there not
/// everybody on the machine can read it.
///
/// # Errors
/// When it is no token.
pub fn client(time_out: Duration) -> Result<Client> {
    // A service is where it is said to be; a proxy between is not asked for.
    let client = Client::builder().timeout(time_out).default_headers(credentials()?).no_proxy();
    client.build().map_err(|error| Failure::Internal(error.into()))
}

fn credentials() -> Result<HeaderMap> {
    let token = std::env::var(TOKEN).unwrap_or_default();
    if token.is_empty() {
        return Ok(HeaderMap::new());
    }
    let value = HeaderValue::try_from(format!("Bearer {}", token.trim()));
    let mut value = value.map_err(|_| Failure::setup(format!("{TOKEN} is no token")))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// The URL of a service: as given by an option, or as the local stack has it.
///
/// # Errors
/// When neither says so.
pub fn base(given: Option<&str>, (service, option): (&str, &str), state: &Path) -> Result<String> {
    if let Some(url) = given {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let stack = cluster::running(state)?;
    let url = stack.and_then(|stack| stack.services.get(service)?.url.clone());
    url.ok_or_else(|| {
        Failure::setup(format!(
            "no {service} runs here: start a stack with `cargo oneway up`, or name one by {option}"
        ))
    })
}

/// The answer, if it is a good one; otherwise what the service says is wrong.
///
/// # Errors
/// When it is none.
pub async fn answered(sent: reqwest::Result<Response>, url: &str) -> Result<Response> {
    let answer = sent.map_err(|error| Failure::Unavailable(error.into()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let said = answer.text().await.unwrap_or_default();
    let detail = serde_json::from_str::<Value>(&said).ok();
    let detail = detail.and_then(|problem| Some(problem.get("detail")?.as_str()?.to_owned()));
    let said = detail.unwrap_or(said);
    Err(match status {
        _ if status.is_server_error() => {
            Failure::unavailable(format!("{url} answers {status}: {said}"))
        }
        StatusCode::UNAUTHORIZED => {
            Failure::setup(format!("{url} asks for a token: put one into {TOKEN}"))
        }
        // It was understood, and the answer is no.
        StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
            Failure::Negative(anyhow!("{status}: {said}"))
        }
        _ => Failure::setup(format!("{status}: {said}")),
    })
}
