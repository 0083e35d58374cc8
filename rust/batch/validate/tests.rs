use proptest::prelude::*;

use super::*;
use crate::samples::{Sample, SampleRecord, compress, compress_xerial, payload, put_varint, reseal};

const RULES: TopicRules = TopicRules {
    batch_bytes_max: 1 << 20,
    log_append_time: false,
    compacted: false,
    timestamp_before_ms_max: i64::MAX,
    timestamp_after_ms_max: 3_600_000,
};
const NOW: i64 = 1_700_000_000_000;

fn check(batch: &[u8], rules: &TopicRules) -> Result<BatchFacts, Reject> {
    let mut facts = check_head(batch, rules, 9)?;
    walk(batch, &mut facts, rules, NOW)?;
    Ok(facts)
}

fn records(count: usize) -> Vec<SampleRecord> {
    let record = |index: usize| SampleRecord {
        timestamp_delta: i64::try_from(index % 7).unwrap(),
        key: index.is_multiple_of(2).then(|| index.to_string().into_bytes()),
        value: (!index.is_multiple_of(3)).then(|| vec![b'v'; index]),
        headers: vec![(b"h".to_vec(), None); index % 4],
    };
    (0..count).map(record).collect()
}

/// A sample batch with one field of its head overwritten and its checksum made true again.
fn with_field(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut batch = Sample::default().bytes();
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    reseal(&mut batch);
    batch
}

/// A batch of one record with this payload in place of its own.
fn with_payload(payload: Vec<u8>) -> Vec<u8> {
    Sample { payload: Some(payload), ..Sample::default() }.bytes()
}

fn with_gzip(payload: Vec<u8>) -> Vec<u8> {
    Sample { codec: 1, payload: Some(payload), ..Sample::default() }.bytes()
}

fn framed_record(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, i64::try_from(body.len()).unwrap());
    out.extend(body);
    out
}

fn assert_invalid_record(batch: &[u8], says: &str) {
    match check(batch, &RULES) {
        Err(reject @ (Reject::InvalidRecord(_) | Reject::Records(_))) => {
            assert!(reject.to_string().contains(says), "{reject}");
        }
        other => panic!("expected an invalid record with {says:?}, found {other:?}"),
    }
}

#[test]
fn every_codec_is_walked_to_the_true_maximum() {
    for codec in 0..=4 {
        let sample = Sample { codec, max_timestamp: Some(77), records: records(300), ..Sample::default() };
        let facts = check(&sample.bytes(), &RULES).unwrap();
        assert_eq!((facts.header.max_timestamp, facts.max_timestamp), (77, 1_006), "codec {codec}");
    }
}

#[test]
fn snappy_is_taken_in_java_frames() {
    let payload = compress_xerial(&payload(&records(300)), 1_000);
    let sample = Sample { codec: 2, payload: Some(payload), records: records(300), ..Sample::default() };
    assert_eq!(check(&sample.bytes(), &RULES).unwrap().max_timestamp, 1_006);
}

#[test]
fn gzip_members_follow_each_other() {
    let plain = payload(&records(300));
    let (first, second) = plain.split_at(plain.len() / 2);
    let members = [compress(1, first), compress(1, second)].concat();
    let sample = Sample { codec: 1, payload: Some(members), records: records(300), ..Sample::default() };
    assert_eq!(check(&sample.bytes(), &RULES).unwrap().max_timestamp, 1_006);
}

#[test]
fn no_batch_is_an_invalid_record() {
    assert_invalid_record(b"", "no whole batch");
}

#[test]
fn what_ends_too_early_is_no_batch() {
    let batch = Sample::default().bytes();
    for size in 0..batch.len() {
        assert_invalid_record(&batch[..size], "no whole batch");
    }
}

#[test]
fn a_second_batch_is_an_invalid_record() {
    let batch = Sample::default().bytes();
    assert_invalid_record(&[batch.clone(), batch].concat(), "exactly one batch");
}

#[test]
fn every_flipped_bit_under_the_checksum_is_corrupt() {
    let batch = Sample::default().bytes();
    for at in 17..batch.len() {
        let mut flipped = batch.clone();
        flipped[at] ^= 1;
        let refused = check(&flipped, &RULES).unwrap_err();
        let is_codec = matches!(refused, Reject::UnsupportedCompression(_)) && at == 22;
        assert!(matches!(refused, Reject::Corrupt(_)) || is_codec, "{at}: {refused:?}");
    }
}

#[test]
fn lengths_that_lie_are_corrupt() {
    for length in [i32::MIN, -1, 0, 13, 14, 48] {
        let refused = check(&with_length(length), &RULES);
        assert!(matches!(refused, Err(Reject::Corrupt(_))), "{length}: {refused:?}");
    }
    for length in [1_000, i32::MAX] {
        assert_invalid_record(&with_length(length), "no whole batch");
    }
}

fn with_length(length: i32) -> Vec<u8> {
    let mut batch = Sample::default().bytes();
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch
}

#[test]
fn formats_that_were_are_invalid_and_those_that_never_were_corrupt() {
    for magic in [0, 1] {
        assert_invalid_record(&with_field(16, &[magic]), "magic");
    }
    for magic in [3, 0x7F, 0xFF] {
        let refused = check(&with_field(16, &[magic]), &RULES);
        assert!(matches!(refused, Err(Reject::Corrupt(_))), "{magic}: {refused:?}");
    }
}

#[test]
fn heads_that_no_producer_may_send() {
    let mut offset = Sample::default().bytes();
    offset[7] = 1;
    assert_invalid_record(&offset, "base_offset");
    assert_invalid_record(&with_field(16, &[1]), "magic");
    assert_invalid_record(&with_field(57, &0i32.to_be_bytes()), "record_count");
    assert_invalid_record(&with_field(57, &i32::MIN.to_be_bytes()), "record_count");
    assert_invalid_record(&with_field(57, &2i32.to_be_bytes()), "last_offset_delta");
    assert_invalid_record(&with_field(23, &i32::MAX.to_be_bytes()), "last_offset_delta");
    assert_invalid_record(&with_field(22, &[0x20]), "control");
    assert_invalid_record(&with_field(22, &[0x10]), "producer id");
    assert_invalid_record(&Sample { producer: (7, 0, -1), ..Sample::default() }.bytes(), "base_sequence");
    assert_invalid_record(&Sample { producer: (7, -1, 0), ..Sample::default() }.bytes(), "epoch");
    check(&Sample { producer: (7, 0, 0), attributes: 0x10, ..Sample::default() }.bytes(), &RULES).unwrap();
}

#[test]
fn log_append_time_is_not_for_producers() {
    let refused = check(&with_field(22, &[0x08]), &RULES).unwrap_err();
    assert!(matches!(refused, Reject::InvalidTimestamp(_)), "{refused:?}");
}

#[test]
fn sizes_are_judged_by_the_topic() {
    let batch = Sample::default().bytes();
    let rules = |limit| TopicRules { batch_bytes_max: limit, ..RULES };
    check(&batch, &rules(batch.len())).unwrap();
    let limit = batch.len() - 1;
    let refused = check(&batch, &rules(limit)).unwrap_err();
    assert_eq!(refused, Reject::TooLarge { size: batch.len(), limit });
}

#[test]
fn codecs_are_judged_by_the_version() {
    let zstd = Sample { codec: 4, ..Sample::default() }.bytes();
    assert!(matches!(check_head(&zstd, &RULES, 6), Err(Reject::UnsupportedCompression(_))));
    check_head(&zstd, &RULES, 7).unwrap();
    for codec in 5..8 {
        let unknown = with_field(22, &[codec]);
        assert!(matches!(check_head(&unknown, &RULES, 13), Err(Reject::UnsupportedCompression(_))));
    }
}

#[test]
fn compacted_topics_need_every_key() {
    let rules = TopicRules { compacted: true, ..RULES };
    let mut sample = Sample { records: records(3), ..Sample::default() };
    assert_eq!(faults(check(&sample.bytes(), &rules)), (vec![1], false));
    sample.records[1].key = Some(Vec::new());
    check(&sample.bytes(), &rules).unwrap();
}

/// Which records are invalid, and whether one of them is so for its time.
fn faults(checked: Result<BatchFacts, Reject>) -> (Vec<i32>, bool) {
    match checked {
        Err(Reject::Records(faults)) => {
            (faults.listed().iter().map(|(index, _)| *index).collect(), faults.is_of_time())
        }
        other => panic!("expected invalid records, found {other:?}"),
    }
}

#[test]
fn every_invalid_record_of_a_batch_is_named() {
    let rules = TopicRules { compacted: true, ..RULES };
    for codec in 0..=4 {
        let mut sample = Sample { codec, records: records(9), ..Sample::default() };
        assert_eq!(faults(check(&sample.bytes(), &rules)), (vec![1, 3, 5, 7], false));
        sample.records[8].timestamp_delta = NOW + 3_600_001;
        assert_eq!(faults(check(&sample.bytes(), &rules)), (vec![1, 3, 5, 7, 8], true));
    }
}

#[test]
fn what_cannot_be_read_outweighs_invalid_records() {
    let plain = payload(&records(4));
    let rules = TopicRules { compacted: true, ..RULES };
    let cut =
        Sample { payload: Some(plain[..plain.len() - 1].to_vec()), records: records(4), ..Sample::default() };
    assert!(matches!(check(&cut.bytes(), &rules), Err(Reject::InvalidRecord(_))));
}

#[test]
fn timestamps_stay_within_the_topics_bounds() {
    let at = |time: i64| Sample { base_timestamp: time, ..Sample::default() }.bytes();
    let rules = TopicRules { timestamp_before_ms_max: 1_000, timestamp_after_ms_max: 10, ..RULES };
    for (time, taken) in [(NOW - 1_001, false), (NOW - 1_000, true), (NOW + 10, true), (NOW + 11, false)] {
        let checked = check(&at(time), &rules);
        assert_eq!(checked.is_ok(), taken, "{time}");
        assert!(taken || faults(checked) == (vec![0], true), "{time}");
    }
    check(&at(-1), &rules).unwrap();
    check(&at(NOW + 11), &TopicRules { log_append_time: true, ..rules }).unwrap();
    check(&at(-1_000_000), &RULES).unwrap();
}

#[test]
fn a_timestamp_beyond_64_bits_is_refused() {
    let mut sample = Sample { base_timestamp: i64::MAX, max_timestamp: Some(0), ..Sample::default() };
    sample.records[0].timestamp_delta = 1;
    assert_eq!(faults(check(&sample.bytes(), &RULES)), (vec![0], true));
}

#[test]
fn records_without_times_have_no_maximum() {
    let sample = Sample { base_timestamp: -1, max_timestamp: Some(5), ..Sample::default() };
    assert_eq!(check(&sample.bytes(), &RULES).unwrap().max_timestamp, -1);
}

#[test]
fn records_must_fill_the_payload() {
    let plain = payload(&Sample::default().records);
    let longer = [plain.as_slice(), b"x"].concat();
    assert_invalid_record(&with_payload(longer.clone()), "after the last record");
    assert_invalid_record(&with_gzip(compress(1, &longer)), "after the last record");
    for size in 0..plain.len() {
        assert_invalid_record(&with_payload(plain[..size].to_vec()), "");
        assert_invalid_record(&with_gzip(compress(1, &plain[..size])), "");
    }
}

#[test]
fn offset_deltas_count_from_zero() {
    let body = [0, 0, 2, 1, 1, 0];
    assert_invalid_record(&with_payload(framed_record(&body)), "offset delta expected 0, found 1");
}

#[test]
fn record_fields_that_lie() {
    let cases: [(&[u8], &str); 6] = [
        (&[0, 0, 0, 3, 1, 0], "key"),
        (&[0, 0, 0, 1, 4, 0], "value"),
        (&[0, 0, 0, 1, 1, 1], "header count"),
        (&[0, 0, 0, 1, 1, 2, 1, 1], "header key that is null"),
        (&[0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f], "header key"),
        (&[0, 0, 0, 1, 1, 0, 0], "differs from its fields"),
    ];
    for (body, says) in cases {
        assert_invalid_record(&with_payload(framed_record(body)), says);
        assert_invalid_record(&with_gzip(compress(1, &framed_record(body))), says);
    }
}

#[test]
fn damaged_compression_is_an_invalid_record() {
    for codec in 1..=4 {
        let compressed = compress(codec, &payload(&records(300)));
        let damaged =
            |payload| Sample { codec, payload: Some(payload), records: records(300), ..Sample::default() };
        for size in (0..compressed.len()).step_by(11) {
            let batch = damaged(compressed[..size].to_vec()).bytes();
            assert!(matches!(check(&batch, &RULES), Err(Reject::InvalidRecord(_))), "{codec} cut at {size}");
        }
        let batch = damaged([compressed.as_slice(), b"garbage"].concat()).bytes();
        assert!(
            matches!(check(&batch, &RULES), Err(Reject::InvalidRecord(_))),
            "{codec} with garbage behind"
        );
    }
}

#[test]
fn lz4_blocks_that_depend_on_each_other_are_refused() {
    let info = lz4_flex::frame::FrameInfo::new().block_mode(lz4_flex::frame::BlockMode::Linked);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    std::io::Write::write_all(&mut encoder, &payload(&Sample::default().records)).unwrap();
    let payload = Some(encoder.finish().unwrap());
    assert_invalid_record(&Sample { codec: 3, payload, ..Sample::default() }.bytes(), "depend on each other");
}

#[test]
fn every_checksum_of_an_lz4_frame_is_verified() {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_mode(lz4_flex::frame::BlockMode::Independent)
        .block_checksums(true)
        .content_checksum(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    std::io::Write::write_all(&mut encoder, &payload(&Sample::default().records)).unwrap();
    let frame = encoder.finish().unwrap();
    let batch = |payload| Sample { codec: 3, payload: Some(payload), ..Sample::default() }.bytes();
    check(&batch(frame.clone()), &RULES).unwrap();
    for at in 0..frame.len() {
        let mut damaged = frame.clone();
        damaged[at] ^= 4;
        assert!(check(&batch(damaged), &RULES).is_err(), "byte {at} of {}", frame.len());
    }
}

#[test]
fn lz4_blocks_of_every_announced_size_are_taken() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let long = |byte| SampleRecord { value: Some(vec![byte; 3_000_000]), ..SampleRecord::default() };
    let records = [records(300), vec![long(b'a'), long(b'b')]].concat();
    for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
        let info = FrameInfo::new().block_mode(BlockMode::Independent).block_size(size);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        std::io::Write::write_all(&mut encoder, &payload(&records)).unwrap();
        let payload = Some(encoder.finish().unwrap());
        let sample = Sample { codec: 3, payload, records: records.clone(), ..Sample::default() };
        assert_eq!(check(&sample.bytes(), &RULES).unwrap().max_timestamp, 1_006);
    }
}

/// One record whose value is a long run, so that a little input means much output.
#[test]
fn output_beyond_its_limit_is_refused() {
    let size = i64::try_from(crate::batch::DECOMPRESSED_BYTES_MAX).unwrap();
    let mut body = vec![0, 0, 0, 1];
    put_varint(&mut body, size);
    let mut head = Vec::new();
    put_varint(&mut head, size + i64::try_from(body.len()).unwrap() + 1);
    let zeros = std::io::Read::take(std::io::repeat(0), size.unsigned_abs() + 1);
    let plain = std::io::Read::chain(std::io::Read::chain(&head[..], &body[..]), zeros);
    let payload = Some(zstd::encode_all(plain, 1).unwrap());
    let batch = Sample { codec: 4, payload, ..Sample::default() }.bytes();
    assert!(batch.len() < 100_000, "{}", batch.len());
    assert_invalid_record(&batch, "limit of 268435456 bytes");
}

prop_compose! {
    fn any_record()(
        timestamp_delta in -1_000_000i64..1_000_000,
        key in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        value in prop::option::of(prop::collection::vec(any::<u8>(), 0..400)),
        headers in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..10), prop::option::of(prop::collection::vec(any::<u8>(), 0..10))), 0..4),
    ) -> SampleRecord {
        SampleRecord { timestamp_delta, key, value, headers }
    }
}

proptest! {
    #[test]
    fn whatever_a_producer_means_is_taken(
        codec in 0u8..=4, records in prop::collection::vec(any_record(), 1..80), stated in prop::option::of(any::<i64>()),
    ) {
        let sample = Sample { codec, base_timestamp: NOW, max_timestamp: stated, records, ..Sample::default() };
        let facts = check(&sample.bytes(), &RULES).unwrap();
        prop_assert_eq!(facts.max_timestamp, sample.true_max_timestamp());
        prop_assert_eq!(facts.header.record_count, i32::try_from(sample.records.len()).unwrap());
    }
}
