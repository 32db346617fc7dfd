//! Memory of processes.

/// Bytes that a process has now.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    field(&status(pid)?, "VmRSS:")
}

/// The most bytes that a process had at any time.
pub fn peak_resident_bytes(pid: u32) -> Option<u64> {
    field(&status(pid)?, "VmHWM:")
}

/// None when it is gone, or where the system keeps no such files.
fn status(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/status")).ok()
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_status() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(field(status, "VmHWM:"), Some(2_097_152));
        assert_eq!(field(status, "VmRSS:"), Some(1_048_576));
        assert_eq!(field(status, "VmSwap:"), None);
    }
}
