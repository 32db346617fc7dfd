//! From the headers of a request to its [`Subject`].

use std::{fmt, time::Duration};

use axum::http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use schemas::envelope::MAX_ATTRIBUTE;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Refusal, Secret, Subject,
    credential::Credential,
    key_store::{KeyStore, Source},
    roles::Roles,
    subject::Said,
};

/// What tokens are accepted.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Verifies HS256.
    pub secret: Option<Secret>,
    /// Verify all else.
    pub keys: Option<Source>,
    /// No other algorithm is accepted.
    pub algorithms: Vec<Algorithm>,
    /// Who must have made them.
    pub issuer: String,
    /// For whom they must be made.
    pub audience: String,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Whether there need be none.
    pub anonymous: bool,
    /// What their roles may do.
    pub roles: Roles,
}

/// Verifies tokens.
pub struct Verifier {
    rules: Rules,
    secret: Option<DecodingKey>,
    keys: Option<KeyStore>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// What is read of a token. Who made it, for whom and since when is checked by the library.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    auth_time: Option<f64>,
    /// A list of roles, or what another issuer means by this name.
    #[serde(default)]
    roles: Value,
    /// Roles with spaces between them.
    #[serde(default)]
    scope: Value,
}

impl Verifier {
    /// Makes one.
    ///
    /// # Errors
    /// When there can be no client for the keys of the issuer.
    pub fn new(rules: Rules) -> anyhow::Result<Self> {
        let secret = rules.secret.as_ref().map(|s| DecodingKey::from_secret(s.bytes()));
        let keys = rules.keys.clone().map(KeyStore::new).transpose()?;
        Ok(Self { secret: secret.transpose()?, keys, rules })
    }

    /// Who asks. Waits at most some seconds, and only for the keys of an issuer.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token and has to be one, or when it is not valid. One that is
    /// not valid is never taken for none.
    pub async fn verify(&self, headers: &HeaderMap) -> Result<Subject, Refusal> {
        match Credential::find(headers)? {
            Some(credential) => self.verify_token(credential.token()).await,
            None if self.rules.anonymous => Ok(Subject::anonymous()),
            None => Err(Refusal::Missing),
        }
    }

    /// The subject of a token.
    async fn verify_token(&self, token: &str) -> Result<Subject, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Invalid("malformed"))?;
        if !self.rules.algorithms.contains(&header.alg) {
            return Err(Refusal::Invalid("algorithm"));
        }
        if header.crit.is_some() {
            return Err(Refusal::Invalid("it demands an extension"));
        }
        // The algorithm alone says which key: a public one is never taken for a secret.
        let found;
        let key = match (header.alg, &self.secret, &self.keys) {
            (Algorithm::HS256, Some(secret), _) => secret,
            (Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA, _, Some(keys)) => {
                found = keys.find(header.kid.as_deref(), header.alg).await?;
                &found
            }
            _ => return Err(Refusal::Invalid("algorithm")),
        };
        let claims = decode::<Claims>(token, key, &self.validation(header.alg));
        let claims = claims.map_err(|error| refusal(error.kind()))?.claims;
        Ok(Subject::of_token(claims.said()?, self.rules.roles.clone()))
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = self.rules.leeway.as_secs();
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.set_issuer(&[&self.rules.issuer]);
        validation.set_audience(&[&self.rules.audience]);
        validation
    }
}

impl Claims {
    /// The subject must fit into a header of the records that it causes.
    fn said(self) -> Result<Said, Refusal> {
        let is_name = (1..=MAX_ATTRIBUTE).contains(&self.sub.len())
            && !self.sub.chars().any(char::is_control)
            && self.sub != super::subject::ANONYMOUS;
        if !is_name {
            return Err(Refusal::Invalid("subject"));
        }
        let listed = self.roles.as_array().into_iter().flatten().filter_map(Value::as_str);
        let scopes = self.scope.as_str().unwrap_or_default().split(' ');
        let roles = listed.chain(scopes.filter(|scope| !scope.is_empty()));
        Ok(Said {
            roles: roles.map(str::to_owned).collect(),
            expires_at: seconds(self.exp),
            session_start: self.auth_time.map(seconds),
            actor: self.sub,
        })
    }
}

/// Whole seconds. Negative numbers and such that are none become 0: long ago.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast keeps to the bounds"
)]
const fn seconds(number: f64) -> u64 {
    number as u64
}

const fn refusal(error: &ErrorKind) -> Refusal {
    Refusal::Invalid(match error {
        ErrorKind::ExpiredSignature => return Refusal::Expired,
        ErrorKind::ImmatureSignature => "not yet valid",
        ErrorKind::InvalidSignature => "signature",
        ErrorKind::InvalidIssuer => "issuer",
        ErrorKind::InvalidAudience => "audience",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        ErrorKind::InvalidClaimFormat(_) => "a claim is malformed",
        _ => "malformed",
    })
}

#[cfg(test)]
mod tests;
