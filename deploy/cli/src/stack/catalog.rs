//! `deploy/services.yaml`, and the environment that each service gets.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use schemas::Topic;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    failure::{Failure, Result},
    stack::{Endpoints, access::Access, secure::Secure},
};

/// From where pages may ask.
const CORS_ORIGINS: &str = "ONEWAY_CORS_ORIGINS";

/// One entry of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Crate, binary, consumer group and service: one noun for all.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// Whether it has to be named to be started.
    #[serde(default)]
    pub optional: bool,
    /// Where it serves HTTP, when it does.
    pub http_port: Option<u16>,
    /// Where it serves health and metrics.
    pub admin_port: u16,
    /// The topics it reads.
    #[serde(default, deserialize_with = "topics")]
    pub reads: Vec<Topic>,
    /// The topics it writes.
    #[serde(default, deserialize_with = "topics")]
    pub writes: Vec<Topic>,
    /// Groups of other names whose offsets or members it looks at.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What it may do in Postgres; nothing when left out.
    pub database: Option<Database>,
    /// Further defaults for its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// Topics by their logical names.
fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Topic>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let topic = |name: String| {
        Topic::named(&name).ok_or_else(|| D::Error::custom(format!("there is no topic {name}")))
    };
    names.into_iter().map(topic).collect()
}

/// What a service may do in Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Database {
    /// Everything in the schema of its name, and in its next and previous builds.
    Own,
    /// What the command-line tool may do at every consumer's.
    All,
}

/// One process of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The service.
    pub service: Service,
    /// From 1.
    pub number: u32,
    /// Where it serves HTTP, when it does.
    pub http_port: Option<u16>,
    /// Where it serves health and metrics.
    pub admin_port: u16,
}

/// Whether the caller has set a variable: then a default of `services.yaml` does not count.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// What all services of a stack share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Where the infrastructure answers.
    pub endpoints: Endpoints,
    /// Prefix of topics, groups and transactional ids.
    pub namespace: String,
    /// `text` or `json`.
    pub log_format: String,
    /// The state folder.
    pub state: PathBuf,
    /// Who may ask.
    pub access: Access,
    /// Where its parts are.
    pub map: Map,
    /// Users, roles and passwords, where not everybody is let in.
    pub secure: Option<Arc<Secure>>,
}

/// Where the parts of a stack are, for those that look at others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Where each service serves HTTP, its first instance, as `NAME=URL` with commas.
    pub services: String,
    /// The admin ports of all instances, in the same form.
    pub processes: String,
}

impl Map {
    /// Of these instances.
    pub fn of(instances: &[Instance]) -> Self {
        let first = instances.iter().filter(|instance| instance.number == 1);
        let services = first.filter_map(|one| Some(format!("{}={}", one.service.name, one.url()?)));
        let processes = instances.iter().map(|one| format!("{}={}", one.name(), one.admin_url()));
        Self {
            services: services.collect::<Vec<_>>().join(","),
            processes: processes.collect::<Vec<_>>().join(","),
        }
    }
}

impl Service {
    /// The topics with events that it reads.
    pub fn events(&self) -> impl Iterator<Item = Topic> {
        self.reads.iter().copied().filter(|topic| topic.name().ends_with(".events"))
    }

    /// Whether there are more instances of it the further it is behind, as in the Helm chart: a
    /// consumer, whose rows are its own.
    pub fn scales_by_lag(&self) -> bool {
        self.database == Some(Database::Own) && self.events().next().is_some()
    }

    /// The name of an instance: its own, with a number from the second one on.
    pub fn instance(&self, number: u32) -> String {
        match number {
            1 => self.name.clone(),
            number => format!("{}-{number}", self.name),
        }
    }
}

/// Reads the file.
pub fn read(path: &Path) -> Result<Vec<Service>> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::Setup)?;
    parse(&text).with_context(|| format!("cannot use {}", path.display())).map_err(Failure::Setup)
}

/// Reads such a text.
pub fn parse(text: &str) -> anyhow::Result<Vec<Service>> {
    let services: Vec<Service> = serde_saphyr::from_str(text)?;
    let (mut names, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for service in &services {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        anyhow::ensure!(
            !service.name.is_empty() && service.name.chars().all(plain),
            "{:?} is no kebab-case name",
            service.name
        );
        anyhow::ensure!(names.insert(&service.name), "{} is there twice", service.name);
        for port in service.http_port.into_iter().chain([service.admin_port]) {
            anyhow::ensure!(ports.insert(port), "port {port} is there twice");
        }
    }
    Ok(services)
}

/// Those of the services that were asked for, in their own order; all when none were named.
pub fn select(services: Vec<Service>, wanted: &[String]) -> Result<Vec<Service>> {
    if wanted.is_empty() {
        return Ok(services);
    }
    let known: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
    let unknown: Vec<_> =
        wanted.iter().filter(|name| !known.contains(&name.as_str())).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(Failure::setup(format!(
            "there is no service {}: the services are {}",
            unknown.join(", "),
            known.join(", ")
        )));
    }
    Ok(services.into_iter().filter(|service| wanted.contains(&service.name)).collect())
}

impl Instance {
    /// Its name in the stack.
    pub fn name(&self) -> String {
        self.service.instance(self.number)
    }

    /// Base URL of its HTTP routes.
    pub fn url(&self) -> Option<String> {
        self.http_port.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// Base URL of health and metrics.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// The variables it gets besides those of the caller, who has the last word on the defaults
    /// of `services.yaml`, but not on what joins the parts of a stack.
    pub fn environment(
        &self,
        shared: &Shared,
        is_set_by_caller: impl Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let own = self.service.name.to_uppercase().replace('-', "_");
        let state = shared.state.to_string_lossy();
        let defaults = self.service.env.iter();
        let Endpoints { kafka_brokers, schema_registry_url, database_url, smtp_url, .. } =
            &shared.endpoints;
        let url = self.url().unwrap_or_default();
        let filled = |value: &str| {
            let value = value.replace("{state}", &state).replace("{url}", &url);
            let value = value.replace("{processes}", &shared.map.processes);
            let value = value.replace("{tool}", &tool());
            value.replace("{smtp}", smtp_url).replace("{services}", &shared.map.services)
        };
        let defaults = defaults.map(|(name, value)| (name.clone(), filled(value)));
        // What the stack does not have is the service's own default.
        let defaults = defaults.filter(|(_, value)| !value.is_empty());
        let mut env: Vec<_> = defaults.filter(|(name, _)| !is_set_by_caller(name)).collect();
        let mut set = |name: &str, value: String| env.push((name.to_owned(), value));
        set("KAFKA_BROKERS", kafka_brokers.clone());
        set("SCHEMA_REGISTRY_URL", schema_registry_url.clone());
        set("DATABASE_URL", database_url.clone());
        set("ONEWAY_NAMESPACE", shared.namespace.clone());
        set("ONEWAY_INSTANCE", format!("{}-{}", self.service.name, self.number));
        if let Some(secure) = &shared.secure {
            for (name, value) in secure.environment(&self.service, &shared.endpoints) {
                set(&name, value);
            }
        }
        set("LOG_FORMAT", shared.log_format.clone());
        set(&format!("{own}_ADMIN_ADDRESS"), format!("127.0.0.1:{}", self.admin_port));
        if let Some(port) = self.http_port {
            set(&format!("{own}_HTTP_ADDRESS"), format!("127.0.0.1:{port}"));
            for (name, value) in shared.access.variables() {
                set(name, value);
            }
            // Pages that are being developed come from another port.
            if !is_set_by_caller(CORS_ORIGINS) {
                set(CORS_ORIGINS, "loopback".to_owned());
            }
        }
        env
    }
}

/// Where this program is; empty when nobody knows.
fn tool() -> String {
    let tool = std::env::current_exe().unwrap_or_default();
    tool.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = include_str!("../../../services.yaml");

    fn instance(number: u32) -> Instance {
        let text = "- name: customer-classifier\n  about: x\n  http_port: 3\n  admin_port: 4\n  env:\n    A: \"{state}/a\"\n    B: yaml\n    C: \"{services}\"\n    D: \"{processes}\"\n";
        let service = parse(text).unwrap().remove(0);
        Instance { service, number, http_port: Some(30), admin_port: 40 }
    }

    fn shared() -> Shared {
        let endpoints = Endpoints {
            kafka_brokers: "k:1".into(),
            schema_registry_url: "http://r".into(),
            database_url: "postgres://p".into(),
            smtp_url: String::new(),
            client_environment: BTreeMap::new(),
        };
        let (namespace, log_format, state) = ("t1.".into(), "json".into(), "/s".into());
        let access = Access { anonymous: true, secret_file: Some("/s/jwt-secret".into()) };
        let map = Map::of(&[instance(1), instance(2)]);
        Shared { endpoints, namespace, log_format, state, access, map, secure: None }
    }

    #[test]
    fn the_real_file_is_good() {
        let services = parse(REAL).unwrap();
        let names: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
        assert!(names.starts_with(&["command-api", "command-processor", "customers"]));
        let policy = services.iter().find(|service| service.name == "order-confirmation").unwrap();
        assert_eq!(policy.http_port, None);
        let api = services.iter().find(|service| service.name == "command-api").unwrap();
        assert_eq!(api.http_port, Some(3001));
    }

    #[test]
    fn bad_files_are_explained() {
        let one = "- {name: a, about: x, admin_port: 1}\n";
        for (text, said) in [
            (format!("{one}{one}"), "a is there twice"),
            (format!("{one}- {{name: b, about: x, admin_port: 1}}\n"), "port 1 is there twice"),
            ("- {name: A b, about: x, admin_port: 1}\n".into(), "no kebab-case name"),
            ("- {name: a, about: x, admin_port: 1, htp_port: 2}\n".into(), "htp_port"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn selection_keeps_the_order_and_names_what_is_unknown() {
        let all = || parse(REAL).unwrap();
        let some = select(all(), &["orders".into(), "command-api".into()]).unwrap();
        assert_eq!(
            some.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
            ["command-api", "orders"]
        );
        assert_eq!(select(all(), &[]).unwrap(), all());
        let error = select(all(), &["ordres".into()]).unwrap_err().to_string();
        assert!(error.starts_with("there is no service ordres: the services are command-api, "));
    }

    #[test]
    fn environment_of_a_service() {
        let env: BTreeMap<_, _> =
            instance(2).environment(&shared(), |name| name == "B").into_iter().collect();
        let expected = [
            ("A", "/s/a"),
            ("C", "customer-classifier=http://127.0.0.1:30"),
            (
                "D",
                "customer-classifier=http://127.0.0.1:40,customer-classifier-2=http://127.0.0.1:40",
            ),
            ("CUSTOMER_CLASSIFIER_ADMIN_ADDRESS", "127.0.0.1:40"),
            ("CUSTOMER_CLASSIFIER_HTTP_ADDRESS", "127.0.0.1:30"),
            ("DATABASE_URL", "postgres://p"),
            ("KAFKA_BROKERS", "k:1"),
            ("LOG_FORMAT", "json"),
            ("ONEWAY_ANONYMOUS", "true"),
            ("ONEWAY_CORS_ORIGINS", "loopback"),
            ("ONEWAY_INSTANCE", "customer-classifier-2"),
            ("ONEWAY_JWT_SECRET_FILE", "/s/jwt-secret"),
            ("ONEWAY_NAMESPACE", "t1."),
            ("SCHEMA_REGISTRY_URL", "http://r"),
        ];
        let expected: BTreeMap<_, _> =
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(env, expected);
    }

    #[test]
    fn names_of_instances() {
        assert_eq!(instance(1).name(), "customer-classifier");
        assert_eq!(instance(2).name(), "customer-classifier-2");
    }
}
