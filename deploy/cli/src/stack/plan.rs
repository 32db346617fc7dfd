//! What is to run where: decided, and checked for what is in the way, before anything starts.

use std::{collections::BTreeMap, env, path::Path};

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::{
        Endpoints,
        catalog::{Instance, Service},
        document::{self, Stack},
        folder::StateFolder,
        kafka, mail,
        ports::{self, Policy, Reservation, Wanted},
        postgres, registry,
    },
};

/// Existing servers, to be used instead of our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    pub kafka_brokers: Option<String>,
    pub schema_registry_url: Option<String>,
    pub database_url: Option<String>,
    pub smtp_url: Option<String>,
}

impl Existing {
    /// Those named by `KAFKA_BROKERS`, `SCHEMA_REGISTRY_URL`, `DATABASE_URL` and
    /// `EMAIL_CAMPAIGN_SMTP_URL`.
    pub fn of_environment() -> Self {
        let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            kafka_brokers: get("KAFKA_BROKERS"),
            schema_registry_url: get("SCHEMA_REGISTRY_URL"),
            database_url: get("DATABASE_URL"),
            smtp_url: get(mail::VARIABLE),
        }
    }

    /// Says which are used, lest a forgotten variable surprises.
    pub fn announce(&self, report: &Report) {
        let Self { kafka_brokers, schema_registry_url, database_url, smtp_url } = self;
        let named = [
            (kafka_brokers, "KAFKA_BROKERS", "Kafka"),
            (schema_registry_url, "SCHEMA_REGISTRY_URL", "schema registry"),
            (database_url, "DATABASE_URL", "Postgres"),
            (smtp_url, mail::VARIABLE, "mail server"),
        ];
        for (_, variable, part) in named.into_iter().filter(|(value, ..)| value.is_some()) {
            report.note(format_args!("{variable} is set: using that {part}, starting none"));
        }
    }
}

/// Ports of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KafkaPorts {
    pub port: u16,
    pub controller: u16,
}

/// Ports of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryPorts {
    pub port: u16,
    pub management: u16,
}

/// Ports of the mail catcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailPorts {
    pub smtp: u16,
    pub api: u16,
}

/// Everything that is to run. A part of the infrastructure without a port exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub kafka: Option<KafkaPorts>,
    pub registry: Option<RegistryPorts>,
    pub postgres: Option<u16>,
    pub mail: Option<MailPorts>,
    pub endpoints: Endpoints,
    pub instances: Vec<Instance>,
}

/// How many instances of which service.
pub type Scale = BTreeMap<String, u32>;

impl Plan {
    /// Gives each process its ports, which are its own as long as the reservation is held; fails
    /// when one of them is taken.
    pub fn make(
        existing: &Existing,
        services: Vec<Service>,
        scale: &Scale,
        policy: Policy,
        reservations: &Path,
    ) -> Result<(Self, Reservation)> {
        let wishes = Wishes::of(existing, services, scale, policy)?;
        let (assigned, reservation) = ports::assign(&wishes.wanted, reservations)?;
        Ok((wishes.into_plan(existing, &mut assigned.into_iter()), reservation))
    }

    /// Whether nothing has to be fetched or started besides the services.
    pub fn is_all_existing(&self) -> bool {
        self.kafka.is_none()
            && self.registry.is_none()
            && self.postgres.is_none()
            && self.mail.is_none()
    }

    /// Whether Java is needed.
    pub fn needs_java(&self) -> bool {
        self.kafka.is_some() || self.registry.is_some() || self.mail.is_some()
    }

    /// `stack.json` before the first process.
    pub fn document(&self, folder: &StateFolder, namespace: &str) -> Stack {
        let Endpoints {
            kafka_brokers, schema_registry_url, database_url, client_environment, ..
        } = self.endpoints.clone();
        let process = |name: &str| document::Process::new(folder.log(name));
        let infrastructure = [
            (kafka::NAME, self.kafka.map(|ports| ports.port)),
            (registry::NAME, self.registry.map(|ports| ports.port)),
            (postgres::NAME, self.postgres),
            (mail::NAME, self.mail.map(|ports| ports.api)),
        ];
        let infrastructure = infrastructure.into_iter().filter_map(|(name, port)| {
            let part = document::Infrastructure { port: port?, process: process(name) };
            Some((name.to_owned(), part))
        });
        let services =
            self.instances.iter().map(|instance| (instance.name(), entry(instance, folder)));
        Stack {
            kafka_brokers,
            schema_registry_url,
            database_url,
            client_environment,
            namespace: namespace.to_owned(),
            state_dir: folder.root().to_owned(),
            supervisor_pid: std::process::id(),
            clock_offset_seconds: clock_offset(),
            infrastructure: infrastructure.collect(),
            services: services.collect(),
        }
    }
}

/// What `stack.json` says of an instance before it runs.
pub fn entry(instance: &Instance, folder: &StateFolder) -> document::Service {
    document::Service {
        url: instance.url(),
        admin_url: instance.admin_url(),
        client_environment: BTreeMap::new(),
        part_of: None,
        process: document::Process::new(folder.log(&instance.name())),
    }
}

/// One more instance of a service than are planned, on ports that are its own as long as the
/// reservation is held.
pub fn further(
    service: &Service,
    number: u32,
    reservations: &Path,
) -> Result<(Instance, Reservation)> {
    let name = service.instance(number);
    let mut wanted = vec![Wanted::any(format!("admin port of {name}"))];
    wanted.extend(service.http_port.map(|_| Wanted::any(name)));
    let (ports, reservation) = ports::assign(&wanted, reservations)?;
    let mut ports = ports.into_iter();
    // As many as were wanted, so that none is missing.
    let admin_port = ports.next().unwrap_or_default();
    let instance =
        Instance { service: service.clone(), number, http_port: ports.next(), admin_port };
    Ok((instance, reservation))
}

/// By how much the services move their clocks: they inherit the variable, and refuse a bad one.
fn clock_offset() -> i64 {
    let offset = env::var("ONEWAY_CLOCK_OFFSET_SECONDS").ok();
    offset.and_then(|offset| offset.parse().ok()).unwrap_or_default()
}

/// The ports that are wanted, in the order in which [`Wishes::into_plan`] takes them.
struct Wishes {
    wanted: Vec<Wanted>,
    services: Vec<(Service, u32)>,
}

impl Wishes {
    fn of(
        existing: &Existing,
        services: Vec<Service>,
        scale: &Scale,
        policy: Policy,
    ) -> Result<Self> {
        if let Some(name) = scale.keys().find(|name| services.iter().all(|s| s.name != **name)) {
            return Err(Failure::setup(format!("cannot scale {name}: no such service is started")));
        }
        let mut wanted = Vec::new();
        if existing.kafka_brokers.is_none() {
            wanted.push(Wanted::new(policy, "Kafka", 9092));
            wanted.push(Wanted::new(policy, "Kafka's controller", 9093));
        }
        if existing.schema_registry_url.is_none() {
            wanted.push(Wanted::new(policy, "schema registry", 8081));
            wanted.push(Wanted::any("management of the schema registry"));
        }
        if existing.database_url.is_none() {
            wanted.push(Wanted::new(policy, "Postgres", 5432));
        }
        if needs_mail(existing, services.iter()) {
            wanted.push(Wanted::new(policy, "mail catcher", 3025));
            wanted.push(Wanted::new(policy, "mails that were caught", 8025));
        }
        let mut scaled = Vec::new();
        for service in services {
            let count = scale.get(&service.name).copied().unwrap_or(1);
            for number in 1..=count {
                // The well-known ports are those of the first instance.
                let wish = |purpose: String, port| match number {
                    1 => Wanted::new(policy, purpose, port),
                    _ => Wanted::any(purpose),
                };
                let Service { name, http_port, admin_port, .. } = &service;
                wanted.extend(http_port.map(|port| wish(name.clone(), port)));
                wanted.push(wish(format!("admin port of {name}"), *admin_port));
            }
            scaled.push((service, count));
        }
        Ok(Self { wanted, services: scaled })
    }

    fn into_plan(self, existing: &Existing, ports: &mut impl Iterator<Item = u16>) -> Plan {
        // As many ports as wishes were assigned, so that none is missing here.
        let mut next = || ports.next().unwrap_or_default();
        let kafka = existing.kafka_brokers.is_none();
        let kafka = kafka.then(|| KafkaPorts { port: next(), controller: next() });
        let registry = existing.schema_registry_url.is_none();
        let registry = registry.then(|| RegistryPorts { port: next(), management: next() });
        let postgres = existing.database_url.is_none().then(&mut next);
        let mail = needs_mail(existing, self.services.iter().map(|(service, _)| service));
        let mail = mail.then(|| MailPorts { smtp: next(), api: next() });
        let mut instances = Vec::new();
        for (service, count) in self.services {
            for number in 1..=count {
                let http_port = service.http_port.map(|_| next());
                let admin_port = next();
                instances.push(Instance {
                    service: service.clone(),
                    number,
                    http_port,
                    admin_port,
                });
            }
        }
        let endpoints = Endpoints {
            kafka_brokers: kafka
                .map(|ports| format!("127.0.0.1:{}", ports.port))
                .or_else(|| existing.kafka_brokers.clone())
                .unwrap_or_default(),
            schema_registry_url: registry
                .map(|ports| registry::url(ports.port))
                .or_else(|| existing.schema_registry_url.clone())
                .unwrap_or_default(),
            database_url: postgres
                .map(postgres::url)
                .or_else(|| existing.database_url.clone())
                .unwrap_or_default(),
            smtp_url: mail.map(|ports| mail::smtp_url(ports.smtp)).unwrap_or_default(),
            client_environment: BTreeMap::new(),
        };
        Plan { kafka, registry, postgres, mail, endpoints, instances }
    }
}

/// Whether anybody sends mails, and nothing else takes them.
fn needs_mail<'a>(existing: &Existing, mut services: impl Iterator<Item = &'a Service>) -> bool {
    existing.smtp_url.is_none() && services.any(|service| service.name == mail::SENDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, http_port: Option<u16>, admin_port: u16) -> Service {
        let env = BTreeMap::new();
        Service { name: name.into(), http_port, admin_port, env, ..Service::default() }
    }

    fn plan(existing: &Existing, scale: &[(&str, u32)]) -> Result<Plan> {
        let services = vec![service("orders", Some(3005), 9105), service("policy", None, 9104)];
        let scale = scale.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let wishes = Wishes::of(existing, services, &scale, Policy::Default)?;
        let ports: Vec<_> =
            (20_000..).zip(&wishes.wanted).map(|(any, w)| w.port.unwrap_or(any)).collect();
        Ok(wishes.into_plan(existing, &mut ports.into_iter()))
    }

    #[test]
    fn well_known_ports() {
        let plan = plan(&Existing::default(), &[]).unwrap();
        assert_eq!(plan.kafka, Some(KafkaPorts { port: 9092, controller: 9093 }));
        assert_eq!(plan.registry, Some(RegistryPorts { port: 8081, management: 20_003 }));
        assert_eq!(plan.endpoints.kafka_brokers, "127.0.0.1:9092");
        assert_eq!(plan.endpoints.schema_registry_url, "http://127.0.0.1:8081/apis/ccompat/v7");
        assert_eq!(plan.endpoints.database_url, "postgres://oneway:oneway@127.0.0.1:5432/oneway");
        let [orders, policy] = plan.instances.as_slice() else { panic!("two instances") };
        assert_eq!((orders.http_port, orders.admin_port), (Some(3005), 9105));
        assert_eq!((policy.http_port, policy.admin_port), (None, 9104));
    }

    #[test]
    fn existing_servers_are_not_started() {
        let existing = Existing {
            kafka_brokers: Some("k:9".into()),
            schema_registry_url: None,
            database_url: Some("postgres://x".into()),
            smtp_url: None,
        };
        let plan = plan(&existing, &[]).unwrap();
        assert_eq!((plan.kafka, plan.postgres), (None, None));
        assert!(plan.registry.is_some() && plan.needs_java() && !plan.is_all_existing());
        assert_eq!(plan.endpoints.kafka_brokers, "k:9");
        assert_eq!(plan.endpoints.database_url, "postgres://x");
    }

    #[test]
    fn further_instances_have_ports_of_their_own() {
        let plan = plan(&Existing::default(), &[("orders", 3)]).unwrap();
        let names: Vec<_> = plan.instances.iter().map(Instance::name).collect();
        assert_eq!(names, ["orders", "orders-2", "orders-3", "policy"]);
        let ports: std::collections::BTreeSet<_> =
            plan.instances.iter().map(|instance| instance.admin_port).collect();
        assert_eq!(ports.len(), 4);
    }

    #[test]
    fn one_more_has_the_ports_that_its_service_has() {
        let reservations = tempfile::tempdir().unwrap();
        let further = |service, number| further(&service, number, reservations.path()).unwrap();
        let (orders, _held) = further(service("orders", Some(3005), 9105), 3);
        assert_eq!(orders.name(), "orders-3");
        assert!(orders.http_port.is_some_and(|port| port != 3005 && port != orders.admin_port));
        let (policy, _held) = further(service("policy", None, 9104), 2);
        assert_eq!((policy.http_port, policy.name().as_str()), (None, "policy-2"));
    }

    #[test]
    fn unknown_services_cannot_be_scaled() {
        let error = plan(&Existing::default(), &[("nobody", 2)]).unwrap_err().to_string();
        assert_eq!(error, "cannot scale nobody: no such service is started");
    }
}
