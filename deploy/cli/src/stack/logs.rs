//! Log files: opened for appending, rotated at the start, read from the end.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// A log file larger than this, in bytes, is set aside when its stack starts.
const ROTATE_AT: u64 = 16 * 1024 * 1024;

/// How much of a file's end is searched for its last lines, in bytes.
const TAIL: u64 = 1024 * 1024;

/// Opens a log for appending; a large one becomes `<name>.1` first, in place of the one before.
pub fn open(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > ROTATE_AT) {
        fs::rename(path, path.with_added_extension("1"))?;
    }
    File::options().create(true).append(true).open(path)
}

/// Where the output of a process that starts now will begin.
pub fn end(path: &Path) -> u64 {
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    // A larger one is about to be set aside.
    if length > ROTATE_AT { 0 } else { length }
}

/// The last lines that were added to a file after a position; none when it cannot be read.
pub fn last_lines(path: &Path, since: u64, lines: usize) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let since = if file.metadata()?.len() < since { 0 } else { since };
        tail(&mut file, since, lines)
    };
    read().map_or_else(|_: io::Error| String::new(), |text| text.trim_end().to_owned())
}

/// The last lines of an open file after a position; reading goes on after them.
pub fn tail(file: &mut File, since: u64, lines: usize) -> io::Result<String> {
    let start = file.metadata()?.len().saturating_sub(TAIL).max(since);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(last_of(&text, lines).to_owned())
}

/// The last lines of a text.
pub fn last_of(text: &str, lines: usize) -> &str {
    let body = text.strip_suffix('\n').unwrap_or(text);
    match body.rmatch_indices('\n').nth(lines.saturating_sub(1)) {
        _ if lines == 0 => "",
        Some((at, _)) => text.get(at + 1..).unwrap_or_default(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_text() {
        assert_eq!(last_of("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_of("a\nb\nc", 1), "c");
        assert_eq!(last_of("a\n", 5), "a\n");
        assert_eq!(last_of("a\nb\n", 0), "");
        assert_eq!(last_of("", 3), "");
    }

    #[test]
    fn earlier_runs_do_not_show() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.log");
        fs::write(&path, "old\n").unwrap();
        let since = end(&path);
        fs::write(&path, "old\nnew\n").unwrap();
        assert_eq!(last_lines(&path, since, 20), "new");
        assert_eq!(last_lines(&path, 100, 20), "old\nnew");
        assert_eq!(last_lines(&folder.path().join("missing.log"), 0, 20), "");
    }

    #[test]
    fn large_logs_are_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.log");
        File::create(&path).unwrap().set_len(ROTATE_AT + 1).unwrap();
        assert_eq!(open(&path).unwrap().metadata().unwrap().len(), 0);
        assert!(folder.path().join("orders.log.1").exists());
    }
}
