//! `oneway bench`: the report is whole, and nothing is left of it. How fast it is depends on the
//! machine and is no matter of a test.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rdkafka::{ClientConfig, consumer::BaseConsumer, consumer::Consumer};
use serde_json::Value;
use testkit::installation::{binary, make_traversable, required};

/// The shortest of all benchmarks, on the servers of the tests; its stack is kept in a folder.
fn bench(folder: &Path) -> Command {
    let mut command = Command::new(binary("oneway"));
    command
        .args(["bench", "write", "--dev", "--no-build", "--only", "limit,processor,http"])
        .args(["--rounds", "1", "--seconds", "1", "--warm-up", "0.2", "--first-warm-up", "0.2"])
        .args(["--outstanding", "1,64", "--http-outstanding", "4", "--json", "-"])
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Topics that benchmarks have left on the servers of the tests.
fn topics_left() -> Vec<String> {
    let brokers = required("KAFKA_BROKERS");
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let metadata = client.fetch_metadata(None, Duration::from_secs(15)).unwrap();
    let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
    names.filter(|name| name.starts_with("bench-")).collect()
}

/// Brokers show deleted topics for a moment after they have said that these are deleted.
fn no_topic_is_left() {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !topics_left().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", topics_left());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn files_left(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Both on the same servers, so one after the other.
#[test]
fn a_benchmark_reports_everything_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    check(&results);
    assert_eq!(files_left(folder.path()), Vec::<String>::new());
    no_topic_is_left();

    let mut interrupted = bench(folder.path()).spawn().unwrap();
    let pid = wait_for_process("limit", folder.path(), &mut interrupted);
    kill(Pid::from_raw(i32::try_from(interrupted.id()).unwrap()), Signal::SIGINT).unwrap();
    let output = interrupted.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the loop still runs: {said}");
    assert_eq!(files_left(folder.path()), Vec::<String>::new());
    no_topic_is_left();
}

/// The figures of a benchmark that has a stack of its own, and leaves nothing of it.
fn figures(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    make_traversable(folder.path());
    let output = Command::new(binary("oneway"))
        .arg("bench")
        .args(args)
        .args(["--no-build", "--json"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(files_left(folder.path()), Vec::<String>::new());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_benchmark_of_the_read_path_reports_everything_and_leaves_nothing() {
    let figures = figures(&[
        "read",
        "--dev",
        "--rounds",
        "1",
        "--events",
        "30000",
        "--orders",
        "7000",
        "--rate",
        "200",
        "--seconds",
        "1",
        "--warm-up",
        "1",
    ]);
    let is_positive = |value: &Value| value.as_f64().is_some_and(|number| number > 0.0);
    let round = &figures["rounds"][0];
    for measured in ["sql", "drain", "one_instance", "two_instances", "rebuild"] {
        assert!(is_positive(&round[measured]["events_per_second"]), "{figures:#}");
        let is_process = !["sql", "drain"].contains(&measured);
        assert_eq!(is_positive(&round[measured]["peak_mib"]), is_process, "{figures:#}");
    }
    for timed in ["orders", "bare_loop"] {
        let latency = &figures["latency"][timed];
        assert_eq!(latency["timed"], 100, "{figures:#}");
        assert!(is_positive(&latency["p50_ms"]) && is_positive(&latency["p99_ms"]), "{figures:#}");
    }
    assert!(is_positive(&figures["ratios"]["latency_to_bare_loop"]["p50"]), "{figures:#}");
    assert!(figures["latency"]["debezium"].is_null() && round["debezium"].is_null(), "{figures:#}");
}

#[test]
fn a_benchmark_of_listening_clients_reports_everything_and_leaves_nothing() {
    let figures =
        figures(&["changes", "--idle", "300", "--hot", "5", "--rate", "200", "--seconds", "2"]);
    let Value::Object(idle) = &figures["idle"] else { panic!("{figures:#}") };
    assert_eq!(idle["clients"], 300, "{figures:#}");
    assert!(idle["bytes_with"].as_u64() > idle["bytes_without"].as_u64(), "{figures:#}");
    let hot = &figures["hot"];
    for (name, wanted) in [("clients", 5), ("changes", 600), ("missed", 0), ("repeated", 0)] {
        assert_eq!(hot[name], wanted, "{figures:#}");
    }
    // Those of the first second are not.
    assert_eq!(hot["timed"], 5 * 400, "{figures:#}");
    let [p50, p99, max] =
        ["p50_ms", "p99_ms", "max_ms"].map(|name| hot[name].as_f64().expect("a number"));
    assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{figures:#}");
    assert!(hot["cores"]["change-notifier"].as_f64() > Some(0.0), "{figures:#}");
}

fn check(results: &Value) {
    for (contender, outstanding) in
        [("limit", vec![1, 64]), ("processor", vec![1, 64]), ("http", vec![4])]
    {
        let contenders = results["contenders"].as_array().unwrap();
        let score = contenders.iter().find(|score| score["name"] == contender).unwrap();
        let loads = score["loads"].as_array().unwrap();
        assert_eq!(loads.len(), outstanding.len(), "{score}");
        for (load, outstanding) in loads.iter().zip(outstanding) {
            assert_eq!(load["outstanding"], outstanding, "{load}");
            let round = &load["rounds"][0];
            let number =
                |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} in {load}"));
            assert!(number(&round["commands"]) >= 1.0, "{load}");
            // From the first command of the second to the last outcome in it.
            assert!(number(&round["seconds"]) > 0.5, "{load}");
            let median = &load["median"];
            let [p50, p99, max] = ["p50_ms", "p99_ms", "max_ms"].map(|name| number(&median[name]));
            assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{load}");
            let has_ratio = median["of_limit"].is_number();
            assert_eq!(has_ratio, contender != "http", "{load}");
            let driver = &median["cpu_seconds_per_million"]["driver"];
            assert!(cfg!(not(target_os = "linux")) || driver.is_number(), "{load}");
        }
    }
    for record in ["command", "event", "state", "outcome"] {
        assert!(results["record_bytes"][record].as_u64() > Some(50), "{results}");
    }
    assert!(results["versions"]["librdkafka"].is_string(), "{results}");
}

/// The pid of a contender, as soon as the benchmark has noted it.
fn wait_for_process(name: &str, folder: &Path, bench: &mut Child) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let ledgers = entries.map(|path| path.join("state/processes.json"));
        let ledger = ledgers.filter_map(|path| fs::read(path).ok()).next().unwrap_or_default();
        let ledger: Value = serde_json::from_slice(&ledger).unwrap_or_default();
        let mut processes = ledger["processes"].as_array().into_iter().flatten();
        if let Some(process) = processes.find(|process| process["name"] == name) {
            return process["pid"].as_u64().unwrap();
        }
        let ended = bench.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}, no {name} in {ledger}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
