use axum::{Extension, Router, body::Body, http::Request, routing::get};
use event_log::{Registry, Settings};
use futures_util::StreamExt;
use schemas::{Namespace, notification::ChangeKind};
use serde_json::Value;
use service::auth::{roles::Roles, subject::Said};
use tower::ServiceExt;

use super::*;
use crate::{
    change::{
        Notification,
        tests::{at, body},
    },
    cursor::LogId,
    ring::Bound,
};

const ROOMY: Bound = Bound { count: 100, bytes: 1_000_000 };
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3_600);

struct World {
    hub: Arc<Hub>,
    router: Router,
}

fn world(client: Bound) -> World {
    world_of(client, Subject::anonymous(), NEVER)
}

/// As the gate says who asks.
fn world_of(client: Bound, subject: Subject, heartbeat: Duration) -> World {
    let hub = Hub::new(LogId::new("c", "t"), &[0, 0], ROOMY, client);
    // Nothing in these tests goes as far as the log.
    let settings = Settings::new("127.0.0.1:1", "http://127.0.0.1:1", Namespace::default());
    let history = History::new(&settings, &Registry::of(&settings), 0);
    let state = Changes { hub: Arc::clone(&hub), history, heartbeat };
    let router = Router::new().route("/v1/changes", get(changes)).with_state(state);
    World { hub, router: router.layer(Extension(subject)) }
}

impl World {
    async fn ask(&self, query: &str, id: Option<&str>) -> Response {
        let mut request = Request::get(format!("/v1/changes{query}"));
        if let Some(id) = id {
            request = request.header("Last-Event-ID", id);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn open(&self, query: &str, id: Option<&str>) -> Reader {
        let response = self.ask(query, id).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let pieces = response.extensions().get::<endless::Endless>().unwrap().take().unwrap();
        Reader { pieces: Box::pin(pieces), rest: String::new() }
    }

    fn push(&self, partition: i32, offset: i64, row: &str) {
        let body = body(ChangeKind::UpdateRow, row, None);
        self.hub.push(at(partition, offset), Some(Notification::new(body, None)));
        self.hub.wake();
    }
}

struct Reader {
    pieces: std::pin::Pin<Box<dyn Stream<Item = Bytes> + Send>>,
    rest: String,
}

impl Reader {
    /// Name, id, and the row that a change is of.
    async fn event(&mut self) -> (String, String, String) {
        while !self.rest.contains("\n\n") {
            let piece = self.pieces.next().await.unwrap();
            self.rest.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let (event, rest) = self.rest.split_once("\n\n").unwrap();
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        let data: Value = serde_json::from_str(&field("data: ")).unwrap_or_default();
        let row = data["rowId"].as_str().unwrap_or_default().to_owned();
        let event = (field("event: "), field("id: "), row);
        self.rest = rest.to_owned();
        event
    }

    async fn expect(&mut self, name: &str, row: &str) -> String {
        let (event, id, of) = self.event().await;
        assert_eq!((event.as_str(), of.as_str()), (name, row));
        id
    }
}

#[tokio::test]
async fn a_client_hears_what_it_wants_and_goes_on_where_it_stood() {
    let world = world(ROOMY);
    let mut reader = world.open("?models=orders/overview", None).await;
    let start = reader.expect("ready", "").await;
    for (partition, offset, row) in [(0, 0, "a"), (1, 0, "b"), (0, 1, "c")] {
        world.push(partition, offset, row);
    }
    reader.expect("change", "a").await;
    let middle = reader.expect("change", "b").await;
    let end = reader.expect("change", "c").await;
    for (from, rows) in [(start, vec!["a", "b", "c"]), (middle, vec!["c"]), (end, vec![])] {
        let mut again = world.open("", Some(&from)).await;
        assert_eq!(again.expect("ready", "").await, from);
        for row in rows {
            again.expect("change", row).await;
        }
        drop(again);
    }
}

/// Two replicas read the same partitions in another order.
#[tokio::test]
async fn another_replica_repeats_nothing_and_leaves_nothing_out() {
    let (one, other) = (world(ROOMY), world(ROOMY));
    for (partition, offset, row) in [(0, 0, "p0"), (0, 1, "p1"), (1, 0, "q0"), (1, 1, "q1")] {
        one.push(partition, offset, row);
    }
    for (partition, offset, row) in [(1, 0, "q0"), (1, 1, "q1"), (0, 0, "p0"), (0, 1, "p1")] {
        other.push(partition, offset, row);
    }
    let start = Cursor { log: LogId::new("c", "t"), next: [0, 0].into() }.to_string();
    let mut reader = one.open("", Some(&start)).await;
    reader.expect("ready", "").await;
    let mut id = reader.expect("change", "p0").await;
    let mut seen = vec!["p0".to_owned()];
    // With each change it goes to the other one.
    for n in 0..3 {
        let world = if n % 2 == 0 { &other } else { &one };
        let mut reader = world.open("", Some(&id)).await;
        reader.expect("ready", "").await;
        let (_, next, row) = reader.event().await;
        seen.push(row);
        id = next;
    }
    seen.sort();
    assert_eq!(seen, ["p0", "p1", "q0", "q1"]);
    assert_eq!(id.parse::<Cursor>().unwrap(), one.hub.cursor());
}

#[tokio::test]
async fn a_slow_client_gets_one_reload_and_a_fast_one_everything() {
    let world = world(Bound { count: 5, ..ROOMY });
    let (mut slow, mut fast) = (world.open("", None).await, world.open("", None).await);
    slow.expect("ready", "").await;
    fast.expect("ready", "").await;
    for offset in 0..20 {
        world.push(0, offset, &offset.to_string());
        fast.expect("change", &offset.to_string()).await;
    }
    let id = slow.expect("reload", "").await;
    assert_eq!(id.parse::<Cursor>().unwrap(), world.hub.cursor());
    world.push(0, 20, "later");
    slow.expect("change", "later").await;
}

#[tokio::test]
async fn who_cannot_go_on_is_told_to_reload() {
    let world = world(ROOMY);
    let foreign = Cursor { log: LogId::new("other", "t"), next: [0, 0].into() }.to_string();
    let mut reader = world.open("", Some(&foreign)).await;
    let id = reader.expect("ready", "").await;
    assert_eq!(reader.expect("reload", "").await, id);
    world.push(0, 0, "a");
    reader.expect("change", "a").await;
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives_and_where_it_is() {
    let heartbeat = Duration::from_millis(100);
    let world = world_of(ROOMY, Subject::anonymous(), heartbeat);
    let asked = Instant::now();
    let mut reader = world.open("?models=other/model", None).await;
    let begin = reader.expect("ready", "").await;
    assert_eq!(reader.expect("", "").await, begin);
    assert!(asked.elapsed() >= heartbeat);
    world.push(0, 0, "a");
    // One may have been on its way.
    let mut id = begin.clone();
    while id == begin {
        id = reader.expect("", "").await;
    }
    assert_eq!(id.parse::<Cursor>().unwrap(), world.hub.cursor());
}

#[tokio::test]
async fn what_is_malformed_is_refused() {
    let world = world(ROOMY);
    for (query, id) in [("?models=x", None), ("?models=a/b,,", None), ("", Some("nonsense"))] {
        let response = world.ask(query, id).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query} {id:?}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn who_may_not_ask_is_refused_and_a_stream_ends_with_its_token() {
    let table = "viewer:\n  - orders/overview\n";
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let said = Said {
        actor: "vera".into(),
        roles: vec!["viewer".into()],
        expires_at: now + 2,
        session_start: None,
    };
    let subject = Subject::of_token(said, Roles::parse(table).unwrap());
    let world = world_of(ROOMY, subject, NEVER);
    for query in ["?models=orders/overview,customers/overview", ""] {
        assert_eq!(world.ask(query, None).await.status(), StatusCode::FORBIDDEN, "{query}");
    }
    let mut reader = world.open("?models=orders/overview", None).await;
    reader.expect("ready", "").await;
    assert!(reader.pieces.next().await.is_none(), "it is over, and so is the stream");
}
