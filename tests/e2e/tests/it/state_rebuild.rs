//! `oneway state rebuild`: the state topics become what the events say.

use event_log::{OutRecord, TransactionalProducer, partitioner, record::headers};
use schemas::{Envelope, Topic};
use serde_json::{Value, json};
use testkit::{Installation, Processor, log};

const ORDERS: usize = 12;

async fn create(installation: &Installation, n: usize) -> (u16, Value) {
    let body = json!({ "id": format!("o{n}"), "customerId": "c1", "text": "a book", "value": "2" });
    let answer = installation
        .http
        .post(installation.url("command-api", "/v1/orders"))
        .header("idempotency-key", format!("create-{n}"))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await.unwrap();
    (status, json!([answer["version"], answer["events"], answer["code"]]))
}

fn rebuild(installation: &Installation, arguments: &[&str]) -> (Option<i32>, String) {
    let output = installation.oneway().args(["state", "rebuild"]).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Puts other states into the topic than the events say: the last change of each key counts.
async fn damage(installation: &Installation) {
    let settings = installation.settings();
    tokio::task::spawn_blocking(move || damage_states(&settings)).await.unwrap();
}

fn damage_states(settings: &event_log::Settings) {
    let of = |n: usize, payload: Option<Vec<u8>>| {
        let key = format!("o{n}");
        let envelope = Envelope {
            id: &key,
            source: "test",
            message_type: "order_state",
            ..Envelope::default()
        };
        let (headers, number) = (headers(&envelope), partitioner::partition_of(key.as_bytes(), 4));
        OutRecord {
            topic: Topic::ORDER_STATE,
            partition: Some(number),
            key: Some(key.into_bytes()),
            payload,
            headers,
        }
    };
    let entries = log::read(settings, Topic::ORDER_STATE);
    let state = |n: usize| {
        let key = format!("o{n}");
        entries.iter().rev().find(|entry| entry.key == key).unwrap().payload.clone()
    };
    let mut version_9 = state(2);
    version_9[5] = 18;
    let torn = state(3)[..7].to_vec();
    let producer = TransactionalProducer::new(settings, "damage").unwrap();
    producer.begin().unwrap();
    for record in [of(1, None), of(2, Some(version_9)), of(3, Some(torn)), of(99, Some(state(4)))] {
        producer.produce(record).unwrap();
    }
    producer.commit().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn states_become_what_the_events_say() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let start = || Processor::start(&installation, "command-processor-1", folder.path());
    let processor = start();
    let mut answers = Vec::new();
    for n in 0..ORDERS {
        answers.push(create(&installation, n).await);
        assert_eq!(answers[n].0, 201, "{answers:?}");
    }
    // A refusal, which only the states remember.
    let confirm = async || {
        let url = installation.url("command-api", "/v1/orders/nobody/confirmation");
        let request = installation.http.post(url).header("idempotency-key", "refused");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(confirm().await, 404);
    processor.kill();
    // The second one's checkpoints have a position from its start.
    let processor = start();
    assert_eq!(create(&installation, 0).await, answers[0]);

    let (code, said) = rebuild(&installation, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stop them first"), "{said}");
    processor.kill();

    let (code, said) = rebuild(&installation, &["--dry-run"]);
    assert_eq!(code, Some(0), "nothing is wrong yet: {said}");
    damage(&installation).await;
    let ends = async || {
        let settings = installation.settings();
        let look = move || log::watermarks(&settings, &[Topic::ORDER_STATE]);
        tokio::task::spawn_blocking(look).await.unwrap()
    };
    let before = ends().await;
    let (code, said) = rebuild(&installation, &["--dry-run", "--aggregate", "order"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("4 states to be changed"), "{said}");
    assert_eq!(ends().await, before, "a dry run writes nothing");

    let (code, said) = rebuild(&installation, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("4 states changed"), "{said}");
    assert_eq!(rebuild(&installation, &["--dry-run"]).0, Some(0));

    // The processor's checkpoints are from before; they are not believed.
    let processor = start();
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(&create(&installation, n).await, answer, "order {n}");
    }
    assert_eq!(confirm().await, 404);
    assert_eq!(create(&installation, 99).await.0, 201, "it never existed");
    let settings = installation.settings();
    let read = move || log::read(&settings, Topic::ORDER_EVENTS);
    let events = tokio::task::spawn_blocking(read).await.unwrap();
    log::assert_whole(&events);
    assert_eq!(events.len(), ORDERS + 1);
    let set_aside = processor.log().matches("a checkpoint is set aside").count();
    assert!((1..=4).contains(&set_aside), "{}", processor.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_does_not_exist_is_told() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let (code, said) = rebuild(&installation, &["--partition", "77"]);
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("has no partition 77"), "{said}");
}

/// A state that cannot be read stops its processor when it is needed, and says the way out.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_read_is_not_decided_on() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let processor = Processor::start(&installation, "command-processor-1", folder.path());
    for n in 0..ORDERS {
        assert_eq!(create(&installation, n).await.0, 201);
    }
    processor.kill();
    damage(&installation).await;
    let mut processor = Processor::start(&installation, "command-processor-1", folder.path());
    let (status, answer) = create(&installation, 3).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(processor.exit_code(), Some(70));
    let said = processor.log();
    assert!(
        said.contains("state of o3 in order.state/") && said.contains("state rebuild"),
        "{said}"
    );
}
