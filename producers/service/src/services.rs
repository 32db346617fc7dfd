//! Other services by their names, as a setting has them: `NAME=URL` with commas.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use reqwest::Url;

use crate::env::Env;

/// Services by their names, each with its base URL, in the order in which they are named. Cheap to
/// clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services(Arc<[(String, Url)]>);

/// Why a text names no services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidServices;

impl Services {
    /// Reads the service's own `_SERVICES`; without it they are these, at ports of this machine.
    pub fn from_env(env: &Env, local: &[(&str, u16)]) -> Self {
        let url = |port: u16| Url::parse(&format!("http://127.0.0.1:{port}")).ok();
        let named = |(name, port): &(&str, u16)| Some(((*name).to_owned(), url(*port)?));
        let local = Self(local.iter().filter_map(named).collect());
        env.parsed(&env.own("SERVICES"), local)
    }

    /// Where a service is.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Url> {
        self.iter().find_map(|(of, url)| (of == name).then_some(url))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Url)> {
        self.0.iter().map(|(name, url)| (name.as_str(), url))
    }
}

impl fmt::Display for InvalidServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use NAME=URL with commas, such as orders=http://orders:3005, each name once")
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
        let services: Option<Arc<[_]>> = text.split(',').map(service).collect();
        let services = services.map(Self).ok_or(InvalidServices)?;
        let names: BTreeSet<_> = services.iter().map(|(name, _)| name).collect();
        // Of two under one name nobody could say which is meant.
        if names.len() == services.iter().count() { Ok(services) } else { Err(InvalidServices) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn services_are_read() {
        let services: Services = "orders=http://orders:3005, tokens=https://id".parse().unwrap();
        assert_eq!(services.find("orders").unwrap().as_str(), "http://orders:3005/");
        assert_eq!(services.find("customers"), None);
        let names: Vec<_> = services.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["orders", "tokens"]);
        for bad in [
            "",
            "orders",
            "orders=",
            "=http://a",
            "orders=ftp://a",
            "orders=http://a/b",
            "a=http://a,a=http://b",
        ] {
            assert_eq!(bad.parse::<Services>(), Err(InvalidServices), "{bad}");
        }
    }

    #[test]
    fn without_the_setting_they_are_local() {
        let read = |variables| {
            let env = Env::new("web-ui", variables);
            (Services::from_env(&env, &[("orders", 3005)]), env.finish().is_ok())
        };
        let (local, _) = read(HashMap::new());
        assert_eq!(local.find("orders").unwrap().as_str(), "http://127.0.0.1:3005/");
        let set = |value: &str| HashMap::from([("WEB_UI_SERVICES".to_owned(), value.to_owned())]);
        let (named, _) = read(set("tokens=http://id"));
        assert_eq!((named.find("orders"), named.iter().count()), (None, 1));
        assert!(!read(set("s3cret!")).1);
    }
}
