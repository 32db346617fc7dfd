//! The schema registry: Apicurio with its Confluent-compatible API.

use std::fs;

use anyhow::Context;

use crate::{
    failure::Result,
    stack::{
        distribution::Distribution,
        folder::StateFolder,
        java::{self, Java},
        ledger::Kind,
        postgres,
        secure::Secure,
        spec::Spec,
    },
};

/// Its name in the stack.
pub const NAME: &str = "registry";

/// What the registry needs to run.
#[derive(Debug)]
pub struct Registry<'a> {
    pub java: &'a Java,
    pub distribution: &'a Distribution,
    pub folder: &'a StateFolder,
    pub port: u16,
    /// It opens a port for its own health and metrics, which nobody here uses.
    pub management_port: u16,
    /// Our Postgres; without one it keeps its schemas in a file of its own.
    pub postgres_port: Option<u16>,
    pub secure: Option<&'a Secure>,
}

impl Registry<'_> {
    /// Tells how to run it.
    pub fn prepare(&self) -> Result<Spec> {
        let home = self.folder.registry();
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let mut env = java::environment();
        let settings = self.settings().into_iter().chain(self.secure_settings());
        env.extend(settings.map(|(name, value)| (name.to_owned(), value)));
        Ok(Spec {
            name: NAME.into(),
            kind: Kind::Registry,
            program: self.java.program(),
            args: vec![
                "-Xms64m".into(),
                "-Xmx256m".into(),
                "-XX:+UseSerialGC".into(),
                "-XX:TieredStopAtLevel=1".into(),
                "-XX:+ExitOnOutOfMemoryError".into(),
                "-jar".into(),
                self.distribution.registry_jar()?.display().to_string(),
            ],
            env,
            clear_env: true,
            folder: home,
            run_as: None,
            log: self.folder.log(NAME),
        })
    }

    /// What is said besides, or otherwise, in a secure stack. It asks nobody who they are: that would
    /// take a server for identities.
    fn secure_settings(&self) -> Vec<(&'static str, String)> {
        let Some(secure) = self.secure else { return Vec::new() };
        let (certificate, key) = secure.identity(NAME);
        let mut all = vec![
            ("QUARKUS_HTTP_INSECURE_REQUESTS", "disabled".into()),
            ("QUARKUS_HTTP_SSL_PORT", self.port.to_string()),
            ("QUARKUS_HTTP_SSL_CERTIFICATE_FILES", certificate.display().to_string()),
            ("QUARKUS_HTTP_SSL_CERTIFICATE_KEY_FILES", key.display().to_string()),
        ];
        if let Some(port) = self.postgres_port {
            let (name, trust) = (postgres::REGISTRY_DATABASE, secure.trust());
            let url = format!("jdbc:postgresql://127.0.0.1:{port}/{name}?{trust}");
            let password = secure.password(postgres::REGISTRY_DATABASE);
            all.push(("APICURIO_DATASOURCE_URL", url));
            all.push(("APICURIO_DATASOURCE_PASSWORD", password));
        }
        all
    }

    fn settings(&self) -> [(&'static str, String); 15] {
        let file = self.folder.registry().join("schemas");
        let (kind, url, user, password) = match self.postgres_port {
            Some(port) => (
                "postgresql",
                format!("jdbc:postgresql://127.0.0.1:{port}/{}", postgres::REGISTRY_DATABASE),
                postgres::REGISTRY_DATABASE,
                postgres::REGISTRY_DATABASE,
            ),
            None => ("h2", format!("jdbc:h2:file:{}", file.display()), "sa", "sa"),
        };
        let log_format = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p [%c{1}] %s%e%n";
        [
            ("QUARKUS_HTTP_HOST", "127.0.0.1".into()),
            ("QUARKUS_HTTP_PORT", self.port.to_string()),
            ("QUARKUS_MANAGEMENT_HOST", "127.0.0.1".into()),
            ("QUARKUS_MANAGEMENT_PORT", self.management_port.to_string()),
            ("QUARKUS_LOG_CONSOLE_COLOR", "false".into()),
            ("QUARKUS_LOG_CONSOLE_FORMAT", log_format.into()),
            ("QUARKUS_HTTP_ACCESS_LOG_ENABLED", "false".into()),
            // It would open 20 connections at once, which are missing elsewhere.
            ("APICURIO_DATASOURCE_JDBC_INITIAL_SIZE", "1".into()),
            ("APICURIO_DATASOURCE_JDBC_MIN_SIZE", "1".into()),
            ("APICURIO_DATASOURCE_JDBC_MAX_SIZE", "10".into()),
            ("APICURIO_STORAGE_KIND", "sql".into()),
            ("APICURIO_STORAGE_SQL_KIND", kind.into()),
            ("APICURIO_DATASOURCE_URL", url),
            ("APICURIO_DATASOURCE_USERNAME", user.into()),
            ("APICURIO_DATASOURCE_PASSWORD", password.into()),
        ]
    }
}

/// The same, in a secure stack.
pub fn secure_url(port: u16) -> String {
    format!("https://127.0.0.1:{port}/apis/ccompat/v7")
}

/// Base URL of the API that services use.
pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/apis/ccompat/v7")
}
