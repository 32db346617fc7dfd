//! Queries that wait for what their clients wrote.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::State,
    http::{Request, header},
    routing::get,
};
use consumer_runtime::{
    Database, Error,
    fresh::{
        Fresh,
        lookout::{View, lookout},
    },
    testing::{Stage, noon},
};
use serde_json::{Value, json};
use service::{
    Env, Gate, Health, Problem, Shutdown,
    auth::{self, Admit},
    http,
    shutdown::Trigger,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle, time::timeout};
use tower::ServiceExt;

use crate::library::{BOOKS, Event, Library, added, book, stage};

/// For what is certain to come.
const LIMIT: Duration = Duration::from_secs(20);

/// A query side of the library's read model, as one instance has it.
struct Instance {
    view: View,
    router: Router,
    trigger: Trigger,
    looking: JoinHandle<Result<(), Error>>,
}

/// The ids of all books.
async fn shown(State(database): State<Database>) -> Result<Json<Vec<String>>, Problem> {
    let sql = "select book_id from book order by 1";
    Ok(Json(database.select(sql, &[], |row| row.next()).await?))
}

fn instance(database: &Database, most_waiting: usize) -> Instance {
    let (view, lookout) = lookout(database.clone(), most_waiting);
    let (trigger, shutdown) = Shutdown::new();
    let looking = tokio::spawn(async move { lookout.run(&shutdown).await });
    let topics = Arc::new(BTreeSet::from([BOOKS]));
    let fresh = Fresh { view: view.clone(), topics, wait: LIMIT };
    let router = Router::new().route("/books", get(shown)).with_state(database.clone());
    Instance { view, router: fresh.before(router), trigger, looking }
}

fn of(stage: &Stage<Library>) -> Instance {
    instance(&stage.applier.database, 100)
}

impl Instance {
    /// Status, `Retry-After` and body.
    async fn ask(&self, headers: &[(&str, &str)]) -> (u16, Option<String>, Value) {
        let mut request = Request::get("/books");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = timeout(LIMIT, self.router.clone().oneshot(request));
        let answer = answer.await.expect("an answer in time").unwrap();
        let status = answer.status().as_u16();
        let again = answer.headers().get(header::RETRY_AFTER);
        let again = again.map(|seconds| seconds.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        (status, again, serde_json::from_slice(&body).unwrap())
    }

    /// Waits until so many queries wait.
    async fn waiting(&self, count: usize) {
        let reached = async {
            while self.view.waiting() != count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let reached = timeout(LIMIT, reached).await;
        assert!(reached.is_ok(), "{} queries wait, not {count}", self.view.waiting());
    }
}

#[tokio::test]
async fn a_query_waits_for_what_any_instance_applies() {
    let mut owner = stage().await;
    owner.apply(noon(), vec![added("b1", "s1", 1).by_command(3)]).await.unwrap();
    let second = owner.second(Library).unwrap();
    let other = of(&second);
    let token = [("oneway-token", "1~order.commands.0.4~order.commands.2.0")];
    let apply = async {
        other.waiting(1).await;
        owner.apply(noon(), vec![added("b2", "s1", 1).by_command(4)]).await.unwrap();
        // One of two is not enough.
        other.waiting(1).await;
        let last = added("b3", "s1", 1).in_partition(2).by_command(9);
        owner.apply(noon(), vec![last]).await.unwrap();
    };
    let ((), answer) = tokio::join!(apply, other.ask(&token));
    assert_eq!(answer, (200, None, json!(["b1", "b2", "b3"])));
    // It is known from now on, and so is everything before it.
    other.waiting(0).await;
    let before = "1~order.commands.0.3, 1~order.events.0.1~order.events.2.0";
    assert_eq!(other.ask(&[("oneway-token", before)]).await.0, 200);
}

#[tokio::test]
async fn the_highest_command_counts() {
    let mut stage = stage().await;
    let instance = of(&stage);
    let events = vec![
        added("b1", "s1", 1).by_command(7),
        // Decided again by a processor that had lost its own offsets.
        book("b1", 2, Event::Torn).by_command(2),
        // Made by no command.
        book("b1", 3, Event::Torn),
    ];
    stage.apply(noon(), events).await.unwrap();
    stage.apply(noon(), vec![book("b1", 4, Event::Torn).by_command(1)]).await.unwrap();
    assert_eq!(instance.ask(&[("oneway-token", "1~order.commands.0.7")]).await.0, 200);
    let next = [("oneway-token", "1~order.commands.0.8"), ("prefer", "wait=0")];
    assert_eq!(instance.ask(&next).await.0, 503);
}

#[tokio::test]
async fn a_position_that_does_not_come_is_told_with_the_lag() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![added("b1", "s1", 1).by_command(3)]).await.unwrap();
    let instance = of(&stage);
    let token = "1~order.commands.0.10~order.commands.1.0~order.events.0.0";
    let (status, again, body) =
        instance.ask(&[("oneway-token", token), ("prefer", "wait=1")]).await;
    assert_eq!((status, again.as_deref()), (503, Some("1")), "{body}");
    assert_eq!(body["code"], "not_applied_yet");
    let lag = json!([
        { "topic": "order.commands", "partition": 0, "wanted": 10, "applied": 3, "behind": 7 },
        { "topic": "order.commands", "partition": 1, "wanted": 0, "applied": null, "behind": 1 },
    ]);
    assert_eq!(body["lag"], lag);
    assert_eq!(instance.view.waiting(), 0);
}

#[tokio::test]
async fn what_never_comes_here_is_not_waited_for() {
    let stage = stage().await;
    let instance = of(&stage);
    for headers in [&[][..], &[("oneway-token", "1~customer.commands.0.99")]] {
        assert_eq!(instance.ask(headers).await, (200, None, json!([])));
    }
    let (status, _, body) = instance.ask(&[("oneway-token", "abc")]).await;
    assert_eq!((status, &body["code"]), (400, &json!("malformed_header")));
    assert_eq!(body["detail"], "header oneway-token: token is of an unknown version");
}

#[tokio::test]
async fn the_queries_that_wait_are_bounded() {
    let mut stage = stage().await;
    let instance = instance(&stage.applier.database, 1);
    let token = [("oneway-token", "1~order.commands.0.0")];
    let others = async {
        instance.waiting(1).await;
        let (status, again, body) = instance.ask(&token).await;
        assert_eq!(
            (status, again.as_deref(), &body["code"]),
            (503, Some("1"), &"overloaded".into())
        );
        assert_eq!(instance.ask(&[]).await.0, 200, "who waits for nothing needs no place");
        stage.apply(noon(), vec![added("b1", "s1", 1).by_command(0)]).await.unwrap();
    };
    let ((), first) = tokio::join!(others, instance.ask(&token));
    assert_eq!(first.0, 200);
    let next = [("oneway-token", "1~order.commands.0.1"), ("prefer", "wait=0")];
    assert_eq!(instance.ask(&next).await.2["code"], "not_applied_yet", "the place is free");
}

#[tokio::test]
async fn who_goes_away_waits_no_longer() {
    let stage = stage().await;
    let instance = of(&stage);
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = free.local_addr().unwrap();
    drop(free);
    let (_trigger, shutdown) = Shutdown::new();
    let port = Health::default().part(http::PART);
    let open = [("ONEWAY_ANONYMOUS".to_owned(), "true".to_owned())];
    let settings = auth::Settings::from_env(&Env::new("library", open.into()));
    let gate = Gate::new(&settings, Admit::Queries("library")).unwrap();
    let serving = tokio::spawn(http::serve(address, gate, instance.router.clone(), port, shutdown));
    let mut client = loop {
        match TcpStream::connect(address).await {
            Ok(client) => break client,
            Err(_) => assert!(!serving.is_finished()),
        }
        tokio::task::yield_now().await;
    };
    let request = "GET /books HTTP/1.1\r\nhost: a\r\noneway-token: 1~order.commands.0.0\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    instance.waiting(1).await;
    drop(client);
    instance.waiting(0).await;
}

#[tokio::test]
async fn a_stop_is_not_held_up() {
    let stage = stage().await;
    let instance = of(&stage);
    let stop = async {
        instance.waiting(1).await;
        instance.trigger.fire();
    };
    let ((), (status, again, body)) =
        tokio::join!(stop, instance.ask(&[("oneway-token", "1~order.commands.0.0")]));
    assert_eq!((status, again.as_deref(), &body["code"]), (503, Some("1"), &"stopping".into()));
    timeout(LIMIT, instance.looking).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn while_postgres_is_away_nothing_is_known() {
    let nowhere = "postgresql://oneway@127.0.0.1:1/oneway".parse().unwrap();
    let instance = instance(&Database::new(&nowhere, "nowhere", 1).unwrap(), 100);
    let token = [("oneway-token", "1~order.commands.0.0"), ("prefer", "wait=0")];
    let (status, again, body) = instance.ask(&token).await;
    assert_eq!((status, again.as_deref()), (503, Some("1")));
    assert_eq!(body["code"], "read_model_unavailable");
    assert!(!instance.looking.is_finished(), "it passes by itself");
}
