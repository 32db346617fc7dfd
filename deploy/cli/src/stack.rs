//! The local stack: Kafka, schema registry, Postgres and the services, as supervised processes of
//! this machine, all on loopback, with everything they keep in one state folder.
//!
//! In reading order:
//! - [`run`]: the life of a stack, from the first port check to the last process stopped
//! - [`plan`]: what is to run where, decided and checked before anything starts
//! - [`catalog`]: `deploy/services.yaml`, and the environment each service gets; [`access`] says
//!   who may ask them, [`all_in_one`] puts all into one process
//! - [`ports`]: which ports are used, and that nobody else has them
//! - [`build`]: the service binaries, by one call of cargo
//! - [`distribution`]: Kafka, registry and Postgres from Maven Central; [`java`] to run them
//! - [`kafka`], [`registry`], [`postgres`] (with [`account`]): how each is set up and started
//! - [`secure`]: the same servers, which let in only whom they know
//! - [`supervisor`]: keeps one process alive, as its [`spec`] says and with [`backoff`];
//!   [`readiness`] tells when it works
//! - [`folder`]: the state folder, its layout and its lock,
//!   or [`temporary`], for the time of one command
//! - [`records`]: what runs, in [`document`] (`stack.json`, for others) and [`ledger`] (for us)
//! - [`process`], [`memory`]: identity, signals and memory of processes; [`leftovers`] of a stack that was killed
//! - [`logs`]: log files, their tails and their rotation
//! - [`signals`]: Ctrl-C and friends
//!
//! Invariants: whoever starts a process writes it into the ledger before anything else happens; a
//! process is signalled only after its identity (pid and start time) was checked or while it is
//! still our own unreaped child; one supervisor per state folder, held by a lock that dies with it.

pub mod access;
pub mod account;
pub mod all_in_one;
pub mod backoff;
pub mod build;
pub mod catalog;
pub mod distribution;
pub mod document;
pub mod folder;
pub mod java;
pub mod kafka;
pub mod ledger;
pub mod leftovers;
pub mod logs;
pub mod mail;
pub mod memory;
pub mod page;
pub mod plan;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod readiness;
pub mod records;
pub mod registry;
pub mod run;
pub mod secure;
pub mod signals;
pub mod spec;
pub mod supervisor;
pub mod temporary;

use std::{collections::BTreeMap, fmt};

/// Where the infrastructure answers, started by us or not. Shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Bootstrap servers.
    pub kafka_brokers: String,
    /// Base URL of the Confluent-compatible API.
    pub schema_registry_url: String,
    /// `postgres://…`
    pub database_url: String,
    /// `smtp://…` of our own mail catcher; empty when there is none.
    pub smtp_url: String,
    /// How a client says who it is, in the variables that say so to services; empty where everybody
    /// is let in, or the caller's own variables say it.
    pub client_environment: BTreeMap<String, String>,
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints")
            .field("kafka_brokers", &self.kafka_brokers)
            .field("schema_registry_url", &self.schema_registry_url)
            .finish_non_exhaustive()
    }
}
