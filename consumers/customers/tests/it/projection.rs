//! What events make of the rows.

use consumer_runtime::{change_feed::Changed, testing::noon};
use schemas::{
    customer::{
        CustomerEmailPermissionGranted, CustomerEmailPermissionWithdrawn, CustomerEvent,
        CustomerUpdated,
    },
    notification::ChangeKind,
};

use crate::stage::{created, happened, stage};

#[tokio::test]
async fn a_customer_is_folded_from_its_events() {
    let mut stage = stage().await;
    let updated = CustomerUpdated {
        name: "Anna B.".into(),
        location: None,
        email: Some("anna@example.org".into()),
    };
    let granted = CustomerEmailPermissionGranted { source: "web".into() };
    let first = vec![
        happened("c1", 1, created("Anna")),
        happened("c2", 1, created("Berta")),
        happened("c1", 2, updated),
        happened("c1", 3, granted),
    ];
    let applied = stage.apply(noon(), first).await.unwrap();
    assert_eq!(applied.counts.applied, 4);
    let told: Vec<_> = applied.changes.iter().map(told).collect();
    assert_eq!(told, [("c1", ChangeKind::AddRow, 3), ("c2", ChangeKind::AddRow, 1)]);

    let withdrawn = CustomerEmailPermissionWithdrawn { source: "mail".into() };
    let second = vec![happened("c1", 4, CustomerEvent::from(withdrawn))];
    let applied = stage.apply(noon(), second).await.unwrap();
    assert_eq!(told_all(&applied.changes), [("c1", ChangeKind::UpdateRow, 4)]);

    let client = stage.client().await.unwrap();
    let sql = "select name, location, email, email_permission, version from customer \
               where customer_id = 'c1'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "Anna B.");
    assert_eq!(row.get::<_, Option<&str>>(1), None);
    assert_eq!(row.get::<_, Option<&str>>(2), Some("anna@example.org"));
    assert!(!row.get::<_, bool>(3));
    assert_eq!(row.get::<_, i64>(4), 4);
}

fn told(change: &Changed) -> (&str, ChangeKind, i64) {
    (&change.key, change.kind, change.at.unwrap().offset)
}

fn told_all(changes: &[Changed]) -> Vec<(&str, ChangeKind, i64)> {
    changes.iter().map(told).collect()
}
