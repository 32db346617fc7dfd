//! Whom the client believes to be the mail server.

use std::{sync::Arc, time::Duration};

use email_campaign::{
    post::{Answer, Post},
    server::Server,
};
use lettre::{Message, transport::smtp::client::Certificate};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// What the server says to whoever believes it.
const HELD_UP: &str = "421 not today\r\n";

/// A server with a certificate that no authority of browsers has signed; its URL, and the PEM.
async fn listen() -> (String, String) {
    let name = "127.0.0.1".to_owned();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtps://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            stream.write_all(HELD_UP.as_bytes()).await.unwrap();
            // Until the client has gone.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    (url, cert.pem())
}

async fn answer(url: &str, authorities: Option<&str>) -> Answer {
    let mut server: Server = url.parse().unwrap();
    server.authorities = authorities.map(|pem| Certificate::from_pem(pem.as_bytes()).unwrap());
    let message = Message::builder().from("shop@example.org".parse().unwrap());
    let message = message.to("anna@example.org".parse().unwrap()).body("hello".to_owned()).unwrap();
    Post::new(server, Duration::from_secs(10)).send(&message).await
}

fn said(answer: Answer) -> String {
    let Answer::Away(said) = answer else { panic!("{answer:?}") };
    said
}

#[tokio::test]
async fn nobody_is_believed_whom_no_trusted_authority_vouches_for() {
    let (url, pem) = listen().await;
    let (_, other) = listen().await;
    let heard = said(answer(&url, Some(&pem)).await);
    assert!(heard.contains("not today"), "{heard}");
    for authorities in [None, Some(other.as_str())] {
        let refused = said(answer(&url, authorities).await);
        assert!(refused.contains("certificate"), "{refused}");
    }
    // Right authority, another name than that of the certificate.
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let refused = said(answer(&elsewhere, Some(&pem)).await);
    assert!(refused.contains("certificate"), "{refused}");
}
