//! A roll-out, both ways: the build before the last change of schemas and this one, side by side on
//! the same topics and tables, under load. What is written while both run is read by both.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually, installation::binary};

use crate::independent::run;

/// The last commit before `confirm_order` and `order_confirmed` had notes, and before there was
/// `order_text_corrected`.
const BEFORE: &str = "e616a36";

const LOADS: usize = 8;

/// The build before; none where there is no history to build it from.
fn build_before() -> Option<PathBuf> {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../.."].iter().collect();
    let git = |arguments: &[&str]| {
        Command::new("git").current_dir(&root).args(arguments).output().unwrap()
    };
    if !git(&["cat-file", "-e", &format!("{BEFORE}^{{commit}}")]).status.success() {
        eprintln!("not run: there is no commit {BEFORE} in this clone");
        return None;
    }
    let debug = binary("oneway").parent().unwrap().to_owned();
    let home = debug.parent().unwrap().join("before");
    let (sources, target) = (home.join(BEFORE), home.join("target"));
    if !sources.exists() {
        std::fs::create_dir_all(home.join("unpacked")).unwrap();
        let archive = home.join("sources.tar");
        git(&["archive", "--output", archive.to_str().unwrap(), BEFORE]);
        run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(home.join("unpacked")));
        std::fs::rename(home.join("unpacked"), &sources).unwrap();
    }
    // Libraries are those of this build, by links: only our own crates are compiled again.
    if !target.exists() {
        std::fs::create_dir_all(target.join("debug")).unwrap();
        for folder in ["deps", "build", ".fingerprint"] {
            run(Command::new("cp").arg("-al").arg(debug.join(folder)).arg(target.join("debug")));
        }
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&sources).args(["build", "--locked", "--workspace"]);
    cargo.args(["--bin", "orders", "--bin", "command-processor", "--target-dir"]);
    // Only for this test: quickly compiled is better than quick.
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
    run(cargo.arg(&target).env("CARGO_INCREMENTAL", "0"));
    Some(target.join("debug"))
}

/// Orders that are placed and confirmed by a person, one after the other, until it is to end.
struct Load<'a> {
    installation: &'a Installation,
    is_over: AtomicBool,
    done: AtomicU64,
}

impl Load<'_> {
    async fn command(&self, id: &str, name: &str, payload: &Value) {
        let body = json!({ "aggregateName": "order", "aggregateId": id, "command": name,
                           "payload": payload });
        let key = uuid::Uuid::new_v4().to_string();
        let sent = async || {
            let url = self.installation.url("command-api", "/api/command");
            let request = self.installation.http.post(url).header("idempotency-key", &key);
            let request = request.header("content-type", "application/json");
            request.body(body.to_string()).send().await.unwrap().status().as_u16()
        };
        // While a partition moves, the answer may be that it takes longer: it is asked for again.
        eventually("the command", sent, |status| *status == 200 || *status == 201).await;
    }

    async fn run(&self, name: usize) {
        for n in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let id = format!("{name}-{n}");
            let order = json!({ "customerId": "c-1", "text": "a shelf", "value": "1500.00" });
            self.command(&id, "CREATE", &order).await;
            self.command(&id, "CONFIRM", &json!({ "note": "by telephone" })).await;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until so many more are done.
    async fn go_on(&self, more: u64) {
        let target = self.done.load(Ordering::Relaxed) + more;
        let done = async || self.done.load(Ordering::Relaxed);
        eventually("the load", done, |done| *done >= target).await;
    }
}

struct Pair {
    processor: Process,
    orders: Process,
}

impl Pair {
    /// A processor and a consumer of some build.
    async fn start(installation: &Installation, folder: &Path, name: &str) -> Self {
        let start = |service: &str| {
            let instance = format!("{service}-{name}");
            Process::start_build(&folder.join(service), installation, service, &instance, &[])
        };
        let (mut processor, mut orders) = (start("command-processor"), start("orders"));
        processor.ready().await;
        orders.ready().await;
        Self { processor, orders }
    }

    async fn stop(mut self) {
        for process in [&mut self.processor, &mut self.orders] {
            let status = process.stop().await;
            assert!(status.success(), "{status}: {}", process.output());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_and_new_work_side_by_side_both_ways() {
    let Some(old) = tokio::task::spawn_blocking(build_before).await.unwrap() else { return };
    let new = binary("orders").parent().unwrap().to_owned();
    let installation = Installation::start(&["command-api"], &[]).await;
    let before = Pair::start(&installation, &old, "before").await;
    let load = Load { installation: &installation, is_over: false.into(), done: 0.into() };
    let loads = join_all((0..LOADS).map(|name| load.run(name)));
    let roll = async {
        load.go_on(100).await;
        // Forward: both, then the new one alone.
        let after = Pair::start(&installation, &new, "after").await;
        load.go_on(200).await;
        before.stop().await;
        load.go_on(100).await;
        // Back: a roll-out that is given up.
        let again = Pair::start(&installation, &old, "again").await;
        load.go_on(200).await;
        after.stop().await;
        load.go_on(100).await;
        // And forward again, for good.
        let last = Pair::start(&installation, &new, "last").await;
        again.stop().await;
        load.go_on(100).await;
        load.is_over.store(true, Ordering::Relaxed);
        last
    };
    let (_, last) = tokio::join!(loads, roll);

    // The new kind of event, once every reader knows it.
    load.command("0-0", "CORRECT_TEXT", &json!({ "text": "a very long shelf" })).await;
    let done = load.done.load(Ordering::Relaxed);
    let count = async || {
        let url = format!("{}/v1/orders/0-0", last.orders.url);
        installation.http.get(url).send().await.unwrap().json::<Value>().await.unwrap()
    };
    let order = eventually("the text", count, |row| row["text"] == "a very long shelf").await;
    assert_eq!(order["status"], "confirmed");
    for check in [&["verify", "log"][..], &["verify", "read-model", "orders"]] {
        let clean = async || installation.run(check).await;
        let (code, out, error) = eventually("verify", clean, |(code, ..)| *code == 0).await;
        assert_eq!(code, 0, "{out}{error}");
    }
    let (code, out, error) = installation.run(&["schemas", "verify-history"]).await;
    assert_eq!(code, 0, "{out}{error}");
    // Both builds wrote: both revisions are in the topic.
    let confirmed = out.lines().filter(|line| line.contains("oneway.order.OrderConfirmed"));
    assert_eq!(confirmed.count(), 2, "{out}");
    assert!(done >= 800, "{done}");
    eprintln!("{done} orders placed and confirmed, none failed, over four roll-outs");
    last.stop().await;
}
