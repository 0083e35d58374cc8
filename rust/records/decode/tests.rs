use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType};

use super::*;
use crate::samples::{Sample, SampleRecord, compress};

fn options(columns: &[Column]) -> Options {
    Options {
        columns: columns.to_vec(),
        binary: BinaryKind::Binary,
        verify_crc: true,
        offsets: i64::MIN..=i64::MAX,
        keep_control: false,
        decompressed_bytes_max: 1 << 20,
    }
}

fn record(value: &[u8]) -> SampleRecord {
    SampleRecord { value: Some(value.to_vec()), ..SampleRecord::default() }
}

/// Makes a batch one of an offset; the checksum does not cover it.
fn placed(sample: &Sample, base_offset: i64) -> Vec<u8> {
    let mut batch = sample.bytes();
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch
}

fn decode(options: Options, bytes: &[u8]) -> RecordBatch {
    let mut decoder = Decoder::new(options);
    assert_eq!(decoder.read(&Input::new(bytes), 0..bytes.len(), usize::MAX), Ok(Progress::Done));
    let mut pieces = decoder.take().unwrap();
    assert_eq!(pieces.len(), 1);
    pieces.remove(0)
}

#[test]
fn offsets_have_the_holes_that_compaction_left() {
    let mut sample = Sample { records: vec![record(b"a"), record(b"b"), record(b"c")], ..Sample::default() };
    let payload = crate::samples::payload(&sample.records);
    // The record in the middle is gone: each of them has 8 bytes.
    sample.payload = Some([&payload[..8], &payload[16..]].concat());
    let mut batch = placed(&sample, 40);
    batch[57..61].copy_from_slice(&2i32.to_be_bytes());
    crate::samples::reseal(&mut batch);
    let found = decode(options(&[Column::Offset]), &batch);
    assert_eq!(found.column(0).as_primitive::<Int64Type>().values(), &[40, 42]);
}

#[test]
fn the_brokers_time_is_that_of_all_records() {
    let sample = Sample { attributes: 8, max_timestamp: Some(5_000), ..Sample::default() };
    let sample = Sample { records: vec![record(b"a"), record(b"b")], ..sample };
    let found = decode(options(&[Column::Timestamp]), &sample.bytes());
    assert_eq!(found.column(0).as_primitive::<TimestampMillisecondType>().values(), &[5_000, 5_000]);
}

#[test]
fn sequences_begin_again_behind_the_last_number() {
    let records = vec![record(b"a"), record(b"b"), record(b"c")];
    let sample = Sample { producer: (1, 0, i32::MAX - 1), records, ..Sample::default() };
    let found = decode(options(&[Column::Sequence]), &sample.bytes());
    assert_eq!(found.column(0).as_primitive::<Int32Type>().values(), &[i32::MAX - 1, i32::MAX, 0]);
}

#[test]
fn a_table_is_cut_into_pieces_before_its_offsets_overflow() {
    let records: Vec<_> = (0..2_000).map(|_| record(&[7; 100])).collect();
    for codec in [0, 4] {
        let bytes = Sample { codec, records: records.clone(), ..Sample::default() }.bytes().repeat(2);
        let mut decoder = Decoder::new(options(&[Column::Value]));
        decoder.sink.piece_bytes_max = 150_000;
        decoder.read(&Input::new(&bytes), 0..bytes.len(), usize::MAX).unwrap();
        let pieces = decoder.take().unwrap();
        assert!(pieces.len() > 2);
        assert_eq!(pieces.iter().map(RecordBatch::num_rows).sum::<usize>(), 4_000);
        assert!(pieces.iter().all(|piece| piece.column(0).as_binary::<i32>().value_data().len() < 150_000));
    }
}

#[test]
fn output_that_is_full_is_gone_on_with() {
    let records: Vec<_> = (0..1_000).map(|_| record(&[7; 100])).collect();
    for codec in 0..5 {
        let bytes = Sample { codec, records: records.clone(), ..Sample::default() }.bytes();
        let (mut decoder, input) =
            (Decoder::new(options(&[Column::Offset, Column::Value])), Input::new(&bytes));
        let mut offsets = Vec::new();
        while decoder.read(&input, 0..bytes.len(), 10_000).unwrap() == Progress::Full(0) {
            let pieces = decoder.take().unwrap();
            offsets.extend_from_slice(pieces[0].column(0).as_primitive::<Int64Type>().values());
        }
        assert!((256..1_000).contains(&offsets.len()));
        let rest = decoder.take().unwrap();
        offsets.extend_from_slice(rest[0].column(0).as_primitive::<Int64Type>().values());
        assert!(offsets.iter().copied().eq(0..1_000));
    }
}

#[test]
fn positions_count_from_where_the_piece_starts() {
    let mut bytes = [placed(&Sample::default(), 0), placed(&Sample::default(), 1)].concat();
    *bytes.last_mut().unwrap() ^= 1;
    let input = Input { start: 1_000, ..Input::new(&bytes) };
    let error =
        Decoder::new(options(&[Column::Offset])).read(&input, 0..bytes.len(), usize::MAX).unwrap_err();
    let place = 1_000 + bytes.len() / 2;
    assert!(matches!(error, Error::Checksum { position, .. } if position == place), "{error}");
    let payload = Some(compress(4, b"\x02\0"));
    let bytes = Sample { codec: 4, payload, ..Sample::default() }.bytes();
    let input = Input { start: 1_000, ..Input::new(&bytes) };
    let error =
        Decoder::new(options(&[Column::Offset])).read(&input, 0..bytes.len(), usize::MAX).unwrap_err();
    assert!(
        error.to_string().starts_with("batch at position 1000, in its decompressed records: "),
        "{error}"
    );
}

#[test]
fn a_batch_that_is_cut_is_the_callers_to_judge() {
    let whole = Sample::default().bytes();
    let bytes = [&whole[..], &whole[..whole.len() - 1]].concat();
    let mut decoder = Decoder::new(options(&[Column::Offset]));
    let progress = decoder.read(&Input::new(&bytes), 0..bytes.len(), usize::MAX);
    assert_eq!(progress, Ok(Progress::Cut(whole.len(), whole.len())));
    assert_eq!(decoder.take().unwrap()[0].num_rows(), 1);
}
