//! Takes commands over HTTP, appends them to the log and answers with their outcome. Keeps no
//! state of its own: any number of instances may run.
//!
//! In reading order:
//! - [`settings`], [`server`]: what is configured, and how the parts come up and go down
//! - [`openapi`], [`routes`]: what can be asked, one file per resource
//! - [`admission`]: how much of the requests may be in memory
//! - [`request`], [`body`]: what a request says: headers, JSON
//! - [`traced`]: the span of a request
//! - [`refusals`]: commands whose senders lack the right
//! - [`command`], [`dispatch`]: a command on its way into the log, and the wait for its outcome
//! - [`outcomes`], [`reader`], [`record`]: outcomes on their way back
//! - [`lookup`]: outcomes of commands that this instance did not take or has forgotten
//! - [`answer`]: outcomes as HTTP answers
//! - [`metrics`]: what is counted
//!
//! Invariants: nothing is appended that the domain's rules of form refuse; an answer that a
//! command was taken is only given once it is in the log; the reader of outcomes stands at its
//! place before the first command is taken.

mod admission;
mod answer;
mod body;
mod bounded;
mod command;
mod dispatch;
mod lookup;
mod metrics;
mod openapi;
mod outcomes;
mod reader;
mod record;
mod refusals;
mod request;
mod routes;
mod server;
mod settings;
mod traced;

use service::Role;

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("command-api", settings::Settings::from_env, server::serve)
}
