//! The whole protocol of the original, by clients in JavaScript that know no more of us than that:
//! `tests/lazyapps/*.test.mjs`.

use testkit::Installation;

use crate::{node, story::SERVICES, valuation::feed::Feed};

/// How long after its registration a page's query may be answered.
const WINDOW: (&str, &str) = ("CHANGE_NOTIFIER_QUERY_WINDOW_MS", "1500");

/// What anybody may do at a stack as `cargo oneway up` starts it.
#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_original_find_all_that_they_know() {
    let feed = Feed::start().await;
    let env = [
        WINDOW,
        ("ORDER_VALUATION_FEED_URL", feed.url()),
        ("ORDER_VALUATION_RECORDED_FEED", "false"),
        // So that a client can look at the types of the graph.
        ("ORDERS_EXPLORER", "true"),
    ];
    let installation = Installation::start(&SERVICES, &env).await;
    let files = [
        "commands.test.mjs",
        "queries.test.mjs",
        "graph.test.mjs",
        "cors.test.mjs",
        "changes.test.mjs",
        "recordings.test.mjs",
        "story.test.mjs",
    ];
    node::test(&installation, &files, &[WINDOW]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_original_log_in_and_ask_with_their_tokens() {
    let secret = ("ONEWAY_JWT_SECRET", "a secret of the tests, long enough");
    let env = [WINDOW, secret, ("TOKENS_INSECURE_COOKIE", "false")];
    let services =
        ["command-api", "command-processor", "customers", "orders", "tokens", "change-notifier"];
    let installation = Installation::start(&services, &env).await;
    node::test(&installation, &["tokens.test.mjs"], &[WINDOW, secret]).await;
}
