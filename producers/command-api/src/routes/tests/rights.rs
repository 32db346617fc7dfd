//! What who asks may do.

use schemas::{Decoder, Message, Messages, command::CommandRefused};

use super::*;

#[tokio::test]
async fn the_actor_is_in_the_record() {
    let world = World::new().with_role("approver");
    assert_eq!(world.ask("POST /v1/orders/o-1/confirmation", &[], "").await.status, 200);
    let appended = world.appended();
    assert_eq!(header(appended.first().unwrap(), "ce_actor").as_deref(), Some("Åse"));
}

#[tokio::test]
async fn without_the_right_a_command_is_refused_and_recorded() {
    let world = World::new().with_role("viewer");
    let headers = [("idempotency-key", "k"), ("x-correlation-id", "SVLT-1")];
    let answer = world.ask("POST /v1/orders/o-1/confirmation", &headers, "").await;
    assert_eq!(answer.problem(), (403, "forbidden".into(), vec![]));
    assert_eq!(answer.json()["right"], "order.CONFIRM");

    let appended = world.appended();
    let [record] = appended.as_slice() else { panic!("{appended:?}") };
    assert_eq!(record.topic, CommandRefused::TOPIC, "and on no other topic");
    assert_eq!(header(record, "ce_correlationid").as_deref(), Some("SVLT-1"));
    let mut decoder = Decoder::default();
    decoder.add(9, CommandRefused::FILE.text).unwrap();
    let payload = record.payload.as_deref().unwrap();
    let refused = decoder.decode::<CommandRefused>("command_refused", payload).unwrap().unwrap();
    let id = CommandId::from_key("k").to_string();
    assert_eq!((refused.command_id, refused.aggregate_id), (id, "o-1".to_owned()));
    assert_eq!((refused.command_type.as_str(), refused.actor.as_str()), ("confirm_order", "Åse"));
    assert_eq!((refused.right.as_str(), refused.reason.as_str()), ("order.CONFIRM", "forbidden"));
}

#[tokio::test]
async fn each_command_asks_for_its_own_right() {
    let customer = r#"{"name":"Anna"}"#;
    let source = r#"{"source":"form"}"#;
    let calls = [
        ("POST /v1/customers", customer, "customer.CREATE"),
        ("PUT /v1/customers/c", customer, "customer.UPDATE"),
        ("PUT /v1/customers/c/email-permission", source, "customer.GRANT_EMAIL_PERMISSION"),
        ("DELETE /v1/customers/c/email-permission", source, "customer.WITHDRAW_EMAIL_PERMISSION"),
        ("POST /v1/orders", ORDER, "order.CREATE"),
        ("POST /v1/orders/o/confirmation", "", "order.CONFIRM"),
        (
            "POST /api/command",
            r#"{"aggregateName":"order","aggregateId":"o","command":"REQUIRE_CONFIRMATION"}"#,
            "order.REQUIRE_CONFIRMATION",
        ),
    ];
    let world = World::new().with_role("nobody");
    for (call, body, right) in calls {
        let answer = world.ask(call, &[], body).await;
        assert_eq!((answer.status, &answer.json()["right"]), (403, &right.into()), "{call}");
    }
    let answer = world.ask("GET /v1/commands/k", &[], "").await;
    assert_eq!((answer.status, &answer.json()["right"]), (403, &"command-api/commands".into()));
    assert!(world.appended().iter().all(|record| record.topic == CommandRefused::TOPIC));
}
