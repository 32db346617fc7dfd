//! The shipped schemas are as the rules demand, and are locked.

use std::path::PathBuf;

use schema_workflow::{
    finding::{Finding, Format, report},
    history::Folder,
};

fn folder() -> Folder {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), ".."].iter().collect();
    Folder::read(&root, &root).unwrap()
}

fn none(findings: &[Finding]) {
    assert!(findings.is_empty(), "{}", report(findings, Format::Text));
}

#[test]
fn the_files_are_as_the_rules_demand() {
    none(&folder().lint());
}

#[test]
fn no_file_breaks_an_earlier_revision() {
    none(&folder().breaking());
}

#[test]
fn every_file_is_locked() {
    none(&folder().check());
}

#[test]
fn every_message_of_the_code_has_a_file() {
    let known: Vec<_> = folder().messages.into_values().filter_map(|one| one.subject).collect();
    assert_eq!(known.len(), schemas::catalog::subjects().len());
}
