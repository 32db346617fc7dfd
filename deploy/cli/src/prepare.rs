//! What an installation needs before its first service starts: topics and schemas.

use crate::{
    commands::{cluster, schemas, topics},
    failure::Result,
    report::Report,
    stack::Endpoints,
};

/// Applies topics and registers schemas; a second run changes nothing.
///
/// Called by `oneway up` once Kafka and the registry answer, before any service starts.
pub async fn prepare(endpoints: &Endpoints, namespace: &str, report: &Report) -> Result<()> {
    let settings = cluster::of_endpoints(endpoints, namespace)?;
    let step = report.step("applying topics");
    let created = topics::apply(&settings).await?;
    step.done(&format!("topics as declared, {created} created"));
    let step = report.step("registering schemas");
    let registered = schemas::register(&settings).await?.len();
    step.done(&format!("{registered} schemas registered"));
    Ok(())
}
