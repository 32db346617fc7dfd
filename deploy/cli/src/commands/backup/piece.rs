//! Files with records. One that is begun is finished by its checksum in the manifest, and never
//! touched again.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use aws_lc_rs::digest::{self, SHA256};
use event_log::{Partition, refill::Kept};

use super::{
    frame,
    manifest::{Copy, Piece},
};
use crate::failure::{Failure, Result};

/// Writes one, from its first record on.
pub struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    digest: digest::Context,
    frame: Vec<u8>,
    piece: Piece,
}

impl Writer {
    /// Begins one. A file of that name is of a backup that was stopped.
    pub fn begin(folder: &Path, place: Partition, first: i64) -> Result<Self> {
        let name = format!("{}/{}/{first:020}.records", place.topic, place.number);
        let path = folder.join(&name);
        let begin = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            File::create(&path)
        };
        let file = begin().with_context(|| format!("cannot write {}", path.display()));
        let piece = Piece {
            file: name,
            first,
            last: first,
            records: 0,
            bytes: 0,
            sha256: String::new(),
            last_sha256: String::new(),
        };
        Ok(Self {
            file: BufWriter::with_capacity(256 * 1024, file.map_err(Failure::Setup)?),
            path,
            digest: digest::Context::new(&SHA256),
            frame: Vec::new(),
            piece,
        })
    }

    /// Adds a record.
    pub fn add(&mut self, record: &Kept) -> Result<()> {
        self.frame.clear();
        frame::encode(record, &mut self.frame);
        self.digest.update(&self.frame);
        self.piece.records += 1;
        self.piece.bytes += u64::try_from(self.frame.len()).unwrap_or(0);
        self.piece.last = record.offset;
        let written = self.file.write_all(&self.frame);
        Ok(written.with_context(|| format!("cannot write {}", self.path.display()))?)
    }

    /// Ends it: it is on the disk.
    pub fn end(mut self) -> Result<Piece> {
        let ended = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        ended.with_context(|| format!("cannot write {}", self.path.display()))?;
        self.piece.sha256 = hex(&self.digest.finish());
        self.piece.last_sha256 = hex(&digest::digest(&SHA256, &self.frame));
        Ok(self.piece)
    }
}

/// The checksum of a record alone.
pub fn checksum(record: &Kept) -> String {
    let mut bytes = Vec::new();
    frame::encode(record, &mut bytes);
    hex(&digest::digest(&SHA256, &bytes))
}

/// Number and checksum of some records.
pub struct Sum {
    digest: digest::Context,
    frame: Vec<u8>,
    records: u64,
}

impl Sum {
    pub fn new() -> Self {
        Self { digest: digest::Context::new(&SHA256), frame: Vec::new(), records: 0 }
    }

    pub fn add(&mut self, record: &Kept) {
        self.frame.clear();
        frame::encode(record, &mut self.frame);
        self.digest.update(&self.frame);
        self.records += 1;
    }

    pub fn equals(self, other: Self) -> bool {
        self.records == other.records && hex(&self.digest.finish()) == hex(&other.digest.finish())
    }
}

/// The records of a partition, out of all its pieces. After the last one of each piece its checksum
/// is compared: whoever has them all has the right ones.
pub fn read(folder: &Path, copy: &Copy) -> impl Iterator<Item = Result<Kept>> + use<> {
    let pieces = copy.pieces.clone().into_iter();
    let (folder, mut at) = (folder.to_owned(), copy.begin);
    let mut reading: Option<Reading> = None;
    let mut pieces = pieces;
    let mut next = move || -> Result<Option<Kept>> {
        loop {
            if let Some(open) = &mut reading {
                if let Some(record) = open.next(&mut at)? {
                    return Ok(Some(record));
                }
                reading = None;
            }
            match pieces.next() {
                Some(piece) => reading = Some(Reading::open(&folder, piece)?),
                None => return Ok(None),
            }
        }
    };
    std::iter::from_fn(move || next().transpose())
}

/// A piece that is being read.
struct Reading {
    path: PathBuf,
    file: BufReader<File>,
    digest: Option<digest::Context>,
    frame: Vec<u8>,
    left: u64,
    piece: Piece,
}

impl Reading {
    fn open(folder: &Path, piece: Piece) -> Result<Self> {
        let path = folder.join(&piece.file);
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()));
        let file = BufReader::with_capacity(256 * 1024, file.map_err(Failure::Setup)?);
        let (digest, left) = (Some(digest::Context::new(&SHA256)), piece.records);
        Ok(Self { path, file, digest, frame: Vec::new(), left, piece })
    }

    fn next(&mut self, at: &mut i64) -> Result<Option<Kept>> {
        if self.left == 0 {
            return self.check().map(|()| None);
        }
        self.left -= 1;
        let mut size = [0; 4];
        let damaged =
            |what| Failure::Negative(anyhow!("{} is damaged: {what}", self.path.display()));
        self.file.read_exact(&mut size).map_err(|_| damaged("it is too short"))?;
        let length = u32::from_be_bytes(size);
        if length > frame::LARGEST {
            return Err(damaged("a record has no length"));
        }
        self.frame.clear();
        self.frame.resize(usize::try_from(length).unwrap_or(0), 0);
        self.file.read_exact(&mut self.frame).map_err(|_| damaged("it is too short"))?;
        let record = frame::decode(&self.frame).ok_or_else(|| damaged("a record is none"))?;
        if record.offset < *at || record.offset > self.piece.last {
            return Err(damaged("its records are not in order"));
        }
        *at = record.offset + 1;
        if let Some(digest) = &mut self.digest {
            digest.update(&size);
            digest.update(&self.frame);
        }
        Ok(Some(record))
    }

    fn check(&mut self) -> Result<()> {
        let is_over = matches!(self.file.read(&mut [0]), Ok(0));
        let sum = self.digest.take().map(|digest| hex(&digest.finish()));
        if is_over && sum.is_none_or(|sum| sum == self.piece.sha256) {
            return Ok(());
        }
        let file = self.path.display();
        Err(Failure::Negative(anyhow!("{file} is damaged: its checksum is another one")))
    }
}

fn hex(digest: &digest::Digest) -> String {
    use std::fmt::Write as _;
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use schemas::Topic;

    use super::*;

    const PLACE: Partition = Partition { topic: Topic::ORDER_EVENTS, number: 3 };

    fn record(offset: i64) -> Kept {
        let key = Some(format!("o{offset}").into_bytes());
        Kept { offset, timestamp: 1, key, payload: Some(vec![7; 40]), headers: None }
    }

    fn copy(folder: &Path) -> Copy {
        let mut pieces = Vec::new();
        for offsets in [[0, 1, 3], [7, 8, 9]] {
            let mut writer = Writer::begin(folder, PLACE, offsets[0]).unwrap();
            offsets.iter().for_each(|offset| writer.add(&record(*offset)).unwrap());
            pieces.push(writer.end().unwrap());
        }
        let (topic, partition) = (PLACE.topic.name().to_owned(), PLACE.number);
        Copy { topic, partition, begin: 0, end: 11, undecided: None, pieces }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let copy = copy(folder.path());
        let read: Vec<_> = read(folder.path(), &copy).map(Result::unwrap).collect();
        assert_eq!(read, [0, 1, 3, 7, 8, 9].map(record));
        assert_eq!(copy.pieces[1].last_sha256, checksum(&record(9)));
        let sum = |offsets: [i64; 2]| {
            let mut sum = Sum::new();
            offsets.map(record).iter().for_each(|record| sum.add(record));
            sum
        };
        assert!(sum([1, 3]).equals(sum([1, 3])) && !sum([1, 3]).equals(sum([3, 1])));
    }

    #[test]
    fn every_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut copy = copy(folder.path());
        let file = folder.path().join(&copy.pieces[0].file);
        let whole = fs::read(&file).unwrap();
        let is_damaged = |copy: &Copy| {
            let failed = read(folder.path(), copy).find_map(Result::err);
            matches!(failed, Some(Failure::Negative(_)))
        };
        for at in 0..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 0x10;
            fs::write(&file, &torn).unwrap();
            assert!(is_damaged(&copy), "byte {at}");
        }
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert!(is_damaged(&copy));
        fs::write(&file, [&whole[..], b"x"].concat()).unwrap();
        assert!(is_damaged(&copy));
        fs::write(&file, &whole).unwrap();
        assert!(!is_damaged(&copy));
        copy.pieces.swap(0, 1);
        assert!(is_damaged(&copy), "in another order");
    }
}
