//! A role for each service that has rows, and what it owns. Whatever is not here is denied.

use std::fmt::Write as _;

use consumer_runtime::run::schema_of;
use schemas::Namespace;

use crate::stack::catalog::{Database, Service};

/// The role of the command-line tool.
pub const TOOL: &str = "oneway";

/// Statements without the name of any database: whoever runs them is connected to it. They can be
/// run again, and must be when there is a new service. `password` tells that of a role, as SQL.
pub fn sql(
    services: &[Service],
    namespace: &Namespace,
    password: impl Fn(&str) -> String,
) -> String {
    let with = |wanted| {
        let those = services.iter().filter(move |service| service.database == Some(wanted));
        those.map(|service| (role(namespace, &service.name), schema_of(&service.name)))
    };
    let tools = with(Database::All).map(|(role, _)| role);
    let tools: Vec<_> = tools.chain([role(namespace, TOOL)]).collect();
    let mut text = "\
-- Nobody may do anything that is not said below.
do $$ begin
    execute format('revoke all on database %I from public', current_database());
end $$;
revoke all on schema public from public;
"
    .to_owned();
    // A text takes everything.
    for role in with(Database::Own).map(|(role, _)| role).chain(tools.iter().cloned()) {
        let password = password(&role);
        let _ = write!(
            text,
            "
do $$ begin
    if to_regrole('{role}') is null then create role \"{role}\"; end if;
    execute format('grant connect on database %I to \"{role}\"', current_database());
end $$;
alter role \"{role}\" login password {password};
"
        );
    }
    text.push_str("\n-- Each owns the schema of its name, and its next and previous builds.\n");
    for (role, schema) in with(Database::Own) {
        let _ =
            writeln!(text, "create schema if not exists \"{schema}\" authorization \"{role}\";");
    }
    text.push_str(
        "\n-- They look after all read models, and make and rename the schemas of their builds.\n",
    );
    for tool in tools {
        for (role, _) in with(Database::Own) {
            let _ = writeln!(text, "grant \"{role}\" to \"{tool}\";");
        }
        let _ = writeln!(
            text,
            "do $$ begin
    execute format('grant create, temporary on database %I to \"{tool}\"', current_database());
end $$;"
        );
    }
    text
}

/// For `psql`, which is given the passwords as variables.
pub fn script(services: &[Service], namespace: &Namespace) -> String {
    let head = "\
-- For psql, as a superuser, in the database of the installation. The password of each role is a
-- variable: psql -v ON_ERROR_STOP=1 -v orders_password=… and so on.
";
    let password = |role: &str| format!(":'{role}_password'");
    format!("{head}\n{}", sql(services, namespace, password))
}

/// The role of a service: roles are common to all databases of a server, so that each installation
/// has its own.
pub fn role(namespace: &Namespace, service: &str) -> String {
    let qualified = namespace.qualify(service);
    qualified.replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_for_those_with_rows_and_no_password_in_the_text() {
        let text = include_str!("../../../services.yaml");
        let services = crate::stack::catalog::parse(text).unwrap();
        let script = script(&services, &Namespace::new("t1").unwrap());
        for line in [
            "alter role \"t1_customer_report\" login password :'t1_customer_report_password';",
            "create schema if not exists \"customer_report\" authorization \"t1_customer_report\";",
            "grant \"t1_customer_report\" to \"t1_operator\";",
            "grant \"t1_customer_report\" to \"t1_oneway\";",
        ] {
            assert!(script.lines().any(|known| known == line), "{line} is not in {script}");
        }
        assert!(
            !script.contains("command_api") && !script.contains("schema if not exists \"operator")
        );
    }
}
