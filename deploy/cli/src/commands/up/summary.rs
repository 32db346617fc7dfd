//! What a newcomer wants to know once everything runs.

use crate::stack::{catalog::Service, document::Stack, mail, page, postgres};

/// The URLs, services in the order in which the data flows.
pub fn text(services: &[Service], stack: &Stack) -> String {
    let page = stack.services.get(page::SERVICE).and_then(|page| page.url.as_deref());
    let up = page.map_or_else(|| "Oneway is up.".to_owned(), |url| format!("Oneway is up: {url}"));
    let mut lines = vec![up, String::new()];
    let mut row = |name: &str, at: &str, about: &str| {
        lines.push(format!("  {name:<22} {at:<26} {about}").trim_end().to_owned());
    };
    for service in services {
        let instances = stack.services.iter().filter(|(name, _)| is_instance(name, &service.name));
        for (name, instance) in instances {
            row(name, instance.url.as_deref().unwrap_or("-"), &service.about);
        }
    }
    row("Kafka", &stack.kafka_brokers, "");
    row("schema registry", &stack.schema_registry_url, "");
    // The address of somebody else's database may hold a secret, and that of a secure stack does.
    let database = match stack.infrastructure.contains_key(postgres::NAME) {
        true if stack.client_environment.is_empty() => &stack.database_url,
        true => "as stack.json tells",
        false => "as given by DATABASE_URL",
    };
    row("Postgres", database, "");
    if let Some(caught) = stack.infrastructure.get(mail::NAME) {
        row(
            "mails",
            &mail::api_url(caught.port),
            "what campaigns have sent: caught, not delivered",
        );
    }
    row("stack.json", &stack.state_dir.join("stack.json").display().to_string(), "");
    lines.push(String::new());
    lines.push(
        "`cargo oneway status` shows how all of it is doing, `cargo oneway logs NAME` what it says."
            .into(),
    );
    lines.join("\n")
}

/// Whether a name is the service's, or that of a further instance such as `orders-2`.
fn is_instance(name: &str, service: &str) -> bool {
    name.strip_prefix(service).is_some_and(|rest| {
        rest.strip_prefix('-').map_or(rest.is_empty(), |number| number.parse::<u32>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_instances_belong_to_their_service() {
        assert!(is_instance("orders", "orders"));
        assert!(is_instance("orders-2", "orders"));
        assert!(!is_instance("orders-report", "orders"));
        assert!(!is_instance("orders2", "orders"));
    }
}
