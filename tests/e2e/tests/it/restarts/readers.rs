//! Who looks at what the commands made: with the token of the answer, at once, and without.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::Value;
use testkit::eventually;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use super::{balancer::Balancer, fleet::Fleet, load::patience};

/// How often who has no token looks again.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The longest that anybody waits for a row.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a command made.
#[derive(Clone, Debug)]
pub struct Written {
    pub order: String,
    /// Has this order alone.
    pub customer: String,
    /// Whether it confirmed the order, or else placed it.
    pub confirms: bool,
    pub token: String,
    pub answered: Instant,
}

/// A read model that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Orders,
    Classes,
}

/// Where it is told; once for each reader.
pub struct Inbox(Vec<UnboundedSender<Written>>);

impl Inbox {
    pub fn tell(&self, written: &Written) {
        for reader in &self.0 {
            // Readers stop after those who write.
            reader.send(written.clone()).unwrap();
        }
    }
}

/// What they saw.
#[derive(Default)]
pub struct Read {
    /// Queries with tokens that were answered with rows.
    pub with_token: usize,
    /// Those before that were told to come again.
    pub put_off: usize,
    /// How old rows were for those without: when the command was answered, and how long it was
    /// not shown.
    pub ages: Vec<(Instant, Duration)>,
    pub failures: Vec<String>,
}

impl Read {
    pub fn oldest(&self) -> Duration {
        self.ages.iter().map(|(_, age)| *age).max().unwrap_or_default()
    }
}

pub struct Readers {
    read: Arc<Mutex<Read>>,
    inbox: Vec<UnboundedSender<Written>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Readers {
    pub fn start(fleet: &Fleet) -> Self {
        let read = Arc::<Mutex<Read>>::default();
        let mut readers = Self { read: Arc::clone(&read), inbox: Vec::new(), tasks: Vec::new() };
        for model in [Model::Orders, Model::Classes] {
            let server = Server { balancer: fleet.balancer(model.service()), model };
            for with_token in [true, false] {
                let (sender, inbox) = mpsc::unbounded_channel();
                readers.inbox.push(sender);
                let (server, read) = (server.clone(), Arc::clone(&read));
                readers.tasks.push(tokio::spawn(async move {
                    match with_token {
                        true => with_tokens(server, inbox, &read).await,
                        false => without(server, inbox, &read).await,
                    }
                }));
            }
        }
        readers
    }

    pub fn inbox(&self) -> Inbox {
        Inbox(self.inbox.clone())
    }

    /// Waits until rows are shown as soon as they are answered for, nearly.
    pub async fn caught_up(&self) {
        let age = async || {
            let read = self.read.lock().unwrap();
            read.ages.last().map_or(Duration::ZERO, |(answered, _)| answered.elapsed())
        };
        eventually("readers to see what is new", age, |age| *age < Duration::from_secs(1)).await;
    }

    /// Waits until they have seen all. Who writes has stopped.
    pub async fn stop(self) -> Read {
        drop(self.inbox);
        for task in self.tasks {
            task.await.unwrap();
        }
        std::mem::take(&mut *self.read.lock().unwrap())
    }
}

#[derive(Clone)]
struct Server {
    balancer: Balancer,
    model: Model,
}

/// What a query was answered.
enum Shown {
    /// What the command made, or more.
    New,
    /// Something older.
    Old(String),
    /// To come again later.
    Later(Duration),
}

/// Each asks at once, and waits for its answer.
async fn with_tokens(
    server: Server,
    mut inbox: UnboundedReceiver<Written>,
    read: &Arc<Mutex<Read>>,
) {
    let mut asking = JoinSet::new();
    while let Some(written) = inbox.recv().await {
        let (server, read) = (server.clone(), Arc::clone(read));
        asking.spawn(async move {
            loop {
                match server.look(&written, Some(&written.token)).await {
                    Ok(Shown::New) => return read.lock().unwrap().with_token += 1,
                    Ok(Shown::Later(wait)) => {
                        read.lock().unwrap().put_off += 1;
                        sleep(wait).await;
                    }
                    Ok(Shown::Old(failure)) | Err(failure) => {
                        return note(&read, &written, &format!("with its token: {failure}"));
                    }
                }
            }
        });
    }
    asking.join_all().await;
}

/// One looks at one after the other, as they were answered.
async fn without(server: Server, mut inbox: UnboundedReceiver<Written>, read: &Arc<Mutex<Read>>) {
    while let Some(written) = inbox.recv().await {
        loop {
            match server.look(&written, None).await {
                Ok(Shown::New) => {
                    let age = written.answered.elapsed();
                    read.lock().unwrap().ages.push((written.answered, age));
                    break;
                }
                Ok(_) if written.answered.elapsed() < PATIENCE => sleep(LOOK_EVERY).await,
                Ok(_) => break note(read, &written, "never shown"),
                Err(failure) => break note(read, &written, &failure),
            }
        }
    }
}

fn note(read: &Mutex<Read>, written: &Written, failure: &str) {
    read.lock().unwrap().failures.push(format!("{written:?}: {failure}"));
}

impl Model {
    const fn service(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Classes => "customer-classifier",
        }
    }

    /// Whether a row shows what a command made.
    fn shows(self, row: &Value, written: &Written) -> bool {
        match self {
            Self::Orders => !written.confirms || row["status"] == "confirmed",
            Self::Classes => !written.confirms || row["confirmedOrders"] == 1,
        }
    }
}

impl Server {
    async fn look(&self, written: &Written, token: Option<&str>) -> Result<Shown, String> {
        let path = match self.model {
            Model::Orders => format!("/v1/orders/{}", written.order),
            Model::Classes => format!("/v1/classifications/{}", written.customer),
        };
        let request = |http: &reqwest::Client, url: &str| {
            let request = http.get(format!("{url}{path}"));
            token.iter().fold(request, |request, token| request.header("oneway-token", *token))
        };
        let answer = self.balancer.ask(request).await.ok_or("no instance answered")?;
        let (status, wait) = (answer.status(), patience(&answer));
        let said = answer.text().await.map_err(|error| error.to_string())?;
        match status {
            StatusCode::OK => {
                let row: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
                let is_new = self.model.shows(&row, written);
                Ok(if is_new { Shown::New } else { Shown::Old(said) })
            }
            StatusCode::NOT_FOUND => Ok(Shown::Old(said)),
            StatusCode::SERVICE_UNAVAILABLE => Ok(Shown::Later(wait)),
            _ => Err(Unexpected(status, said).to_string()),
        }
    }
}

struct Unexpected(StatusCode, String);

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.1)
    }
}
