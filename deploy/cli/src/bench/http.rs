//! The HTTP client: keeps so many requests to command-api under way, each on a connection of its
//! own that is kept alive, and times them from the request to the whole answer. One thread.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use clap::Args;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    time::timeout,
};
use uuid::Uuid;

use crate::{
    bench::{
        clock::Clock,
        series::{Load, Series},
    },
    failure::Result,
};

/// Longest wait for one answer.
const LIMIT: Duration = Duration::from_secs(60);

/// Keep requests to command-api under way and time them (started by `bench write`)
#[derive(Debug, Args)]
pub struct Options {
    /// Where command-api listens
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    #[command(flatten)]
    series: Series,
}

/// Runs the series.
pub async fn run(options: Options) -> Result<()> {
    let Options { address, series } = options;
    let work = move || series.run(&mut Client::new(address)?);
    tokio::task::spawn_blocking(work).await.context("the HTTP client ended in a panic")?
}

struct Client {
    runtime: Runtime,
    address: String,
    connections: Vec<Connection>,
}

struct Connection(SendRequest<Full<Bytes>>);

impl Client {
    fn new(address: String) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the HTTP client")?;
        Ok(Self { runtime, address, connections: Vec::new() })
    }
}

impl Load for Client {
    fn apply(&mut self, outstanding: usize, clock: &mut Clock) -> anyhow::Result<()> {
        let Self { runtime, address, connections } = self;
        runtime.block_on(async {
            while connections.len() < outstanding {
                connections.push(Connection::open(address).await?);
            }
            // Each load has orders of its own.
            let load = Uuid::new_v4().simple();
            let clock = RefCell::new(clock);
            let clients = connections.iter_mut().take(outstanding).enumerate();
            let clients = clients.map(|(number, connection)| {
                let orders = format!("{load}-{number}");
                connection.send_until_the_end(address, orders, &clock)
            });
            try_join_all(clients).await.map(drop)
        })
    }
}

impl Connection {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let failed = || format!("cannot connect to {address}");
        let stream = TcpStream::connect(address).await.with_context(failed)?;
        stream.set_nodelay(true).with_context(failed)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.with_context(failed)?;
        // It ends with its sender; why, a request will tell.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn send_until_the_end(
        &mut self,
        address: &str,
        orders: String,
        clock: &RefCell<&mut Clock>,
    ) -> anyhow::Result<()> {
        for number in 0_u64.. {
            let sent = Instant::now();
            let id = format!("{orders}-{number}");
            let answer = timeout(LIMIT, self.create_order(address, &id));
            answer.await.context("command-api does not answer")??;
            let now = Instant::now();
            let mut clock = clock.borrow_mut();
            // First the time, so that whoever comes at the end does not count.
            let goes_on = clock.goes_on(now);
            clock.note(sent, now);
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    async fn create_order(&mut self, address: &str, id: &str) -> anyhow::Result<()> {
        let order = json!({
            "id": id,
            "customerId": "bench-customer",
            "text": "twelve bottles of wine",
            "value": "143.99",
        });
        let request = Request::post("/v1/orders")
            .header(HOST, address)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(order.to_string())))?;
        self.0.ready().await.context("the connection was closed")?;
        let answer = self.0.send_request(request).await.context("cannot send a command")?;
        let status = answer.status();
        answer.into_body().collect().await.context("cannot read an answer")?;
        ensure!(status == StatusCode::CREATED, "command-api answered {status}");
        Ok(())
    }
}
