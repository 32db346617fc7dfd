use std::collections::BTreeMap;

use tempfile::TempDir;

use super::*;
use crate::checkpoint::position::Mark;

const IDENTITY: &str = "cluster/ns.order.state/3";

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place { path: folder.path().join("order.state-3.checkpoint"), _folder: folder }
}

fn at(next: i64) -> Position {
    let mark = |offset: i64| Mark { offset, says: "x".into() };
    Position { next, aggregates: 2, complete: mark(1), event: Some(mark(next * 2)) }
}

fn states(entries: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut frames = Frames::default();
    for (id, payload) in entries {
        frames.push(id.as_bytes(), payload.map(str::as_bytes));
    }
    frames.take()
}

/// Two states, a position, one more, a position, and one that no position covers.
fn write(path: &Path) -> CheckpointFile {
    let mut file = CheckpointFile::create(path, IDENTITY).unwrap();
    file.append(&states(&[("a", Some("a1")), ("b", Some("b1"))])).unwrap();
    file.append_position(&at(10)).unwrap();
    file.append(&states(&[("a", Some("a2"))])).unwrap();
    file.append_position(&at(20)).unwrap();
    file.append(&states(&[("a", Some("a3"))])).unwrap();
    file
}

type Content = BTreeMap<String, String>;

fn open(path: &Path) -> Result<(i64, Content), Useless> {
    let (file, position) = CheckpointFile::open(path, IDENTITY)?;
    let mut content = Content::new();
    file.read(|id, payload| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match payload {
            Some(payload) => drop(content.insert(text(id), text(payload))),
            None => drop(content.remove(&text(id))),
        }
    })
    .unwrap();
    Ok((position.next, content))
}

fn content(entries: &[(&str, &str)]) -> Content {
    entries.iter().map(|(id, state)| ((*id).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn what_no_position_covers_does_not_count_and_is_cut_off() {
    let place = place();
    drop(write(&place.path));
    for _ in 0..2 {
        assert_eq!(open(&place.path).unwrap(), (20, content(&[("a", "a2"), ("b", "b1")])));
    }
}

#[test]
fn a_torn_tail_is_cut_off_and_written_over() {
    let place = place();
    drop(write(&place.path));
    let whole = fs::read(&place.path).unwrap();
    fs::write(&place.path, &whole[..whole.len() - 3]).unwrap();
    let (mut file, position) = CheckpointFile::open(&place.path, IDENTITY).unwrap();
    assert_eq!(position, at(20));
    file.append(&states(&[("c", Some("c1"))])).unwrap();
    file.append_position(&at(30)).unwrap();
    let expected = content(&[("a", "a2"), ("b", "b1"), ("c", "c1")]);
    assert_eq!(open(&place.path).unwrap(), (30, expected));
}

/// Wherever the file is cut or a byte of it changed: either it is refused, or it is what the
/// state topic was at the position that it names.
#[test]
fn no_damage_is_believed() {
    let place = place();
    drop(write(&place.path));
    let whole = fs::read(&place.path).unwrap();
    let truth: BTreeMap<_, _> =
        [(10, content(&[("a", "a1"), ("b", "b1")])), (20, content(&[("a", "a2"), ("b", "b1")]))]
            .into();
    let mut used = 0;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        for bytes in [&changed, &whole[..at]] {
            fs::write(&place.path, bytes).unwrap();
            if let Ok((next, found)) = open(&place.path) {
                assert_eq!(truth.get(&next), Some(&found), "byte {at}");
                used += 1;
            }
        }
    }
    assert!(used > 20, "{used}");
}

#[test]
fn files_of_others_are_refused() {
    let place = place();
    let refused = |identity: &str| {
        CheckpointFile::open(&place.path, identity).map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused(IDENTITY).starts_with("it cannot be read"));
    drop(write(&place.path));
    assert_eq!(refused("cluster/ns.order.state/4"), format!("it is of {IDENTITY}"));
    let mut bytes = fs::read(&place.path).unwrap();
    bytes[7] = 9;
    fs::write(&place.path, &bytes).unwrap();
    assert_eq!(refused(IDENTITY), "it has format 9; this version reads 1");
    fs::write(&place.path, "years of work").unwrap();
    assert_eq!(refused(IDENTITY), "it is no checkpoint");
    drop(CheckpointFile::create(&place.path, IDENTITY).unwrap());
    assert_eq!(refused(IDENTITY), "it has no position");
}

#[test]
fn compaction_keeps_what_counts_and_goes_on() {
    let place = place();
    let mut file = CheckpointFile::create(&place.path, IDENTITY).unwrap();
    for round in 0..50 {
        let state = format!("state {round}");
        file.append(&states(&[("a", Some(&state)), ("gone", Some(&state)), ("gone", None)]))
            .unwrap();
    }
    file.append_position(&at(10)).unwrap();
    file.append(&states(&[("b", Some("later"))])).unwrap();
    let before = file.length();
    assert!(!file.compact(&|| true).unwrap(), "interrupted");
    assert_eq!(fs::read_dir(place.path.parent().unwrap()).unwrap().count(), 1, "nothing is left");
    assert_eq!(file.length(), before);
    assert!(file.compact(&|| false).unwrap());
    assert!(file.length() < before / 5, "{} of {before}", file.length());
    assert_eq!(file.length(), fs::metadata(&place.path).unwrap().len());
    file.append_position(&at(20)).unwrap();
    let expected = content(&[("a", "state 49"), ("b", "later")]);
    assert_eq!(open(&place.path).unwrap(), (20, expected));
}
