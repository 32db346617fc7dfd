//! Commands at a steady rate, whatever becomes of them: orders are placed, and confirmed by a person.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use reqwest::Response;
use serde_json::{Value, json};
use testkit::eventually;
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, sleep},
};
use uuid::Uuid;

use super::{
    balancer::Balancer,
    readers::{Inbox, Readers, Written},
};

/// How long a command is sent again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client waits when nobody says for how long.
const BETWEEN: Duration = Duration::from_millis(50);

/// Of so many orders one is looked at by readers, and has a customer of its own, while there are any.
const LOOKED_AT: usize = 20;
const CUSTOMERS: usize = 500;

pub struct Load {
    shared: Arc<Shared>,
    sending: JoinHandle<()>,
}

struct Shared {
    api: Balancer,
    inbox: Inbox,
    is_over: AtomicBool,
    /// Orders that can be confirmed.
    placed: Mutex<VecDeque<usize>>,
    done: Mutex<Done>,
}

/// What became of the commands.
#[derive(Default)]
pub struct Done {
    pub commands: Vec<Command>,
    pub failures: Vec<String>,
    orders: BTreeMap<usize, Order>,
}

/// An order that was made.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub is_confirmed: bool,
    /// When its last command was due: what became of it may be heard before its answer.
    pub due: Instant,
}

/// One that was decided.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// When it was due.
    pub due: Instant,
    /// Until it was answered.
    pub took: Duration,
    /// Answers before, which asked for patience.
    pub put_off: usize,
}

impl Done {
    /// The orders by their ids.
    pub fn orders(&self) -> BTreeMap<String, Order> {
        self.orders.iter().map(|(number, order)| (id(*number), *order)).collect()
    }
}

fn id(number: usize) -> String {
    format!("o-{number:06}")
}

/// Its customer: one of few, unless readers look at it.
fn customer(number: usize) -> String {
    if is_looked_at(number) { format!("c-{number:06}") } else { format!("c-{}", number % 50) }
}

const fn is_looked_at(number: usize) -> bool {
    number.is_multiple_of(LOOKED_AT) && number < LOOKED_AT * CUSTOMERS
}

/// Makes the customers, and waits until their classes are shown.
pub async fn make_customers(api: &Balancer, classes: &Balancer) {
    let numbers = (0..LOOKED_AT * CUSTOMERS).filter(|number| is_looked_at(*number));
    let each = stream::iter(numbers).map(customer);
    each.for_each_concurrent(16, |id| async move {
        let body = json!({ "id": id, "name": "Anna" });
        insist(api, "/v1/customers", &body, &mut 0).await.unwrap();
        let look = async || {
            let path = format!("/v1/classifications/{id}");
            let answer = classes.ask(|http, url| http.get(format!("{url}{path}"))).await;
            answer.map(|answer| answer.status().as_u16())
        };
        eventually("the customer's class", look, |status| *status == Some(200)).await;
    })
    .await;
}

impl Load {
    pub fn start(api: Balancer, rate: u64, readers: &Readers) -> Self {
        let shared = Arc::new(Shared {
            api,
            inbox: readers.inbox(),
            is_over: AtomicBool::new(false),
            placed: Mutex::default(),
            done: Mutex::default(),
        });
        let sending =
            tokio::spawn(send(Arc::clone(&shared), Duration::from_micros(1_000_000 / rate)));
        Self { shared, sending }
    }

    /// Waits until so many more are decided.
    pub async fn go_on(&self, more: usize) {
        let count = || self.shared.done.lock().unwrap().commands.len();
        let target = count() + more;
        eventually("further commands", async || count(), |count| *count >= target).await;
    }

    /// Sends no more, and waits for what is under way.
    pub async fn stop(self) -> Done {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.sending.await.unwrap();
        std::mem::take(&mut *self.shared.done.lock().unwrap())
    }
}

async fn send(shared: Arc<Shared>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    // The clients do not wait for each other, nor for a machine that is busy.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut under_way, mut next) = (JoinSet::new(), 0);
    while !shared.is_over.load(Ordering::Relaxed) {
        let due = ticks.tick().await.into_std();
        let placed = shared.placed.lock().unwrap().pop_front();
        let number = placed.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        let shared = Arc::clone(&shared);
        under_way.spawn(async move { shared.command(number, placed.is_some(), due).await });
        while let Some(ended) = under_way.try_join_next() {
            ended.unwrap();
        }
    }
    under_way.join_all().await;
}

impl Shared {
    async fn command(&self, number: usize, confirms: bool, due: Instant) {
        let (order, customer) = (id(number), customer(number));
        let (path, body) = match confirms {
            true => (format!("/v1/orders/{order}/confirmation"), json!({})),
            // More than the policy confirms by itself.
            false => (
                "/v1/orders".to_owned(),
                json!({ "id": order, "customerId": customer, "text": "a shelf", "value": "1500" }),
            ),
        };
        let mut put_off = 0;
        match insist(&self.api, &path, &body, &mut put_off).await {
            Ok(token) => {
                let answered = Instant::now();
                let command = Command { due, took: answered - due, put_off };
                {
                    let mut done = self.done.lock().unwrap();
                    done.commands.push(command);
                    done.orders.insert(number, Order { is_confirmed: confirms, due });
                }
                if is_looked_at(number) {
                    self.inbox.tell(&Written { order, customer, confirms, token, answered });
                }
                if !confirms {
                    self.placed.lock().unwrap().push_back(number);
                }
            }
            Err(failure) => {
                let failure = format!("{path}: {failure}");
                self.done.lock().unwrap().failures.push(failure);
            }
        }
    }
}

/// Sends it until it is decided, as docs tell clients to: under one `Idempotency-Key`, and when
/// asked to be patient, after a while. Its token, once it is accepted.
async fn insist(
    api: &Balancer,
    path: &str,
    body: &Value,
    put_off: &mut usize,
) -> Result<String, String> {
    let (key, deadline) = (Uuid::new_v4().to_string(), Instant::now() + PATIENCE);
    while Instant::now() < deadline {
        let request = |http: &reqwest::Client, url: &str| {
            http.post(format!("{url}{path}")).header("idempotency-key", &key).json(body)
        };
        let Some(answer) = api.ask(request).await else {
            return Err("no instance took it".to_owned());
        };
        match answer.status().as_u16() {
            200 | 201 => {
                let token = answer.headers().get("oneway-token").ok_or("no token")?;
                return Ok(token.to_str().unwrap().to_owned());
            }
            202 | 503 => {
                *put_off += 1;
                sleep(patience(&answer)).await;
            }
            status => {
                let said = answer.text().await.unwrap_or_default();
                return Err(format!("{status} {said}"));
            }
        }
    }
    Err(format!("not decided in {PATIENCE:?}"))
}
/// What an answer says how long to wait.
pub fn patience(answer: &Response) -> Duration {
    let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
    seconds.and_then(|text| text.parse().ok()).map_or(BETWEEN, Duration::from_secs)
}
