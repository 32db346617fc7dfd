//! The service `web-ui`, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(web_ui::role())
}
