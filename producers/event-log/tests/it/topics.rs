//! The plan of the topics against a real broker.

use event_log::topics::{Action, Declaration, create_missing, partition_count, plan};
use schemas::Topic;

use crate::installation::settings;

const DECLARED: &str = "
partitions: 3
replication: 3
topics:
  order.events: { holds: events, event_store: true }
";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_created_and_drift_is_seen() {
    let settings = settings();
    let declared = Declaration::parse(DECLARED).unwrap();
    let first = plan(&settings, &declared).await.unwrap();
    let name = settings.qualify("order.events");
    // One broker: three copies cannot be had.
    assert!(matches!(first[&name], Action::Create { partitions: 3, replication: 1, .. }));
    create_missing(&settings, &first).await.unwrap();
    create_missing(&settings, &first).await.expect("somebody else may have created it");
    assert_eq!(partition_count(&settings, Topic::ORDER_EVENTS).unwrap(), 3);
    assert_eq!(plan(&settings, &declared).await.unwrap()[&name], Action::Keep);

    let more = Declaration::parse(&DECLARED.replace("partitions: 3", "partitions: 6")).unwrap();
    let drifted = plan(&settings, &more).await.unwrap();
    let Action::Drift { differences } = &drifted[&name] else { panic!("{drifted:?}") };
    assert!(differences[0].dangerous, "{differences:?}");
}
