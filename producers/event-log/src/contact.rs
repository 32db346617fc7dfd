//! Whether a client is in contact with the cluster, as its own statistics tell.
//!
//! A client can lose every broker *for good*: when the only answer to its question for metadata
//! names topics but no broker — a cluster says that while its brokers are fenced, after a pause or
//! in the middle of a restart — librdkafka 2.10 and newer forgets them all, the bootstrap ones too,
//! and has nobody left to ask (confluentinc/librdkafka#5301). Calls then fail or hang without end.
//! Such a client cannot be mended: it cuts the lifeline of its process.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use serde::Deserialize;
use service::Lifeline;

/// How often a client tells its statistics, in milliseconds.
pub const STATISTICS_INTERVAL_MS: &str = "2000";

/// Statistics without a broker, in a row, until the client is given up.
const PATIENCE: u32 = 2;

/// What is known of one client's contact.
#[derive(Debug, Default)]
pub struct Contact {
    lifeline: Lifeline,
    without_broker: AtomicU32,
    lost: AtomicBool,
}

/// The part of librdkafka's statistics that is looked at (its STATISTICS.md).
#[derive(Deserialize)]
struct Statistics {
    brokers: HashMap<String, Broker>,
}

#[derive(Deserialize)]
struct Broker {
    source: String,
    state: String,
}

impl Contact {
    /// Of a client whose process hangs on `lifeline`.
    #[must_use]
    pub fn new(lifeline: Lifeline) -> Self {
        Self { lifeline, ..Self::default() }
    }

    /// True unless the client said that no broker is connected.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.lost.load(Ordering::Acquire)
    }

    /// Takes in what a client tells of itself.
    pub fn tell(&self, statistics: &[u8]) {
        // Of another form than today's they say nothing about contact.
        let Ok(Statistics { brokers }) = serde_json::from_slice(statistics) else { return };
        let connected = brokers.values().any(|broker| broker.state == "UP");
        self.lost.store(!connected, Ordering::Release);
        // Coordinators are listed beside the brokers that they are.
        if brokers.values().any(|broker| broker.source != "logical") {
            self.without_broker.store(0, Ordering::Release);
        } else if self.without_broker.fetch_add(1, Ordering::AcqRel) + 1 >= PATIENCE {
            self.lifeline
                .cut("a Kafka client has forgotten every broker: only a new one finds any");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;

    use super::*;

    fn statistics(brokers: &[(&str, &str)]) -> Vec<u8> {
        let brokers: HashMap<_, _> = brokers
            .iter()
            .enumerate()
            .map(|(n, (source, state))| {
                (n.to_string(), serde_json::json!({ "source": source, "state": state }))
            })
            .collect();
        serde_json::to_vec(&serde_json::json!({ "name": "c", "brokers": brokers })).unwrap()
    }

    fn is_cut(lifeline: &Lifeline) -> bool {
        let mut wait = Box::pin(lifeline.is_cut());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        wait.as_mut().poll(&mut context).is_ready()
    }

    #[test]
    fn an_outage_is_no_loss() {
        let lifeline = Lifeline::default();
        let contact = Contact::new(lifeline.clone());
        for _ in 0..9 {
            contact.tell(&statistics(&[("learned", "DOWN"), ("configured", "TRY_CONNECT")]));
            assert!(!contact.is_there());
        }
        contact.tell(&statistics(&[("learned", "UP"), ("logical", "UP")]));
        assert!(contact.is_there() && !is_cut(&lifeline));
    }

    #[test]
    fn a_client_that_knows_no_broker_is_given_up() {
        let lifeline = Lifeline::default();
        let contact = Contact::new(lifeline.clone());
        contact.tell(&statistics(&[("logical", "DOWN")]));
        assert!(!is_cut(&lifeline), "it may be between two states");
        contact.tell(b"nonsense");
        contact.tell(&statistics(&[]));
        assert!(is_cut(&lifeline));
    }
}
