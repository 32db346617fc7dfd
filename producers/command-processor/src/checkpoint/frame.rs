//! The pieces of a checkpoint file. Each is `length · crc-32 · kind · body`, integers little-endian,
//! so that whatever a crash or a disk has damaged is noticed, and nothing behind it is believed.

use std::io::{self, Read};

/// What is in front of kind and body.
const PREFIX: usize = 8;

/// Frames of states are closed at this size; the last state may exceed it by its own.
const FULL: usize = 1024 * 1024;

/// Longest frame that is read: a damaged length must not ask for gigabytes.
const LONGEST: usize = 4 * FULL;

/// Length of an entry's payload that stands for "forgotten".
const FORGOTTEN: u32 = u32::MAX;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whose checkpoint this is.
    Identity = 1,
    /// States, see [`entries`].
    States = 2,
    /// Up to where the state topic is in here.
    Position = 3,
}

impl Kind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Identity),
            2 => Some(Self::States),
            3 => Some(Self::Position),
            _ => None,
        }
    }
}

/// A whole frame.
pub fn frame(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut bytes = begin(kind);
    bytes.extend(body);
    close(&mut bytes, 0);
    bytes
}

fn begin(kind: Kind) -> Vec<u8> {
    let mut bytes = vec![0; PREFIX];
    bytes.push(kind as u8);
    bytes
}

/// Fills in the prefix of the frame that starts there and reaches to the end.
fn close(bytes: &mut [u8], start: usize) {
    let Some((prefix, content)) =
        bytes.get_mut(start..).and_then(|frame| frame.split_first_chunk_mut::<PREFIX>())
    else {
        return;
    };
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checksum = crc32fast::hash(content).to_le_bytes();
    prefix.iter_mut().zip(length.into_iter().chain(checksum)).for_each(|(to, from)| *to = from);
}

/// Frames of states under construction.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where the open frame starts; none when none is open.
    open: Option<usize>,
}

impl Frames {
    /// Adds the encoded state of an aggregate; none when it is forgotten.
    pub fn push(&mut self, id: &[u8], payload: Option<&[u8]>) {
        let start = *self.open.get_or_insert_with(|| {
            let start = self.bytes.len();
            self.bytes.extend(begin(Kind::States));
            start
        });
        // Neither is ever too long: ids have at most 128 bytes, payloads a megabyte.
        self.bytes.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
        self.bytes.extend(id);
        let length = payload.map_or(Some(FORGOTTEN), |payload| u32::try_from(payload.len()).ok());
        self.bytes.extend(length.unwrap_or(FORGOTTEN).to_le_bytes());
        self.bytes.extend(payload.unwrap_or_default());
        if self.bytes.len() - start >= FULL {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some(start) = self.open.take() {
            close(&mut self.bytes, start);
        }
    }

    /// How much there is.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The finished frames.
    pub fn take(&mut self) -> Vec<u8> {
        self.close();
        std::mem::take(&mut self.bytes)
    }
}

/// The entries of a frame of states: id, and state unless it is forgotten.
pub fn entries(mut body: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    std::iter::from_fn(move || {
        let (length, rest) = body.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        if length == FORGOTTEN {
            body = rest;
            return Some((id, None));
        }
        let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        body = rest;
        Some((id, Some(payload)))
    })
}

/// Reads frames, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    content: Vec<u8>,
    /// Bytes of all good frames so far.
    pub good: u64,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A good frame.
    Frame(Kind, &'a [u8]),
    /// Nothing more.
    End,
    /// Something that is no good frame.
    Damaged,
}

impl<R: Read> Reader<R> {
    /// Reads on from where the source is.
    pub fn new(from: R) -> Self {
        Self { from, content: Vec::new(), good: 0 }
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the source cannot be read; damage is no error.
    pub fn next(&mut self) -> io::Result<Next<'_>> {
        let mut prefix = [0; PREFIX];
        match fill(&mut self.from, &mut prefix)? {
            0 => return Ok(Next::End),
            PREFIX => {}
            _ => return Ok(Next::Damaged),
        }
        let [a, b, c, d, e, f, g, h] = prefix;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length == 0 || length > LONGEST {
            return Ok(Next::Damaged);
        }
        self.content.resize(length, 0);
        let read = fill(&mut self.from, &mut self.content)?;
        let checksum = u32::from_le_bytes([e, f, g, h]);
        if read < length || crc32fast::hash(&self.content) != checksum {
            return Ok(Next::Damaged);
        }
        let Some((kind, body)) = self.content.split_first() else { return Ok(Next::Damaged) };
        let Some(kind) = Kind::of(*kind) else { return Ok(Next::Damaged) };
        self.good += u64::try_from(PREFIX + length).unwrap_or(0);
        Ok(Next::Frame(kind, body))
    }
}

/// Fills the buffer as far as the source reaches.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut frames = Frames::default();
        frames.push(b"o1", Some(b"one"));
        frames.push(b"o2", None);
        frames.push(b"o3", Some(b""));
        frames.take()
    }

    #[test]
    fn states_come_back() {
        let bytes = sample();
        let mut reader = Reader::new(bytes.as_slice());
        let Next::Frame(Kind::States, body) = reader.next().unwrap() else { panic!() };
        let found: Vec<_> = entries(body).collect();
        let expected: [(&[u8], Option<&[u8]>); 3] =
            [(b"o1", Some(b"one")), (b"o2", None), (b"o3", Some(b""))];
        assert_eq!(found, expected);
        assert_eq!(reader.next().unwrap(), Next::End);
        assert_eq!(reader.good, bytes.len() as u64);
    }

    #[test]
    fn large_amounts_are_several_frames() {
        let mut frames = Frames::default();
        let payload = vec![7; 400 * 1024];
        (0..6).for_each(|_| frames.push(b"o", Some(&payload)));
        let bytes = frames.take();
        let mut reader = Reader::new(bytes.as_slice());
        let (mut count, mut found) = (0, 0);
        while let Next::Frame(_, body) = reader.next().unwrap() {
            count += 1;
            found += entries(body).count();
        }
        assert_eq!((count, found), (2, 6));
    }

    /// Wherever a byte is changed, or the end is cut off, the frame is not taken for good.
    #[test]
    fn every_damage_is_noticed() {
        let good = sample();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            let mut reader = Reader::new(bad.as_slice());
            assert_eq!(reader.next().unwrap(), Next::Damaged, "byte {at}");
            let cut = if at == 0 { Next::End } else { Next::Damaged };
            assert_eq!(Reader::new(&good[..at]).next().unwrap(), cut, "cut at {at}");
        }
    }
}
