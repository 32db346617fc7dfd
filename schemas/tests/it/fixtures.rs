//! Golden bytes: `fixtures/<wire type>/<n>.json` holds a schema revision, a datum written with it
//! and the value. Every one of them decodes for ever; files are added, never changed.
//!
//! A new revision of a schema needs a new fixture: `WRITE_FIXTURES=1 cargo test -p schemas` adds it.

use std::{fs, path::PathBuf};

use schemas::Decoder;
use serde_json::{Value, json};

use crate::samples;

fn folder(wire_type: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures", wire_type].iter().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn fixtures(wire_type: &str) -> Vec<(PathBuf, Value)> {
    let Ok(files) = fs::read_dir(folder(wire_type)) else { return Vec::new() };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let parse = |path: &PathBuf| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    paths.into_iter().map(|path| (path.clone(), parse(&path))).collect()
}

/// Whether `new` says all that `old` says; it may have further fields.
fn keeps(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(name, value)| new.get(name).is_some_and(|new| keeps(value, new)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| keeps(old, new))
        }
        (old, new) => old == new,
    }
}

#[test]
fn bytes_once_written_decode_for_ever() {
    let mut read = 0;
    for folder in fs::read_dir(folder("")).unwrap() {
        let wire_type = folder.unwrap().file_name().into_string().unwrap();
        let reread = samples::rereader(&wire_type)
            .unwrap_or_else(|| panic!("{wire_type} cannot be read any more"));
        for (path, fixture) in fixtures(&wire_type) {
            let mut decoder = Decoder::default();
            decoder.add(1, &fixture["schema"].to_string()).unwrap();
            let payload =
                [&[0, 0, 0, 0, 1][..], &bytes(fixture["datum"].as_str().unwrap())].concat();
            let value = reread(&decoder, &wire_type, &payload);
            assert!(keeps(&fixture["value"], &value), "{}: {value}", path.display());
            read += 1;
        }
    }
    assert!(read > 0);
}

#[test]
fn thresholds_are_read_from_the_rule_of_earlier_revisions() {
    let wire_type = "customer_classification_updated";
    let reread = samples::rereader(wire_type).unwrap();
    let mut earlier = 0;
    for (_, fixture) in fixtures(wire_type) {
        if fixture["schema"].to_string().contains("aThreshold") {
            continue;
        }
        let mut decoder = Decoder::default();
        decoder.add(1, &fixture["schema"].to_string()).unwrap();
        let payload = [&[0, 0, 0, 0, 1][..], &bytes(fixture["datum"].as_str().unwrap())].concat();
        let value = reread(&decoder, wire_type, &payload);
        assert_eq!(fixture["value"]["ruleVersion"], "a=10000.00,b=1000.00,window=365d");
        let thresholds = [&value["aThreshold"], &value["bThreshold"]].map(Value::to_string);
        assert_eq!(
            thresholds.map(|text| text.trim_matches('"').to_owned()),
            ["10000.00", "1000.00"]
        );
        earlier += 1;
    }
    assert!(earlier >= 2);
}

#[test]
fn every_schema_revision_has_fixtures() {
    for sample in samples::all() {
        let schema: Value = serde_json::from_str(sample.schema).unwrap();
        let fixture = json!({
            "schema": schema,
            "datum": hex(&sample.payload[5..]),
            "value": sample.json,
        });
        let known = fixtures(sample.wire_type);
        if known.iter().any(|(_, known)| *known == fixture) {
            continue;
        }
        assert!(
            std::env::var_os("WRITE_FIXTURES").is_some(),
            "{} has no fixture for its present schema: add one by \
             `WRITE_FIXTURES=1 cargo test -p schemas`",
            sample.wire_type
        );
        fs::create_dir_all(folder(sample.wire_type)).unwrap();
        let path = folder(sample.wire_type).join(format!("{}.json", known.len() + 1));
        fs::write(path, serde_json::to_string_pretty(&fixture).unwrap() + "\n").unwrap();
    }
}
