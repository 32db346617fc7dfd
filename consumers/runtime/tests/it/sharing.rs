//! Rows that several instances touch at once.

use consumer_runtime::testing::noon;

use crate::library::{Library, added, shelves, stage};

/// Both instances create and count the same shelves, named in opposite orders, all new at first.
#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_and_nobody_waits_in_a_circle() {
    const SHELVES: i32 = 8;
    const ROUNDS: i32 = 50;
    let stage = stage().await;
    let mut tasks = tokio::task::JoinSet::new();
    for partition in 0..3 {
        let mut instance = stage.second(Library).unwrap();
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let books = (0..SHELVES).map(|n| {
                    let shelf = if partition == 1 { SHELVES - 1 - n } else { n };
                    // Every tenth round has shelves that nobody has seen.
                    let shelf = format!("s{}-{shelf}", round / 10);
                    let book = format!("b-{partition}-{round}-{n}");
                    added(&book, &shelf, 1).in_partition(partition)
                });
                // A deadlock would be an error here.
                instance.apply(noon(), books.collect()).await.unwrap();
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let counted = shelves(&stage).await;
    assert_eq!(counted.len(), 40);
    assert!(counted.iter().all(|(_, books)| *books == 30), "{counted:?}");
}
