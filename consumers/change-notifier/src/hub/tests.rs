use std::time::Duration;

use schemas::notification::ChangeKind;
use tokio::time::timeout;

use super::*;
use crate::change::tests::{at, body};

const BOUND: Bound = Bound { count: 3, bytes: 100_000 };
const RING: Bound = Bound { count: 6, bytes: 100_000 };

fn hub() -> Arc<Hub> {
    Hub::new(LogId::new("c", "t"), &[0, 0], RING, BOUND)
}

fn push(hub: &Hub, partition: i32, offset: i64, read_model: &str) {
    let mut body = body(ChangeKind::UpdateRow, "o1", None);
    body.read_model = read_model.into();
    hub.push(at(partition, offset), Some(Notification::new(body, None)));
}

fn orders() -> Filter {
    Filter::parse("orders/overview").unwrap()
}

/// Offsets of what a client gets, or what else it gets.
fn taken(client: &Client) -> Result<Vec<(i32, i64)>, &'static str> {
    match client.take(usize::MAX) {
        Taken::Nothing(_) => Ok(vec![]),
        Taken::Changes(changes) => {
            Ok(changes.iter().map(|c| (c.at.partition.number, c.at.offset)).collect())
        }
        Taken::Reload(_) => Err("reload"),
    }
}

async fn is_woken(client: &Client) -> bool {
    timeout(Duration::from_millis(1), client.woken()).await.is_ok()
}

#[tokio::test]
async fn clients_get_what_they_want_and_are_woken_for_nothing_else() {
    let hub = hub();
    let (all, _) = hub.subscribe("sse", Filter::All);
    let (some, _) = hub.subscribe("sse", orders());
    push(&hub, 0, 0, "other");
    assert!(!is_woken(&all).await, "not before the hub says so");
    hub.wake();
    assert!(is_woken(&all).await && !is_woken(&some).await);
    push(&hub, 1, 0, "overview");
    hub.wake();
    assert!(is_woken(&some).await);
    assert_eq!(taken(&all), Ok(vec![(0, 0), (1, 0)]));
    assert_eq!(taken(&some), Ok(vec![(1, 0)]));
    assert_eq!(taken(&some), Ok(vec![]));
}

#[test]
fn a_slow_client_is_told_to_reload_once_and_slows_nobody() {
    let hub = hub();
    let (slow, _) = hub.subscribe("sse", Filter::All);
    let (fast, _) = hub.subscribe("sse", Filter::All);
    for offset in 0..20 {
        push(&hub, 0, offset, "overview");
        assert_eq!(taken(&fast), Ok(vec![(0, offset)]));
    }
    assert_eq!(taken(&slow), Err("reload"));
    assert_eq!(taken(&slow), Ok(vec![]));
    push(&hub, 0, 20, "overview");
    assert_eq!(taken(&slow), Ok(vec![(0, 20)]), "it goes on");
}

#[test]
fn what_waits_is_bounded_by_bytes_too() {
    let hub = Hub::new(LogId::new("c", "t"), &[0], RING, Bound { count: 100, bytes: 500 });
    let (slow, _) = hub.subscribe("sse", Filter::All);
    for offset in 0..4 {
        push(&hub, 0, offset, "overview");
    }
    assert_eq!(taken(&slow), Err("reload"));
}

#[test]
fn a_piece_is_bounded_and_the_rest_follows() {
    let hub = hub();
    let (client, _) = hub.subscribe("sse", Filter::All);
    for offset in 0..3 {
        push(&hub, 0, offset, "overview");
    }
    let mut pieces = Vec::new();
    while let Taken::Changes(changes) = client.take(1) {
        pieces.push(changes.len());
    }
    assert_eq!(pieces, [1, 1, 1]);
}

#[tokio::test]
async fn what_cannot_be_read_reloads_everybody() {
    let hub = hub();
    let (client, _) = hub.subscribe("sse", orders());
    let before = hub.cursor();
    hub.push(at(1, 0), None);
    hub.wake();
    assert!(is_woken(&client).await);
    assert_eq!(taken(&client), Err("reload"));
    let (_, resumption) = hub.resume("sse", orders(), &before).unwrap();
    assert_eq!(resumption.missing, [(1, 0..1)], "others have to know of it, too");
}

#[test]
fn a_gap_in_the_log_reloads_everybody() {
    let hub = hub();
    let (client, _) = hub.subscribe("sse", Filter::All);
    push(&hub, 0, 0, "overview");
    push(&hub, 0, 7, "overview");
    assert_eq!(taken(&client), Err("reload"));
}

#[test]
fn a_client_goes_on_where_it_stood() {
    let hub = hub();
    push(&hub, 0, 0, "overview");
    let stood = hub.cursor();
    push(&hub, 1, 0, "other");
    push(&hub, 1, 1, "overview");
    let (client, resumption) = hub.resume("sse", orders(), &stood).unwrap();
    assert_eq!(*resumption.from, *stood.next);
    assert_eq!((resumption.missing, resumption.ahead), (vec![], vec![]));
    assert_eq!(taken(&client), Ok(vec![(1, 1)]));
    let (client, _) = hub.resume("sse", orders(), &hub.cursor()).unwrap();
    assert_eq!(taken(&client), Ok(vec![]));
}

#[test]
fn a_client_learns_what_the_ring_lacks() {
    let hub = hub();
    let stood = hub.cursor();
    for offset in 0..10 {
        push(&hub, 0, offset, "overview");
    }
    let (client, resumption) = hub.resume("sse", orders(), &stood).unwrap();
    assert_eq!(resumption.missing, [(0, 0..4)]);
    assert_eq!(*resumption.from, [4, 0]);
    assert_eq!(taken(&client), Ok((4..10).map(|offset| (0, offset)).collect()));
}

#[test]
fn another_replica_may_be_ahead_and_another_log_is_none_of_ours() {
    let hub = hub();
    let ahead = Cursor { next: [0, 5].into(), ..hub.cursor() };
    let (_, resumption) = hub.resume("sse", orders(), &ahead).unwrap();
    assert_eq!(resumption.ahead, [(1, 5)]);
    let foreign = Cursor { log: LogId::new("other", "t"), ..hub.cursor() };
    assert!(hub.resume("sse", orders(), &foreign).is_none());
    let grown = Cursor { next: [0, 0, 0].into(), ..hub.cursor() };
    assert!(hub.resume("sse", orders(), &grown).is_none());
}

#[test]
fn who_leaves_is_forgotten() {
    let hub = hub();
    let (all, _) = hub.subscribe("sse", Filter::All);
    let (some, _) = hub.subscribe("socket", Filter::Models(vec![]));
    some.add(&[Model::new("orders", "overview")]);
    push(&hub, 0, 0, "overview");
    assert_eq!(taken(&some), Ok(vec![(0, 0)]));
    drop((all, some));
    let state = hub.lock();
    assert!(state.slots.is_empty() && state.of_model.is_empty() && state.of_all.is_empty());
}
