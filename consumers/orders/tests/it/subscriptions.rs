//! Subscriptions, over web sockets as clients open them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Extension;
use consumer_runtime::{
    hearing::{self, Ear, Heard},
    testing::{Stage, noon},
};
use futures_util::{SinkExt, StreamExt};
use orders::{graphql::Settings, projection::Orders, queries};
use schemas::notification::ChangeKind;
use serde_json::{Value, json};
use service::{
    Subject,
    auth::{roles::Roles, subject::Said},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::stage::{customer, named, order, placed, stage};

/// Sockets that there may be.
const MOST: usize = 4;

const LIMIT: Duration = Duration::from_secs(20);

struct World {
    stage: Stage<Orders>,
    address: std::net::SocketAddr,
    ear: Ear,
}

impl World {
    async fn new(subject: Subject) -> Self {
        let mut stage = stage().await;
        let happened = vec![
            customer("c1", 1, named("Anna")),
            order("o1", 1, placed("c1", 1_399, "2026-11-20T10:00:00Z")),
            order("o2", 1, placed("c2", 150_000, "2026-11-20T11:00:00Z")),
        ];
        stage.apply(noon(), happened).await.unwrap();
        let (ear, changes) = hearing::channel();
        ear.set_following(true);
        let settings = Settings { explorer: false, subscribers: MOST };
        let router = queries::router(stage.applier.database.clone(), changes, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Ends with the test's runtime.
        tokio::spawn(axum::serve(listener, router.layer(Extension(subject))).into_future());
        Self { stage, address, ear }
    }

    fn tell(&self, kind: ChangeKind, key: &str, details: Option<Value>) {
        self.tell_of(kind, key, details, "SVLT-1");
    }

    fn tell_of(&self, kind: ChangeKind, key: &str, details: Option<Value>, correlation_id: &str) {
        self.ear.tell(Heard::Row {
            read_model: "overview".into(),
            kind,
            key: key.into(),
            details: details.map(|row| row.to_string()),
            correlation_id: Some(correlation_id.into()),
        });
    }

    async fn try_open(&self, protocol: &str) -> Result<Client, Error> {
        let socket = TcpSocket::new_v4().unwrap();
        // So that it does not take long to be full.
        socket.set_recv_buffer_size(4_096).unwrap();
        let socket = socket.connect(self.address).await.unwrap();
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        client_async(request, socket).await.map(|(socket, _)| Client(socket))
    }

    async fn open(&self) -> Client {
        let mut client = self.try_open("graphql-transport-ws").await.unwrap();
        client.send(&json!({ "type": "connection_init" })).await;
        assert_eq!(client.next().await, json!({ "type": "connection_ack" }));
        client
    }
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        let payload = json!({ "query": query });
        self.send(&json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    async fn message(&mut self) -> Message {
        let next = timeout(LIMIT, self.0.next()).await.expect("a message in time");
        next.expect("the socket is open").unwrap()
    }

    async fn next(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The data of the next result of an operation.
    async fn data(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        assert_eq!(message["payload"]["errors"], Value::Null, "{message}");
        message["payload"]["data"]["orderChanged"].clone()
    }

    /// With what it is closed, whatever comes before.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.message().await {
                let frame = frame.expect("a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// Whatever was sent before is done: its answer comes after.
    async fn settle(&mut self) {
        self.send(&json!({ "type": "ping" })).await;
        assert_eq!(self.next().await, json!({ "type": "pong" }));
    }
}

/// A subscription begins a moment after it was asked for: it has one when it hears this.
async fn until_begun(world: &World, client: &mut Client, ids: &[&str]) {
    for id in ids {
        let mut told = Value::Null;
        while told == Value::Null {
            world.ear.tell(Heard::Anything);
            if let Ok(message) = timeout(Duration::from_millis(50), client.next()).await {
                assert_eq!(message["type"], "next", "{message}");
                told = if message["id"] == *id { message } else { Value::Null };
            }
        }
    }
    // Everything that was told meanwhile.
    while timeout(Duration::from_millis(200), client.next()).await.is_ok() {}
}

#[tokio::test]
async fn orders_are_told_as_they_change() {
    let world = World::new(Subject::anonymous()).await;
    let mut client = world.open().await;
    let fields = "kind id correlationId order { id amount status customer { name } }";
    client.subscribe("all", &format!("subscription {{ orderChanged {{ {fields} }} }}")).await;
    let of_one = "subscription ($id: ID!) { orderChanged(id: $id) { id } }";
    let payload = json!({ "query": of_one, "variables": { "id": "o2" } });
    client.send(&json!({ "type": "subscribe", "id": "one", "payload": payload })).await;
    let of_customer = "subscription { orderChanged(customerId: \"c1\") { id } }";
    client.subscribe("customer", of_customer).await;
    until_begun(&world, &mut client, &["all", "one", "customer"]).await;

    // Without details the customer is looked up.
    world.tell(ChangeKind::AddRow, "o1", None);
    let mut both = [client.next().await, client.next().await];
    both.sort_by_key(|message| message["id"].to_string());
    let change = json!({
        "kind": "ADDED", "id": "o1", "correlationId": "SVLT-1",
        "order": { "id": "o1", "amount": "13.99", "status": "NEW", "customer": { "name": "Anna" } },
    });
    assert_eq!(both[0]["payload"]["data"]["orderChanged"], change);
    assert_eq!(both[1]["id"], "customer");
    world.tell(ChangeKind::UpdateRow, "o2", Some(json!({ "id": "o2", "customerId": "c2" })));
    let mut both = [client.next().await, client.next().await];
    both.sort_by_key(|message| message["id"].to_string());
    assert_eq!(both[0]["payload"]["data"]["orderChanged"]["kind"], "UPDATED");
    assert_eq!(both[1]["id"], "one");

    // What is not wanted any more is not told; of other read models nothing is.
    for id in ["one", "customer"] {
        client.send(&json!({ "type": "complete", "id": id })).await;
    }
    client.settle().await;
    world.ear.tell(Heard::Row {
        read_model: "confirmationRequests".into(),
        kind: ChangeKind::AddRow,
        key: "o2".into(),
        details: None,
        correlation_id: None,
    });
    world.ear.tell(Heard::Anything);
    let reload = json!({ "kind": "RELOAD", "id": null, "correlationId": null, "order": null });
    assert_eq!(client.data("all").await, reload);

    // A part that cannot be read is null, and it goes on.
    let sql = "alter table customer_order rename to gone";
    world.stage.client().await.unwrap().batch_execute(sql).await.unwrap();
    world.tell(ChangeKind::UpdateRow, "o1", None);
    let message = client.next().await;
    let payload = &message["payload"];
    assert_eq!(payload["data"]["orderChanged"]["order"], Value::Null, "{message}");
    assert_eq!(payload["errors"][0]["extensions"]["code"], "internal", "{message}");

    // The process stops.
    drop(world.ear);
    assert_eq!(client.closed().await.0, 1001);
}

#[tokio::test]
async fn a_slow_client_is_told_that_it_is_and_no_other_one_suffers() {
    let world = World::new(Subject::anonymous()).await;
    let (mut slow, mut fast) = (world.open().await, world.open().await);
    // 12 KiB each.
    let correlation_id = "x".repeat(120);
    let many: String = (0..100).map(|n| format!("a{n}: correlationId ")).collect();
    slow.subscribe("1", &format!("subscription {{ orderChanged {{ {many} }} }}")).await;
    fast.subscribe("1", "subscription { orderChanged { id } }").await;
    until_begun(&world, &mut fast, &["1"]).await;
    until_begun(&world, &mut slow, &["1"]).await;
    while timeout(Duration::from_millis(200), fast.next()).await.is_ok() {}

    // More than fits into the buffers of a connection and the changes that are kept.
    for n in 0..3_000 {
        world.tell_of(ChangeKind::UpdateRow, &n.to_string(), None, &correlation_id);
        assert_eq!(fast.data("1").await["id"], json!(n.to_string()));
    }
    let reason = "too slow, changes were lost: subscribe again, then query again";
    assert_eq!(slow.closed().await, (1013, reason.to_owned()));
    world.tell(ChangeKind::UpdateRow, "o1", None);
    assert_eq!(fast.data("1").await["id"], "o1");
}

#[tokio::test]
async fn sockets_speak_the_protocol_or_are_closed() {
    let world = World::new(Subject::anonymous()).await;
    let subscription = json!({ "query": "subscription { orderChanged { id } }" });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": subscription });
    let init = json!({ "type": "connection_init" });
    for (messages, code) in [
        (vec![subscribe.clone()], 4401),
        (vec![init.clone(), init.clone()], 4429),
        (vec![init.clone(), subscribe.clone(), subscribe.clone()], 4409),
        (vec![json!({ "type": "start" })], 4400),
    ] {
        let mut client = world.try_open("graphql-transport-ws").await.unwrap();
        for message in &messages {
            client.send(message).await;
        }
        assert_eq!(client.closed().await.0, code, "{messages:?}");
    }
    for protocol in ["graphql-ws", "soap"] {
        let Err(Error::Http(answer)) = world.try_open(protocol).await.map(|_| ()) else {
            panic!("{protocol} is taken")
        };
        assert_eq!(answer.status(), 400, "{protocol}");
    }
}

#[tokio::test]
async fn what_is_no_subscription_or_too_much_is_refused() {
    let world = World::new(Subject::anonymous()).await;
    let mut client = world.open().await;
    for (query, said) in [
        ("{ orders { id } }", "send queries by POST"),
        ("subscription { nothing }", "Unknown field \"nothing\""),
        ("subscription {", "expected"),
    ] {
        client.subscribe("1", query).await;
        let message = client.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
        let text = message["payload"][0]["message"].as_str().unwrap();
        assert!(text.contains(said), "{query}: {text}");
    }
    for n in 0..20 {
        client.subscribe(&format!("s{n}"), "subscription { orderChanged { id } }").await;
    }
    client.subscribe("one-more", "subscription { orderChanged { id } }").await;
    let message = client.next().await;
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("one-more")));

    let mut others = Vec::new();
    for _ in 1..MOST {
        others.push(world.open().await);
    }
    let Err(Error::Http(answer)) = world.try_open("graphql-transport-ws").await.map(|_| ()) else {
        panic!("one too many")
    };
    let retry_after = answer.headers()["retry-after"].to_str().unwrap();
    assert_eq!((answer.status().as_u16(), retry_after), (503, "10"));
}

#[tokio::test]
async fn a_socket_ends_with_its_token() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let said = Said {
        actor: "vera".into(),
        roles: vec!["viewer".into()],
        expires_at: now + 2,
        session_start: None,
    };
    let subject = Subject::of_token(said, Roles::of_this_system().unwrap());
    let world = World::new(subject).await;
    let mut client = world.open().await;
    client.subscribe("1", "subscription { orderChanged { id } }").await;
    assert_eq!(client.closed().await, (4403, "the token has expired: get a new one".into()));
}
