//! The saga `email-campaign`: events of customers, classes, campaigns and mailings → mails, and
//! commands to campaigns, mailings and customers.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(email_campaign::role())
}
