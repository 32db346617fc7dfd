use std::{
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use axum::http::{HeaderValue, header};
use jsonwebtoken::{EncodingKey, Header, encode, jwk::Jwk};
use serde_json::json;

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Keys of an issuer, and the file that has their public parts.
struct Keys {
    rsa: EncodingKey,
    ec: EncodingKey,
    ed: EncodingKey,
    file: tempfile::NamedTempFile,
}

/// An RSA key in PKCS#8 is one in PKCS#1 behind so many bytes.
const PKCS8_HEAD: usize = 26;

fn ec() -> EncodingKey {
    let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    EncodingKey::from_ec_der(pkcs8.to_pkcs8v1().unwrap().as_ref())
}

fn public(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    jwk.common.key_id = Some(id.to_owned());
    serde_json::to_value(jwk).unwrap()
}

impl Keys {
    fn new() -> Self {
        let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa = EncodingKey::from_rsa_der(&rsa.as_der().unwrap().as_ref()[PKCS8_HEAD..]);
        let ed = Ed25519KeyPair::generate().unwrap();
        let ed = EncodingKey::from_ed_der(ed.to_pkcs8v1().unwrap().as_ref());
        let (ec, file) = (ec(), tempfile::NamedTempFile::new().unwrap());
        let keys = Self { rsa, ec, ed, file };
        keys.publish(&keys.ec);
        keys
    }

    fn publish(&self, ec: &EncodingKey) {
        let set = json!({"keys": [
            public(&self.rsa, Algorithm::RS256, "rsa"),
            public(ec, Algorithm::ES256, "ec"),
            public(&self.ed, Algorithm::EdDSA, "ed"),
        ]});
        let mut file = self.file.reopen().unwrap();
        file.set_len(0).unwrap();
        file.write_all(set.to_string().as_bytes()).unwrap();
    }

    fn rules(&self) -> Rules {
        Rules {
            secret: Secret::new(SECRET),
            keys: Some(Source::File(self.file.path().to_owned())),
            algorithms: vec![
                Algorithm::HS256,
                Algorithm::RS256,
                Algorithm::ES256,
                Algorithm::EdDSA,
            ],
            issuer: "issuer".into(),
            audience: "shop".into(),
            leeway: Duration::from_secs(5),
            anonymous: false,
            roles: Roles::of_this_system().unwrap(),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({
        "iss": "issuer", "aud": "shop", "sub": "anna", "roles": ["clerk"],
        "nbf": now(), "exp": now() + 60,
    })
}

/// The claims of a good token, but for one.
fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn signed(algorithm: Algorithm, id: &str, claims: &Value, key: &EncodingKey) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    encode(&header, claims, key).unwrap()
}

fn secret(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET).unwrap()).unwrap()
}

fn base64(json: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

#[tokio::test]
async fn good_tokens_of_every_kind() {
    let keys = Keys::new();
    let verifier = Verifier::new(keys.rules()).unwrap();
    for token in [
        secret(&claims()),
        signed(Algorithm::RS256, "rsa", &claims(), &keys.rsa),
        signed(Algorithm::ES256, "ec", &claims(), &keys.ec),
        signed(Algorithm::EdDSA, "ed", &claims(), &keys.ed),
        secret(&but("aud", json!(["other", "shop"]))),
        secret(&without("nbf")),
    ] {
        let subject = verifier.verify(&bearer(&token)).await.unwrap();
        assert_eq!((subject.actor(), subject.roles()), ("anna", &["clerk".to_owned()][..]));
        assert!(subject.may("order.CREATE") && !subject.may("order.CONFIRM"));
        assert!(subject.expires_at().unwrap() > SystemTime::now());
    }
    let scoped = but("scope", json!("viewer approver"));
    let subject = verifier.verify(&bearer(&secret(&scoped))).await.unwrap();
    assert_eq!(subject.roles(), ["clerk", "viewer", "approver"]);
}

/// Tokens that nobody has signed who may, with what is wrong.
fn forged(keys: &Keys) -> Vec<(&'static str, String)> {
    let good = secret(&claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let none = |alg: &str| format!("{}.{}.", base64(&json!({"alg": alg})), base64(&claims()));
    let public_as_secret = |jwk: &Value| {
        let key = EncodingKey::from_secret(jwk.to_string().as_bytes()).unwrap();
        signed(Algorithm::HS256, "rsa", &claims(), &key)
    };
    let modulus = public(&keys.rsa, Algorithm::RS256, "rsa")["n"].as_str().unwrap().to_owned();
    let modulus = EncodingKey::from_secret(modulus.as_bytes()).unwrap();
    let demanding = {
        let header = json!({"alg": "HS256", "crit": ["exp"]});
        format!("{}.{}.{signature}", base64(&header), base64(&claims()))
    };
    vec![
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("alg HS256, no signature", none("HS256")),
        ("public key as secret", public_as_secret(&public(&keys.rsa, Algorithm::RS256, "rsa"))),
        ("modulus as secret", signed(Algorithm::HS256, "rsa", &claims(), &modulus)),
        (
            "algorithm that is not listed",
            encode(
                &Header::new(Algorithm::HS512),
                &claims(),
                &EncodingKey::from_secret(SECRET).unwrap(),
            )
            .unwrap(),
        ),
        ("key of another algorithm", signed(Algorithm::ES256, "rsa", &claims(), &keys.ec)),
        ("another's key", signed(Algorithm::ES256, "ec", &claims(), &ec())),
        ("unknown key", signed(Algorithm::RS256, "other", &claims(), &keys.rsa)),
        (
            "another's secret",
            encode(&Header::default(), &claims(), &EncodingKey::from_secret(&[7; 32]).unwrap())
                .unwrap(),
        ),
        ("other claims, same signature", {
            format!(
                "{}.{}.{signature}",
                head.split('.').next().unwrap(),
                base64(&but("sub", json!("eve")))
            )
        }),
        ("bad signature", format!("{head}.{}", "A".repeat(signature.len()))),
        ("demands an extension", demanding),
        ("garbage", "garbage".into()),
        ("dots", "..".into()),
        ("nothing", String::new()),
    ]
}

/// Tokens that are signed, and are not good here.
fn misplaced() -> Vec<(&'static str, String)> {
    let long = but("roles", json!(["x".repeat(9_000)]));
    vec![
        ("wrong audience", secret(&but("aud", json!("other")))),
        ("no audience", secret(&without("aud"))),
        ("wrong issuer", secret(&but("iss", json!("other")))),
        ("no issuer", secret(&without("iss"))),
        ("expired", secret(&but("exp", json!(now() - 60)))),
        ("no end", secret(&without("exp"))),
        ("end that is no number", secret(&but("exp", json!("never")))),
        ("not yet valid", secret(&but("nbf", json!(now() + 60)))),
        ("no subject", secret(&without("sub"))),
        ("empty subject", secret(&but("sub", json!("")))),
        ("anonymous by name", secret(&but("sub", json!("anonymous")))),
        ("subject that is no header", secret(&but("sub", json!("a\r\nb")))),
        ("subject that is too long", secret(&but("sub", json!("x".repeat(257))))),
        ("too long", secret(&long)),
    ]
}

#[tokio::test]
async fn every_forgery_is_refused() {
    let keys = Keys::new();
    for anonymous in [false, true] {
        let verifier = Verifier::new(Rules { anonymous, ..keys.rules() }).unwrap();
        for (name, token) in forged(&keys).into_iter().chain(misplaced()) {
            let refused = verifier.verify(&bearer(&token)).await.unwrap_err();
            match name {
                "expired" => assert_eq!(refused, Refusal::Expired, "{name}"),
                _ => assert!(matches!(refused, Refusal::Invalid(_)), "{name}: {refused:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_key_verifies_only_what_it_is_for() {
    let keys = Keys::new();
    let (by_secret, by_key) =
        (secret(&claims()), signed(Algorithm::RS256, "rsa", &claims(), &keys.rsa));
    let rules = Rules { secret: None, ..keys.rules() };
    let verifier = Verifier::new(rules).unwrap();
    assert!(verifier.verify(&bearer(&by_secret)).await.is_err(), "there is no secret");
    assert!(verifier.verify(&bearer(&by_key)).await.is_ok());
    let verifier = Verifier::new(Rules { keys: None, ..keys.rules() }).unwrap();
    assert!(verifier.verify(&bearer(&by_key)).await.is_err(), "there is no public key");
    assert!(verifier.verify(&bearer(&by_secret)).await.is_ok());
    let rules = Rules { algorithms: vec![Algorithm::RS256], ..keys.rules() };
    let verifier = Verifier::new(rules).unwrap();
    assert!(verifier.verify(&bearer(&by_secret)).await.is_err(), "it is not listed");
    assert!(!format!("{verifier:?}").contains("0123456789"), "{verifier:?}");
}

#[tokio::test]
async fn nobody_is_somebody_only_where_that_is_switched_on() {
    let keys = Keys::new();
    let verifier = Verifier::new(keys.rules()).unwrap();
    assert_eq!(verifier.verify(&HeaderMap::new()).await.unwrap_err(), Refusal::Missing);
    let verifier = Verifier::new(Rules { anonymous: true, ..keys.rules() }).unwrap();
    let subject = verifier.verify(&HeaderMap::new()).await.unwrap();
    assert!(subject.is_anonymous() && subject.may("order.CONFIRM"));
    let viewer = secret(&but("roles", json!(["viewer"])));
    let subject = verifier.verify(&bearer(&viewer)).await.unwrap();
    assert!(!subject.may("order.CONFIRM"), "who shows a token has its roles");
}

#[tokio::test]
async fn without_keys_nothing_is_known_of_a_token() {
    let keys = Keys::new();
    let rules = Rules { keys: Some(Source::File("/nowhere/keys.json".into())), ..keys.rules() };
    let verifier = Verifier::new(rules).unwrap();
    let token = signed(Algorithm::RS256, "rsa", &claims(), &keys.rsa);
    assert_eq!(verifier.verify(&bearer(&token)).await.unwrap_err(), Refusal::Unavailable);
    assert!(verifier.verify(&bearer(&secret(&claims()))).await.is_ok());
}
