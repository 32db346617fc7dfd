//! Server-sent events, out of the bytes of a stream.

use crate::error::Error;

/// Most bytes of one event, and of what is read before it is whole: a row has a few thousand.
const MOST: usize = 1 << 20;

/// Where one event ends and the next begins.
const END: &[u8] = b"\n\n";

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// What kind it is; empty for those that only move the client's place.
    pub name: String,
    /// What it says.
    pub data: String,
}

/// Takes bytes, and gives events as soon as they are whole.
#[derive(Debug, Default)]
pub struct Events {
    bytes: Vec<u8>,
}

impl Events {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When there are more than one event can have.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.bytes.len() + bytes.len() > MOST {
            return Err(Error::Endless);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Gives the next event; none until more bytes are there.
    pub fn next(&mut self) -> Option<Event> {
        let end = self.bytes.windows(END.len()).position(|bytes| bytes == END)?;
        let rest = self.bytes.split_off(end + END.len());
        let whole = std::mem::replace(&mut self.bytes, rest);
        let text = String::from_utf8_lossy(&whole);
        let mut event = Event::default();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data.push_str(data),
                // Comments, ids and when to come back: nobody here comes back.
                _ => {}
            }
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 2000\nevent: ready\nid: 1\ndata: {}\n\n:\nid: 1\n\n\
                          event: change\ndata: {\"a\": \"b: c\"}\nid: 2\n\n";

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into() }
    }

    #[test]
    fn events_are_whole_however_their_bytes_come() {
        let wanted = [event("ready", "{}"), event("", ""), event("change", "{\"a\": \"b: c\"}")];
        for size in [1, 7, STREAM.len()] {
            let (mut events, mut found) = (Events::default(), Vec::new());
            for bytes in STREAM.as_bytes().chunks(size) {
                events.push(bytes).unwrap();
                found.extend(std::iter::from_fn(|| events.next()));
            }
            assert_eq!(found, wanted, "{size} bytes at once");
        }
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut events = Events::default();
        events.push(&vec![b'x'; MOST]).unwrap();
        assert_eq!(events.next(), None);
        assert!(matches!(events.push(b"x"), Err(Error::Endless)));
    }
}
