//! `oneway rights`: the least rights of each service, on Kafka and in Postgres.

use clap::{Args, Subcommand, ValueEnum};
use schemas::Namespace;

use crate::{
    commands::up::parse_namespace,
    failure::{Failure, Result},
    report::print,
    rights::{acls, kafka, postgres, strimzi},
    stack::catalog,
    workspace::Workspace,
};

/// Print the least rights of each service, as deploy/services.yaml has them
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    server: Server,

    /// Prefix of topics, groups, transactional ids, users and roles
    #[arg(long, global = true, value_name = "PREFIX", env = "ONEWAY_NAMESPACE", default_value = "", value_parser = parse_namespace)]
    namespace: String,
}

#[derive(Debug, Subcommand)]
enum Server {
    /// A user of Kafka for each service, and what it may do
    Kafka {
        /// For whom
        #[arg(long, value_enum, default_value_t = Format::KafkaAcls)]
        format: Format,

        /// Name of the cluster that Strimzi runs
        #[arg(long, default_value = "kafka")]
        cluster: String,
    },
    /// A role of Postgres for each service, and what it owns: SQL for psql
    Postgres,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// `KafkaUser` resources
    Strimzi,
    /// A script that calls kafka-acls.sh
    KafkaAcls,
}

/// Runs the command.
pub fn run(options: Options, workspace: &Workspace) -> Result<()> {
    let Options { server, namespace } = options;
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let namespace =
        Namespace::new(&namespace).map_err(|error| Failure::setup(error.to_string()))?;
    let text = match server {
        Server::Postgres => postgres::script(&services, &namespace),
        Server::Kafka { format, cluster } => {
            let principals = kafka::of(&services, &namespace);
            match format {
                Format::Strimzi => strimzi::text(&principals, &cluster),
                Format::KafkaAcls => acls::script(&principals),
            }
        }
    };
    print(text.trim_end());
    Ok(())
}
