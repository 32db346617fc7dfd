//! The way to the collector: one task, which gathers spans and sends them. Nobody waits for it.
//! What the collector does not take is lost and counted; the log tells once when that begins, and
//! once when it ends.

use std::{error::Error, time::Duration};

use metrics::counter;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use reqwest::{Client, Url, header, redirect::Policy};
use tokio::{
    pin,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{otlp, settings::Settings, span::Span, tracer::Tracer};
use crate::metrics::{SPANS_DROPPED, SPANS_SENT};

/// Spans that wait at most.
const QUEUE: usize = 8_192;

/// Most spans that are sent at once.
const MOST: usize = 512;

/// How long the first of them waits for others.
const WAIT: Duration = Duration::from_secs(1);

/// Longest time that the collector may take.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// Longest time that the end of the process waits for it.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// The task, until it is to finish.
#[derive(Debug)]
pub struct Exporter {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Starts recording for a service, if there is a collector. Needs a runtime.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn start(
        service: &'static str,
        settings: Option<Settings>,
    ) -> reqwest::Result<(Tracer, Option<Self>)> {
        let Some(settings) = settings else { return Ok((Tracer::off(), None)) };
        let Settings { url, headers, ratio, instance } = settings;
        let client = Client::builder()
            .default_headers(headers)
            .timeout(SEND_LIMIT)
            .redirect(Policy::none())
            .build()?;
        let (queue, spans) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        // So that they are there before anything is lost.
        counter!(SPANS_SENT).increment(0);
        for reason in ["queue_full", "undelivered"] {
            counter!(SPANS_DROPPED, "reason" => reason).increment(0);
        }
        tracing::info!(collector = url.host_str(), "traces are recorded");
        let resource = otlp::resource(service, instance);
        let sending = Sending { client, url, resource, is_away: false };
        let task = tokio::spawn(sending.run(spans, stopped));
        Ok((Tracer::on(ratio, queue), Some(Self { stop, task })))
    }

    /// Sends what waits, as far as the time suffices.
    pub async fn finish(self) {
        let Self { stop, mut task } = self;
        // It listens, unless it has panicked.
        let _ = stop.send(());
        if timeout(FLUSH_LIMIT, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// What the task works with.
struct Sending {
    client: Client,
    url: Url,
    resource: Resource,
    is_away: bool,
}

impl Sending {
    async fn run(mut self, mut spans: mpsc::Receiver<Span>, mut stop: oneshot::Receiver<()>) {
        let (mut batch, mut is_open) = (Vec::new(), true);
        loop {
            let came = tokio::select! {
                came = spans.recv_many(&mut batch, MOST) => came,
                _ = &mut stop, if is_open => {
                    (is_open, _) = (false, spans.close());
                    continue;
                }
            };
            if came == 0 {
                return;
            }
            let wait = sleep(WAIT);
            pin!(wait);
            while is_open && batch.len() < MOST {
                let room = MOST - batch.len();
                tokio::select! {
                    came = spans.recv_many(&mut batch, room) => if came == 0 { break },
                    () = &mut wait => break,
                    _ = &mut stop => (is_open, _) = (false, spans.close()),
                }
            }
            self.deliver(std::mem::take(&mut batch)).await;
        }
    }

    async fn deliver(&mut self, spans: Vec<Span>) {
        let count = spans.len() as u64;
        let body = otlp::request(&self.resource, spans).encode_to_vec();
        let request = self.client.post(self.url.clone()).body(body);
        let answer = request.header(header::CONTENT_TYPE, "application/x-protobuf").send().await;
        match answer.and_then(reqwest::Response::error_for_status) {
            Ok(_) => {
                counter!(SPANS_SENT).increment(count);
                if std::mem::take(&mut self.is_away) {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(error) => {
                counter!(SPANS_DROPPED, "reason" => "undelivered").increment(count);
                if !std::mem::replace(&mut self.is_away, true) {
                    let error = told(error);
                    tracing::warn!(error, "the collector does not take traces: they are lost");
                }
            }
        }
    }
}

/// An error with its causes; without the address, which may have a password.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        told = format!("{told}: {next}");
        cause = next.source();
    }
    told
}

#[cfg(test)]
mod tests;
