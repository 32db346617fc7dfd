//! Tells the broker its users and their rights, as itself: by the certificate that it has.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::pbkdf2;
use rand::RngExt;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Secure, TOOL,
    wire::{Answer, Request},
};
use crate::{
    rights::kafka::{Grant, Name, Operation, Principal, Resource},
    stack::kafka,
};

/// Longest time for all of it.
const LIMIT: Duration = Duration::from_secs(20);

/// Longest answer that is believed.
const LONGEST: u32 = 1 << 20;

/// Rounds of the key derivation: the least that Kafka takes. The passwords are random.
const ROUNDS: i32 = 4096;

/// Users with their passwords, and rights: exactly these, whatever there was before.
pub async fn apply(secure: &Secure) -> Result<()> {
    let told = timeout(LIMIT, tell(secure)).await;
    told.context("the broker has not answered")?
}

async fn tell(secure: &Secure) -> Result<()> {
    let mut broker = connect(secure).await?;
    let principals = secure.principals();
    let names = principals.iter().map(|principal| principal.name.as_str()).chain([TOOL]);
    let users: Vec<_> =
        names.map(|name| (name, secure.password(&format!("kafka/{name}")))).collect();
    let answer = ask(&mut broker, with_users(&users)).await?;
    check(&mut Answer::new(&answer, true)?, What::Users).context("cannot make users")?;
    let answer = ask(&mut broker, without_rights()).await?;
    check(&mut Answer::new(&answer, false)?, What::Filter).context("cannot take rights away")?;
    let answer = ask(&mut broker, with_rights(&principals)).await?;
    check(&mut Answer::new(&answer, false)?, What::Rights).context("cannot give rights")
}

async fn connect(secure: &Secure) -> Result<TlsStream<TcpStream>> {
    let (certificate, key) = secure.identity(kafka::NAME);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(secure.authority())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(certificate)?],
            PrivateKeyDer::from_pem_file(key)?,
        )?;
    let stream = TcpStream::connect(("127.0.0.1", secure.internal_port)).await?;
    let name = ServerName::try_from("127.0.0.1")?;
    Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
}

async fn ask(broker: &mut TlsStream<TcpStream>, request: Request) -> Result<Vec<u8>> {
    broker.write_all(&request.finish()).await?;
    broker.flush().await?;
    let length = broker.read_u32().await?;
    ensure!(length <= LONGEST, "an answer of {length} bytes");
    let mut answer = vec![0; usize::try_from(length)?];
    broker.read_exact(&mut answer).await?;
    Ok(answer)
}

/// `AlterUserScramCredentials`, version 0.
fn with_users(users: &[(&str, String)]) -> Request {
    let mut request = Request::new(51, 0, true);
    request.count(0).count(users.len());
    for (name, password) in users {
        let salt: [u8; 32] = rand::rng().random();
        let mut salted = [0; 64];
        let rounds = NonZeroU32::new(ROUNDS.unsigned_abs()).unwrap_or(NonZeroU32::MIN);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA512;
        pbkdf2::derive(algorithm, rounds, &salt, password.as_bytes(), &mut salted);
        // By SCRAM-SHA-512.
        request.text(name).i8(2).i32(ROUNDS).data(&salt).data(&salted).tags();
    }
    request.tags();
    request
}

/// `DeleteAcls`, version 1: all that there are.
fn without_rights() -> Request {
    let mut request = Request::new(31, 1, false);
    request.count(1).i8(1).null().i8(1).null().null().i8(1).i8(1);
    request
}

/// `CreateAcls`, version 1.
fn with_rights(principals: &[Principal]) -> Request {
    let each = principals.iter().flat_map(|Principal { name, grants }| {
        grants.iter().flat_map(move |Grant { resource, operations }| {
            operations.iter().map(move |operation| (name, resource, *operation))
        })
    });
    let each: Vec<_> = each.collect();
    let mut request = Request::new(30, 1, false);
    request.count(each.len());
    for (user, resource, operation) in each {
        let (kind, name, pattern) = numbers(resource);
        request.i8(kind).text(name).i8(pattern).text(&format!("User:{user}")).text("*");
        // Allow.
        request.i8(number(operation)).i8(3);
    }
    request
}

/// Kind of resource, name, and pattern: literal or prefixed.
fn numbers(resource: &Resource) -> (i8, &str, i8) {
    match resource {
        Resource::Topic(name) => (2, name, 3),
        Resource::Cluster => (4, "kafka-cluster", 3),
        Resource::Group(Name::Exactly(name)) => (3, name, 3),
        Resource::Group(Name::Prefix(name)) => (3, name, 4),
        Resource::TransactionalId(Name::Exactly(name)) => (5, name, 3),
        Resource::TransactionalId(Name::Prefix(name)) => (5, name, 4),
    }
}

const fn number(operation: Operation) -> i8 {
    match operation {
        Operation::Read => 3,
        Operation::Write => 4,
        Operation::Create => 5,
        Operation::Describe => 8,
        Operation::DescribeConfigs => 10,
    }
}

/// What an answer is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Users,
    /// One filter, with all that it has found, which is not looked at.
    Filter,
    Rights,
}

/// Fails with the first error in a list of results.
fn check(answer: &mut Answer<'_>, what: What) -> Result<()> {
    for _ in 0..answer.count()? {
        let user = if what == What::Users { answer.text()? } else { String::new() };
        let code = answer.i16()?;
        let said = answer.text()?;
        ensure!(code == 0, "error {code} {user} {said}");
        if what == What::Filter {
            break;
        }
        answer.tags()?;
    }
    Ok(())
}
