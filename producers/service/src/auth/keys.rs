//! The public keys of an issuer: a JSON Web Key Set (RFC 7517), as far as it can verify tokens
//! here.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;

/// The keys of a set.
#[derive(Debug)]
pub struct Keys(Vec<Key>);

/// A key, for one algorithm.
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish()
    }
}

/// Why a text is no set of keys.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeys {
    /// It is no JSON Web Key Set.
    #[error("it is no JSON Web Key Set")]
    Form,
    /// None of its keys is of use.
    #[error("it has no key for RS256, ES256 or EdDSA")]
    Empty,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// Reads a set. Keys for other purposes, and kinds of keys that are not known here, are passed
    /// over: issuers have those too.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKeys> {
        let set: Set = serde_json::from_slice(text).map_err(|_| InvalidKeys::Form)?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() { Err(InvalidKeys::Empty) } else { Ok(Self(keys)) }
    }

    /// The key for a token: that of the id that it names; one that names none is taken for
    /// signed by the only key there is.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let fits = |key: &&Key| {
            key.algorithm == algorithm && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        let mut fitting = self.0.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(&key.key),
            _ => None,
        }
    }
}

impl Key {
    fn read(value: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let for_signatures =
            matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            // Shared secrets among them: a public set is no place for those.
            _ => return None,
        };
        let is_its = jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == named);
        if !for_signatures || !is_its {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithm, key })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_keys_that_verify_signatures_count() {
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let mut for_encryption = ed.clone();
        for_encryption["use"] = "enc".into();
        let mut other = ed.clone();
        other["alg"] = "RS256".into();
        let secret = json!({"kty": "oct", "kid": "s", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"});
        let unknown = json!({"kty": "lattice", "kid": "l"});
        let parse =
            |keys: serde_json::Value| Keys::parse(json!({ "keys": keys }).to_string().as_bytes());
        let keys = parse(json!([for_encryption, other, secret, unknown, ed])).unwrap();
        assert_eq!(keys.0.len(), 1);
        assert!(keys.find(Some("ed"), Algorithm::EdDSA).is_some());
        assert!(keys.find(None, Algorithm::EdDSA).is_some(), "the only one");
        assert!(keys.find(Some("other"), Algorithm::EdDSA).is_none());
        assert!(keys.find(Some("ed"), Algorithm::HS256).is_none());
        assert!(keys.find(Some("ed"), Algorithm::RS256).is_none());
        assert!(matches!(parse(json!([secret])), Err(InvalidKeys::Empty)));
        assert!(matches!(Keys::parse(b"[]"), Err(InvalidKeys::Form)));
    }
}
