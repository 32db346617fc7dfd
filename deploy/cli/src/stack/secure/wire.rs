//! As much of Kafka's protocol as tells it users and rights, which no client library here does.
//! Each request is of the oldest version that brokers of version 4 understand.

use anyhow::{Context, bail};

/// A request, of which the head is written.
#[derive(Debug)]
pub struct Request {
    bytes: Vec<u8>,
    is_flexible: bool,
}

impl Request {
    /// Begins a request. Those that are flexible have compact lengths, and tags everywhere.
    pub fn new(key: i16, version: i16, is_flexible: bool) -> Self {
        let mut request = Self { bytes: vec![0; 4], is_flexible };
        request.i16(key).i16(version).i32(0);
        request.bytes.extend([0, 6]);
        request.bytes.extend(b"oneway");
        request.tags();
        request
    }

    pub fn i8(&mut self, value: i8) -> &mut Self {
        self.bytes.extend(value.to_be_bytes());
        self
    }

    pub fn i16(&mut self, value: i16) -> &mut Self {
        self.bytes.extend(value.to_be_bytes());
        self
    }

    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.bytes.extend(value.to_be_bytes());
        self
    }

    /// The number of what follows.
    pub fn count(&mut self, count: usize) -> &mut Self {
        match self.is_flexible {
            true => self.compact(count),
            false => self.i32(i32::try_from(count).unwrap_or(i32::MAX)),
        }
    }

    /// A text that is no longer than a name is.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.data(text.as_bytes())
    }

    pub fn data(&mut self, data: &[u8]) -> &mut Self {
        match self.is_flexible {
            true => self.compact(data.len()),
            false => self.i16(i16::try_from(data.len()).unwrap_or(i16::MAX)),
        };
        self.bytes.extend(data);
        self
    }

    /// No text at all.
    pub fn null(&mut self) -> &mut Self {
        self.i16(-1)
    }

    /// That there are none.
    pub fn tags(&mut self) -> &mut Self {
        if self.is_flexible {
            self.bytes.push(0);
        }
        self
    }

    /// A length and one, seven bits at a time.
    fn compact(&mut self, length: usize) -> &mut Self {
        let mut rest = length + 1;
        while let Some(low) = u8::try_from(rest & 0x7f).ok().filter(|_| rest > 0x7f) {
            self.bytes.push(low | 0x80);
            rest >>= 7;
        }
        self.bytes.push(u8::try_from(rest).unwrap_or(0x7f));
        self
    }

    /// The bytes to send.
    pub fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len().saturating_sub(4)).unwrap_or(u32::MAX);
        for (byte, of) in self.bytes.iter_mut().zip(length.to_be_bytes()) {
            *byte = of;
        }
        self.bytes
    }
}

/// An answer, without its length.
#[derive(Debug)]
pub struct Answer<'a> {
    rest: &'a [u8],
    is_flexible: bool,
}

impl<'a> Answer<'a> {
    /// Begins to read, after the head and the time by which the broker throttles.
    pub fn new(bytes: &'a [u8], is_flexible: bool) -> anyhow::Result<Self> {
        let mut answer = Self { rest: bytes, is_flexible };
        answer.take(4)?;
        answer.tags()?;
        answer.take(4)?;
        Ok(answer)
    }

    fn take(&mut self, count: usize) -> anyhow::Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).context("an answer is too short")?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn i16(&mut self) -> anyhow::Result<i16> {
        Ok(i16::from_be_bytes(self.take(2)?.try_into()?))
    }

    /// The number of what follows.
    pub fn count(&mut self) -> anyhow::Result<usize> {
        match self.is_flexible {
            true => Ok(self.compact()?.saturating_sub(1)),
            false => Ok(u32::from_be_bytes(self.take(4)?.try_into()?).try_into()?),
        }
    }

    /// A text, empty when there is none.
    pub fn text(&mut self) -> anyhow::Result<String> {
        let length = match self.is_flexible {
            true => self.compact()?.saturating_sub(1),
            false => usize::try_from(self.i16()?).unwrap_or(0),
        };
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    pub fn tags(&mut self) -> anyhow::Result<()> {
        if self.is_flexible && self.compact()? != 0 {
            bail!("an answer has tags that nobody asked for");
        }
        Ok(())
    }

    fn compact(&mut self) -> anyhow::Result<usize> {
        let mut value = 0;
        for shift in (0..28).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        bail!("an answer has a length without an end")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_flexible() {
        let mut plain = Request::new(30, 1, false);
        plain.count(1).text("ab").null();
        let expected = b"\0\0\0\x1a\0\x1e\0\x01\0\0\0\0\0\x06oneway\0\0\0\x01\0\x02ab\xff\xff";
        assert_eq!(plain.finish(), expected);
        let mut flexible = Request::new(51, 0, true);
        flexible.count(200).text("ab").tags();
        let expected = b"\0\0\0\x17\0\x33\0\0\0\0\0\0\0\x06oneway\0\xc9\x01\x03ab\0";
        assert_eq!(flexible.finish(), expected);
    }

    #[test]
    fn answers_are_read_and_short_ones_are_no_panic() {
        let mut answer = Answer::new(b"\0\0\0\0\0\0\0\0\0\x02\x03ab\0\x07\0\0", true).unwrap();
        assert_eq!(answer.count().unwrap(), 1);
        assert_eq!((answer.text().unwrap(), answer.i16().unwrap()), ("ab".into(), 7));
        assert_eq!(answer.text().unwrap(), "");
        answer.tags().unwrap();
        assert!(answer.i16().is_err());
        assert!(Answer::new(b"\0\0", false).is_err());
    }
}
