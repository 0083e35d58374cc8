use proptest::prelude::*;

use super::*;
use crate::batch::validate::{BatchFacts, TopicRules, check_head, walk};
use crate::batch::{BatchHeader, Batches};
use crate::error::{Error, Result};
use crate::samples::{Sample, SampleRecord};

const ID: [u8; 16] = [7; 16];
const CREATED: i64 = 1_700_000_000_000;
const RULES: TopicRules = TopicRules {
    batch_bytes_max: usize::MAX,
    log_append_time: false,
    compacted: false,
    timestamp_before_ms_max: i64::MAX,
    timestamp_after_ms_max: i64::MAX,
};

/// A batch and the log that it is for.
#[derive(Clone, Debug)]
struct Produced {
    key: LogKey,
    log_append_time: bool,
    bytes: Vec<u8>,
    sample: Sample,
}

fn produced(partition: i32, sample: Sample) -> Produced {
    let key = LogKey { topic_id: [9; 16], partition };
    Produced { key, log_append_time: partition % 2 == 1, bytes: sample.bytes(), sample }
}

fn timed(deltas: &[i64]) -> Sample {
    let record = |&timestamp_delta: &i64| SampleRecord { timestamp_delta, ..SampleRecord::default() };
    Sample { records: deltas.iter().map(record).collect(), ..Sample::default() }
}

fn facts(batch: &[u8]) -> BatchFacts {
    let mut facts = check_head(batch, &RULES, 13).unwrap();
    walk(batch, &mut facts, &RULES, 0).unwrap();
    facts
}

fn inputs(produced: &[Produced]) -> Vec<PackInput<'_>> {
    let input = |produced: &'_ Produced| (produced.key, produced.log_append_time, facts(&produced.bytes));
    produced
        .iter()
        .map(|produced| {
            let (key, log_append_time, facts) = input(produced);
            PackInput { key, log_append_time, batch: &produced.bytes, facts }
        })
        .collect()
}

fn pack(produced: &[Produced]) -> (Layout, Vec<u8>) {
    let inputs = inputs(produced);
    let layout = Layout::plan(&inputs, ID, CREATED).unwrap();
    let mut data = Vec::new();
    layout.write(&inputs, |piece| data.extend_from_slice(piece)).unwrap();
    assert_eq!(data.len(), layout.size());
    (layout, data)
}

fn extent(bytes: &[u8], base_offset: i64) -> ExtentBytes<'_> {
    ExtentBytes { bytes, base_offset, append_time_ms: -1, first_offset: 0 }
}

fn three_logs() -> Vec<Produced> {
    let codecs = [(3, 0), (1, 4), (3, 2), (0, 1), (1, 3), (3, 0)];
    let sample = |codec| Sample { codec, ..timed(&[0, 50, -20]) };
    codecs.iter().map(|&(partition, codec)| produced(partition, sample(codec))).collect()
}

#[test]
fn batches_are_grouped_by_log_and_keep_their_order() {
    let (layout, data) = pack(&three_logs());
    assert_eq!(layout.slots(), [0, 3, 1, 5, 4, 2]);
    let segment = Segment::parse(&data).unwrap();
    let partitions: Vec<_> = segment.logs().iter().map(|log| (log.key.partition, log.batches)).collect();
    assert_eq!(partitions, [(3, 3), (1, 2), (0, 1)]);
    assert_eq!((segment.header().segment_id, segment.header().created_ms), (ID, CREATED));
    assert_eq!(verify(&data).unwrap(), 6);
}

#[test]
fn an_empty_segment_is_whole() {
    let (layout, data) = pack(&[]);
    assert_eq!((layout.size(), data.len()), (108, 108));
    assert_eq!(verify(&data).unwrap(), 0);
}

#[test]
fn a_maximum_that_lies_is_mended_in_the_copy() {
    let (layout, data) = pack(&[produced(0, Sample { max_timestamp: Some(5), ..timed(&[3, 9]) })]);
    assert_eq!(layout.sealed().batches[0].max_timestamp, 1_009);
    let header = BatchHeader::parse(&data[format::HEADER_BYTES..]).unwrap();
    assert_eq!(header.max_timestamp, 1_009);
    assert_eq!(verify(&data).unwrap(), 1);
}

#[test]
fn a_plan_is_only_good_for_its_inputs() {
    let produced = three_logs();
    let mut inputs = inputs(&produced);
    let layout = Layout::plan(&inputs, ID, CREATED).unwrap();
    assert!(layout.write(&inputs[1..], |_| ()).is_err());
    inputs[2].batch = &produced[2].bytes[..70];
    assert!(layout.write(&inputs, |_| ()).is_err());
    assert!(Layout::plan(&inputs, ID, CREATED).is_err());
}

#[test]
fn every_flipped_bit_of_an_object_is_found() {
    let (_, data) = pack(&three_logs());
    for at in 0..data.len() {
        let mut damaged = data.clone();
        damaged[at] ^= 0x10;
        // Offset and leader epoch of a batch are under no checksum: they are the broker's to set.
        let stamped = Segment::parse(&data).unwrap().logs().iter().any(|log| {
            let mut batches = Batches::new(&data[log.position..log.position + log.size]);
            batches.any(|batch| {
                let start = log.position + batch.unwrap().0;
                (start..start + 8).contains(&at) || (start + 12..start + 16).contains(&at)
            })
        });
        assert_eq!(verify(&damaged).is_ok(), stamped, "byte {at} of {}", data.len());
    }
}

#[test]
fn every_truncation_of_an_object_is_found() {
    let (_, data) = pack(&three_logs());
    for size in 0..data.len() {
        assert!(verify(&data[..size]).is_err(), "{size}");
        assert!(verify(&data[size + 1..]).is_err(), "{size}");
    }
}

#[test]
fn errors_say_where_in_the_object() {
    let (layout, mut data) = pack(&three_logs());
    let batch = layout.sealed().batches[4];
    let position = usize::try_from(batch.position).unwrap();
    data[position + 70] ^= 1;
    match verify(&data) {
        Err(Error::Checksum { what: "batch", position: found, .. }) => assert_eq!(found, position),
        other => panic!("{other:?}"),
    }
}

#[test]
fn times_lead_to_the_first_record_at_or_after_them() {
    let bytes = [timed(&[0, 50, -20]).bytes(), Sample { codec: 4, ..timed(&[60, 10, 60]) }.bytes()].concat();
    let find = |timestamp| find_timestamp(extent(&bytes, 100), timestamp).unwrap();
    assert_eq!(find(i64::MIN), Some(Found { offset: 100, timestamp: 1_000 }));
    assert_eq!(find(1_001), Some(Found { offset: 101, timestamp: 1_050 }));
    assert_eq!(find(1_051), Some(Found { offset: 103, timestamp: 1_060 }));
    assert_eq!(find(1_061), None);
    let max = find_max_timestamp(extent(&bytes, 100)).unwrap();
    assert_eq!(max, Some(Found { offset: 103, timestamp: 1_060 }));
}

#[test]
fn records_before_the_first_offset_are_passed_over() {
    let bytes = [timed(&[0, 50, -20]).bytes(), Sample { codec: 4, ..timed(&[60, 10, 30]) }.bytes()].concat();
    let from = |first_offset| ExtentBytes { first_offset, ..extent(&bytes, 100) };
    let find = |first_offset, timestamp| {
        find_timestamp(from(first_offset), timestamp).unwrap().map(|found| (found.offset, found.timestamp))
    };
    let max = |first_offset| find_max_timestamp(from(first_offset)).unwrap().map(|found| found.offset);
    assert_eq!(
        [find(101, 0), find(102, 0), find(103, 0)],
        [Some((101, 1_050)), Some((102, 980)), Some((103, 1_060))]
    );
    assert_eq!(
        [find(102, 1_050), find(104, 1_050), find(104, 1_020)],
        [Some((103, 1_060)), None, Some((105, 1_030))]
    );
    assert_eq!(
        [max(100), max(103), max(104), max(105), max(106)],
        [Some(103), Some(103), Some(105), Some(105), None]
    );
    let stamped = ExtentBytes { append_time_ms: 500, ..from(102) };
    assert_eq!(find_timestamp(stamped, 500).unwrap(), Some(Found { offset: 102, timestamp: 500 }));
}

#[test]
fn with_append_time_the_first_record_stands_for_all() {
    let bytes = timed(&[0, 50]).bytes();
    let extent = ExtentBytes { bytes: &bytes, base_offset: 7, append_time_ms: 500, first_offset: 0 };
    let first = Some(Found { offset: 7, timestamp: 500 });
    assert_eq!(find_timestamp(extent, 500).unwrap(), first);
    assert_eq!(find_timestamp(extent, 501).unwrap(), None);
    assert_eq!(find_max_timestamp(extent).unwrap(), first);
}

#[test]
fn nothing_is_found_where_no_record_has_a_time() {
    let bytes = Sample { base_timestamp: -1, ..timed(&[0, 0]) }.bytes();
    assert_eq!(find_max_timestamp(extent(&bytes, 0)).unwrap(), None);
    assert_eq!(find_max_timestamp(extent(b"", 0)).unwrap(), None);
    assert_eq!(find_timestamp(extent(b"", 0), 0).unwrap(), None);
}

#[test]
fn a_damaged_extent_is_an_error_not_an_answer() {
    let mut bytes = [timed(&[0]).bytes(), timed(&[10]).bytes()].concat();
    let position = bytes.len() / 2;
    bytes[position + 65] ^= 1;
    assert!(find_timestamp(extent(&bytes, 0), 1_000).is_ok());
    match find_timestamp(extent(&bytes, 0), 1_010) {
        Err(Error::Checksum { position: found, .. }) => assert_eq!(found, position),
        other => panic!("{other:?}"),
    }
}

prop_compose! {
    fn any_produced()(
        partition in 0i32..5, codec in 0u8..=4, deltas in prop::collection::vec(-100i64..100, 1..8), stated: Option<i64>,
    ) -> Produced {
        produced(partition, Sample { codec, max_timestamp: stated, ..timed(&deltas) })
    }
}

/// What a reader that knows nothing of segments would answer.
fn naive_find(produced: &[&Produced], timestamp: i64) -> Option<Found> {
    let times = produced.iter().flat_map(|produced| {
        let base = produced.sample.base_timestamp;
        produced.sample.records.iter().map(move |record| base + record.timestamp_delta)
    });
    (0..)
        .zip(times)
        .find(|&(_, time)| time >= timestamp)
        .map(|(offset, timestamp)| Found { offset, timestamp })
}

proptest! {
    #[test]
    fn what_is_packed_is_read_back(produced in prop::collection::vec(any_produced(), 0..20), wanted in 800i64..1200) {
        let (layout, data) = pack(&produced);
        prop_assert_eq!(verify(&data).unwrap(), produced.len());
        let segment = Segment::parse(&data).unwrap();
        for (log, entry) in layout.sealed().logs.iter().zip(segment.logs()) {
            prop_assert_eq!((log.key, log.log_append_time), (entry.key, entry.log_append_time));
            let of_log: Vec<_> = produced.iter().filter(|produced| produced.key == log.key).collect();
            let batches = segment.batches(entry).collect::<Result<Vec<_>>>().unwrap();
            prop_assert_eq!(batches.len(), of_log.len());
            for ((_, header, bytes), produced) in batches.iter().zip(&of_log) {
                prop_assert_eq!(&bytes[61..], &produced.bytes[61..]);
                prop_assert_eq!(header.max_timestamp, produced.sample.true_max_timestamp());
            }
            let bytes = &data[entry.position..entry.position + entry.size];
            prop_assert_eq!(find_timestamp(extent(bytes, 0), wanted).unwrap(), naive_find(&of_log, wanted));
            let highest = of_log.iter().map(|produced| produced.sample.true_max_timestamp()).max().unwrap();
            prop_assert_eq!(find_max_timestamp(extent(bytes, 0)).unwrap(), naive_find(&of_log, highest));
        }
    }
}
