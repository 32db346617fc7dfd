use serde_json::json;

use super::*;
use crate::{change::tests::change, cursor::LogId};

const WINDOW: Duration = Duration::from_secs(1);
const ROW: &str = "{\"id\":\"o1\",\"status\":\"new\"}";

fn query(resolver: &str) -> Query {
    Query {
        endpoint_name: "orders".into(),
        read_model_name: "overview".into(),
        resolver_name: resolver.into(),
    }
}

/// Registered at the start of the log, and when.
fn registered(resolvers: &[&str]) -> (Registrations, Instant) {
    let mut registrations = Registrations::new(WINDOW);
    let (now, start) = (Instant::now(), Cursor { log: LogId::new("c", "t"), next: [0, 0].into() });
    registrations.add(resolvers.iter().map(|r| query(r)).collect(), &start, now);
    (registrations, now)
}

fn kinds(told: &[Told]) -> Vec<&'static str> {
    told.iter().map(|told| told.change_kind).collect()
}

fn told(registrations: &mut Registrations, kind: ChangeKind, now: Instant) -> Vec<&'static str> {
    let details = matches!(kind, ChangeKind::AddRow | ChangeKind::UpdateRow).then_some(ROW);
    kinds(&registrations.tell(&change(kind, "o1", details), now))
}

#[test]
fn rows_are_told_field_by_field() {
    let (mut registrations, start) = registered(&["all"]);
    let later = start + WINDOW;
    assert_eq!(registrations.end_windows(later), []);
    let told = registrations.tell(&change(ChangeKind::AddRow, "o1", Some(ROW)), later);
    let wanted = json!([{
        "endpointName": "orders", "readModelName": "overview", "resolverName": "all",
        "changeKind": "addRow", "details": {"id": "o1", "status": "new"},
        "correlationId": "SVLT-1",
    }]);
    assert_eq!(serde_json::to_value(told).unwrap(), wanted);
    let told = registrations.tell(&change(ChangeKind::DeleteRow, "o1", None), later);
    let told = serde_json::to_value(told).unwrap();
    assert_eq!((&told[0]["changeKind"], &told[0]["details"]), (&json!("deleteRow"), &json!("o1")));
    let told = registrations.tell(&change(ChangeKind::All, "", None), later);
    let told = serde_json::to_value(told).unwrap();
    assert_eq!((&told[0]["changeKind"], told[0].get("details")), (&json!("all"), None));
}

#[test]
fn who_cannot_use_a_row_queries_again() {
    let (mut registrations, start) = registered(&["all", "customerById"]);
    let later = start + WINDOW;
    registrations.end_windows(later);
    assert_eq!(told(&mut registrations, ChangeKind::UpdateRow, later), ["updateRow", "all"]);
    let without = change(ChangeKind::UpdateRow, "o1", None);
    assert_eq!(kinds(&registrations.tell(&without, later)), ["all", "all"]);
}

#[test]
fn what_was_before_the_registration_is_not_told() {
    let mut registrations = Registrations::new(WINDOW);
    let now = Instant::now();
    let since = |next: [i64; 2]| Cursor { log: LogId::new("c", "t"), next: next.into() };
    // The change is at offset 4 of partition 0.
    registrations.add(vec![query("all")], &since([5, 0]), now);
    assert!(told(&mut registrations, ChangeKind::UpdateRow, now).is_empty());
    registrations.add(vec![query("byId")], &since([4, 9]), now);
    assert_eq!(told(&mut registrations, ChangeKind::UpdateRow, now), ["all"]);
    // To register again does not bring back what was told already.
    registrations.add(vec![query("all")], &since([0, 0]), now);
    assert_eq!(registrations.all.len(), 2);
}

#[test]
fn a_row_that_the_query_may_have_returned_is_not_added_twice() {
    let (mut registrations, start) = registered(&["all"]);
    assert_eq!(told(&mut registrations, ChangeKind::AddRow, start), ["updateRow"]);
    assert_eq!(registrations.due(), Some(start + WINDOW));
    assert_eq!(registrations.end_windows(start + WINDOW / 2), []);
    // It may not have returned it, too; the client queries again, which may be under way again.
    let end = start + WINDOW;
    assert_eq!(kinds(&registrations.end_windows(end)), ["all"]);
    assert_eq!(told(&mut registrations, ChangeKind::UpdateRow, end), ["updateRow"]);
    assert_eq!(registrations.end_windows(end + WINDOW), []);
    assert_eq!(registrations.due(), None);
    assert_eq!(told(&mut registrations, ChangeKind::AddRow, end + WINDOW), ["addRow"]);
}

#[test]
fn what_a_client_drops_before_its_first_answer_is_made_up_for() {
    for kind in [ChangeKind::UpdateRow, ChangeKind::DeleteRow, ChangeKind::All] {
        let (mut registrations, start) = registered(&["all"]);
        told(&mut registrations, kind, start);
        assert_eq!(kinds(&registrations.end_windows(start + WINDOW)), ["all"], "{kind:?}");
    }
    let (mut registrations, start) = registered(&["all"]);
    registrations.reload(start);
    assert_eq!(kinds(&registrations.end_windows(start + WINDOW)), ["all"]);
}

#[test]
fn an_all_opens_a_window() {
    let (mut registrations, start) = registered(&["all"]);
    let later = start + WINDOW;
    registrations.end_windows(later);
    assert_eq!(told(&mut registrations, ChangeKind::All, later), ["all"]);
    assert_eq!(told(&mut registrations, ChangeKind::AddRow, later), ["updateRow"]);
    // Another one has it query after that row was there.
    assert_eq!(kinds(&registrations.reload(later)), ["all"]);
    assert_eq!(registrations.end_windows(later + WINDOW), []);
}

#[test]
fn registrations_are_bounded_and_of_sound_names() {
    let (registrations, _) = registered(&["all"]);
    assert!(registrations.admits(&[query("byId")]));
    assert!(!registrations.admits(&[query("")]) && !registrations.admits(&[query("a b")]));
    assert!(!registrations.admits(&vec![query("byId"); MOST]));
}
