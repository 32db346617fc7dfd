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

/// The last lines of a file, as text.
pub fn last_lines(path: &Path, lines: usize) -> io::Result<String> {
    let mut file = File::open(path)?;
    Ok(tail(&mut file, lines)?.0)
}

/// The last lines of an open file, and the position after them.
pub fn tail(file: &mut File, lines: usize) -> io::Result<(String, u64)> {
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    // The file may grow meanwhile: what was read counts, not its length.
    let read = file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok((last_of(&text, lines).to_owned(), start + u64::try_from(read).unwrap_or_default()))
}

fn last_of(text: &str, lines: usize) -> &str {
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
    fn large_logs_are_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.log");
        File::create(&path).unwrap().set_len(ROTATE_AT + 1).unwrap();
        assert_eq!(open(&path).unwrap().metadata().unwrap().len(), 0);
        assert!(folder.path().join("orders.log.1").exists());
    }
}
