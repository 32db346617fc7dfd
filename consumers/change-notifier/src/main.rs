//! The service `change-notifier`, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(change_notifier::role())
}
