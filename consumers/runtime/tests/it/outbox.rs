//! Numbering what is to be sent.

use consumer_runtime::{Database, outbox};
use tokio_postgres::Client;

use crate::library::stage;

async fn put(client: &Client, keys: &[&str]) {
    let sql = "insert into outbox (topic, key, message_type, event_id, sequence, time, payload) \
               select 't', key, 'happened', gen_random_uuid(), 1, now(), 'x' \
               from unnest($1::text[]) as key";
    client.execute(sql, &[&keys]).await.unwrap();
}

async fn open() -> (consumer_runtime::testing::Stage<crate::library::Library>, Database, Client) {
    let stage = stage().await;
    let database = stage.applier.database.clone();
    let client = stage.client().await.unwrap();
    (stage, database, client)
}

fn keys(batch: &outbox::RelayBatch) -> Vec<&str> {
    batch.events.iter().map(|event| event.key.as_str()).collect()
}

#[tokio::test]
async fn what_is_visible_gets_the_next_number() {
    let (_stage, database, client) = open().await;
    assert_eq!(outbox::next_batch(&client, 10).await.unwrap().events, []);
    assert_eq!(outbox::last_number(&client).await.unwrap(), 0);

    // A transaction that began first commits last: its ids are lower, and it must not be missed.
    let mut slow = database.dedicated().await.unwrap();
    let open = slow.transaction().await.unwrap();
    put(open.client(), &["a", "b"]).await;
    put(&client, &["c", "d", "e"]).await;
    let first = outbox::next_batch(&client, 2).await.unwrap();
    assert_eq!((first.number, keys(&first)), (1, vec!["c", "d"]));
    open.commit().await.unwrap();
    let second = outbox::next_batch(&client, 10).await.unwrap();
    assert_eq!((second.number, keys(&second)), (2, vec!["a", "b", "e"]));
    assert_eq!(outbox::next_batch(&client, 10).await.unwrap().number, 0);
}

#[tokio::test]
async fn numbered_batches_stay_until_they_are_forgotten() {
    let (_stage, _, client) = open().await;
    put(&client, &["a", "b", "c"]).await;
    for _ in 0..3 {
        outbox::next_batch(&client, 1).await.unwrap();
    }
    let numbered = outbox::numbered_batches(&client).await.unwrap();
    let numbered: Vec<_> = numbered.iter().map(|batch| (batch.number, keys(batch))).collect();
    assert_eq!(numbered, [(1, vec!["a"]), (2, vec!["b"]), (3, vec!["c"])]);
    assert_eq!(outbox::forget(&client, 2).await.unwrap(), 2);
    assert_eq!(outbox::waiting(&client, 10).await.unwrap(), 1);
    // Numbers never come again, not even when the outbox is empty.
    outbox::forget(&client, 3).await.unwrap();
    put(&client, &["d"]).await;
    assert_eq!(outbox::next_batch(&client, 10).await.unwrap().number, 4);
    assert_eq!(outbox::waiting(&client, 10).await.unwrap(), 1);
}
