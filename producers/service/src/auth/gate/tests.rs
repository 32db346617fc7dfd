use axum::{
    Extension,
    body::{Body, to_bytes},
    routing::{get, post},
};
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::{
    auth::{issuer::Issuer, subject::Said},
    edge,
    env::Env,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn settings(more: &[(&str, &str)]) -> Settings {
    let all = [("ONEWAY_JWT_SECRET", SECRET)].into_iter().chain(more.iter().copied());
    let env = Env::new("orders", all.map(|(n, v)| (n.to_owned(), v.to_owned())).collect());
    let settings = Settings::from_env(&env);
    env.finish().unwrap();
    settings
}

fn token(actor: &str, role: &str) -> String {
    let secret = crate::auth::Secret::new(SECRET.as_bytes()).unwrap();
    let said = Said {
        actor: actor.into(),
        roles: vec![role.into()],
        expires_at: jsonwebtoken::get_current_timestamp() + 60,
        ..Said::default()
    };
    Issuer::new(&secret, "oneway", "oneway").unwrap().issue(&said, 0).unwrap()
}

fn router(more: &[(&str, &str)], admit: Admit) -> Router {
    let who = async |subject: Option<Extension<Subject>>| {
        subject.map_or("nobody".into(), |Extension(subject)| subject.actor().to_owned())
    };
    let router = Router::new()
        .route("/v1/orders", get(who).post(who))
        .route("/query/overview/all", post(who))
        .route("/openapi.json", get(who));
    let gate = Gate::new(&settings(more), admit).unwrap();
    edge::behind(gate.before(edge::whole(router)))
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

    fn code(&self) -> (u16, String) {
        let body: Value = serde_json::from_str(&self.text).unwrap();
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

async fn ask(router: &Router, call: &str, headers: &[(&str, &str)]) -> Answer {
    let (method, path) = call.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:3005");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let text = to_bytes(body, 10_000).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, text }
}

#[tokio::test]
async fn who_has_no_token_is_told_what_is_needed() {
    let router = router(&[], Admit::Queries("orders"));
    for call in ["GET /v1/orders", "GET /nowhere", "DELETE /v1/orders"] {
        let answer = ask(&router, call, &[]).await;
        assert_eq!(answer.code(), (401, "no_token".into()), "{call}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"oneway\"");
    }
    let answer = ask(&router, "GET /v1/orders", &[("authorization", "Bearer a.b.c")]).await;
    assert_eq!(answer.code(), (401, "invalid_token".into()));
    let challenge = "Bearer realm=\"oneway\", error=\"invalid_token\"";
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert!(!answer.text.contains("a.b.c"));
    assert_eq!(ask(&router, "GET /openapi.json", &[]).await.text, "nobody");
}

#[tokio::test]
async fn a_query_needs_the_right_to_its_read_model() {
    let file = "a: [orders/overview]\nb: ['customers/*']";
    let path = std::env::temp_dir().join(format!("oneway-roles-{}.yaml", uuid::Uuid::new_v4()));
    std::fs::write(&path, file).unwrap();
    let more = [("ONEWAY_ROLES_FILE", path.to_str().unwrap())];
    let router = router(&more, Admit::Queries("orders"));
    std::fs::remove_file(&path).unwrap();
    for (role, call, status) in [
        ("a", "POST /query/overview/all", 200),
        ("a", "GET /v1/orders", 403),
        ("a", "GET /nowhere", 403),
        ("b", "POST /query/overview/all", 403),
        ("viewer", "POST /query/overview/all", 403),
    ] {
        let bearer = format!("Bearer {}", token("anna", role));
        let answer = ask(&router, call, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, status, "{role} {call}: {}", answer.text);
        if status == 403 {
            assert_eq!(answer.code().1, "forbidden");
        }
    }
    assert_eq!(read_model("/v1/orders/17"), "orders");
    assert_eq!(read_model("/graphql"), "graphql");
}

#[tokio::test]
async fn preflights_are_answered_as_front_ends_expect() {
    let own = "http://localhost:5173";
    let router = router(&[("ONEWAY_CORS_ORIGINS", "loopback")], Admit::Known);
    let preflight = |origin: &'static str| {
        let router = &router;
        async move {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type,x-correlation-id"),
            ];
            ask(router, "OPTIONS /query/overview/all", &headers).await
        }
    };
    let answer = preflight(own).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    for (name, value) in [
        ("access-control-allow-origin", own),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
        ("access-control-allow-headers", "content-type,x-correlation-id"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let answer = preflight("https://evil.example").await;
    assert_eq!(answer.status, 204);
    for name in ["access-control-allow-origin", "access-control-allow-credentials"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
    // A page must be able to read why it is refused.
    let answer = ask(&router, "GET /v1/orders", &[("origin", own)]).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (401, own));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "oneway-token,etag,location,x-correlation-id,retry-after"
    );
}

#[tokio::test]
async fn what_a_cookie_does_is_taken_from_known_pages_alone() {
    let router = router(&[("ONEWAY_CORS_ORIGINS", "https://shop.example")], Admit::Known);
    let cookie = format!("oneway_session={}", token("anna", "viewer"));
    let bearer = format!("Bearer {}", token("anna", "viewer"));
    for (call, origin, status) in [
        ("POST /v1/orders", "https://shop.example", 200),
        ("POST /v1/orders", "http://127.0.0.1:3005", 200),
        ("POST /v1/orders", "http://127.0.0.1:3006", 403),
        ("POST /v1/orders", "null", 403),
        ("GET /v1/orders", "http://127.0.0.1:3006", 200),
    ] {
        let answer = ask(&router, call, &[("origin", origin), ("cookie", &cookie)]).await;
        assert_eq!(answer.status, status, "{call} {origin}: {}", answer.text);
        let answer = ask(&router, call, &[("origin", origin), ("authorization", &bearer)]).await;
        assert_eq!(answer.status, 200, "who sends the header means it");
    }
    // A web socket is open to whoever opens it, without a preflight.
    for (origin, status) in [("https://shop.example", 200), ("https://evil.example", 403)] {
        let headers = [("origin", origin), ("cookie", cookie.as_str()), ("upgrade", "websocket")];
        assert_eq!(ask(&router, "GET /v1/orders", &headers).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn each_has_a_rate_of_their_own() {
    let more =
        [("ONEWAY_RATE_LIMIT", "1"), ("ONEWAY_RATE_BURST", "2"), ("ONEWAY_ANONYMOUS", "true")];
    let router = router(&more, Admit::Known);
    let (anna, ben) = (token("anna", "viewer"), token("ben", "viewer"));
    let asked = async |token: &str| {
        let bearer = format!("Bearer {token}");
        ask(&router, "GET /v1/orders", &[("authorization", &bearer)]).await
    };
    assert_eq!(asked(&anna).await.status, 200);
    assert_eq!(asked(&anna).await.status, 200);
    let answer = asked(&anna).await;
    assert_eq!(answer.code(), (429, "too_many_requests".into()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(asked(&ben).await.status, 200);
    // Who has no valid token shares the rate of the address.
    assert_eq!(asked("a.b.c").await.status, 401);
    assert_eq!(ask(&router, "GET /v1/orders", &[]).await.text, "anonymous");
    assert_eq!(ask(&router, "GET /v1/orders", &[]).await.status, 429);
    assert_eq!(asked("a.b.c").await.status, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_address_has_its_rate() {
    let rate =
        [("ONEWAY_RATE_LIMIT", "1"), ("ONEWAY_RATE_BURST", "1"), ("ONEWAY_ANONYMOUS", "true")];
    for (proxies, statuses) in [("10.0.0.0/8", [200, 200, 429]), ("192.0.2.1", [200, 429, 429])] {
        let more = [&rate[..], &[("ONEWAY_TRUSTED_PROXIES", proxies)]].concat();
        let router = router(&more, Admit::Known).layer(Extension(Peer([10, 0, 0, 1].into())));
        let mut seen = Vec::new();
        for client in ["198.51.100.1", "198.51.100.2", "1.1.1.1, 198.51.100.1"] {
            let answer = ask(&router, "GET /v1/orders", &[("x-forwarded-for", client)]).await;
            seen.push(answer.status);
        }
        assert_eq!(seen, statuses, "{proxies}");
    }
}
