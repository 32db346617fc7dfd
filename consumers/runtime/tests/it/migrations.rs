//! Schemas are made by whoever comes first.

use consumer_runtime::{error::Error, migrate::migrate, testing::Schema};

use crate::library::migrations::runner;

#[tokio::test(flavor = "multi_thread")]
async fn many_instances_may_start_at_once() {
    let schema = Schema::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let database = schema.database().unwrap();
        tasks.spawn(async move { migrate(&database, "blue", runner()).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap().unwrap();
    }
    let client = schema.database().unwrap().dedicated().await.unwrap();
    for history in ["migration", "runtime_migration", "runtime_expansion"] {
        let sql = format!("select count(*) from {history}");
        let rows: i64 = client.query_one(&sql, &[]).await.unwrap().get(0);
        let newest = format!("select max(version)::bigint from {history}");
        let newest: i64 = client.query_one(&newest, &[]).await.unwrap().get(0);
        assert_eq!(rows, newest, "{history}");
    }
}

#[tokio::test]
async fn another_installation_is_refused() {
    let schema = Schema::new();
    let database = schema.database().unwrap();
    migrate(&database, "blue", runner()).await.unwrap();
    migrate(&database, "blue", runner()).await.unwrap();
    let error = migrate(&database, "green", runner()).await.unwrap_err();
    assert!(matches!(&error, Error::Foreign { owner, .. } if owner == "blue"), "{error}");
    assert!(error.is_wrong_set_up());
}

#[tokio::test]
async fn an_expansion_of_a_newer_build_is_no_obstacle() {
    let schema = Schema::new();
    let database = schema.database().unwrap();
    migrate(&database, "blue", runner()).await.unwrap();
    let client = database.dedicated().await.unwrap();
    let newer = "insert into runtime_expansion (version, name, applied_on, checksum) \
                 values (1000, 'newer', '2030-01-01T00:00:00Z', '1')";
    client.batch_execute(newer).await.unwrap();
    migrate(&database, "blue", runner()).await.unwrap();
    let newer = newer.replace("runtime_expansion", "runtime_migration");
    client.batch_execute(&newer).await.unwrap();
    let error = migrate(&database, "blue", runner()).await.unwrap_err();
    assert!(matches!(&error, Error::Migration(_)), "{error}");
}
