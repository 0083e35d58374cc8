//! Mutated batches, compressed data and segments against every reader: no panic, and no more memory than allowed.
//!
//! `PROPTEST_CASES` says how many of each; `make fuzz` sets it high.
#![allow(unsafe_code)] // the allocator that counts
#![allow(clippy::unwrap_used)] // as in every test

use std::io::Read;

use proptest::collection::vec;
use proptest::prelude::*;
use skylog_core::batch::validate::{TopicRules, check_head, walk};
use skylog_core::batch::{BatchHeader, Batches, HEADER_BYTES};
use skylog_core::compression::{Codec, Decoder, decompress_into};
use skylog_core::crc::crc32c;
use skylog_core::segment::{
    ExtentBytes, Layout, LogKey, PackInput, Segment, find_max_timestamp, find_timestamp, verify,
};

mod counting;
#[allow(dead_code)]
mod samples;

use counting::{Counting, peak};
use samples::{Sample, SampleRecord, compress, compress_xerial, payload, reseal};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RULES: TopicRules = TopicRules {
    batch_bytes_max: 1 << 20,
    log_append_time: false,
    compacted: false,
    timestamp_before_ms_max: i64::MAX,
    timestamp_after_ms_max: i64::MAX,
};
const LZ4: u8 = 3;
const ZSTD: u8 = 4;
/// What a thread keeps to read gzip with.
const INFLATER_BYTES: usize = 64 << 10;

/// A snappy block can become 22 times its size, the rest is windows and error texts. Blocks of LZ4 can become 255
/// times their size, but no more than 4 MiB.
fn allowed(codec: u8, input: usize) -> usize {
    let block = if codec == LZ4 { (255 * input).min(4 << 20) } else { 22 * input };
    block + 4 * input + 100 * 1024
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    /// Overwrites with a number that counts like to be confused by.
    Number(prop::sample::Index, i32, bool),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn any_change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    let numbers = prop_oneof![Just(i32::MAX), Just(i32::MIN), Just(-1), Just(0), 1..1_000_000i32];
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(place, byte)| Change::Set(place, byte)),
        4 => (place(), 0u8..8).prop_map(|(place, bit)| Change::Flip(place, bit)),
        4 => (place(), numbers, any::<bool>()).prop_map(|(place, value, big)| Change::Number(place, value, big)),
        1 => (place(), vec(any::<u8>(), 1..20)).prop_map(|(place, bytes)| Change::Insert(place, bytes)),
        1 => (place(), 1usize..20).prop_map(|(place, size)| Change::Remove(place, size)),
        1 => place().prop_map(Change::Cut),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        match self {
            Self::Set(..) | Self::Flip(..) if size == 0 => {}
            Self::Set(place, byte) => bytes[place.index(size)] = *byte,
            Self::Flip(place, bit) => bytes[place.index(size)] ^= 1 << bit,
            Self::Number(_, _, _) if size < 4 => {}
            Self::Number(place, value, big) => {
                let number = if *big { value.to_be_bytes() } else { value.to_le_bytes() };
                let start = place.index(size - 3);
                bytes[start..start + 4].copy_from_slice(&number);
            }
            Self::Insert(place, more) => {
                let start = place.index(size + 1);
                bytes.splice(start..start, more.iter().copied());
            }
            Self::Remove(place, count) => {
                let start = place.index(size + 1);
                bytes.drain(start..size.min(start + count));
            }
            Self::Cut(place) => bytes.truncate(place.index(size + 1)),
        }
    }
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    changes.iter().for_each(|change| change.apply(&mut bytes));
    bytes
}

prop_compose! {
    fn any_record()(
        timestamp_delta in -1_000i64..1_000, key in prop::option::of(vec(any::<u8>(), 0..10)),
        value in prop::option::of(prop_oneof![vec(any::<u8>(), 0..60), (0usize..70_000).prop_map(|size| vec![7; size])]),
        headers in vec((vec(any::<u8>(), 0..5), prop::option::of(vec(any::<u8>(), 0..5))), 0..3),
    ) -> SampleRecord {
        SampleRecord { timestamp_delta, key, value, headers }
    }
}

prop_compose! {
    fn any_sample()(codec in 0u8..=4, records in vec(any_record(), 1..12)) -> Sample {
        Sample { codec, records, ..Sample::default() }
    }
}

/// A compressed payload in one of the shapes that clients write.
fn any_compressed() -> impl Strategy<Value = (u8, Vec<u8>)> {
    (any_sample(), any::<bool>(), 100usize..5_000).prop_map(|(sample, framed, block)| {
        let plain = payload(&sample.records);
        match sample.codec {
            2 if framed => (2, compress_xerial(&plain, block)),
            codec => (codec, compress(codec, &plain)),
        }
    })
}

/// All that reads one batch's bytes; says whether they were taken.
fn read_batch(batch: &[u8]) -> bool {
    let taken =
        check_head(batch, &RULES, 13).and_then(|mut facts| walk(batch, &mut facts, &RULES, 0)).is_ok();
    let extent = ExtentBytes { bytes: batch, base_offset: i64::MAX - 1, append_time_ms: -1, first_offset: 0 };
    let found = find_timestamp(extent, 1_000).is_ok() && find_max_timestamp(extent).is_ok();
    assert!(found || !taken, "what was taken can be searched");
    assert!(Batches::new(batch).count() <= 1 + batch.len() / HEADER_BYTES);
    taken
}

fn assert_bounded(batch: &[u8]) {
    let codec = BatchHeader::parse(batch).map_or(0, |header| header.codec());
    let (_, held) = peak(|| read_batch(batch));
    assert!(held <= allowed(codec, batch.len()), "{held} bytes for {} of codec {codec}", batch.len());
}

/// Makes length and checksum true again, so that what lies behind them is reached.
fn resealed(mut batch: Vec<u8>) -> Vec<u8> {
    if batch.len() >= HEADER_BYTES {
        reseal(&mut batch);
    }
    batch
}

fn packed(samples: &[(i32, Sample)]) -> Vec<u8> {
    let batches: Vec<_> = samples.iter().map(|(partition, sample)| (*partition, sample.bytes())).collect();
    let inputs: Vec<_> = batches
        .iter()
        .map(|(partition, batch)| {
            let mut facts = check_head(batch, &RULES, 13).unwrap();
            walk(batch, &mut facts, &RULES, 0).unwrap();
            let key = LogKey { topic_id: [1; 16], partition: *partition };
            PackInput { key, log_append_time: false, batch, facts }
        })
        .collect();
    let layout = Layout::plan(&inputs, [2; 16], 3).unwrap();
    let mut data = Vec::new();
    layout.write(&inputs, |piece| data.extend_from_slice(piece)).unwrap();
    data
}

/// Makes the checksums of a segment's ends true again, where they can be found.
fn resealed_segment(mut data: Vec<u8>) -> Vec<u8> {
    let Some(end) = data.len().checked_sub(20).filter(|&end| end >= 40) else { return data };
    let header = crc32c(&data[..36]);
    data[36..40].copy_from_slice(&header.to_le_bytes());
    let size = u32::from_le_bytes(data[end..end + 4].try_into().unwrap()) as usize;
    if let Some(start) = end.checked_sub(size) {
        let crc = crc32c(&data[start..end + 8]);
        data[end + 8..end + 12].copy_from_slice(&crc.to_le_bytes());
    }
    data
}

/// What the reader makes of `bytes`, if that is no more than `limit`.
fn streamed(codec: u8, bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let decoder = Decoder::open(codec, bytes).ok()?;
    let size = decoder.take(limit as u64 + 1).read_to_end(&mut plain).ok()?;
    (size <= limit).then_some(plain)
}

fn read_segment(data: &[u8]) {
    let verified = verify(data);
    let Ok(segment) = Segment::parse(data) else {
        assert!(verified.is_err());
        return;
    };
    for log in segment.logs() {
        let extent = &data[log.position..log.position + log.size];
        assert!(segment.batches(log).count() <= 1 + extent.len() / HEADER_BYTES);
        let _ = find_timestamp(
            ExtentBytes { bytes: extent, base_offset: 0, append_time_ms: -1, first_offset: 0 },
            1_000,
        );
    }
    assert_eq!((0..).map_while(|index| segment.batch(index)).count(), segment.batch_count());
}

proptest! {
    #[test]
    fn bytes_that_were_never_a_batch(bytes in vec(any::<u8>(), 0..400)) {
        assert_bounded(&bytes);
        assert_bounded(&resealed(bytes));
    }

    #[test]
    fn batches_with_changes(sample in any_sample(), changes in vec(any_change(), 0..4)) {
        let batch = sample.bytes();
        prop_assert!(read_batch(&batch));
        let batch = changed(batch, &changes);
        assert_bounded(&batch);
        assert_bounded(&resealed(batch));
    }

    #[test]
    fn payloads_with_changes(sample in any_sample(), changes in vec(any_change(), 1..4)) {
        let plain = changed(payload(&sample.records), &changes);
        let payload = Some(compress(sample.codec, &plain));
        assert_bounded(&Sample { payload, ..sample }.bytes());
    }

    #[test]
    fn compressed_data_with_changes((codec, bytes) in any_compressed(), changes in vec(any_change(), 1..4)) {
        let bytes = changed(bytes, &changes);
        let (_, held) = peak(|| {
            let decoder = Decoder::open(codec, &bytes).ok()?;
            std::io::copy(&mut decoder.take(1 << 22), &mut std::io::sink()).ok()
        });
        prop_assert!(held <= allowed(codec, bytes.len()), "{} bytes for {} of codec {}", held, bytes.len(), codec);
    }

    #[test]
    fn whole_payloads_with_changes(
        (codec, bytes) in any_compressed(), changes in vec(any_change(), 0..4), limit in 0usize..200_000,
    ) {
        let bytes = changed(bytes, &changes);
        let Some(named) = Codec::from_bits(codec) else { return Err(TestCaseError::reject("no codec")) };
        let mut scratch = vec![7; limit / 2];
        let (whole, held) = peak(|| decompress_into(named, &bytes, &mut scratch, limit).is_ok());
        let most = limit + allowed(codec, bytes.len()) + INFLATER_BYTES;
        prop_assert!(held <= most, "{} bytes with a limit of {} and codec {}", held, limit, codec);
        let streamed = if codec == 0 { None } else { streamed(codec, &bytes, limit) };
        // Corrupt zstd may pass the one and not the other.
        prop_assert!(codec == 0 || codec == ZSTD || whole == streamed.is_some());
        prop_assert!(!whole || streamed.is_none_or(|plain| plain == scratch));
    }

    #[test]
    fn segments_with_changes(
        samples in vec((0i32..3, any_sample()), 0..5), changes in vec(any_change(), 0..4), tail in vec(any_change(), 0..3),
    ) {
        let data = packed(&samples);
        prop_assert_eq!(verify(&data), Ok(samples.len()));
        let index = data.len() - data.len().min(68 + 85 * samples.len());
        let data = [changed(data[..index].to_vec(), &changes), changed(data[index..].to_vec(), &tail)].concat();
        for data in [resealed_segment(data.clone()), data] {
            let (_, held) = peak(|| read_segment(&data));
            prop_assert!(held <= allowed(LZ4, data.len()), "{} bytes for {}", held, data.len());
        }
    }
}
