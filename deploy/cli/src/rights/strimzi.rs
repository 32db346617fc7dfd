//! Rights as resources of Strimzi's user operator.

use serde_json::{Value, json};

use super::kafka::{Grant, Name, Principal, Resource};

/// One `KafkaUser` each, as documents of YAML, whose values are JSON.
pub fn text(principals: &[Principal], cluster: &str) -> String {
    principals.iter().map(|principal| format!("---\n{:#}\n", user(principal, cluster))).collect()
}

fn user(principal: &Principal, cluster: &str) -> Value {
    json!({
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": principal.name, "labels": {"strimzi.io/cluster": cluster}},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {
                "type": "simple",
                "acls": principal.grants.iter().map(acl).collect::<Vec<_>>(),
            },
        },
    })
}

fn acl(Grant { resource, operations }: &Grant) -> Value {
    let operations: Vec<_> = operations.iter().map(ToString::to_string).collect();
    json!({"resource": of(resource), "operations": operations})
}

fn of(resource: &Resource) -> Value {
    let named = |kind: &str, name: &Name| match name {
        Name::Exactly(name) => json!({"type": kind, "name": name}),
        Name::Prefix(name) => json!({"type": kind, "patternType": "prefix", "name": name}),
    };
    match resource {
        Resource::Topic(name) => json!({"type": "topic", "name": name}),
        Resource::Group(name) => named("group", name),
        Resource::TransactionalId(name) => named("transactionalId", name),
        Resource::Cluster => json!({"type": "cluster"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::kafka::tests::classifier;

    #[test]
    fn a_user_of_strimzi() {
        let text = text(&[classifier()], "main");
        let yaml: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(yaml["metadata"]["labels"]["strimzi.io/cluster"], "main");
        let acls = &yaml["spec"]["authorization"]["acls"];
        assert_eq!(acls[0]["resource"], json!({"type": "topic", "name": "t1.order.events"}));
        assert_eq!(acls[0]["operations"], json!(["Read", "Describe"]));
        assert_eq!(acls[5]["resource"]["patternType"], "prefix");
    }
}
