//! Recordings in files: a JSON object per line.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::Context;
use schemas::recording::{RecordedCommand, Sendable};
use uuid::Uuid;

use crate::failure::{Failure, Result};

/// Namespace of ids that are made for commands without one. Never changes.
const RECORDING: Uuid = Uuid::from_u128(0x6f6e_6577_6179_5b02_9a41_31f7_c8d2_0003);

/// A line of a recording.
#[derive(Clone, Debug)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// The command as it stands there, and what can be sent of it; or why it is none.
    pub command: std::result::Result<(RecordedCommand, Sendable), String>,
    /// Id for a command that has none: the same line of the same text always has the same.
    pub id: Uuid,
}

/// The lines of a file that are not blank, one by one.
pub fn lines(file: &Path) -> Result<impl Iterator<Item = Result<Line>>> {
    let shown = file.display().to_string();
    let opened = File::open(file).with_context(|| format!("cannot read {shown}"));
    let mut reader = BufReader::new(opened.map_err(Failure::Setup)?);
    let (mut number, mut text) = (0, Vec::new());
    Ok(std::iter::from_fn(move || {
        loop {
            text.clear();
            match reader.read_until(b'\n', &mut text) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    let error = anyhow::Error::new(error).context(format!("cannot read {shown}"));
                    return Some(Err(Failure::Internal(error)));
                }
            }
            number += 1;
            if !text.trim_ascii().is_empty() {
                return Some(Ok(line(number, text.trim_ascii())));
            }
        }
    }))
}

fn line(number: u64, text: &[u8]) -> Line {
    let id = Uuid::new_v5(&RECORDING, &[&number.to_be_bytes(), text].concat());
    let recorded = serde_json::from_slice::<RecordedCommand>(text);
    let command = recorded.map_err(|error| error.to_string()).and_then(|recorded| {
        let sendable = recorded.to_sendable().map_err(|error| error.to_string())?;
        Ok((recorded, sendable))
    });
    Line { number, command, id }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_told_apart_and_faults_named() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let confirm = r#"{"aggregateName":"order","aggregateId":"o1","command":"CONFIRM"}"#;
        let unnamed = r#"{"aggregateName":"order","aggregateId":"o1"}"#;
        let wrong = confirm.replace("CONFIRM", "CANCEL");
        write!(file, "{confirm}\n\n{confirm}\r\n{unnamed}\n{wrong}\nno json").unwrap();
        let read = || lines(file.path()).unwrap().map(Result::unwrap).collect::<Vec<_>>();
        let lines = read();
        assert_eq!(lines.iter().map(|l| l.number).collect::<Vec<_>>(), [1, 3, 4, 5, 6]);
        assert_ne!(lines[0].id, lines[1].id, "the same wish twice");
        assert_eq!(lines[0].id, read()[0].id);
        assert!(lines[1].command.is_ok());
        let said: Vec<_> = lines[2..].iter().map(|l| l.command.clone().unwrap_err()).collect();
        assert!(said[0].starts_with("missing field `command`"), "{}", said[0]);
        assert!(said[1].starts_with("command is none of CREATE, "), "{}", said[1]);
        assert!(said[2].starts_with("expected ident"), "{}", said[2]);
    }
}
