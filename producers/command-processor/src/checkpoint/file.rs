//! One checkpoint file: a prefix that names the format, whose it is, and then states and
//! positions in the order in which they came. Only what is in front of the last position counts:
//! it is the state topic up to that position. What follows is newer, and read from the topic.
//!
//! Nothing is synced to the disk: a power cut leaves a shorter or a damaged file, never one that is
//! believed wrongly.

use std::{
    collections::HashMap,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::checkpoint::{
    frame::{self, Frames, Kind, Next, Reader},
    position::Position,
};

/// Version of the format.
const FORMAT: u8 = 1;

/// First bytes of every file.
const PREFIX: [u8; 8] = [b'1', b'w', b'a', b'y', b'C', b'h', b'k', FORMAT];

const BUFFER: usize = 256 * 1024;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Useless {
    /// The disk.
    #[error("it cannot be read ({0})")]
    Io(#[from] io::Error),
    /// The prefix.
    #[error("it is no checkpoint")]
    NoCheckpoint,
    /// The version in the prefix.
    #[error("it has format {0}; this version reads {FORMAT}")]
    OtherFormat(u8),
    /// The identity.
    #[error("it is of {0}")]
    OfAnother(String),
    /// Nothing in it is whole.
    #[error("it has no position")]
    NoPosition,
}

/// A file that is written on.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    identity: String,
    file: File,
    length: u64,
}

impl CheckpointFile {
    /// Begins an empty file in place of any other.
    pub fn create(path: &Path, identity: &str) -> io::Result<Self> {
        let file = File::create(path)?;
        let (path, identity) = (path.to_owned(), identity.to_owned());
        let mut new = Self { path, identity, file, length: 0 };
        new.append(&PREFIX)?;
        new.append(&frame::frame(Kind::Identity, new.identity.as_bytes()))?;
        Ok(new)
    }

    /// Opens a file to read what counts of it, and to write on behind that.
    pub fn open(path: &Path, identity: &str) -> Result<(Self, Position), Useless> {
        let mut file = File::options().read(true).write(true).open(path)?;
        let Survey { position, end, damaged } = survey(path, identity)?;
        if damaged {
            tracing::warn!(path = %path.display(), "the checkpoint is damaged behind its last good position: from there on the log is read");
        }
        file.set_len(end)?;
        file.seek(SeekFrom::End(0))?;
        let (path, identity) = (path.to_owned(), identity.to_owned());
        Ok((Self { path, identity, file, length: end }, position))
    }

    /// Hands every state to `each`, in the order in which they were written: the id, and the
    /// state unless it is forgotten.
    pub fn read(&self, mut each: impl FnMut(&[u8], Option<&[u8]>)) -> io::Result<()> {
        frames_below(&self.path, self.length, |kind, body| {
            if kind == Kind::States {
                frame::entries(body).for_each(|(id, payload)| each(id, payload));
            }
            Ok(())
        })
    }

    /// Adds whole frames.
    pub fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        self.file.write_all(frames)?;
        self.length += size(frames.len());
        Ok(())
    }

    /// Everything up to this position is in the file.
    pub fn append_position(&mut self, position: &Position) -> io::Result<()> {
        self.append(&frame::frame(Kind::Position, &position.to_bytes()))
    }

    /// Bytes in the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Writes what counts into a new file that takes the place of this one: of each aggregate the
    /// newest state, then the position, then what came after it. Needs some 50 bytes of memory per
    /// aggregate meanwhile. Returns whether it was done: not when `interrupted`.
    pub fn compact(&mut self, interrupted: &dyn Fn() -> bool) -> Result<bool, Useless> {
        let temporary = self.path.with_extension("compacting");
        match self.rewrite(&temporary, interrupted) {
            Ok(mut new) => {
                fs::rename(&temporary, &self.path)?;
                new.path.clone_from(&self.path);
                *self = new;
                Ok(true)
            }
            Err(error) => {
                // May not even have been begun.
                let _ = fs::remove_file(&temporary);
                if interrupted() { Ok(false) } else { Err(error) }
            }
        }
    }

    fn rewrite(&self, path: &Path, interrupted: &dyn Fn() -> bool) -> Result<Self, Useless> {
        let go_on = || if interrupted() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) };
        let Survey { position, end, .. } = survey(&self.path, &self.identity)?;
        let mut newest = Newest::default();
        frames_below(&self.path, end, |kind, body| {
            if kind == Kind::States {
                frame::entries(body).for_each(|(id, _)| newest.add(id));
            }
            go_on()
        })?;
        let mut new = Self::create(path, &self.identity)?;
        let (mut frames, mut number) = (Frames::default(), 0);
        frames_below(&self.path, end, |kind, body| {
            if kind == Kind::States {
                for (id, payload) in frame::entries(body) {
                    if payload.is_some() && newest.is(id, number) {
                        frames.push(id, payload);
                    }
                    number += 1;
                }
                new.append(&frames.take())?;
            }
            go_on()
        })?;
        new.append_position(&position)?;
        let mut tail = File::open(&self.path)?;
        tail.seek(SeekFrom::Start(end))?;
        new.length += io::copy(&mut tail, &mut new.file)?;
        Ok(new)
    }
}

/// The newest entry of each aggregate, by its number. Aggregates are told apart by two hashes with
/// secret keys: 128 bits do not collide.
#[derive(Default)]
struct Newest {
    hashers: [RandomState; 2],
    numbers: HashMap<[u64; 2], u64>,
    next: u64,
}

impl Newest {
    fn add(&mut self, id: &[u8]) {
        self.numbers.insert(self.hash(id), self.next);
        self.next += 1;
    }

    fn is(&self, id: &[u8], number: u64) -> bool {
        self.numbers.get(&self.hash(id)) == Some(&number)
    }

    fn hash(&self, id: &[u8]) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(id))
    }
}

/// What a look at the whole file shows.
struct Survey {
    position: Position,
    /// Where the last position ends.
    end: u64,
    /// Whether bytes behind the good ones are no frames.
    damaged: bool,
}

fn survey(path: &Path, identity: &str) -> Result<Survey, Useless> {
    let mut reader = Reader::new(body(path)?);
    match reader.next()? {
        Next::Frame(Kind::Identity, found) if found == identity.as_bytes() => {}
        Next::Frame(Kind::Identity, found) => {
            return Err(Useless::OfAnother(String::from_utf8_lossy(found).into_owned()));
        }
        _ => return Err(Useless::NoCheckpoint),
    }
    let (mut last, mut damaged) = (None, false);
    loop {
        let position = match reader.next()? {
            Next::Frame(Kind::Position, body) => Position::of_bytes(body),
            Next::Frame(..) => continue,
            Next::End => break,
            Next::Damaged => {
                damaged = true;
                break;
            }
        };
        last = position.map(|position| (position, size(PREFIX.len()) + reader.good)).or(last);
    }
    let (position, end) = last.ok_or(Useless::NoPosition)?;
    Ok(Survey { position, end, damaged })
}

/// The last position of a file, without touching it.
#[cfg(test)]
pub fn last_position(path: &Path) -> Option<Position> {
    let Ok(mut reader) = body(path).map(Reader::new) else { return None };
    let Ok(Next::Frame(Kind::Identity, identity)) = reader.next() else { return None };
    survey(path, &String::from_utf8_lossy(identity)).ok().map(|survey| survey.position)
}

/// Opens a file behind its prefix.
fn body(path: &Path) -> Result<BufReader<File>, Useless> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let mut prefix = [0; PREFIX.len()];
    file.read_exact(&mut prefix).map_err(|_| Useless::NoCheckpoint)?;
    let ([found @ .., version], [ours @ .., our_version]) = (prefix, PREFIX);
    match () {
        () if found != ours => Err(Useless::NoCheckpoint),
        () if version != our_version => Err(Useless::OtherFormat(version)),
        () => Ok(file),
    }
}

/// Hands over the frames of a file up to a length at which one ends.
fn frames_below(
    path: &Path,
    end: u64,
    mut each: impl FnMut(Kind, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = Reader::new(body(path).map_err(io::Error::other)?);
    while size(PREFIX.len()) + reader.good < end {
        match reader.next()? {
            Next::Frame(kind, body) => each(kind, body)?,
            Next::End | Next::Damaged => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(())
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
