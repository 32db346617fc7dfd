//! Customers of class B who may, or may not, be written to; and what is asked of campaigns.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use testkit::{Installation, eventually};

pub const SERVICES: [&str; 8] = [
    "command-api",
    "command-processor",
    "customers",
    "orders",
    "order-confirmation",
    "customer-classifier",
    "email-campaign",
    "campaigns",
];

/// Settings of email-campaign for a mail server.
pub fn settings(url: &str, per_second: &str) -> Vec<(&'static str, String)> {
    vec![
        ("EMAIL_CAMPAIGN_SMTP_URL", url.to_owned()),
        ("EMAIL_CAMPAIGN_SMTP_WAIT_MS", "5000".to_owned()),
        ("EMAIL_CAMPAIGN_RETRY_MS", "300".to_owned()),
        ("EMAIL_CAMPAIGN_MAILS_PER_SECOND", per_second.to_owned()),
        ("CUSTOMER_CLASSIFIER_A_THRESHOLD", "500".to_owned()),
        ("CUSTOMER_CLASSIFIER_B_THRESHOLD", "100".to_owned()),
        ("CUSTOMER_CLASSIFIER_WINDOW", "all".to_owned()),
    ]
}

/// Sends any command; it has to be accepted.
pub async fn command(
    installation: &Installation,
    aggregate: &str,
    id: &str,
    name: &str,
    payload: Value,
) {
    let body = json!({
        "aggregateName": aggregate, "aggregateId": id, "command": name, "payload": payload,
    });
    let (status, answer) = installation.post("command-api", "/api/command", &body).await;
    // 202: it is in the log, and decided soon.
    assert!(matches!(status, 200 | 202), "{aggregate} {id} {name}: {status} {answer}");
}

pub fn address(customer: &str) -> String {
    format!("{customer}@example.org")
}

/// Gives customers an address, and some of them permission to be written to.
pub async fn permit(installation: &Installation, customers: &[String], permitted: usize) {
    let each = stream::iter(customers.iter().enumerate());
    each.for_each_concurrent(32, |(n, customer)| async move {
        let data = json!({ "name": format!("Customer {customer}"), "email": address(customer) });
        command(installation, "customer", customer, "UPDATE", data).await;
        if n < permitted {
            let source = json!({ "source": "a test" });
            command(installation, "customer", customer, "GRANT_EMAIL_PERMISSION", source).await;
        }
    })
    .await;
}

/// Prepares a campaign; the subject begins with its id.
pub async fn prepare(installation: &Installation, campaign: &str) {
    let payload = json!({
        "name": campaign,
        "subject": format!("{campaign} for {{{{ name }}}}"),
        "body": "<p>Dear {{ name }} ({{ class }}),</p>\
                 <p><a href=\"{{ link('https://shop.example/new') }}\">have a look</a></p>",
    });
    command(installation, "campaign", campaign, "CREATE", payload).await;
}

pub async fn tell(installation: &Installation, campaign: &str, name: &str) {
    command(installation, "campaign", campaign, name, json!({})).await;
}

/// A campaign as its read model shows it, once that is so.
pub async fn standing(
    installation: &Installation,
    campaign: &str,
    what: &str,
    holds: impl Fn(&Value) -> bool,
) -> Value {
    let path = format!("/v1/campaigns/{campaign}");
    let look = async || installation.get("campaigns", &path).await.1;
    eventually(what, look, holds).await
}

/// Every mailing of a campaign.
pub async fn mailings(installation: &Installation, campaign: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/campaigns/{campaign}/mailings?limit=500{cursor}");
        let (status, page) = installation.get("campaigns", &path).await;
        assert_eq!(status, 200, "{page}");
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}
