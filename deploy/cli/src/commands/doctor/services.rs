//! Whether the services of the local stack are ready.

use futures_util::future::join_all;

use super::{LIMIT, check::Check};
use crate::stack::document::Stack;

/// Each of them.
pub async fn all(stack: &Stack) -> Vec<Check> {
    let client = match reqwest::Client::builder().timeout(LIMIT).no_proxy().build() {
        Ok(client) => client,
        Err(error) => return vec![Check::unchecked("services", error)],
    };
    let asked = stack.services.iter().map(|(name, service)| {
        let request = client.get(format!("{}/health/ready", service.admin_url));
        async move {
            let way = "`oneway logs NAME` tells what it is about";
            let name = format!("service {name}");
            match request.send().await {
                Ok(answer) if answer.status().is_success() => None,
                Ok(answer) => {
                    let seen = answer.text().await.unwrap_or_default();
                    Some(Check::bad(name, format!("is not ready: {}", seen.trim()), way))
                }
                Err(_) => Some(Check::bad(name, "does not answer", way)),
            }
        }
    });
    let mut checks: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    if checks.is_empty() {
        checks.push(Check::ok("services", format!("{} are ready", stack.services.len())));
    }
    checks
}
