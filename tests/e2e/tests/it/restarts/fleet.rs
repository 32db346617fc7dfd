//! The services as the chart has them: their instances, and how each is replaced.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;
use testkit::{Installation, Postbox, Process};
use tokio::task::JoinHandle;

use super::balancer::Balancer;

/// What is restarted, in the order of docs/operations.md: who reads before who writes.
pub const SERVICES: [&str; 13] = [
    "customers",
    "orders",
    "order-confirmation",
    "order-valuation",
    "customer-classifier",
    "customer-report",
    "email-campaign",
    "campaigns",
    WRITER,
    "command-api",
    "change-notifier",
    "operator",
    "web-ui",
];

/// The one whose instances keep their names.
const WRITER: &str = "command-processor";

/// Those that serve no HTTP.
const SILENT: [&str; 2] = [WRITER, "order-confirmation"];

/// How often each that serves HTTP is asked whether it answers.
const PROBE_EVERY: Duration = Duration::from_millis(50);

pub struct Fleet {
    services: BTreeMap<&'static str, Service>,
    checkpoints: TempDir,
    mails: String,
    is_over: Arc<AtomicBool>,
    probes: Vec<JoinHandle<()>>,
}

struct Service {
    balancer: Balancer,
    processes: Vec<Process>,
}

impl Fleet {
    /// Starts all, and waits until they are ready.
    pub async fn start(installation: &Installation, postbox: &Postbox) -> Self {
        let mut fleet = Self {
            services: BTreeMap::new(),
            checkpoints: tempfile::tempdir().unwrap(),
            mails: postbox.url.clone(),
            is_over: Arc::default(),
            probes: Vec::new(),
        };
        for name in SERVICES {
            let instances = if matches!(name, WRITER | "command-api") { 2 } else { 1 };
            let processes = (0..instances).map(|n| fleet.process(installation, name, n)).collect();
            fleet.services.insert(name, Service { balancer: Balancer::new(), processes });
        }
        for service in fleet.services.values_mut() {
            for process in &mut service.processes {
                process.ready().await;
                service.balancer.add(&process.url);
            }
        }
        for name in SERVICES.into_iter().filter(|name| !SILENT.contains(name)) {
            let (balancer, is_over) = (fleet.balancer(name), Arc::clone(&fleet.is_over));
            fleet.probes.push(tokio::spawn(probe(balancer, is_over)));
        }
        fleet
    }

    /// Starts a process as a pod of the chart: only the writer's has a name of its own.
    fn process(&self, installation: &Installation, service: &str, number: usize) -> Process {
        let checkpoints = self.checkpoints.path().to_str().unwrap();
        let instance = match service {
            WRITER => format!("{service}-{number}"),
            _ => String::new(),
        };
        let env = [
            ("COMMAND_PROCESSOR_CHECKPOINT_DIR", checkpoints),
            ("ORDER_VALUATION_RECORDED_FEED", "true"),
            ("EMAIL_CAMPAIGN_FROM", "Oneway <campaigns@oneway.example>"),
            ("EMAIL_CAMPAIGN_PUBLIC_URL", "http://127.0.0.1:1"),
            ("EMAIL_CAMPAIGN_LINK_KEY", "only-for-the-links-of-this-one-test"),
            ("EMAIL_CAMPAIGN_SMTP_URL", &self.mails),
        ];
        Process::start(installation, service, &instance, &env)
    }

    /// What clients of a service ask.
    pub fn balancer(&self, service: &str) -> Balancer {
        self.services[service].balancer.clone()
    }

    /// Replaces all instances, one after the other.
    pub async fn restart(&mut self, installation: &Installation, name: &'static str) {
        for number in 0..self.services[name].processes.len() {
            if name == WRITER {
                // A StatefulSet: the name must be free.
                let service = self.services.get_mut(name).unwrap();
                stop(&mut service.processes[number], name).await;
                let mut next = self.process(installation, name, number);
                next.ready().await;
                self.services.get_mut(name).unwrap().processes[number] = next;
                continue;
            }
            let mut next = self.process(installation, name, number);
            next.ready().await;
            let Service { balancer, processes } = self.services.get_mut(name).unwrap();
            balancer.add(&next.url);
            let mut before = std::mem::replace(&mut processes[number], next);
            // Clients learn of the end by connections that are not taken.
            stop(&mut before, name).await;
            balancer.remove(&before.url);
        }
    }

    /// Stops all; the requests to each that were answered by nobody.
    pub async fn stop(mut self) -> BTreeMap<&'static str, Vec<String>> {
        self.is_over.store(true, Ordering::Relaxed);
        for probe in self.probes {
            probe.await.unwrap();
        }
        for (name, service) in &mut self.services {
            for process in &mut service.processes {
                stop(process, name).await;
            }
        }
        self.services.iter().map(|(name, service)| (*name, service.balancer.unanswered())).collect()
    }
}

async fn stop(process: &mut Process, name: &str) {
    let status = process.stop().await;
    assert!(status.success(), "{name}: {status}: {}", process.output());
}

/// Asks again and again; the balancer counts what nobody answers.
async fn probe(balancer: Balancer, is_over: Arc<AtomicBool>) {
    let mut ticks = tokio::time::interval(PROBE_EVERY);
    while !is_over.load(Ordering::Relaxed) {
        ticks.tick().await;
        balancer.ask(|http, url| http.get(format!("{url}/"))).await;
    }
}
