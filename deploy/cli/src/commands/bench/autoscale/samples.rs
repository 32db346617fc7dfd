//! What is seen each second.

use std::collections::BTreeMap;

use consumer_runtime::{run::schema_of, tokio_postgres::Client};
use event_log::Settings;
use serde::Serialize;

use super::SCALED;
use crate::{
    failure::Result,
    generations::{self, postgres},
    stack::document::Stack,
};

/// One look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Since the load began.
    pub seconds: f64,
    /// Orders that were accepted so far: each is one event.
    pub created: u64,
    /// Rows of the read model.
    pub rows: u64,
    /// Offsets behind, those of markers among them.
    pub lag: u64,
    /// Instances of the consumer that scales.
    pub instances: usize,
    /// The processes of all others.
    #[serde(skip)]
    pub others: BTreeMap<String, Option<u32>>,
}

/// Looks.
pub struct Sampler {
    settings: Settings,
    client: Client,
    schema: String,
}

impl Sampler {
    /// Connects.
    pub async fn new(settings: Settings, stack: &Stack) -> Result<Self> {
        let client = generations::connect(&stack.database_url).await?;
        Ok(Self { settings, client, schema: schema_of(SCALED) })
    }

    /// Looks once.
    pub async fn look(&self, seconds: f64, created: u64, stack: &Stack) -> Result<Sample> {
        let rows = self.rows().await?;
        let applied = generations::offsets(&self.client, &self.schema).await?;
        let ends = generations::ends(&self.settings, &applied).await?;
        let lag = generations::behind(&applied, &ends).unsigned_abs();
        let (own, others): (Vec<_>, Vec<_>) =
            stack.services.iter().partition(|(name, _)| is_instance(name));
        let others = others.into_iter().map(|(name, service)| (name.clone(), service.process.pid));
        let (instances, others) = (own.len(), others.collect());
        Ok(Sample { seconds, created, rows, lag, instances, others })
    }

    /// Rows of the read model.
    pub async fn rows(&self) -> Result<u64> {
        let sql = format!("select count(*) from \"{}\".customer_order", self.schema);
        let row = self.client.query_one(&sql, &[]).await.map_err(postgres)?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }
}

/// Whether it is an instance of the consumer that scales.
fn is_instance(name: &str) -> bool {
    let rest = name.strip_prefix(SCALED);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// All of them, for other programs.
pub fn csv(samples: &[Sample]) -> String {
    let lines = samples.windows(2).filter_map(|pair| {
        let [before, now] = pair else { return None };
        let [created, applied] = rates(before, now);
        let Sample { seconds, lag, instances, .. } = now;
        Some(format!("{seconds:.1},{created:.0},{applied:.0},{lag},{instances}\n"))
    });
    let head = "seconds,appended_per_second,applied_per_second,lag,instances\n".to_owned();
    std::iter::once(head).chain(lines).collect()
}

/// Events per second between two looks: appended, and applied.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 events")]
pub fn rates(before: &Sample, now: &Sample) -> [f64; 2] {
    let seconds = (now.seconds - before.seconds).max(f64::MIN_POSITIVE);
    let rate = |before: u64, now: u64| now.saturating_sub(before) as f64 / seconds;
    [rate(before.created, now.created), rate(before.rows, now.rows)]
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A look at a time, at so many events appended and applied.
    pub fn sample(seconds: f64, created: u64, rows: u64, instances: usize) -> Sample {
        let (lag, others) = (created - rows, [("customers".to_owned(), Some(7))].into());
        Sample { seconds, created, rows, lag, instances, others }
    }

    #[test]
    fn rates_are_those_between_two_looks() {
        let samples = [sample(0.0, 0, 0, 1), sample(2.0, 200, 100, 1), sample(3.0, 400, 400, 2)];
        assert_eq!(
            csv(&samples),
            "seconds,appended_per_second,applied_per_second,lag,instances\n\
             2.0,100,50,100,1\n3.0,200,300,0,2\n"
        );
    }

    #[test]
    fn instances_are_told_from_others() {
        assert!(is_instance("orders") && is_instance("orders-2"));
        assert!(!is_instance("order-confirmation") && !is_instance("customers"));
    }
}
