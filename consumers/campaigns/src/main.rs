//! The consumer `campaigns`: events of campaigns, mailings, customers and classes → Postgres.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(campaigns::role())
}
