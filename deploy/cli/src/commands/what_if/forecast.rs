//! Counts all customers by another rule, in a scratch schema.

use std::collections::HashMap;

use anyhow::{Context, anyhow};
use consumer_runtime::{
    build::Until,
    row::{RowError, read_field},
    run::schema_of,
    tokio_postgres::Client,
};
use customer_classifier::rule::Rule;
use schemas::{Money, Timestamp, classification::CustomerClass};

use super::{
    Classification,
    report::{Change, Forecast},
};
use crate::{
    failure::{Failure, Result},
    generations::{self, build::Builder, postgres},
    snapshot::Snapshot,
};

/// The sums of the confirmed orders in the window, of all customers that are known.
const SUMS: &str = "select c.customer_id, \
                      least(coalesce(sum(o.value), 0), $2::text::numeric)::numeric(18, 2), \
                      count(o.value) \
                    from customer c left join customer_order o \
                      on o.customer_id = c.customer_id and o.confirmed \
                        and ($1::timestamptz is null or o.ordered_at > $1) \
                    where c.known group by c.customer_id order by c.customer_id collate \"C\"";

/// Builds, counts and compares, by a clock that is so many microseconds ahead. What it leaves in the schema is to be removed.
pub async fn forecast(
    options: &Classification,
    builder: &Builder,
    (scratch, ahead): (&str, i64),
) -> Result<Forecast> {
    let live = schema_of(builder.consumer.name());
    let client = generations::connect(&builder.database_url).await?;
    let hint = "its consumer has not run on this database yet";
    generations::require(&client, &live, hint).await?;
    // Of a command that was killed.
    generations::remove(&client, scratch).await?;
    let snapshot = Snapshot::take(&builder.database_url, &live, &Until::default()).await?;
    let rule_now = rule_of(&snapshot.client, &live).await?;
    let rule = options.rule(rule_now.as_ref())?;
    let classes = classes(&snapshot.client, &live).await?;
    builder.run(scratch, &snapshot.positions).await?;
    let at = Timestamp::from_micros(Timestamp::now().micros().saturating_add(ahead));
    let at = at.map_err(|_| Failure::setup("--clock-offset leaves the calendar"))?;
    let changes = changes(&client, scratch, &classes, (&rule, at)).await?;
    Ok(Forecast {
        rule_now: rule_now.map(|rule| rule.version().to_owned()),
        rule: rule.version().to_owned(),
        at,
        customers: classes.len(),
        changes,
    })
}

/// The rule by which most customers are counted.
async fn rule_of(client: &Client, schema: &str) -> Result<Option<Rule>> {
    let sql = format!(
        "select rule from \"{schema}\".customer where rule <> '' \
         group by rule order by count(*) desc, rule limit 1"
    );
    let row = client.query_opt(&sql, &[]).await.map_err(postgres)?;
    let version: Option<String> = row.map(|row| row.get(0));
    let rule = version.map(|version| version.parse::<Rule>().context(version));
    rule.transpose().map_err(Failure::Internal)
}

/// The live classes.
async fn classes(client: &Client, schema: &str) -> Result<HashMap<String, CustomerClass>> {
    let sql =
        format!("select customer_id, class from \"{schema}\".customer where class is not null");
    let rows = client.query(&sql, &[]).await.map_err(postgres)?;
    let read = rows.iter().map(|row| Ok((row.get(0), read_field(row, 1, "class").map_err(wrong)?)));
    read.collect()
}

/// Who would have another class by a rule that is in force at a time.
async fn changes(
    client: &Client,
    schema: &str,
    classes: &HashMap<String, CustomerClass>,
    (rule, at): (&Rule, Timestamp),
) -> Result<Vec<Change>> {
    let path = format!("set search_path to \"{schema}\"");
    client.batch_execute(&path).await.map_err(postgres)?;
    let horizon = rule.horizon(at).map(Timestamp::to_jiff);
    let rows =
        client.query(SUMS, &[&horizon, &Money::LARGEST.to_string()]).await.map_err(postgres)?;
    let mut changes = Vec::new();
    for row in &rows {
        let customer_id: String = row.get(0);
        let confirmed_revenue: Money = read_field(row, 1, "revenue").map_err(wrong)?;
        let (from, to) = (classes.get(&customer_id), rule.class_of(confirmed_revenue));
        if let Some(from) = from.copied().filter(|from| *from != to) {
            let confirmed_orders = row.get(2);
            changes.push(Change { customer_id, from, to, confirmed_revenue, confirmed_orders });
        }
    }
    Ok(changes)
}

fn wrong(error: RowError) -> Failure {
    Failure::Internal(anyhow!(error))
}
