//! Tokens of an issuer of one's own, whose keys are a set in a file and on the web.

use std::{fs, path::PathBuf};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use testkit::{Installation, Process};
use tokio::net::TcpListener;

use crate::node;

/// Serves the file as it is now.
async fn serve(file: PathBuf) -> String {
    let read = async |State(file): State<PathBuf>| {
        fs::read_to_string(file).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    };
    let router = Router::new().route("/keys", get(read)).with_state(file);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuers_keys_are_read_and_their_rotation_is_picked_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let keys = file.to_str().unwrap();
    let url = serve(file.clone()).await;
    let issuer = [("ONEWAY_JWT_ISSUER", "https://issuer.example"), ("ONEWAY_JWT_AUDIENCE", "shop")];
    let services = ["command-api", "command-processor", "orders"];
    let by_file = [&issuer[..], &[("ONEWAY_JWT_KEYS", keys)]].concat();
    let installation = Installation::start(&services, &by_file).await;
    let by_web = [
        &issuer[..],
        &[
            ("ONEWAY_JWT_KEYS", url.as_str()),
            ("ONEWAY_ANONYMOUS", "false"),
            ("DATABASE_URL", &installation.database_url),
        ],
    ]
    .concat();
    let mut web = Process::start(&installation, "orders", "orders-2", &by_web);
    web.ready().await;
    let env = [("ONEWAY_KEYS", keys), ("ONEWAY_WEB_ORDERS", web.url.as_str())];
    node::test(&installation, &["keys.test.mjs"], &env).await;
}
