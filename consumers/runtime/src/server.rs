//! The Postgres server: where it is, and whom to trust. Every connection is made here.

use std::{fmt, fs, str::FromStr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use service::Env;
use tokio_postgres::{Client, Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

/// A server, and as whom to ask it. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    config: Config,
    tls: MakeRustlsConnect,
}

/// Why a text names no server. Shows no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidServer(String);

impl fmt::Debug for Server {
    /// That of the configuration shows no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

impl FromStr for Server {
    type Err = InvalidServer;

    /// Reads `postgresql://…`. With `sslmode=require` or `verify-full` the connection is encrypted,
    /// and the server's certificate and name are verified either way: by the authorities in the
    /// file that `sslrootcert` names, else by those of the system. Without, it is in the clear.
    fn from_str(text: &str) -> Result<Self, InvalidServer> {
        let Taken { url, mode, authorities } = Taken::from(text);
        let malformed = |_| InvalidServer("is malformed (use postgresql://…)".to_owned());
        let mut config: Config = url.parse().map_err(malformed)?;
        let is_encrypted = match mode.as_deref() {
            // `sslrootcert` alone says that there is something to verify.
            None => authorities.is_some() || config.get_ssl_mode() == SslMode::Require,
            Some("require" | "verify-full") => true,
            Some("disable") if authorities.is_none() => false,
            Some("disable") => {
                let said = "has sslrootcert, but sslmode=disable verifies nothing".to_owned();
                return Err(InvalidServer(said));
            }
            Some(_) => {
                let said = "has an sslmode that is none of disable, require and verify-full \
                            (which both verify)";
                return Err(InvalidServer(said.to_owned()));
            }
        };
        let roots = match (is_encrypted, authorities.as_deref()) {
            (false, _) => RootCertStore::empty(),
            (true, None | Some("system")) => of_system()?,
            (true, Some(file)) => of_file(file)?,
        };
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, tls: connector(roots) })
    }
}

impl Server {
    /// Reads `DATABASE_URL`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let url = env.required("DATABASE_URL");
        url.parse().unwrap_or_else(|InvalidServer(said)| {
            if !url.is_empty() {
                // Not shown: it holds a password.
                env.problem(format!("DATABASE_URL {said}"));
            }
            Self::nowhere()
        })
    }

    /// One that cannot be connected to, for what ends before it would.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { config: Config::new(), tls: connector(RootCertStore::empty()) }
    }

    /// Where it is.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// How it is trusted.
    #[must_use]
    pub fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    /// The same server, asked otherwise.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut server = self.clone();
        change(&mut server.config);
        server
    }

    /// Connects. The driver of the connection ends with the client, and what goes wrong reaches
    /// whoever uses that.
    ///
    /// # Errors
    /// When the server cannot be reached, is not trusted, or lets nobody in.
    pub async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(self.tls()).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// A URL without what its parser does not know.
struct Taken {
    url: String,
    mode: Option<String>,
    authorities: Option<String>,
}

impl From<&str> for Taken {
    fn from(text: &str) -> Self {
        let (mut mode, mut authorities) = (None, None);
        let Some((base, query)) = text.split_once('?') else {
            return Self { url: text.to_owned(), mode, authorities };
        };
        let mut kept = Vec::new();
        for pair in query.split('&') {
            // A plus sign is one here, not a space.
            let decoded = pair.replace('+', "%2B");
            let decoded = form_urlencoded::parse(decoded.as_bytes()).next();
            match decoded.as_ref().map(|(name, value)| (name.as_ref(), value.to_string())) {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => authorities = Some(value),
                _ => kept.push(pair),
            }
        }
        let query = kept.join("&");
        let url = if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") };
        Self { url, mode, authorities }
    }
}

fn of_file(file: &str) -> Result<RootCertStore, InvalidServer> {
    let unusable = |error: String| {
        InvalidServer(format!("has an sslrootcert that cannot be used, {file}: {error}"))
    };
    let pem = fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, InvalidServer> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let said = "is to be verified, but this system trusts nobody: name the authorities by \
                    sslrootcert";
        return Err(InvalidServer(said.to_owned()));
    }
    Ok(roots)
}

#[expect(
    clippy::expect_used,
    reason = "the provider that is built in has what both versions ask for"
)]
fn connector(roots: RootCertStore) -> MakeRustlsConnect {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("a provider of TLS 1.2 and 1.3");
    MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../producers/event-log/tests/authority.pem");

    fn mode(url: &str) -> SslMode {
        url.parse::<Server>().unwrap().config.get_ssl_mode()
    }

    fn refused(url: &str) -> String {
        url.parse::<Server>().unwrap_err().to_string()
    }

    #[test]
    fn what_encrypts_verifies() {
        assert_eq!(mode("postgres://u:p@h/d"), SslMode::Disable);
        assert_eq!(mode("postgres://u:p@h/d?sslmode=disable"), SslMode::Disable);
        for url in ["sslmode=require&", "sslmode=verify-full&", ""] {
            assert_eq!(
                mode(&format!("postgres://u:p@h/d?{url}sslrootcert={PEM}")),
                SslMode::Require
            );
        }
        for halfway in ["prefer", "allow", "verify-ca"] {
            let said = refused(&format!("postgres://u:s3cret@h/d?sslmode={halfway}"));
            assert!(said.contains("none of disable, require and verify-full"), "{said}");
            assert!(!said.contains("s3cret"));
        }
    }

    #[test]
    fn the_rest_of_the_url_stays() {
        let file = PEM.replace('/', "%2F");
        let url =
            format!("postgres://u:p@h:7/d?application_name=x&sslrootcert={file}&options=-c%20a");
        let server: Server = url.parse().unwrap();
        assert_eq!(server.config.get_application_name(), Some("x"));
        assert_eq!(server.config.get_options(), Some("-c a"));
        assert_eq!(server.config.get_ports(), [7]);
    }

    #[test]
    fn a_file_that_is_of_no_use_is_named() {
        let said = refused("postgres://u:p@h/d?sslmode=require&sslrootcert=/no/ca.pem");
        assert!(said.starts_with("has an sslrootcert that cannot be used, /no/ca.pem: "), "{said}");
        let said = refused(&format!(
            "postgres://h/d?sslrootcert={}/Cargo.toml",
            env!("CARGO_MANIFEST_DIR")
        ));
        assert!(said.ends_with("there is no certificate in it"), "{said}");
        assert!(
            refused("postgres://h/d?sslmode=disable&sslrootcert=x").contains("verifies nothing")
        );
    }
}
