//! The service `operator`, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(operator::role())
}
