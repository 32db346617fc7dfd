//! How a registry is trusted, and how it knows who asks.

use std::{fmt, fs};

use reqwest::{Certificate, Client, RequestBuilder};
use service::Env;

/// Whom to trust, and as whom to ask; by default whom the system trusts, as nobody.
#[derive(Clone, Default)]
pub struct Access {
    /// Where the authorities were read.
    file: Option<String>,
    authorities: Vec<Certificate>,
    user: Option<(String, String)>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_ref().map(|(name, _)| name);
        let authorities = self.authorities.len();
        f.debug_struct("Access").field("authorities", &authorities).field("user", &user).finish()
    }
}

impl Access {
    /// Reads `SCHEMA_REGISTRY_CA_FILE`, `_USERNAME` and `_PASSWORD`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let file = env.optional("SCHEMA_REGISTRY_CA_FILE");
        let authorities = file.as_ref().map(|file| {
            let bytes = fs::read(file).map_err(|error| error.to_string());
            let read = |bytes: Vec<u8>| {
                Certificate::from_pem_bundle(&bytes).map_err(|error| error.to_string())
            };
            bytes.and_then(read).unwrap_or_else(|error| {
                env.problem(format!("SCHEMA_REGISTRY_CA_FILE: cannot use {file}: {error}"));
                Vec::new()
            })
        });
        let name = env.optional("SCHEMA_REGISTRY_USERNAME");
        let password = env.optional("SCHEMA_REGISTRY_PASSWORD");
        if password.is_some() && name.is_none() {
            env.problem("SCHEMA_REGISTRY_PASSWORD is set without SCHEMA_REGISTRY_USERNAME".into());
        }
        let user = name.map(|name| (name, password.unwrap_or_default()));
        Self { file, authorities: authorities.unwrap_or_default(), user }
    }

    /// The variables that say the same, for processes that are to ask so, too.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let file = self.file.iter().map(|file| ("SCHEMA_REGISTRY_CA_FILE", file.clone()));
        let user = self.user.iter().flat_map(|(name, password)| {
            let name = ("SCHEMA_REGISTRY_USERNAME", name.clone());
            [name, ("SCHEMA_REGISTRY_PASSWORD", password.clone())]
        });
        file.chain(user).collect()
    }

    /// A client that trusts them.
    #[must_use]
    pub fn client(&self) -> Client {
        if self.authorities.is_empty() {
            return Client::new();
        }
        let client = Client::builder().tls_certs_only(self.authorities.clone()).build();
        // They were read already. If they are of no use all the same, nobody is trusted.
        client.unwrap_or_else(|_| Client::new())
    }

    /// Says who asks.
    pub fn authorise(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.user {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        }
    }
}
