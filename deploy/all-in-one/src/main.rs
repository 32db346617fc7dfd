//! Every service of `services.yaml` in one process, by the code of their own binaries: for small
//! machines and demos. Each keeps its settings, its ports and its admin port. Those that are optional
//! have to be named.

use std::process::ExitCode;

fn main() -> ExitCode {
    let roles = vec![
        command_api::role(),
        command_processor::role(),
        customers::role(),
        order_confirmation::role(),
        orders::role(),
        customer_classifier::role(),
        customer_report::role(),
        order_valuation::role(),
        tokens::role(),
        change_notifier::role(),
        email_campaign::role(),
        campaigns::role(),
        operator::role(),
        web_ui::role(),
        canary::role(),
    ];
    service::together::run("all-in-one", roles)
}
