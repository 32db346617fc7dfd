//! Whether the clocks agree: orders of the future are refused, and tokens expire by them.

use event_log::Settings;
use jiff::{Timestamp, fmt::rfc2822};

use super::{LIMIT, Patient, check::Check, rows};

/// So far clocks may differ, in seconds; the clock of HTTP has no finer ones.
const TOLERANCE: f64 = 2.0;

/// The database's and the registry's, beside ours.
pub async fn all(patient: &Patient) -> Vec<Check> {
    vec![
        told("clock of the database", of_database(patient).await),
        told("clock of the registry", of_registry(&patient.settings).await),
    ]
}

fn told(name: &str, ahead: Result<f64, String>) -> Check {
    let way = "let all machines follow one time (NTP)";
    match ahead {
        Ok(ahead) if ahead.abs() <= TOLERANCE => Check::ok(name, "as ours"),
        Ok(ahead) if ahead > 0.0 => Check::bad(name, format!("is {ahead:.1} s ahead of ours"), way),
        Ok(ahead) => Check::bad(name, format!("is {:.1} s behind ours", -ahead), way),
        Err(reason) => Check::unchecked(name, reason),
    }
}

async fn of_database(patient: &Patient) -> Result<f64, String> {
    let client = rows::client(patient.database.as_ref().map_err(Clone::clone)?).await?;
    let sql = "select extract(epoch from clock_timestamp())::float8";
    let before = Timestamp::now();
    let row = client.query_one(sql, &[]).await.map_err(|error| error.to_string())?;
    Ok(between(before, Timestamp::now(), row.get(0)))
}

async fn of_registry(settings: &Settings) -> Result<f64, String> {
    let Settings { registry_url, registry_access, .. } = settings;
    let asked = registry_access.authorise(registry_access.client().get(registry_url));
    let before = Timestamp::now();
    let answer = asked.timeout(LIMIT).send().await.map_err(|_| "does not answer".to_owned())?;
    let date = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    let date = date.ok_or("does not tell its time")?;
    let date = rfc2822::parse(date).map_err(|error| error.to_string())?;
    let second = date.timestamp().as_second();
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are small enough")]
    // In the middle of the second that it names.
    Ok(between(before, Timestamp::now(), second as f64 + 0.5))
}

/// How far a clock that was read between two moments is ahead, in seconds.
fn between(before: Timestamp, after: Timestamp, read: f64) -> f64 {
    let seconds = |at: Timestamp| at.as_duration().as_secs_f64();
    read - f64::midpoint(seconds(before), seconds(after))
}
