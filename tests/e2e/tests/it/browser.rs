//! The web page in a real browser, on real services: `tests/browser` says what people do there.

use serde_json::Value;
use testkit::{Installation, eventually};

use crate::{
    dead_letters::records::{Events, append},
    import::{CLASSES, RULE, import, report},
    node,
};

const SERVICES: [&str; 13] = [
    "command-api",
    "command-processor",
    "customers",
    "order-confirmation",
    "orders",
    "customer-classifier",
    "customer-report",
    "order-valuation",
    "change-notifier",
    "email-campaign",
    "campaigns",
    "operator",
    "web-ui",
];

#[tokio::test(flavor = "multi_thread")]
async fn people_work_together_on_the_page() {
    let installation = Installation::start(&SERVICES, &[]).await;
    node::test_in_browser(&installation, &["story.test.mjs", "lists.test.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_find_out_and_put_right() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let mut broken = Events::new(&installation).await.created("broken", 1);
    broken.payload = Some(vec![0, 0, 1]);
    append(&installation, vec![broken]).await;
    node::test_in_browser(&installation, &["operate.test.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_what_they_may_not() {
    let services = [&SERVICES[..], &["tokens"]].concat();
    let installation = Installation::start(&services, &[("ONEWAY_ANONYMOUS", "false")]).await;
    node::test_in_browser(&installation, &["access.test.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_followed_mail_by_mail() {
    let installation = Installation::start(&SERVICES, &RULE).await;
    node::test_in_browser(&installation, &["campaign.test.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_shows_a_real_history() {
    let installation = Installation::start(&SERVICES, &RULE).await;
    report(&import(&installation, 256).output().unwrap());
    let look = async || {
        let summary = installation.get("customer-report", "/v1/report/summary").await.1;
        let classes = summary["classes"].as_array().into_iter().flatten();
        classes.filter_map(|class| class["customers"].as_i64()).collect::<Vec<_>>()
    };
    eventually("all classes in the report", look, |counts| counts.starts_with(&CLASSES)).await;
    knows_the_api(&installation).await;
    node::test_in_browser(&installation, &["history.test.mjs"]).await;
}

/// The documents that the page's types are made of are those of the services.
async fn knows_the_api(installation: &Installation) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../consumers/web-ui/app/openapi");
    let documents = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let documents = documents.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut count = 0;
    for path in documents {
        let service = path.file_stem().unwrap().to_str().unwrap();
        if service == "tokens" {
            // It does not run here.
            continue;
        }
        let known: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (_, served) = installation.get(service, "/openapi.json").await;
        assert!(
            known == served,
            "{service} serves another API: `npm run generate`, see app/README.md"
        );
        count += 1;
    }
    assert!(count >= 7, "{count}");
}
