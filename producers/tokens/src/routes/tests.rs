use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use serde_json::{Value, json};
use service::{Env, auth::subject::Said, edge};
use tower::ServiceExt;

use super::*;
use crate::{server::assemble, session::now, settings::Settings};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/accounts.example.yaml");
const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

struct World {
    router: Router,
    tokens: Tokens,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The cookie as a browser sends it back.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl World {
    fn new(more: &[(&str, &str)]) -> Self {
        let base = [
            ("ONEWAY_JWT_SECRET", SECRET),
            ("TOKENS_ACCOUNTS_FILE", EXAMPLE),
            ("ONEWAY_CORS_ORIGINS", "https://shop.example"),
            // Whoever is let in elsewhere is not logged in here.
            ("ONEWAY_ANONYMOUS", "true"),
        ];
        let all = base.iter().chain(more).map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let env = Env::new("tokens", all.collect());
        let settings = Settings::from_env(&env);
        env.finish().unwrap();
        let (_, gate, tokens) = assemble(settings).unwrap();
        let router = gate.before(edge::whole(router(tokens.clone())));
        Self { router: edge::behind(router), tokens }
    }

    async fn ask(&self, call: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "a:1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let text = to_bytes(body, 100_000).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn log_in(&self, user: &str, password: &str) -> Answer {
        let body = json!({ "user": user, "password": password }).to_string();
        self.ask("POST /login", &[JSON], &body).await
    }

    /// A cookie of somebody who logged in so many seconds ago.
    fn cookie_since(&self, actor: &str, seconds: u64) -> String {
        let (start, now) = (now() - seconds, now());
        let expires_at = now + 60;
        let said =
            Said { actor: actor.into(), roles: vec![], expires_at, session_start: Some(start) };
        format!("oneway_session={}", self.tokens.sessions.issuer.issue(&said, now).unwrap())
    }
}

#[tokio::test]
async fn who_logs_in_is_known_until_logged_out() {
    let world = World::new(&[]);
    let nobody = json!({ "authenticated": false });
    assert_eq!(world.ask("GET /authStatus", &[], "").await.json(), nobody);
    let answer = world.log_in("clerk", "clerk").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cookie = answer.header("set-cookie");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=900", "; Secure"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookie = answer.cookie();
    let status = world.ask("GET /authStatus", &[("cookie", &cookie)], "").await.json();
    assert_eq!(
        (&status["authenticated"], &status["subject"], &status["roles"]),
        (&json!(true), &json!("clerk"), &json!(["clerk"]))
    );
    assert_eq!(status["expiresAt"], answer.json()["expiresAt"]);

    let answer = world.ask("GET /logout", &[("cookie", &cookie)], "").await;
    assert_eq!((answer.status, answer.json()), (200, nobody.clone()));
    assert_eq!(answer.cookie(), "oneway_session=");
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    let status = world.ask("GET /authStatus", &[("cookie", &answer.cookie())], "").await;
    assert_eq!(status.json(), nobody);

    let insecure = World::new(&[("TOKENS_INSECURE_COOKIE", "true")]);
    let answer = insecure.log_in("clerk", "clerk").await;
    assert!(!answer.header("set-cookie").contains("Secure"));
}

#[tokio::test]
async fn wrong_passwords_and_unknown_users_are_answered_alike_and_limited() {
    let world = World::new(&[]);
    let wrong = world.log_in("admin", "s3cret").await;
    let unknown = world.log_in("eve", "s3cret").await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (401, Some("bad_credentials")));
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"]);
    assert_eq!((unknown.status, unknown.header("set-cookie")), (401, ""));
    assert!(!wrong.text.contains("s3cret"));
    for _ in 0..4 {
        assert_eq!(world.log_in("admin", "s3cret").await.status, 401);
    }
    let limited = world.log_in("admin", "admin").await;
    assert_eq!(limited.status, 429, "the right one, but too late");
    assert!(!limited.header("retry-after").is_empty());
    assert_eq!(world.log_in("viewer", "viewer").await.status, 200);
    let broken = world.ask("POST /login", &[JSON], "{\"password\":\"s3cret\"").await;
    assert_eq!(broken.status, 400);
    assert!(!broken.text.contains("s3cret"));
}

#[tokio::test]
async fn forms_log_in_and_go_on_where_they_may() {
    let world = World::new(&[]);
    let form = "user=viewer&password=viewer";
    for (place, location) in
        [("/orders", "/orders"), ("https://shop.example/a", "https://shop.example/a")]
    {
        let call = format!("POST /login?redirect={place}");
        let answer = world.ask(&call, &[FORM], form).await;
        assert_eq!((answer.status, answer.header("location")), (303, location));
        assert!(answer.cookie().len() > 40);
        let call = format!("GET /logout?redirect={place}");
        assert_eq!(world.ask(&call, &[], "").await.header("location"), location);
    }
    for evil in ["//evil", "%5C%5Cevil", "/%5Cevil", "https:evil", "https://evil", "/%09/evil"] {
        let answer = world.ask(&format!("POST /login?redirect={evil}"), &[FORM], form).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{evil}");
        let answer = world.ask(&format!("GET /logout?redirect={evil}"), &[], "").await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{evil}");
    }
    let foreign = [FORM, ("origin", "https://evil.example")];
    let answer = world.ask("POST /login", &foreign, form).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (403, ""));
    let own = [FORM, ("origin", "http://a:1")];
    assert_eq!(world.ask("POST /login", &own, form).await.status, 200);
}

#[tokio::test]
async fn a_token_is_renewed_until_the_session_ends() {
    let world = World::new(&[("TOKENS_SESSION_HOURS", "1")]);
    assert_eq!(world.ask("POST /getJwt", &[], "").await.status, 401);
    let cookie = world.log_in("viewer", "viewer").await.cookie();
    let answer = world.ask("POST /getJwt", &[("cookie", &cookie)], "").await;
    let token = answer.json()["jwt"].as_str().unwrap().to_owned();
    assert_eq!((answer.status, answer.cookie()), (200, format!("oneway_session={token}")));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("accept", "text/plain")];
    let answer = world.ask("POST /getJwt", &headers, "").await;
    assert_eq!((answer.status, answer.text.split('.').count()), (200, 3));

    // Near its end a session gives tokens that end with it.
    let late = world.cookie_since("viewer", 3_600 - 100);
    let answer = world.ask("POST /getJwt", &[("cookie", &late)], "").await;
    let cookie = answer.header("set-cookie");
    let age = cookie.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap();
    assert!((1..=100).contains(&age.parse::<u64>().unwrap()), "{cookie}");
    // Over, or of somebody who has no account any more.
    for cookie in [world.cookie_since("viewer", 3_600), world.cookie_since("eve", 10)] {
        let answer = world.ask("POST /getJwt", &[("cookie", &cookie)], "").await;
        assert_eq!((answer.status, answer.header("set-cookie")), (401, ""));
        assert_eq!(answer.json()["code"], "session_ended");
    }
    let foreign = world.log_in("viewer", "viewer").await.cookie();
    let headers = [("cookie", foreign.as_str()), ("origin", "https://evil.example")];
    assert_eq!(world.ask("POST /getJwt", &headers, "").await.status, 403);
}
