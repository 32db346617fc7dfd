//! Rust types and schema files say the same: what serde writes, the schema alone reads, and the
//! other way round.

use std::collections::BTreeSet;

use apache_avro::{Schema, reader::datum::GenericDatumReader, writer::datum::GenericDatumWriter};
use schemas::Decoder;

use crate::samples;

#[test]
fn every_subject_has_a_sample() {
    let sampled: BTreeSet<_> = samples::all().iter().map(|s| s.record).collect();
    let registered: BTreeSet<_> =
        schemas::catalog::subjects().iter().map(|s| s.file.record).collect();
    assert_eq!(sampled, registered);
}

#[test]
fn every_schema_file_is_used() {
    let mut files = BTreeSet::new();
    for folder in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/avro")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            files.insert(std::fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    let used: BTreeSet<_> =
        schemas::catalog::subjects().iter().map(|s| s.file.text.to_owned()).collect();
    assert_eq!(files, used);
}

#[test]
fn what_serde_writes_the_schema_reads_and_writes_back() {
    for sample in samples::all() {
        let schema = Schema::parse_str(sample.schema).unwrap();
        assert_eq!(schema.name().unwrap().to_string(), sample.record);
        let mut datum = &sample.payload[5..];
        let reader = GenericDatumReader::builder(&schema).build().unwrap();
        let value = reader.read_value(&mut datum).unwrap();
        assert!(datum.is_empty(), "{}: {} bytes left", sample.wire_type, datum.len());

        let writer = GenericDatumWriter::builder(&schema).build().unwrap();
        let by_schema = writer.write_value_to_vec(value).unwrap();
        assert_eq!(by_schema, sample.payload[5..], "{}", sample.wire_type);
        let mut payload = vec![0, 0, 0, 0, 1];
        payload.extend(by_schema);
        let mut decoder = Decoder::default();
        decoder.add(1, sample.schema).unwrap();
        assert_eq!((sample.reread)(&decoder, sample.wire_type, &payload), sample.json);
    }
}

#[test]
fn schemas_are_documented_and_defaults_make_fields_optional() {
    for subject in schemas::catalog::subjects() {
        let schema = Schema::parse_str(subject.file.text).unwrap();
        let Schema::Record(record) = schema else { panic!("{} is no record", subject.file.record) };
        assert!(record.doc.is_some(), "{} has no doc", subject.file.record);
        for field in &record.fields {
            assert!(field.doc.is_some(), "{}.{} has no doc", subject.file.record, field.name);
            assert_eq!(
                field.default.is_some(),
                matches!(field.schema, Schema::Union(_)),
                "{}.{}: optional fields, and only those, default to null",
                subject.file.record,
                field.name
            );
        }
    }
}

#[test]
fn the_version_is_the_first_field_of_every_state() {
    let states = schemas::catalog::subjects().into_iter().filter(|subject| {
        let name = subject.topic.name();
        name.ends_with(".state")
    });
    let mut count = 0;
    for subject in states {
        let Ok(Schema::Record(record)) = Schema::parse_str(subject.file.text) else { panic!() };
        let first = &record.fields[0];
        assert_eq!((first.name.as_str(), &first.schema), ("version", &Schema::Long));
        count += 1;
    }
    assert_eq!(count, 4);
}
