//! Names of what is counted.

use metrics::{counter, gauge};

use crate::{socket, sse};

/// Clients, by `kind` (sse, socket).
pub const CLIENTS: &str = "oneway_change_notifier_clients";
/// Notifications read from the log.
pub const READ: &str = "oneway_change_notifier_notifications_read_total";
/// Records of the log that are no notification; every client is told to reload.
pub const UNREADABLE: &str = "oneway_change_notifier_notifications_unreadable_total";
/// Changes sent, by `kind` of client.
pub const SENT: &str = "oneway_change_notifier_changes_sent_total";
/// Changes that waited for a client for which too many did, by `kind` of client.
pub const DROPPED: &str = "oneway_change_notifier_changes_dropped_total";
/// Clients told to reload, by `kind`.
pub const RELOADS: &str = "oneway_change_notifier_reloads_total";
/// Notifications that are in the log and were not read yet, by `partition`.
pub const BEHIND: &str = "oneway_change_notifier_behind_notifications";

/// Counts nothing yet: what is counted seldom is there from the start, so that rules see its first
/// event.
pub fn start() {
    for name in [READ, UNREADABLE] {
        counter!(name).increment(0);
    }
    for kind in [sse::KIND, socket::KIND] {
        gauge!(CLIENTS, "kind" => kind).set(0.0);
        for name in [SENT, DROPPED, RELOADS] {
            counter!(name, "kind" => kind).increment(0);
        }
    }
}
