//! A record as bytes: its length, offset, time, key, payload and headers. Numbers are big-endian;
//! a length of -1 says that something is absent, which is not the same as empty.

use event_log::refill::Kept;

/// Larger ones are not written by anybody: the length is damaged.
pub const LARGEST: u32 = 256 * 1024 * 1024;

/// Adds a record to a buffer.
pub fn encode(record: &Kept, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    buffer.extend([0; 4]);
    buffer.extend(record.offset.to_be_bytes());
    buffer.extend(record.timestamp.to_be_bytes());
    put(buffer, record.key.as_deref());
    put(buffer, record.payload.as_deref());
    buffer.extend(length(record.headers.as_ref().map(Vec::len)).to_be_bytes());
    for (key, value) in record.headers.iter().flatten() {
        put(buffer, Some(key.as_bytes()));
        put(buffer, value.as_deref());
    }
    let size = u32::try_from(buffer.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = buffer.get_mut(start..start + 4) {
        place.copy_from_slice(&size.to_be_bytes());
    }
}

/// Reads a record behind its length; none when it is damaged.
pub fn decode(mut bytes: &[u8]) -> Option<Kept> {
    let offset = i64::from_be_bytes(take(&mut bytes)?);
    let timestamp = i64::from_be_bytes(take(&mut bytes)?);
    let key = part(&mut bytes)?.map(<[u8]>::to_vec);
    let payload = part(&mut bytes)?.map(<[u8]>::to_vec);
    let count = i32::from_be_bytes(take(&mut bytes)?);
    let mut headers = (count >= 0).then(Vec::new);
    for _ in 0..count {
        let key = std::str::from_utf8(part(&mut bytes)??).ok()?.to_owned();
        let value = part(&mut bytes)?.map(<[u8]>::to_vec);
        headers.iter_mut().for_each(|all| all.push((key.clone(), value.clone())));
    }
    bytes.is_empty().then_some(Kept { offset, timestamp, key, payload, headers })
}

fn put(buffer: &mut Vec<u8>, part: Option<&[u8]>) {
    buffer.extend(length(part.map(<[u8]>::len)).to_be_bytes());
    buffer.extend(part.unwrap_or_default());
}

/// Nothing in a record is longer than an i32 can say: the protocol has no more.
fn length(of: Option<usize>) -> i32 {
    of.map_or(-1, |length| i32::try_from(length).unwrap_or(i32::MAX))
}

/// The outer none: the bytes are damaged; the inner: it is absent.
fn part<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = i32::from_be_bytes(take(bytes)?);
    if length == -1 {
        return Some(None);
    }
    let (taken, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(Some(taken))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Kept> {
        let plain = Kept {
            offset: 0,
            timestamp: 1_700_000_000_000,
            key: None,
            payload: None,
            headers: None,
        };
        let header = |key: &str, value: Option<&[u8]>| (key.into(), value.map(<[u8]>::to_vec));
        let headers = vec![header("a", Some(b"1")), header("a", None), header("", Some(b""))];
        let full = Kept {
            offset: i64::MAX,
            timestamp: -1,
            key: Some(vec![]),
            payload: Some(vec![0, 255, 7]),
            headers: Some(headers),
        };
        vec![plain.clone(), full, Kept { headers: Some(Vec::new()), ..plain }]
    }

    #[test]
    fn what_is_absent_is_not_empty() {
        for record in samples() {
            let mut bytes = Vec::new();
            encode(&record, &mut bytes);
            let size = u32::from_be_bytes(take(&mut &*bytes).unwrap());
            assert_eq!(usize::try_from(size).unwrap(), bytes.len() - 4);
            assert_eq!(decode(&bytes[4..]), Some(record));
        }
    }

    #[test]
    fn what_is_cut_or_too_long_is_no_record() {
        let mut bytes = Vec::new();
        encode(&samples()[1], &mut bytes);
        for end in 4..bytes.len() {
            assert!(decode(&bytes[4..end]).is_none(), "{end}");
        }
        bytes.push(0);
        assert!(decode(&bytes[4..]).is_none());
    }
}
