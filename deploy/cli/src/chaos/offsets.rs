//! The offsets of the consumers: whether one ever moves back, and how far they are.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Error};

use super::{database::SCHEMAS, fold::SOURCES};

/// Where a move back is noted, in the transaction that makes it.
const NOTES: &str = "
    create schema chaos;
    create table chaos.moved_back (
        schema text, topic text, partition integer, stood bigint, moved bigint
    );
    create function chaos.note_move() returns trigger language plpgsql as $$
    begin
        insert into chaos.moved_back
        values (tg_table_schema, old.topic, old.partition, old.next_offset, new.next_offset);
        return null;
    end $$;";

/// From now on notes each offset that moves back.
///
/// # Errors
/// When Postgres refuses it.
pub async fn watch(client: &Client) -> Result<(), Error> {
    client.batch_execute(NOTES).await?;
    for schema in SCHEMAS {
        let trigger = format!(
            "create trigger note_move after update on {schema}.consumer_offset for each row \
             when (new.next_offset < old.next_offset or new.epoch < old.epoch) \
             execute function chaos.note_move()"
        );
        client.batch_execute(&trigger).await?;
    }
    Ok(())
}

/// What moved back.
///
/// # Errors
/// When Postgres does not answer.
pub async fn moved_back(client: &Client) -> Result<Vec<String>, Error> {
    let rows = client.query("select * from chaos.moved_back", &[]).await?;
    let told = rows.iter().map(|row| {
        let (schema, topic): (String, String) = (row.get(0), row.get(1));
        let (partition, stood, moved): (i32, i64, i64) = (row.get(2), row.get(3), row.get(4));
        format!("the offset of {schema} in {topic} {partition} moved back from {stood} to {moved}")
    });
    Ok(told.collect())
}

/// What is not applied, or not published, of a log with these ends.
///
/// # Errors
/// When Postgres does not answer.
pub async fn behind(
    client: &Client,
    ends: &BTreeMap<(&'static str, i32), i64>,
) -> Result<Vec<String>, Error> {
    let mut behind = Vec::new();
    for (schema, topics) in SOURCES {
        let sql = format!("select topic, partition, next_offset from {schema}.consumer_offset");
        let rows = client.query(&sql, &[]).await?;
        let stored: BTreeMap<(String, i32), i64> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        let read = ends.iter().filter(|((of, _), _)| topics.iter().any(|t| t.name() == *of));
        for ((topic, partition), end) in read {
            let next = stored.get(&((*topic).to_owned(), *partition)).copied().unwrap_or(0);
            if next < *end {
                behind.push(format!("{schema} is at {next} of {end} in {topic} {partition}"));
            }
        }
        let parked = format!("select count(*) from {schema}.parked_record");
        let parked: i64 = client.query_one(&parked, &[]).await?.get(0);
        if parked > 0 {
            behind.push(format!("{schema} has parked {parked} records"));
        }
        let waiting = format!("select count(*) from {schema}.outbox");
        let waiting: i64 = client.query_one(&waiting, &[]).await?.get(0);
        if waiting > 0 {
            behind.push(format!("{schema} has {waiting} events in its outbox"));
        }
    }
    Ok(behind)
}
