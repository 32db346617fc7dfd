//! A page that listens for changes, and goes on elsewhere where its stream has ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Instant,
};

use testkit::eventually;
use tokio::task::JoinHandle;

use super::{balancer::Balancer, load::Order};
use crate::changes::stream::{Event, Stream};

/// What it listens for.
const MODELS: &str = "?models=orders/overview";

pub struct Listener {
    heard: Arc<Mutex<Heard>>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Heard {
    rows: BTreeSet<String>,
    /// When it was last told that anything may have changed.
    anew: Option<Instant>,
    streams: usize,
}

impl Listener {
    pub fn start(notifier: Balancer) -> Self {
        let heard = Arc::<Mutex<Heard>>::default();
        let listening = tokio::spawn(listen(notifier, Arc::clone(&heard)));
        Self { heard, listening }
    }

    /// Waits until it has heard of each order, or has since been told to load all anew: as when
    /// another instance takes over, or more changed at once than is told row by row.
    pub async fn heard(self, orders: &BTreeMap<String, Order>) {
        let missing = async || {
            let heard = self.heard.lock().unwrap();
            let knows = |(id, order): (&String, &Order)| {
                heard.rows.contains(id) || heard.anew.is_some_and(|anew| anew > order.due)
            };
            orders.iter().filter(|order| !knows(*order)).count()
        };
        eventually("the listener to hear of all orders", missing, |missing| *missing == 0).await;
        let heard = self.heard.lock().unwrap();
        assert!(heard.streams >= 2, "its stream has never ended: {}", heard.streams);
        self.listening.abort();
    }
}

async fn listen(notifier: Balancer, heard: Arc<Mutex<Heard>>) {
    let mut last = None::<String>;
    loop {
        // One that takes no connections any more is passed by.
        let Some(url) = notifier.urls().into_iter().next_back() else { continue };
        let Some(mut stream) = Stream::try_open(&url, MODELS, last.as_deref()).await else {
            continue;
        };
        heard.lock().unwrap().streams += 1;
        while let Some(Event { name, id, data }) = stream.read().await {
            last = Some(id);
            let mut heard = heard.lock().unwrap();
            match name.as_str() {
                "change" if data["changeKind"] != "all" => {
                    heard.rows.extend(data["rowId"].as_str().map(str::to_owned));
                }
                "change" | "reload" => heard.anew = Some(Instant::now()),
                _ => {}
            }
        }
    }
}
