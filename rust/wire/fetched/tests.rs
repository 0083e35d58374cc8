use super::*;
use crate::wire::fields::Output;

const TOPIC_ID: [u8; 16] = [7; 16];

/// An answer of one topic with two partitions, the second without aborted transactions and with null records.
fn answer(version: i16) -> Vec<u8> {
    let flexible = version >= VERSION_FLEXIBLE;
    let mut out = Output::response(0, flexible, 0);
    out.bytes.clear();
    out.put_i32(11);
    if version >= 7 {
        out.put_i16(0);
        out.put_i32(12);
    }
    out.put_size(1);
    if version >= VERSION_TOPIC_IDS {
        out.put(&TOPIC_ID)
    } else {
        out.put_string(b"topic")
    }
    out.put_size(2);
    put_partition(&mut out, version, Some((&[(5, 100), (6, 200)], b"batches")));
    put_partition(&mut out, version, None);
    out.put_no_tags();
    if flexible {
        // One tag that is not known: number 9 of two bytes.
        out.put(&[1, 9, 2, 0xaa, 0xbb]);
    }
    out.bytes
}

type Content<'a> = (&'a [(i64, i64)], &'a [u8]);

fn put_partition(out: &mut Output, version: i16, content: Option<Content<'_>>) {
    let null: &[u8] = if version >= VERSION_FLEXIBLE { &[0] } else { &[0xff; 4] };
    out.put_i32(3);
    out.put_i16(if content.is_some() { 0 } else { 1 });
    out.put_i64(300);
    out.put_i64(250);
    if version >= 5 {
        out.put_i64(50);
    }
    match content {
        None => out.put(null),
        Some((aborted, _)) => {
            out.put_size(aborted.len());
            for (producer_id, first_offset) in aborted {
                out.put_i64(*producer_id);
                out.put_i64(*first_offset);
                out.put_no_tags();
            }
        }
    }
    if version >= 11 {
        out.put_i32(-1);
    }
    match content {
        None => out.put(null),
        Some((_, records)) => {
            out.put_size(records.len());
            out.put(records);
        }
    }
    out.put_no_tags();
}

#[test]
fn every_version_is_read() {
    for version in VERSIONS {
        let body = answer(version);
        let answer = FetchAnswer::parse(&body, version).unwrap();
        assert_eq!(answer.throttle_time_ms, 11);
        assert_eq!(answer.session_id, if version >= 7 { 12 } else { 0 });
        let [full, empty] = &answer.partitions[..] else { panic!("{version}: {answer:?}") };
        match &full.topic {
            FetchedTopic::Id(topic_id) => assert!(version >= 13 && *topic_id == TOPIC_ID),
            FetchedTopic::Name(place) => assert!(version < 13 && &body[place.clone()] == b"topic"),
        }
        assert_eq!(
            (full.index, full.error_code, full.high_watermark, full.last_stable_offset),
            (3, 0, 300, 250)
        );
        assert_eq!(full.log_start_offset, if version >= 5 { 50 } else { -1 });
        assert_eq!(full.aborted, [(5, 100), (6, 200)]);
        assert_eq!(&body[full.records.clone()], b"batches");
        assert_eq!((empty.error_code, empty.records.len(), empty.aborted.len()), (1, 0, 0));
    }
}

#[test]
fn versions_without_a_reader_are_refused() {
    for version in [-1, 0, 3, 19] {
        let error = FetchAnswer::parse(&answer(12), version).unwrap_err();
        assert!(matches!(error, Error::Invalid { what: "Fetch version", .. }), "{error}");
    }
}

#[test]
fn an_answer_that_ends_anywhere_else_is_an_error() {
    for version in [4, 11, 12, 18] {
        let whole = answer(version);
        for size in 0..whole.len() {
            assert!(FetchAnswer::parse(&whole[..size], version).is_err(), "{version}: {size} bytes");
        }
        let longer = [&whole[..], &[0]].concat();
        let error = FetchAnswer::parse(&longer, version).unwrap_err();
        assert!(matches!(error, Error::Invalid { what: "bytes after the answer", .. }), "{error}");
    }
}

#[test]
fn counts_are_held_against_the_bytes_that_are_there() {
    let mut body = answer(4);
    body[4..8].copy_from_slice(&i32::MAX.to_be_bytes());
    let error = FetchAnswer::parse(&body, 4).unwrap_err();
    assert!(matches!(error, Error::Truncated { what: "topics", position: 4, .. }), "{error}");
}

#[test]
fn a_topic_name_is_utf_8() {
    let mut body = answer(4);
    let place = body.windows(5).position(|window| window == b"topic").unwrap();
    body[place] = 0xff;
    let error = FetchAnswer::parse(&body, 4).unwrap_err();
    assert_eq!(error, Error::Malformed { what: "topic name that is not UTF-8", position: place });
}
