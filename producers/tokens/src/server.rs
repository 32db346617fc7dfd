//! How the parts come together.

use std::sync::Arc;

use anyhow::Context;
use service::{
    Failure, Gate, Shell,
    auth::{Admit, issuer::Issuer},
    http,
};

use crate::{
    attempts::Attempts,
    routes::{Tokens, router},
    session::Sessions,
    settings::Settings,
};

/// Serves until the shutdown.
pub async fn serve(shell: Shell, settings: Settings) -> Result<(), Failure> {
    let port = shell.health.part(http::PART);
    shell.health.complete();
    let (address, gate, tokens) = assemble(settings)?;
    http::serve(address, gate, router(tokens), port, shell.shutdown).await
}

/// The gate, and what is behind it.
pub fn assemble(settings: Settings) -> Result<(std::net::SocketAddr, Gate, Tokens), Failure> {
    let Settings { address, gate, accounts, insecure_cookie, token_life, session_life } = settings;
    if accounts.demo {
        tracing::warn!("the accounts are for demonstration: everybody knows their passwords");
    }
    let rules = &gate.rules;
    let secret = rules.secret.as_ref().context("the settings have a secret");
    let issuer = secret.and_then(|secret| Issuer::new(secret, &rules.issuer, &rules.audience));
    let issuer = issuer.map_err(Failure::Internal)?;
    let origins = gate.origins.clone();
    let gate = Gate::new(&gate, Admit::Everybody)?;
    let tokens = Tokens {
        gate: gate.clone(),
        sessions: Sessions { issuer, token_life, session_life, secure: !insecure_cookie },
        accounts,
        attempts: Arc::new(Attempts::new().map_err(Failure::Internal)?),
        origins,
    };
    Ok((address, gate, tokens))
}
