//! A stack whose servers let nobody in but those they know, and nobody do but what they may: TLS
//! by an authority of its own, a user of Kafka and a role of Postgres for each service, with the
//! rights of [`rights`](crate::rights) and made-up passwords. All of it is in one folder that only
//! its owner can read.
//!
//! In reading order:
//! - [`certificates`]: the authority, and a certificate for each server
//! - [`passwords`]: made up once for each user
//! - [`admin`]: users and rights on Kafka, told as the broker itself; [`wire`] is how

pub mod admin;
pub mod certificates;
pub mod passwords;
mod wire;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use schemas::Namespace;

use self::passwords::Passwords;
use crate::{
    failure::{Failure, Result},
    rights::{
        kafka::{self, Principal},
        postgres,
    },
    stack::{
        Endpoints,
        catalog::{Database, Service},
        folder::StateFolder,
        mail,
        plan::Plan,
        ports::{self, Reservation, Wanted},
        registry,
    },
};

/// The user that may do everything on Kafka: the command-line tool's.
pub const TOOL: &str = "oneway";

/// What a secure stack is made of.
#[derive(Debug)]
pub struct Secure {
    folder: PathBuf,
    passwords: Passwords,
    services: Vec<Service>,
    namespace: Namespace,
    /// Where the broker speaks with itself, and rights are told to it.
    pub internal_port: u16,
    /// That of this port.
    _reservation: Reservation,
}

impl Secure {
    /// Makes what is missing of it, and has the plan say how its servers are asked.
    pub fn provide(
        folder: &StateFolder,
        services: Vec<Service>,
        namespace: &str,
        reservations: &Path,
        plan: &mut Plan,
    ) -> Result<Self> {
        let namespace =
            Namespace::new(namespace).map_err(|error| Failure::setup(error.to_string()))?;
        let (ports, reservation) = ports::assign(&[Wanted::any("Kafka's own")], reservations)?;
        let home = folder.secure();
        certificates::provide(&home)?;
        let passwords = Passwords::provide(&home)?;
        let internal_port = ports.first().copied().unwrap_or_default();
        let secure = Self {
            folder: home,
            passwords,
            services,
            namespace,
            internal_port,
            _reservation: reservation,
        };
        let tool = postgres::role(&secure.namespace, postgres::TOOL);
        if let Some(port) = plan.postgres {
            plan.endpoints.database_url = secure.database_url(port, &tool);
        }
        if let Some(ports) = plan.registry {
            plan.endpoints.schema_registry_url = registry::secure_url(ports.port);
        }
        if let Some(ports) = plan.mail {
            plan.endpoints.smtp_url = mail::secure_smtp_url(ports.smtp);
        }
        plan.endpoints.client_environment = secure.variables(TOOL).into_iter().collect();
        Ok(secure)
    }

    /// The certificate of whom everybody trusts.
    pub fn authority(&self) -> PathBuf {
        self.folder.join(certificates::AUTHORITY)
    }

    /// The certificate of a server, and its key.
    pub fn identity(&self, server: &str) -> (PathBuf, PathBuf) {
        let file = |ending: &str| self.folder.join(format!("{server}.{ending}"));
        (file("pem"), file("key"))
    }

    /// Certificate and key in one file.
    pub fn keystore(&self, server: &str) -> PathBuf {
        self.folder.join(format!("{server}.keystore.pem"))
    }

    /// The same for servers in Java that do not read PEM.
    pub fn java_keystore(&self, server: &str) -> PathBuf {
        self.folder.join(format!("{server}.p12"))
    }

    /// The password of a user or role.
    pub fn password(&self, of: &str) -> String {
        self.passwords.of(of)
    }

    /// Where a role finds the database of the services.
    pub fn database_url(&self, port: u16, role: &str) -> String {
        let password = self.password(&format!("postgres/{role}"));
        format!("postgres://{role}:{password}@127.0.0.1:{port}/oneway?{}", self.trust())
    }

    /// What the URL of a database ends with that is encrypted and verified.
    pub fn trust(&self) -> String {
        let authority = self.authority().display().to_string();
        let signs = [('%', "%25"), ('&', "%26"), ('#', "%23"), ('+', "%2B")];
        let escape = |text: String, (sign, code): (char, &str)| text.replace(sign, code);
        format!("sslmode=verify-full&sslrootcert={}", signs.into_iter().fold(authority, escape))
    }

    /// How a user of Kafka and of the registry says who it is.
    fn variables(&self, user: &str) -> Vec<(String, String)> {
        let authority = self.authority().display().to_string();
        [
            ("KAFKA_SECURITY_PROTOCOL", "sasl_ssl".to_owned()),
            ("KAFKA_CA_FILE", authority.clone()),
            ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512".to_owned()),
            ("KAFKA_SASL_USERNAME", user.to_owned()),
            ("KAFKA_SASL_PASSWORD", self.password(&format!("kafka/{user}"))),
            ("SCHEMA_REGISTRY_CA_FILE", authority),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The variables of a service.
    pub fn environment(
        &self,
        service: &Service,
        endpoints: &Endpoints,
    ) -> BTreeMap<String, String> {
        let mut env: BTreeMap<_, _> =
            self.variables(&self.namespace.qualify(&service.name)).into_iter().collect();
        let role = postgres::role(&self.namespace, &service.name);
        let url = match service.database {
            None => String::new(),
            Some(Database::Own | Database::All) => self.as_role(&endpoints.database_url, &role),
        };
        env.insert("DATABASE_URL".to_owned(), url);
        if service.name == mail::SENDER && endpoints.smtp_url.starts_with("smtps:") {
            let authority = self.authority().display().to_string();
            env.insert(mail::AUTHORITY.to_owned(), authority);
        }
        env
    }

    /// The tool's URL with another role in it.
    fn as_role(&self, url: &str, role: &str) -> String {
        let port = url.split_once("@127.0.0.1:").and_then(|(_, rest)| rest.split_once('/'));
        let port = port.and_then(|(port, _)| port.parse().ok());
        port.map_or_else(|| url.to_owned(), |port| self.database_url(port, role))
    }

    /// Everybody on Kafka and what they may do.
    pub fn principals(&self) -> Vec<Principal> {
        kafka::of(&self.services, &self.namespace)
    }

    /// Roles and their schemas, as SQL for the database of the services.
    pub fn sql(&self) -> String {
        postgres::sql(&self.services, &self.namespace, |role| {
            format!("'{}'", self.password(&format!("postgres/{role}")))
        })
    }
}
