//! `oneway schemas verify-history`: what this build cannot read is found, with its place; and a
//! registry that is away, or none at all, is no record's fault.

use event_log::{OutRecord, partitioner::partition_of};
use schemas::Topic;
use testkit::{Installation, Process, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::dead_letters::records::{Events, append, enveloped};

fn raw(key: &str, payload: &[u8]) -> OutRecord {
    OutRecord {
        topic: Topic::ORDER_EVENTS,
        partition: Some(2),
        key: Some(key.into()),
        payload: Some(payload.to_vec()),
        headers: enveloped(key, Some(1), "order_created"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_with_its_place() {
    let installation = Installation::start(&["change-notifier"], &[]).await;
    let events = Events::new(&installation).await;
    append(&installation, (0..50).map(|n| events.created(&format!("o-{n}"), 1))).await;
    let (code, out, error) = installation.run(&["schemas", "verify-history"]).await;
    assert!(code == 0 && out.contains("50 records"), "{out}{error}");

    // An id that the registry does not have, and bytes that do not follow their schema.
    append(&installation, [raw("nobody", &[0, 0x7f, 0, 0, 1, 1])]).await;
    let id = schemas::Decoder::schema_id(&events.created("o-1", 1).payload.unwrap()).unwrap();
    let broken = [&[0][..], &id.to_be_bytes(), &[0xff; 3]].concat();
    append(&installation, [raw("broken", &broken), raw("no-avro", b"{}")]).await;
    let (code, out, error) = installation.run(&["schemas", "verify-history"]).await;
    assert_eq!(code, 1, "{out}");
    for told in ["order.events/2/", "no schema with id 2130706433", "starts with byte 0x7b"] {
        assert!(out.contains(told), "no {told} in {out}");
    }
    assert!(error.contains("cannot read"), "{error}");
    let (code, out, _) = installation.run(&["schemas", "verify-history", "--every-record"]).await;
    assert!(code == 1 && out.contains("does not follow schema"), "{out}");
}

/// Answers every request in the same way.
async fn impostor(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_none_blames_no_record() {
    let installation = Installation::start(&["change-notifier"], &[]).await;
    let events = Events::new(&installation).await;
    append(&installation, [events.created("o-1", 1)]).await;
    let web = "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\nconnection: close\r\n\r\nnot found";
    let lost = "HTTP/1.1 404 Not Found\r\ncontent-length: 55\r\nconnection: close\r\n\r\n\
                {\"error_code\":40403,\"message\":\"Schema 1 not found....\"}";
    let closed = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for (answer, code, told) in [
        (web, 75, "is its URL right?"),
        (lost, 1, "no schema with id"),
        (closed, 64, "401 Unauthorized"),
        ("", 75, "not available"),
    ] {
        let url = impostor(answer).await;
        let arguments = ["schemas", "verify-history", "--registry", &url];
        let (is, out, error) = installation.run(&arguments).await;
        assert!(is == code && format!("{out}{error}").contains(told), "{told}: {is} {out}{error}");
    }
}

/// A way to the registry that can be closed.
struct Road {
    url: String,
    open: watch::Sender<bool>,
}

impl Road {
    async fn to(registry: &str) -> Self {
        let url = reqwest::Url::parse(registry).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mine = format!("http://{}{}", listener.local_addr().unwrap(), url.path());
        let (open, is_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut is_open) = (target.clone(), is_open.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = is_open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { url: mine, open }
    }
}

/// A consumer waits for a registry that is away, with that partition alone, and goes on when it is
/// back: such a record is no dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_waits_for_its_registry() {
    let installation = Installation::start(&["change-notifier"], &[]).await;
    let road = Road::to(&installation.settings().registry_url).await;
    let env = [
        ("SCHEMA_REGISTRY_URL", road.url.as_str()),
        ("DATABASE_URL", installation.database_url.as_str()),
    ];
    let mut orders = Process::start(&installation, "orders", "orders-1", &env);
    orders.ready().await;
    let events = Events::new(&installation).await;
    let home = |key: &str| partition_of(key.as_bytes(), 4);
    let other = (0..).map(|n| format!("b-{n}")).find(|key| home(key) != home("a")).unwrap();
    let status = async |key: &str| {
        let answer = reqwest::get(format!("{}/v1/orders/{key}", orders.url)).await.unwrap();
        let found = answer.status() == 200;
        let body: serde_json::Value = answer.json().await.unwrap();
        if found { body["status"].as_str().unwrap().to_owned() } else { "missing".to_owned() }
    };
    append(&installation, [events.created("a", 1)]).await;
    eventually("the order", async || status("a").await, |is| is == "new").await;

    road.open.send_replace(false);
    append(&installation, [events.confirmed("a", 2), events.created(&other, 1)]).await;
    eventually("the other partition", async || status(&other).await, |is| is == "new").await;
    let waits = async || orders.output().contains("not available");
    eventually("the log to tell", waits, |told| *told).await;
    assert_eq!(status("a").await, "new");

    road.open.send_replace(true);
    eventually("the event", async || status("a").await, |is| is == "confirmed").await;
    let (_, letters, _) = installation.run(&["dead-letters", "list", "orders"]).await;
    assert!(!letters.contains("order.events"), "{letters}");
}
