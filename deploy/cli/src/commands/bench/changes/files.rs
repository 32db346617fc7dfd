//! Open files: each connection is one, at either end.

use anyhow::Context;
use service::shell::raise_file_limit;

use crate::failure::{Failure, Result};

/// What each process has open besides: libraries, logs, its other connections.
const OTHERS: u64 = 200;

/// Raises the soft limit as far as it goes, for this process and those that it starts, and fails
/// when that is not enough for so many connections.
pub fn allow(connections: usize) -> Result<()> {
    refuse(connections, raise_file_limit().context("cannot raise the file limit")?)
}

fn refuse(connections: usize, hard: u64) -> Result<()> {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    if hard >= wanted {
        return Ok(());
    }
    Err(Failure::setup(format!(
        "{connections} clients need {wanted} open files in a process, and only {hard} are allowed: \
         raise the hard limit (`ulimit -Hn {wanted}` as root), or have fewer clients by --idle"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_are_refused_before_anything_starts() {
        assert!(refuse(10_100, 20_000).is_ok());
        assert!(refuse(800, 1_000).is_ok());
        let error = refuse(801, 1_000).unwrap_err().to_string();
        assert!(error.starts_with("801 clients need 1001 open files in a process"), "{error}");
    }
}
