//! Nobody decides: command-api takes what the log takes, in bounded memory, and loses nothing.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use schemas::Topic;
use serde_json::json;
use testkit::{Installation, Process, eventually, log};

const COMMANDS: u32 = 100_000;
const CONNECTIONS: usize = 3_000;

/// Most memory that the process ever had, in KiB.
fn peak_kib(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[derive(Default)]
struct Tally {
    next: AtomicU32,
    refused: AtomicU32,
    acknowledged: Mutex<Vec<String>>,
}

/// Sends one command after the other, each until it is taken.
async fn client(http: &reqwest::Client, url: &str, tally: &Tally) {
    loop {
        let number = tally.next.fetch_add(1, Ordering::Relaxed);
        if number >= COMMANDS {
            return;
        }
        // All of them together are more than the process may have.
        let (id, text) = (format!("o{number}"), "x".repeat(1_500));
        let body = json!({ "id": id, "customerId": "c", "text": text, "value": 1 }).to_string();
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            assert!(Instant::now() < deadline, "{id} was not taken");
            let request = http.post(url).header("content-type", "application/json");
            let request = request.header("idempotency-key", &id).body(body.clone());
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let retry = answer.headers().contains_key("retry-after");
            // Read whole, so that the connection is used again.
            let said = answer.text().await.unwrap();
            match status {
                202 => break tally.acknowledged.lock().unwrap().push(id),
                503 => {
                    assert!(retry, "{said}");
                    tally.refused.fetch_add(1, Ordering::Relaxed);
                    // As it was told, but for the full second.
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                _ => panic!("{status}: {said}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_processor_memory_is_bounded_and_nothing_is_lost() {
    let env = [("COMMAND_API_WAIT_MS", "600"), ("COMMAND_API_DELIVERY_MS", "500")];
    let installation = Installation::start(&["command-api"], &env).await;
    let pid = installation.pid("command-api").await;
    let (url, tally) = (installation.url("command-api", "/v1/orders"), Tally::default());
    join_all((0..CONNECTIONS).map(|_| client(&installation.http, &url, &tally))).await;
    let peak = peak_kib(pid);
    let refused = tally.refused.load(Ordering::Relaxed);
    println!("peak {} MiB, {refused} answers were 503", peak / 1024);
    assert!(peak < 128 * 1024, "{peak} KiB");
    assert!(refused > 0, "more commands at once than there is room for");
    assert_eq!(installation.restarts("command-api"), 0);
    let acknowledged: BTreeSet<_> = tally.acknowledged.into_inner().unwrap().into_iter().collect();
    assert_eq!(u32::try_from(acknowledged.len()), Ok(COMMANDS));

    let mut processor = Process::start(&installation, "command-processor", "late", &[]);
    processor.ready().await;
    let settings = installation.settings();
    let look = async || {
        let settings = settings.clone();
        let lag = move || log::lag(&settings, "command-processor", Topic::ORDER_COMMANDS);
        tokio::task::spawn_blocking(lag).await.unwrap()
    };
    eventually("the lag to be zero", look, |lag| *lag == 0).await;
    let events = tokio::task::spawn_blocking(move || log::read(&settings, Topic::ORDER_EVENTS));
    let events = events.await.unwrap();
    log::assert_whole(&events);
    let decided: BTreeSet<_> = events.iter().map(|event| event.key.clone()).collect();
    assert_eq!(events.len(), acknowledged.len(), "each was decided once");
    assert_eq!(decided, acknowledged);
}
