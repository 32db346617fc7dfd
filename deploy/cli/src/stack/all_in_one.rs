//! All services in one process.

use std::collections::BTreeMap;

use crate::stack::catalog::{Instance, Shared};

/// Crate, binary and part of the stack.
pub const NAME: &str = "all-in-one";

/// The variables of the process: those of its services together. Each of them makes the name of
/// its instance of its own and the number.
pub fn environment(
    instances: &[Instance],
    shared: &Shared,
    is_set_by_caller: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let all = instances.iter().flat_map(|one| one.environment(shared, &is_set_by_caller));
    let mut all: BTreeMap<_, _> = all.collect();
    let names: Vec<_> = instances.iter().map(|one| one.service.name.as_str()).collect();
    all.insert("ALL_IN_ONE_SERVICES".to_owned(), names.join(","));
    all.insert("ONEWAY_INSTANCE".to_owned(), "1".to_owned());
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{
        Endpoints,
        access::Access,
        catalog::{Map, Service},
    };

    fn instance(name: &str, admin_port: u16) -> Instance {
        let (http_port, env) = (None, BTreeMap::from([("A".to_owned(), "1".to_owned())]));
        let service =
            Service { name: name.into(), http_port, admin_port, env, ..Service::default() };
        Instance { service, number: 1, http_port, admin_port }
    }

    #[test]
    fn each_keeps_its_variables_and_the_instance_has_a_number_alone() {
        let endpoints = Endpoints {
            kafka_brokers: "k:1".into(),
            schema_registry_url: "http://r".into(),
            database_url: "postgres://p".into(),
            smtp_url: String::new(),
            client_environment: BTreeMap::new(),
        };
        let (namespace, log_format, state) = ("t1.".into(), "json".into(), "/s".into());
        let (access, map) = (Access::open(), Map::default());
        let shared = Shared { endpoints, namespace, log_format, state, access, map, secure: None };
        let instances = [instance("orders", 1), instance("order-valuation", 2)];
        let env: BTreeMap<_, _> =
            environment(&instances, &shared, |name| name == "A").into_iter().collect();
        for (name, wanted) in [
            ("ORDERS_ADMIN_ADDRESS", "127.0.0.1:1"),
            ("ORDER_VALUATION_ADMIN_ADDRESS", "127.0.0.1:2"),
            ("ONEWAY_NAMESPACE", "t1."),
            ("ONEWAY_INSTANCE", "1"),
            ("ALL_IN_ONE_SERVICES", "orders,order-valuation"),
        ] {
            assert_eq!(env.get(name).map(String::as_str), Some(wanted), "{name}");
        }
        assert!(!env.contains_key("A"), "the caller has the last word");
    }
}
