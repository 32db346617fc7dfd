//! The saga of e-mail campaigns: fixes whom a campaign addresses, asks for one mailing per customer
//! at a set rate, sends each mail at most once, and tells what came of it. Whoever wants to know how
//! a campaign goes asks the consumer `campaigns`.
//!
//! In reading order:
//! - [`projection`]: the tables, and what events make of their rows
//! - [`audience`]: whom a campaign would write to
//! - [`asking`]: whom a campaign addresses, and how fast
//! - [`mail`], [`links`]: what is sent
//! - [`post`], [`server`]: the mail server
//! - [`sending`]: mails on their way, each an effect in the ledger
//! - [`telling`]: what came of them, as commands
//! - [`campaigning`]: the chore that does all this
//! - [`routes`]: links in mails, previews and test mails
//! - [`settings`], [`metrics`]
//!
//! Invariants:
//! - A mail is handed to the mail server at most once for each `mailing_requested`: the effect is
//!   begun and committed before, its end with what came of it after; what was interrupted in
//!   between is uncertain, and not sent again.
//! - Each `mailing_requested` is answered by one command at most, whose id follows from it.
//! - Nothing is sent before everything is applied that the log had when the process began, and
//!   nothing that was on its way when the tables were lost.

pub mod asking;
pub mod audience;
pub mod campaigning;
pub mod links;
pub mod mail;
pub mod metrics;
pub mod post;
pub mod projection;
pub mod routes;
pub mod sending;
pub mod server;
pub mod settings;
pub mod telling;

use std::sync::Arc;

use consumer_runtime::{Consumer, Database, run::schema_of};
use service::{Failure, Role};

use crate::{
    campaigning::Campaigning,
    post::Post,
    projection::EmailCampaign,
    routes::Desk,
    sending::{AT_ONCE, Sending},
    settings::Settings,
};

refinery::embed_migrations!("migrations");

/// Connections beside those of mails under way.
const CONNECTIONS: usize = 2;

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("email-campaign", Settings::from_env, async |shell, settings| {
        metrics::start();
        let Settings { runtime, server, server_wait, composer, pace, patience } = settings;
        let schema = schema_of(shell.name);
        let database = Database::new(&runtime.database, &schema, 2 * AT_ONCE + CONNECTIONS)
            .map_err(|error| Failure::Internal(error.into()))?;
        let post = Arc::new(Post::new(server, server_wait));
        let sending = Sending::new(Arc::clone(&post), composer.clone(), patience, database);
        let chore = Campaigning::new(runtime.log.clone(), pace, sending);
        let projection = EmailCampaign::new(composer.links.clone());
        let desk = Desk { composer, post };
        let routes = move |database| routes::router(database, desk);
        let consumer = Consumer::new(projection, migrations::runner, routes)
            .with_chore(chore)
            .with_open_paths(routes::OPEN);
        consumer_runtime::run(shell, runtime, consumer).await
    })
}
