//! Rights as calls of Kafka's own tool.

use std::fmt::Write as _;

use super::kafka::{Grant, Name, Principal, Resource};

const HEAD: &str = "\
#!/bin/sh
# BOOTSTRAP: host:port of a broker; ADMIN: file with the properties of a client that may do this.
# The users themselves are made by: kafka-configs.sh --alter --entity-type users
set -eu
allow() {
    kafka-acls.sh --bootstrap-server \"$BOOTSTRAP\" --command-config \"$ADMIN\" --add --force \\
        --allow-principal \"$@\"
}
";

/// A script for a shell.
pub fn script(principals: &[Principal]) -> String {
    let mut text = HEAD.to_owned();
    for Principal { name, grants } in principals {
        text.push('\n');
        for Grant { resource, operations } in grants {
            let operations: String =
                operations.iter().map(|operation| format!(" --operation {operation}")).collect();
            // A text takes everything.
            let _ = writeln!(text, "allow User:{name}{operations} {}", of(resource));
        }
    }
    text
}

fn of(resource: &Resource) -> String {
    let named = |kind: &str, name: &Name| match name {
        Name::Exactly(name) => format!("--{kind} {name}"),
        Name::Prefix(name) => format!("--resource-pattern-type prefixed --{kind} {name}"),
    };
    match resource {
        Resource::Topic(name) => format!("--topic {name}"),
        Resource::Group(name) => named("group", name),
        Resource::TransactionalId(name) => named("transactional-id", name),
        Resource::Cluster => "--cluster".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::kafka::tests::classifier;

    #[test]
    fn a_line_for_each_resource() {
        let script = script(&[classifier()]);
        let lines: Vec<_> = script.lines().filter(|line| line.starts_with("allow User")).collect();
        assert_eq!(
            [lines[0], lines[5]],
            [
                "allow User:t1.customer-classifier --operation Read --operation Describe \
                 --topic t1.order.events",
                "allow User:t1.customer-classifier --operation Write --operation Describe \
                 --resource-pattern-type prefixed --transactional-id t1.customer-classifier.",
            ]
        );
    }
}
