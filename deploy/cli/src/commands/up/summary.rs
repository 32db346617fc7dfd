//! What a newcomer wants to know once everything runs.

use super::detached;
use crate::{
    report,
    stack::{document::Stack, folder::StateFolder, plan::Plan},
};

/// Prints the URLs.
pub fn print(plan: &Plan, stack: &Stack, folder: &StateFolder) {
    report::print(text(plan, stack, folder));
}

fn text(plan: &Plan, stack: &Stack, folder: &StateFolder) -> String {
    let mut lines = vec!["Oneway is up.".to_owned(), String::new()];
    let mut row = |name: &str, at: &str, about: &str| {
        lines.push(format!("  {name:<22} {at:<26} {about}").trim_end().to_owned());
    };
    for instance in &plan.instances {
        let url = instance.url().unwrap_or_else(|| "-".to_owned());
        row(&instance.name(), &url, &instance.service.about);
    }
    row("Kafka", &stack.kafka_brokers, "");
    row("schema registry", &stack.schema_registry_url, "");
    match plan.postgres {
        Some(_) => row("Postgres", &stack.database_url, ""),
        // Somebody else's address may hold a secret.
        None => row("Postgres", "as given by DATABASE_URL", ""),
    }
    row("stack.json", &folder.stack_file().display().to_string(), "");
    lines.push(String::new());
    if !detached::is_this_process() {
        lines.push("Ctrl-C stops everything; the data stays for the next start.".into());
    }
    lines.push("`cargo oneway status` shows how all of it is doing, `cargo oneway logs NAME` what it says.".into());
    lines.join("\n")
}
