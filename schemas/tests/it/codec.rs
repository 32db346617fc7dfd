//! Bad bytes are told apart, and none of them panics.

use proptest::prelude::*;
use schemas::{
    DecodeError, Decoder, Messages,
    order::{OrderCommand, OrderEvent},
};

use crate::samples;

fn decoder() -> Decoder {
    let mut decoder = Decoder::default();
    for (id, file) in (1..).zip(OrderEvent::FILES) {
        decoder.add(id, file.text).unwrap();
    }
    decoder
}

fn created() -> Vec<u8> {
    samples::all().into_iter().find(|s| s.wire_type == "order_created").unwrap().payload
}

fn error(payload: &[u8]) -> DecodeError {
    decoder().decode::<OrderEvent>("order_created", payload).unwrap_err()
}

#[test]
fn each_kind_of_bad_payload_has_its_error() {
    let good = created();
    assert_eq!(error(&[]), DecodeError::Empty);
    assert_eq!(error(b"{}"), DecodeError::WrongMagic(b'{'));
    assert_eq!(error(&[0, 0, 0]), DecodeError::Truncated(3));
    assert_eq!(error(&[0, 0, 0, 0, 99]), DecodeError::UnknownSchema(99));
    assert_eq!(error(&good[..good.len() - 1]), DecodeError::Malformed(1));
    assert_eq!(error(&[&good[..], b"x"].concat()), DecodeError::TrailingBytes { id: 1, left: 1 });
    assert_eq!(error(&vec![0; 1024 * 1024 + 1]), DecodeError::TooLarge(1024 * 1024 + 1));
    let wrong = [&[0, 0, 0, 0, 2], &good[5..]].concat();
    assert!(matches!(error(&wrong), DecodeError::WrongRecord { id: 2, .. }));
    // A text of a length that the bytes do not have.
    let huge = [&[0, 0, 0, 0, 1][..], &[0xfe, 0xff, 0xff, 0xff, 0x0f]].concat();
    assert_eq!(error(&huge), DecodeError::Malformed(1));
}

#[test]
fn other_types_are_passed_over_without_a_look_at_the_payload() {
    assert_eq!(decoder().decode::<OrderCommand>("order_created", b"junk"), Ok(None));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut payload in proptest::collection::vec(any::<u8>(), 0..200), id in 1_u8..5) {
        let decoder = decoder();
        let _ = decoder.decode::<OrderEvent>("order_created", &payload);
        payload.splice(0..0, [0, 0, 0, 0, id]);
        for file in OrderEvent::FILES {
            let _ = decoder.decode::<OrderEvent>(file.wire_type, &payload);
        }
    }
}

#[test]
fn the_record_of_an_id_is_the_one_that_its_files_name() {
    for sample in samples::all() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.record(1), None);
        decoder.add(1, sample.schema).unwrap();
        assert_eq!(decoder.record(1), Some(sample.record));
    }
}
