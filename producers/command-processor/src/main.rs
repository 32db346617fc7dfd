//! The service `command-processor`, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(command_processor::role())
}
