//! Dead letters for people, and for scripts.

use std::fmt::Write as _;

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use consumer_runtime::dead_letters::{desk::DeadLetter, raw::RawRecord};
use event_log::Position;
use serde_json::Value;

use crate::failure::Result;

/// Most bytes of a payload that are shown.
const SHOWN: usize = 512;

/// Bytes in one line.
const LINE: usize = 16;

/// One line each.
pub fn table(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let places: Vec<_> = letters.iter().map(|letter| place(letter.at)).collect();
    let keys: Vec<_> = letters.iter().map(|letter| key(letter.key.as_deref())).collect();
    let width = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0).max(5);
    let (place, key) = (width(&places), width(&keys));
    let mut text = format!(
        "{:<place$}  {:<key$}  {:<20} {:>8} {:>8}  error",
        "place", "key", "class", "attempts", "waiting"
    );
    for (letter, (at, of)) in letters.iter().zip(places.iter().zip(&keys)) {
        let DeadLetter { class, attempts, waiting, error, .. } = letter;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{at:<place$}  {of:<key$}  {class:<20} {attempts:>8} {waiting:>8}  {error}"
        );
        if let Some(request) = &letter.request {
            let _ = write!(text, " [{request} requested]");
        }
    }
    text
}

/// For scripts.
pub fn json(letters: &[DeadLetter]) -> Result<String> {
    let letters: Vec<_> = letters.iter().map(one).collect();
    Ok(serde_json::to_string_pretty(&letters).context("cannot print the dead letters")?)
}

/// A key may be no text.
fn one(letter: &DeadLetter) -> Value {
    let mut value = operator::letters::as_json(letter);
    if let Value::Object(fields) = &mut value {
        let key = letter.key.as_deref().map(|key| BASE64_STANDARD.encode(key));
        fields.insert("keyBase64".to_owned(), key.into());
    }
    value
}

/// Everything about one record.
pub fn whole(record: &RawRecord, letter: Option<&DeadLetter>) -> String {
    let mut text = format!("place     {}", place(record.at));
    let mut line = |name: &str, value: &str| {
        let _ = write!(text, "\n{name:<9} {value}");
    };
    line("key", &key(record.key.as_deref()));
    line("written", &record.written.to_string());
    match letter {
        Some(letter) => {
            line("class", &letter.class);
            line("error", &letter.error);
            line("attempts", &letter.attempts.to_string());
            line("parked", &letter.parked_at.to_string());
            line("waiting", &format!("{} records of its key behind it", letter.waiting));
        }
        None => line("state", "waits behind an earlier record of its key"),
    }
    if let Some(id) = record.schema_id() {
        line("schema", &id.to_string());
    }
    for (name, value) in &record.headers {
        line("header", &format!("{name}: {}", key(value.as_deref())));
    }
    match &record.payload {
        None => line("payload", "none"),
        Some(payload) => {
            line("payload", &format!("{} bytes", payload.len()));
            text.push_str(&dump(payload));
        }
    }
    text
}

/// Bytes as hexadecimal digits and as text, as far as they are.
fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    for (number, line) in shown.chunks(LINE).enumerate() {
        let digits: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let printable = |byte: &u8| match *byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        };
        let characters: String = line.iter().map(printable).collect();
        let offset = number * LINE;
        let _ = write!(text, "\n  {offset:06x}  {:<48} {characters}", digits.join(" "));
    }
    if bytes.len() > shown.len() {
        let _ = write!(text, "\n  … {} bytes more", bytes.len() - shown.len());
    }
    text
}

fn place(at: Position) -> String {
    format!("{}/{}", at.partition, at.offset)
}

/// A key or header as text; in hexadecimal when it is none.
fn key(bytes: Option<&[u8]>) -> String {
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => "-".to_owned(),
        Some((Ok(text), _)) if !text.chars().any(char::is_control) => text.to_owned(),
        Some((_, bytes)) => {
            bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_far_as_they_can_be() {
        assert_eq!(key(None), "-");
        assert_eq!(key(Some(b"o-1")), "o-1");
        assert_eq!(key(Some(&[0xff, 0x00])), "0xff00");
        let dumped = dump(b"\0\0Oneway and on and on");
        assert_eq!(
            dumped,
            "\n  000000  00 00 4f 6e 65 77 61 79 20 61 6e 64 20 6f 6e 20  ..Oneway and on \
             \n  000010  61 6e 64 20 6f 6e                                and on"
        );
    }
}
