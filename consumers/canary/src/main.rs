//! The service `canary`, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(canary::role())
}
