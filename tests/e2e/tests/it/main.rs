//! The whole system on real servers, as its users see it: over HTTP, on the topics, by the
//! command line. `cargo oneway test` starts the servers.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod access;
mod all_in_one;
mod autoscale;
mod backpressure;
mod bad_input;
mod bench;
mod broker_away;
mod browser;
mod campaigns;
mod canary;
mod changes;
mod chaos;
mod checkpoints;
mod classes;
mod dead_letters;
mod dependencies;
mod deploy;
mod doctor;
mod drill;
mod guard;
mod import;
mod independent;
mod keys;
mod lookup;
mod metrics;
mod node;
mod operators;
mod origin;
mod otlp;
mod own_writes;
mod policies;
mod rebuild;
mod recordings;
mod repeats;
mod report;
mod resolvers;
mod restarts;
mod rolling;
mod schema_workflow;
mod schemas;
mod secured;
mod settings;
mod shutdown;
mod state_rebuild;
mod story;
mod subscriptions;
mod tokens;
mod trace;
mod valuation;
mod verify;
mod wire;
