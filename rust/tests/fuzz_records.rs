//! Random and changed batches against the decoder of the records library: no panic, no more memory than allowed,
//! and all its readers of one mind.
//!
//! `FUZZ_RECORDS_CASES` says how many, `FUZZ_RECORDS_SEED` where chance begins; `make fuzz` runs ten million.
#![allow(unsafe_code)] // the allocator that counts
#![allow(clippy::unwrap_used)] // as in every test
#![allow(clippy::cast_possible_truncation)] // chance may lose its upper bits

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use skylog_core::batch::{BatchHeader, Batches, HEADER_BYTES};
use skylog_core::records::{
    Aborted, BinaryKind, Column, Decoder, Input, Options, Progress, ROW_BYTES, inspect, verify,
    verify_records,
};

mod counting;
#[allow(dead_code)]
mod samples;

use counting::{Counting, peak};
use samples::{Sample, SampleRecord, compress, compress_xerial, payload, reseal};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CASES: u64 = 20_000;
const SEED: u64 = 0x5eed;
/// What one batch may be decompressed to here.
const LIMIT: usize = 16 << 10;
const GZIP: u8 = 1;
const SNAPPY: u8 = 2;

/// A record of 7 bytes takes some 80 in the columns and 48 while it is walked; vectors grow by doubling. A block
/// of a codec may be 255 times its bytes.
fn allowed(input: usize) -> usize {
    40 * (LIMIT + input) + 255 * input + (512 << 10)
}

/// Chance: xorshift64*.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    fn bytes(&mut self, size_max: usize) -> Vec<u8> {
        (0..self.below(size_max + 1)).map(|_| self.byte()).collect()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn nullable(&mut self, size_max: usize) -> Option<Vec<u8>> {
        (!self.one_in(4)).then(|| self.bytes(size_max))
    }
}

fn any_record(chance: &mut Chance) -> SampleRecord {
    let headers = (0..chance.below(5).saturating_sub(2))
        .map(|_| ((0..chance.below(4)).map(|_| b'a' + chance.byte() % 26).collect(), chance.nullable(4)))
        .collect();
    let value_bytes_max = if chance.one_in(8) { 200 } else { 20 };
    SampleRecord {
        timestamp_delta: chance.below(2_000).cast_signed() as i64 - 1_000,
        key: chance.nullable(6),
        value: chance.nullable(value_bytes_max),
        headers,
    }
}

/// A sound batch, as one of the clients would write it or a broker hand it out.
fn any_batch(chance: &mut Chance) -> Vec<u8> {
    let records: Vec<_> = (0..=chance.below(8)).map(|_| any_record(chance)).collect();
    let attributes = [0, 0, 0, 8, 0x10][chance.below(5)];
    let codec = if chance.one_in(2) { 0 } else { chance.below(5) as u8 };
    let framed = codec == SNAPPY && chance.one_in(2);
    let payload = framed.then(|| compress_xerial(&payload(&records), 1 + chance.below(50)));
    let producer = (chance.below(3) as i64 - 1, 0, chance.below(3) as i32 - 1);
    let mut batch = Sample { codec, attributes, producer, records, payload, ..Sample::default() }.bytes();
    batch[..8].copy_from_slice(&(chance.below(100) as u64).to_be_bytes());
    batch
}

/// The marker of a transaction's end.
fn any_marker(chance: &mut Chance) -> Vec<u8> {
    let key = Some(vec![0, 0, 0, chance.below(3) as u8]);
    let record = SampleRecord { key, value: Some(vec![0; 6]), ..SampleRecord::default() };
    let producer = (chance.below(3) as i64, 0, -1);
    Sample { attributes: 0x30, producer, records: vec![record], ..Sample::default() }.bytes()
}

/// Nothing but zeroes, a lot of them.
fn bomb(chance: &mut Chance) -> Vec<u8> {
    let codec = 1 + chance.below(4) as u8;
    let payload = Some(compress(codec, &vec![0; 8 * LIMIT]));
    Sample { codec, payload, ..Sample::default() }.bytes()
}

/// Sound batches to begin with.
fn pool(chance: &mut Chance) -> Vec<Vec<u8>> {
    let mut pool: Vec<_> = (0..400).map(|_| any_batch(chance)).collect();
    pool.extend((0..20).map(|_| any_marker(chance)));
    pool.extend((0..8).map(|_| bomb(chance)));
    pool
}

/// Numbers that counts and lengths like to be confused by.
const NUMBERS: [i32; 8] = [i32::MAX, i32::MIN, -1, -2, 0, 1, 0x7f, 1 << 20];

fn change(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let size = bytes.len();
    // Half of all changes lie in a head or right behind it.
    let place = if chance.one_in(2) { chance.below(size.min(HEADER_BYTES + 12)) } else { chance.below(size) };
    match chance.below(8) {
        _ if size < 4 => bytes.push(chance.byte()),
        0..=2 => bytes[place] = chance.byte(),
        3 | 4 => bytes[place] ^= 1 << chance.below(8),
        5 => {
            let start = place.min(size - 4);
            bytes[start..start + 4].copy_from_slice(&NUMBERS[chance.below(NUMBERS.len())].to_be_bytes());
        }
        6 => {
            let more = chance.bytes(12);
            bytes.splice(place..place, more);
        }
        _ => {
            let end = size.min(place + 1 + chance.below(12));
            bytes.drain(place..end);
        }
    }
}

/// Batches, of which most were changed and most of those have a true checksum again.
fn any_input(pool: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    if chance.one_in(50) {
        return chance.bytes(200);
    }
    let mut input = Vec::new();
    for _ in 0..=chance.below(8).saturating_sub(5) {
        let mut batch = pool[chance.below(pool.len())].clone();
        for _ in 0..chance.below(4) {
            change(&mut batch, chance);
        }
        if batch.len() >= HEADER_BYTES && !chance.one_in(4) {
            reseal(&mut batch);
        }
        input.extend(batch);
    }
    input
}

const COLUMNS: [Column; 13] = [
    Column::Offset,
    Column::Timestamp,
    Column::TimestampType,
    Column::Key,
    Column::Value,
    Column::Headers,
    Column::Partition,
    Column::TopicId,
    Column::LeaderEpoch,
    Column::ProducerId,
    Column::Sequence,
    Column::IsTransactional,
    Column::IsControl,
];

fn all_columns(binary: BinaryKind) -> Options {
    Options {
        columns: COLUMNS.to_vec(),
        binary,
        verify_crc: true,
        offsets: i64::MIN..=i64::MAX,
        keep_control: true,
        decompressed_bytes_max: LIMIT,
    }
}

fn any_options(chance: &mut Chance) -> Options {
    let binary = [BinaryKind::Binary, BinaryKind::Large, BinaryKind::View][chance.below(3)];
    let wanted = chance.next();
    let some = COLUMNS.iter().enumerate().filter(|(index, _)| wanted >> index & 1 == 1);
    let mut columns: Vec<_> = some.map(|(_, column)| *column).collect();
    columns.push(Column::Topic);
    let first = chance.below(120) as i64 - 10;
    let offsets =
        if chance.one_in(2) { i64::MIN..=i64::MAX } else { first..=first + chance.below(20) as i64 };
    let (verify_crc, keep_control) = (!chance.one_in(4), chance.one_in(2));
    Options { columns, verify_crc, offsets, keep_control, ..all_columns(binary) }
}

/// Decodes the input in steps of `full_bytes`; None if it cannot be, or not up to its end.
fn decode(
    input: &[u8],
    options: Options,
    aborted: &[(i64, i64)],
    full_bytes: usize,
) -> Option<Vec<RecordBatch>> {
    let owner = (options.binary == BinaryKind::View).then(|| Buffer::from_slice_ref(input));
    let input = Input { bytes: input, owner, start: 0, more: false };
    let (mut decoder, mut position, mut pieces) = (Decoder::new(options), 0, Vec::new());
    decoder.set_log(skylog_core::records::Log::default(), Aborted::new(aborted));
    loop {
        let progress = decoder.read(&input, position..input.bytes.len(), full_bytes).ok()?;
        pieces.extend(decoder.take().unwrap());
        match progress {
            Progress::Done => return Some(pieces),
            Progress::Cut(..) => return None,
            Progress::Full(next) => position = next,
        }
    }
}

fn rows(pieces: &[RecordBatch]) -> usize {
    pieces.iter().map(RecordBatch::num_rows).sum()
}

/// What the headers say there should be.
fn counted(input: &[u8]) -> usize {
    let headers = Batches::new(input).map(|batch| batch.unwrap().1);
    headers.map(|header: BatchHeader| usize::try_from(header.record_count).unwrap()).sum()
}

/// All readers agree on whether the input is sound, and a decoder in steps finds what one at once finds.
fn judge(input: &[u8]) -> bool {
    let whole = decode(input, all_columns(BinaryKind::Binary), &[], usize::MAX);
    let verified = verify_records(input, LIMIT);
    let Some(whole) = whole else {
        assert!(verified.is_err(), "a decoder refuses what is sound");
        return false;
    };
    assert_eq!(verify(input), verified);
    assert_eq!(inspect(input).unwrap().len(), verified.unwrap() * ROW_BYTES);
    assert_eq!(rows(&whole), counted(input));
    let steps = decode(input, all_columns(BinaryKind::Binary), &[], 1).unwrap();
    assert_eq!(rows(&steps), rows(&whole));
    true
}

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn changed_and_random_batches() {
    let mut chance = Chance(variable("FUZZ_RECORDS_SEED", SEED) | 1);
    let (cases, pool) = (variable("FUZZ_RECORDS_CASES", CASES), pool(&mut chance));
    let mut sound = 0;
    for case in 0..cases {
        let (state, input) = (chance.0, any_input(&pool, &mut chance));
        let (taken, held) = peak(|| {
            let options = any_options(&mut chance);
            let aborted: Vec<_> =
                (0..chance.below(3)).map(|id| (id as i64, chance.below(90) as i64)).collect();
            let full_bytes = if chance.one_in(2) { usize::MAX } else { chance.below(2_000) };
            let _ = decode(&input, options, &aborted, full_bytes);
            judge(&input)
        });
        assert!(held <= allowed(input.len()), "case {case} ({state:#x}): {held} bytes for {}", input.len());
        sound += u64::from(taken);
    }
    assert!(sound > cases / 20, "chance should leave some batches sound: {sound} of {cases}");
    assert!(sound < cases / 2, "chance should break most of them: {sound} of {cases}");
}

#[test]
fn bombs_end_at_the_limit() {
    for codec in GZIP..=4 {
        let payload = Some(compress(codec, &vec![0; 64 << 20]));
        let batch = Sample { codec, payload, ..Sample::default() }.bytes();
        let (found, held) = peak(|| decode(&batch, all_columns(BinaryKind::Binary), &[], usize::MAX));
        assert!(found.is_none());
        assert!(held <= allowed(0) + (4 << 20), "codec {codec}: {held} bytes");
    }
}
