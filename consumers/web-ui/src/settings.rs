//! What is configured.

use std::{collections::BTreeMap, net::SocketAddr, str::FromStr, sync::Arc};

use service::{Env, auth};
use url::Url;

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it serves HTTP.
    pub address: SocketAddr,
    /// From where pages may ask.
    pub gate: auth::Settings,
    /// Where the services are.
    pub services: Services,
}

/// Services by their names, each with its base URL. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services(Arc<BTreeMap<String, Url>>);

/// The services of a local stack, with their usual ports.
const LOCAL: [(&str, u16); 11] = [
    ("command-api", 3001),
    ("customers", 3003),
    ("orders", 3005),
    ("customer-classifier", 3006),
    ("order-valuation", 3007),
    ("change-notifier", 3008),
    ("tokens", 3009),
    ("customer-report", 3010),
    ("email-campaign", 3011),
    ("campaigns", 3012),
    ("operator", 3013),
];

impl Settings {
    /// Reads the service's own `_HTTP_ADDRESS` and `_SERVICES`, and what all gates have.
    pub fn from_env(env: &Env) -> Self {
        let local = SocketAddr::from(([127, 0, 0, 1], 3000));
        Self {
            address: env.parsed(&env.own("HTTP_ADDRESS"), local),
            gate: auth::Settings::read(env),
            services: env.parsed(&env.own("SERVICES"), Services::local()),
        }
    }
}

impl Services {
    fn local() -> Self {
        let url = |port| Url::parse(&format!("http://127.0.0.1:{port}")).ok();
        let named = |(name, port): (&str, u16)| Some((name.to_owned(), url(port)?));
        Self(Arc::new(LOCAL.into_iter().filter_map(named).collect()))
    }

    /// Where a service is.
    pub fn find(&self, name: &str) -> Option<&Url> {
        self.0.get(name)
    }
}

/// Why a text names no services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidServices;

impl std::fmt::Display for InvalidServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("use NAME=URL with commas, such as orders=http://orders:3005")
    }
}

impl FromStr for Services {
    type Err = InvalidServices;

    fn from_str(text: &str) -> Result<Self, InvalidServices> {
        let service = |item: &str| {
            let (name, url) = item.trim().split_once('=')?;
            let url = Url::parse(url).ok()?;
            let is_base = matches!(url.scheme(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none();
            (!name.is_empty() && is_base).then(|| (name.to_owned(), url))
        };
        let services: Option<BTreeMap<_, _>> = text.split(',').map(service).collect();
        services.map(|services| Self(Arc::new(services))).ok_or(InvalidServices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read() {
        let services: Services = "orders=http://orders:3005, tokens=https://id".parse().unwrap();
        assert_eq!(services.find("orders").unwrap().as_str(), "http://orders:3005/");
        assert_eq!(services.find("customers"), None);
        for bad in ["", "orders", "orders=", "=http://a", "orders=ftp://a", "orders=http://a/b"] {
            assert_eq!(bad.parse::<Services>(), Err(InvalidServices), "{bad}");
        }
        assert_eq!(Services::local().0.len(), LOCAL.len());
    }
}
