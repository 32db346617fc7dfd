//! Many clients at once, which know what they must be answered.
//!
//! *Buyers* place an order, confirm it, and try to confirm it again; each command may be sent
//! several times at once. *Contests* are about one customer: several clients change it at once, all
//! expecting the same version, of which exactly one can win.
//!
//! *Shoppers*, where read models are looked at, are in `shop`.
//!
//! Every command is sent until it is answered, and answers are remembered for as many commands per
//! aggregate as are under way here at most.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use rand::{Rng, RngExt};
use reqwest::Method;
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};
use uuid::{Builder, Uuid};

use super::{
    client::{Answer, Api, Command},
    ledger::Ledger,
    plan, shop,
};

/// Clients that change one customer at once.
const CONTENDERS: u64 = 6;

/// Longest time to think between two commands.
const THINKING_MS: u64 = 40;

/// How many clients of which kind.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Who buy.
    pub buyers: u64,
    /// Customers that are contested.
    pub contests: u64,
    /// Who shop.
    pub shoppers: u64,
}

/// What every client works with.
#[derive(Debug)]
pub struct Shared {
    /// Where commands go.
    pub api: Api,
    /// Where answers are noted.
    pub ledger: Ledger,
    /// The time of the last answer: how long nobody was served.
    pub served: watch::Sender<Instant>,
    /// How long a command is sent again.
    pub patience: Duration,
}

/// Sets the clients to work until told to stop; each finishes what it has begun.
pub fn start(
    shared: &Arc<Shared>,
    crowd: Crowd,
    seed: u64,
    stop: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for number in 0..crowd.buyers + crowd.contests + crowd.shoppers {
        let (shared, stop) = (Arc::clone(shared), stop.clone());
        let mut random = plan::of_client(seed, number);
        clients.spawn(async move {
            if number < crowd.buyers {
                while !*stop.borrow() {
                    buy(&shared, &mut random).await;
                    think(&mut random).await;
                }
            } else if number < crowd.buyers + crowd.contests {
                contest(&shared, &mut random, &stop).await;
            } else {
                while !*stop.borrow() {
                    shop::shop(&shared, &mut random).await;
                    think(&mut random).await;
                }
            }
        });
    }
    clients
}

async fn think(random: &mut impl Rng) {
    let pause = random.random_range(0..THINKING_MS);
    sleep(Duration::from_millis(pause)).await;
}

/// An id of anything.
pub(super) fn id(random: &mut impl Rng) -> Uuid {
    Builder::from_random_bytes(random.random()).into_uuid()
}

impl Shared {
    /// Sends a command, several times at once if told so; the answer.
    pub(super) async fn send(&self, command: Command, copies: usize) -> Option<Answer> {
        let deadline = Instant::now() + self.patience;
        let all = (0..=copies).map(|_| self.api.insist(&command, deadline));
        let mut last = None;
        for answer in join_all(all).await {
            let Some(answer) = answer else {
                let seconds = self.patience.as_secs();
                self.ledger.violation(format!("{} had no answer in {seconds} s", command.id));
                return None;
            };
            self.served.send_replace(Instant::now());
            self.ledger.answered(&command, &answer);
            last = Some(answer);
        }
        last
    }

    /// Notes an answer that is not as it must be.
    pub(super) fn expect(&self, answer: &Answer, what: &str, is_right: bool) {
        if !is_right {
            self.ledger.violation(format!("{what} was answered {answer:?}"));
        }
    }
}

async fn buy(shared: &Shared, random: &mut impl Rng) {
    let order = id(random);
    let create = Command {
        id: id(random),
        method: Method::POST,
        path: "/v1/orders".to_owned(),
        body: json!({ "id": order, "customerId": "chaos", "text": "a thing", "value": "13.99" }),
        expected_version: None,
    };
    let confirm = |id| Command {
        id,
        method: Method::POST,
        path: format!("/v1/orders/{order}/confirmation"),
        body: json!({}),
        expected_version: None,
    };
    let (first, second) = (confirm(id(random)), confirm(id(random)));
    // Half of all commands come once, some up to four times at once.
    let mut copies = || random.random_range(0..6_usize).saturating_sub(2);
    let Some(created) = shared.send(create, copies()).await else { return };
    let is_first = created.is_accepted() && created.version == Some(1);
    shared.expect(&created, &format!("the creation of order {order}"), is_first);
    let Some(confirmed) = shared.send(first, copies()).await else { return };
    let is_second = confirmed.is_accepted() && confirmed.version == Some(2);
    shared.expect(&confirmed, &format!("the confirmation of order {order}"), is_second);
    let Some(again) = shared.send(second, copies()).await else { return };
    let what = format!("a second confirmation of order {order}");
    shared.expect(&again, &what, again.status == 409);
}

async fn contest(shared: &Shared, random: &mut impl Rng, stop: &watch::Receiver<bool>) {
    let customer = id(random);
    let create = Command {
        id: id(random),
        method: Method::POST,
        path: "/v1/customers".to_owned(),
        body: json!({ "id": customer, "name": "contested" }),
        expected_version: None,
    };
    if shared.send(create, 0).await.is_none() {
        return;
    }
    let mut version = 1;
    while !*stop.borrow() {
        let contenders: Vec<_> = (0..CONTENDERS)
            .map(|number| {
                let id = id(random);
                let command = Command {
                    id,
                    method: Method::PUT,
                    path: format!("/v1/customers/{customer}"),
                    // Always another name: what changes nothing makes no event.
                    body: json!({ "name": format!("changed by {id}") }),
                    expected_version: Some(version),
                };
                shared.send(command, usize::from(number < 2))
            })
            .collect();
        let answers: Vec<_> = join_all(contenders).await.into_iter().flatten().collect();
        let winners: Vec<_> = answers.iter().filter(|answer| answer.is_accepted()).collect();
        let losers = answers.iter().filter(|answer| answer.status == 412).count();
        let next = i64::try_from(version + 1).ok();
        let is_right = matches!(winners.as_slice(), [winner] if winner.version == next)
            && winners.len() + losers == answers.len();
        if !is_right {
            let found = format!("{answers:?}");
            shared.ledger.violation(format!("version {version} of {customer}: {found}"));
            return;
        }
        version += 1;
        think(random).await;
    }
}
