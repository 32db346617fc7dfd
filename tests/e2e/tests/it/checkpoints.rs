//! Local checkpoints of the command processor: killed, torn, outdated, and never believed wrongly.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, Processor, eventually, log};

/// Creates a customer or renames it: both make an event.
async fn send(installation: &Installation, key: &str, id: &str, rename: bool) -> (u16, Value) {
    let path = if rename { format!("/v1/customers/{id}") } else { "/v1/customers".to_owned() };
    let url = installation.url("command-api", &path);
    let request = if rename { installation.http.put(url) } else { installation.http.post(url) };
    let body = if rename { json!({ "name": key }) } else { json!({ "id": id, "name": key }) };
    let answer = request
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .header("prefer", "wait=5")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Sends until there is an outcome, as a client does; the part of it that must never change.
async fn settled(installation: &Installation, key: &str, id: &str, rename: bool) -> Value {
    let look = async || send(installation, key, id, rename).await;
    let (status, answer) = eventually(&format!("an answer to {key}"), look, |(status, _)| {
        ![202, 429, 502, 503, 504].contains(status)
    })
    .await;
    json!([status, answer["version"], answer["events"], answer["code"]])
}

async fn assert_whole(installation: &Installation) -> usize {
    let settings = installation.settings();
    let read = move || log::read(&settings, Topic::CUSTOMER_EVENTS);
    let events = tokio::task::spawn_blocking(read).await.unwrap();
    log::assert_whole(&events);
    events.len()
}

fn sources(processor: &Processor, topic: Topic) -> Vec<String> {
    let log = processor.log();
    let lines = log.lines().filter(|l| l.contains("state restored") && l.contains(topic.name()));
    let source = |line: &str| line.split("source=\"").nth(1)?.split('"').next().map(str::to_owned);
    lines.filter_map(source).collect()
}

/// One client: creates a customer and renames it again and again. Returns every answer.
async fn client(installation: &Installation, n: usize, stop: &AtomicBool) -> Vec<(String, Value)> {
    let id = format!("c{n}");
    let mut answers = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (key, rename) = (format!("{id}-{}", answers.len()), !answers.is_empty());
        let answer = settled(installation, &key, &id, rename).await;
        answers.push((key, answer));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_again_and_again_it_goes_on_from_its_checkpoint() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let start = || Processor::start(&installation, "command-processor-1", folder.path());
    let (stop, kills) = (AtomicBool::new(false), AtomicUsize::new(0));
    let killer = async {
        for _ in 0..4 {
            let processor = start();
            // Back at work, and at it for long enough that positions are taken meanwhile.
            let count = assert_whole(&installation).await;
            let look = async || assert_whole(&installation).await;
            eventually("the first commit", look, |now| *now > count).await;
            let started = Instant::now();
            let look = async || (assert_whole(&installation).await, started.elapsed());
            let enough = Duration::from_secs(8);
            eventually("load", look, |(now, long)| *now > count + 50 && *long > enough).await;
            processor.kill();
            kills.fetch_add(1, Ordering::Relaxed);
        }
        let last = start();
        let count = assert_whole(&installation).await;
        eventually("commits", async || assert_whole(&installation).await, |now| *now > count).await;
        stop.store(true, Ordering::Relaxed);
        last
    };
    let clients = join_all((0..16).map(|n| client(&installation, n, &stop)));
    let (last, answers) = tokio::join!(killer, clients);
    assert_eq!(kills.into_inner(), 4);

    let sources = sources(&last, Topic::CUSTOMER_STATE);
    assert!(sources.iter().skip(4).all(|source| source == "checkpoint"), "{sources:?}");
    assert!(!last.log().contains("set aside"), "{}", last.log());

    // What was answered before, between and after the kills is answered the same now.
    let total: usize = answers.iter().map(Vec::len).sum();
    assert!(total > 200, "{total}");
    for (n, answers) in answers.iter().enumerate() {
        let remembered = answers.iter().enumerate().rev().take(10);
        for (number, (key, answer)) in remembered {
            let again = settled(&installation, key, &format!("c{n}"), number > 0).await;
            assert_eq!(&again, answer, "{key}");
        }
    }
    assert_eq!(assert_whole(&installation).await, total, "one event for each command");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_wrote_meanwhile_is_not_missed() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let instance = |name: &str| Processor::start(&installation, name, folder.path());
    let count = 24;
    let rename = async |round: &str| {
        let renames = (0..count).map(|n| {
            let (key, id) = (format!("{round}-{n}"), format!("c{n}"));
            let installation = &installation;
            async move { settled(installation, &key, &id, round != "create").await }
        });
        join_all(renames).await.iter().map(|answer| answer[1].as_i64()).collect::<Vec<_>>()
    };
    // The first one has files, and is behind with their positions when it stops to breathe.
    instance("one").wait_for_files(&installation).await;
    let one = instance("one");
    assert_eq!(rename("create").await, vec![Some(1); count]);
    assert_eq!(rename("second").await, vec![Some(2); count]);
    one.signal(Signal::SIGSTOP);

    // Its partitions go to the other one, which goes on.
    let two = instance("two");
    assert_eq!(rename("third").await, vec![Some(3); count]);

    // It wakes up and does not know yet what it has lost: longer ago than positions are taken.
    one.signal(Signal::SIGCONT);
    assert_eq!(rename("fourth").await, vec![Some(4); count]);
    one.kill();
    two.kill();

    let one = instance("one");
    assert_eq!(rename("fifth").await, vec![Some(5); count]);
    let sources = sources(&one, Topic::CUSTOMER_STATE);
    assert!(sources.iter().rev().take(4).all(|source| source == "checkpoint"), "{sources:?}");
    assert_eq!(assert_whole(&installation).await, FIRST + 5 * count);
}

/// More commands than there are partitions.
const FIRST: usize = 40;

trait Files {
    async fn wait_for_files(self, installation: &Installation);
}

impl Files for Processor {
    /// Lets it decide one command in each partition, by which its state topics become complete,
    /// and ends it.
    async fn wait_for_files(self, installation: &Installation) {
        let answers = join_all((0..FIRST).map(|n| async move {
            settled(installation, &format!("first-{n}"), &format!("first-{n}"), false).await
        }));
        assert_eq!(answers.await.len(), FIRST);
        self.kill();
    }
}

/// Whatever happens to the files, the log is what counts.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_cost_time_only() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let start = || Processor::start(&installation, "command-processor-1", folder.path());
    start().wait_for_files(&installation).await;
    start().wait_for_files(&installation).await;
    for (n, damage) in [cut_off as fn(&Path), flip, empty, replace].into_iter().enumerate() {
        let files: Vec<_> = checkpoints(folder.path());
        assert_eq!(files.len(), 16, "four kinds of aggregates in four partitions: {files:?}");
        files.iter().for_each(|file| damage(file));
        let processor = start();
        let id = format!("first-{n}");
        let again = settled(&installation, &id, &id, false).await;
        assert_eq!(again[0], 201, "its answer is remembered: {again}");
        let renamed = settled(&installation, &format!("rename-{n}"), &id, true).await;
        assert_eq!((&renamed[0], &renamed[1]), (&json!(200), &json!(2)), "{renamed}");
        if n == 3 {
            assert!(processor.log().contains("it is of cluster"), "{}", processor.log());
        }
        processor.kill();
    }
    assert_eq!(assert_whole(&installation).await, FIRST + 4);
}

fn checkpoints(folder: &Path) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|path| {
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    });
    files.filter(|path| path.extension().is_some_and(|end| end == "checkpoint")).collect()
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

fn cut_off(file: &Path) {
    change(file, |bytes| bytes.truncate(bytes.len() - 5));
}

fn flip(file: &Path) {
    change(file, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x20;
    });
}

fn empty(file: &Path) {
    change(file, Vec::clear);
}

/// By the file of another partition, whole and good.
fn replace(file: &Path) {
    let others = checkpoints(file.parent().unwrap().parent().unwrap());
    let other = others.iter().find(|other| *other != file).unwrap();
    std::fs::copy(other, file).unwrap();
}
