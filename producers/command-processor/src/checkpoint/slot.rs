//! One partition's checkpoint while it is written on.
//!
//! When is a position true? The end of the state topic is read at any moment; by then another
//! instance may own the partition and have written below that end, and this one does not know it
//! yet. Therefore a position is only proposed. It is written once a batch was committed that was
//! decided *after* it was read: the group's membership goes with each transaction, so this
//! instance still was the only writer then, and all below the proposed end is its own or was
//! restored, and is in the file.

use std::{io, time::Instant};

use crate::checkpoint::{
    file::{CheckpointFile, Useless},
    position::Position,
};

/// What one committed batch has changed.
#[derive(Debug)]
pub struct Batch {
    /// Finished frames of states.
    pub frames: Vec<u8>,
    /// When everything was decided; before its transaction was committed.
    pub decided: Instant,
    /// All states of the partition, after it.
    pub size: Size,
}

/// How much a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub aggregates: u64,
    /// Of ids and states.
    pub bytes: u64,
}

/// A file, and what is known of it.
#[derive(Debug)]
pub struct Slot {
    file: CheckpointFile,
    size: Size,
    /// Length of the file when it was compacted: what came after the position stays as it is.
    compacted: u64,
    /// When the last position was written or proposed.
    positioned: Instant,
    /// Whether states came after it.
    is_behind: bool,
    proposed: Option<(Position, Instant)>,
}

impl Slot {
    /// Takes over a file.
    pub fn new(file: CheckpointFile, size: Size) -> Self {
        let positioned = Instant::now();
        Self { file, size, compacted: 0, positioned, is_behind: false, proposed: None }
    }

    /// Writes a batch, and the proposed position if the batch proves it.
    pub fn append(&mut self, batch: &Batch) -> io::Result<()> {
        self.file.append(&batch.frames)?;
        self.size = batch.size;
        if let Some((position, _)) = self.proposed.take_if(|(_, read)| *read < batch.decided) {
            self.file.append_position(&position)?;
        }
        self.is_behind = true;
        Ok(())
    }

    /// Since when there are states that no position covers, nor will; none when there are none.
    pub fn is_behind_since(&self) -> Option<Instant> {
        (self.is_behind && self.proposed.is_none()).then_some(self.positioned)
    }

    /// Proposes a position whose offset was read at that time or before.
    pub fn propose(&mut self, position: Position, read: Instant) {
        self.proposed = Some((position, read));
        self.positioned = read;
        self.is_behind = false;
    }

    /// Whether more than half of the file is outdated.
    pub fn is_wasteful(&self, least: u64) -> bool {
        self.file.length() > least + self.size.bytes.max(self.compacted) * 2
    }

    /// Leaves out what is outdated; false when it was `interrupted`.
    pub fn compact(&mut self, interrupted: &dyn Fn() -> bool) -> Result<bool, Useless> {
        let is_done = self.file.compact(interrupted)?;
        if is_done {
            self.compacted = self.file.length();
        }
        Ok(is_done)
    }

    /// Bytes in the file.
    pub fn length(&self) -> u64 {
        self.file.length()
    }

    /// How much there is.
    pub fn size(&self) -> Size {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{frame::Frames, position::Mark};

    const SIZE: Size = Size { aggregates: 1, bytes: 10 };

    fn batch(state: &str) -> Batch {
        let mut frames = Frames::default();
        frames.push(b"o1", Some(state.as_bytes()));
        Batch { frames: frames.take(), decided: Instant::now(), size: SIZE }
    }

    #[test]
    fn a_position_waits_for_a_batch_that_was_decided_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.checkpoint");
        let next = || CheckpointFile::open(&path, "x").map(|(_, position)| position.next).ok();
        let at = |next| Position {
            next,
            aggregates: 1,
            complete: Mark { offset: 0, says: String::new() },
            event: None,
        };
        let mut slot = Slot::new(CheckpointFile::create(&path, "x").unwrap(), SIZE);
        assert_eq!(slot.is_behind_since(), None);

        // Decided before the end was read, committed after it: proves nothing.
        let early = batch("one");
        slot.append(&batch("zero")).unwrap();
        assert!(slot.is_behind_since().is_some());
        slot.propose(at(7), Instant::now());
        assert_eq!(slot.is_behind_since(), None);
        slot.append(&early).unwrap();
        drop(slot);
        assert_eq!(next(), None, "the position was believed without proof");

        let mut slot = Slot::new(CheckpointFile::create(&path, "x").unwrap(), SIZE);
        slot.propose(at(7), Instant::now());
        slot.append(&batch("two")).unwrap();
        assert!(slot.is_behind_since().is_some(), "what proves it is not covered itself");
        drop(slot);
        assert_eq!(next(), Some(7));
    }
}
