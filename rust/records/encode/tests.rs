use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Int32Array, Int64Array, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use arrow_schema::{DataType, Field};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::batch::stamp::stamp_head;
use crate::batch::validate::{TopicRules, check_head, walk};
use crate::batch::{BatchHeader, Batches};
use crate::compression::{Codec, decompress_into};
use crate::records::{Builder, Producer, Record, Scatter, Timestamps};
use crate::samples::{Sample, SampleRecord, payload};

const RULES: TopicRules = TopicRules {
    batch_bytes_max: usize::MAX,
    log_append_time: false,
    compacted: false,
    timestamp_before_ms_max: i64::MAX,
    timestamp_after_ms_max: i64::MAX,
};

/// Time, and what a sample has besides.
type Row = (i64, SampleRecord);

fn binary(cells: impl Iterator<Item = Option<Vec<u8>>>) -> ArrayRef {
    Arc::new(cells.collect::<BinaryArray>())
}

fn header_array(rows: &[Row]) -> ArrayRef {
    let key = Field::new("key", DataType::Utf8, false);
    let value = Field::new("value", DataType::Binary, true);
    let entries = StructBuilder::from_fields(vec![key, value], 0);
    let mut lists = ListBuilder::new(entries);
    for (_, record) in rows {
        for (key, value) in &record.headers {
            let entry = lists.values();
            let key = std::str::from_utf8(key).unwrap();
            entry.field_builder::<StringBuilder>(0).unwrap().append_value(key);
            entry.field_builder::<BinaryBuilder>(1).unwrap().append_option(value.as_ref());
            entry.append(true);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn block(rows: &[Row]) -> Block {
    let times: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.0)).collect::<Int64Array>());
    let values = binary(rows.iter().map(|row| row.1.value.clone()));
    let keys = binary(rows.iter().map(|row| row.1.key.clone()));
    Block::new(&values, Some(&keys), Timestamps::new(&times).unwrap(), Some(&header_array(rows))).unwrap()
}

fn encode(options: BatchOptions, blocks: &[&Block]) -> Result<Encoded, InputError> {
    Encoder::new(options)?.encode(blocks)
}

fn values_at(timestamps: Timestamps, values: &[Option<&[u8]>]) -> Block {
    let values: ArrayRef = Arc::new(BinaryArray::from(values.to_vec()));
    Block::new(&values, None, timestamps, None).unwrap()
}

/// The records' bytes of a batch.
fn records_of(batch: &[u8]) -> Vec<u8> {
    let codec = Codec::from_bits(BatchHeader::parse(batch).unwrap().codec()).unwrap();
    let mut records = Vec::new();
    decompress_into(codec, &batch[HEADER_BYTES..], &mut records, usize::MAX).unwrap();
    records
}

/// What a broker would say of it.
fn accepted(batch: &[u8]) {
    let mut batch = batch.to_vec();
    let mut head: [u8; HEADER_BYTES] = batch[..HEADER_BYTES].try_into().unwrap();
    stamp_head(&mut head, 0, -1);
    batch[..HEADER_BYTES].copy_from_slice(&head);
    let mut facts = check_head(&batch, &RULES, 13).unwrap();
    let claimed = facts.max_timestamp;
    walk(&batch, &mut facts, &RULES, 0).unwrap();
    assert_eq!(facts.max_timestamp, claimed);
}

fn row() -> impl Strategy<Value = Row> {
    let blob = || prop::option::weighted(0.8, vec(any::<u8>(), 0..200));
    let header = ("[a-zé]{0,5}".prop_map(String::into_bytes), blob());
    let time = prop_oneof![Just(-1), 0..i64::MAX - 1, 1_000..2_000i64];
    (time, blob(), blob(), vec(header, 0..3)).prop_map(|(time, key, value, headers)| {
        (time, SampleRecord { timestamp_delta: 0, key, value, headers })
    })
}

fn options() -> impl Strategy<Value = BatchOptions> {
    let producer = prop_oneof![
        Just(Producer::NONE),
        (0..i64::MAX, 0..i16::MAX, prop_oneof![Just(0), i32::MAX - 20..=i32::MAX])
            .prop_map(|(id, epoch, base_sequence)| Producer { id, epoch, base_sequence }),
    ];
    (1_500..6_000usize, 0..5u8, producer, 0..1i64 << 60).prop_map(|(bytes, codec, producer, base_offset)| {
        let compression = Codec::from_bits(codec).unwrap();
        BatchOptions { batch_bytes_max: bytes, compression, producer, base_offset, ..BatchOptions::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn batches_hold_the_rows_in_order(rows in vec(row(), 0..60), options in options()) {
        let encoded = encode(options, &[&block(&rows)]).unwrap();
        let mut left = &rows[..];
        let (mut offset, mut sequence) = (options.base_offset, options.producer.base_sequence);
        let batches: Vec<_> = Batches::new(&encoded.bytes).map(Result::unwrap).collect();
        prop_assert_eq!(batches.len(), encoded.index.len());
        for ((position, header, batch), entry) in batches.into_iter().zip(&encoded.index) {
            accepted(batch);
            prop_assert!(batch.len() <= options.batch_bytes_max);
            prop_assert_eq!((entry.position, entry.size), (position, batch.len()));
            let (own, rest) = left.split_at(usize::try_from(header.record_count).unwrap());
            let base = own[0].0;
            let delta = |row: &Row| SampleRecord { timestamp_delta: row.0 - base, ..row.1.clone() };
            let samples: Vec<_> = own.iter().map(delta).collect();
            prop_assert_eq!(records_of(batch), payload(&samples));
            prop_assert_eq!((header.base_offset, header.base_sequence), (offset, sequence));
            prop_assert_eq!((entry.base_offset, entry.base_sequence), (offset, sequence));
            prop_assert_eq!((header.base_timestamp, entry.base_timestamp), (base, base));
            prop_assert_eq!(header.max_timestamp, own.iter().map(|row| row.0).max().unwrap());
            prop_assert_eq!(header.max_timestamp, entry.max_timestamp);
            prop_assert_eq!(header.record_count, entry.record_count);
            prop_assert_eq!(header.producer_id, options.producer.id);
            offset += i64::from(header.record_count);
            if sequence >= 0 {
                sequence = (sequence.wrapping_add(header.record_count)) & i32::MAX;
            }
            left = rest;
        }
        prop_assert!(left.is_empty());
    }

    #[test]
    fn blocks_pieces_and_builders_make_the_same_bytes(
        rows in vec(row(), 1..60),
        options in options(),
        cut in any::<prop::sample::Index>(),
        bytes_max in 1..9_000usize,
    ) {
        let whole = encode(options, &[&block(&rows)]).unwrap();
        let (first, second) = rows.split_at(cut.index(rows.len() + 1));
        let halves = [&block(first), &block(second)];
        prop_assert_eq!(&encode(options, &halves).unwrap(), &whole);

        let (mut encoder, mut place, mut bytes) = (Encoder::new(options).unwrap(), Place::default(), Vec::new());
        while place.block < 2 {
            // Before all blocks are there, what does not fill a batch has to wait.
            let some = encoder.encode_some(&halves[..1], place, false, bytes_max).unwrap();
            let (encoded, next) = if some.0.index.is_empty() {
                encoder.encode_some(&halves, place, true, bytes_max).unwrap()
            } else {
                some
            };
            prop_assert!(encoded.bytes.len() <= bytes_max.max(options.batch_bytes_max));
            bytes.extend_from_slice(&encoded.bytes);
            place = next;
        }
        prop_assert_eq!(&bytes[..], &whole.bytes[..]);
        prop_assert_eq!(built(options, &rows, cut), whole.bytes);
    }

    #[test]
    fn scattered_rows_are_those_of_each_partition(
        rows in vec((0..3i32, row()), 0..60),
        options in options(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut scatter = Scatter::new(3, options).unwrap();
        let (first, second) = rows.split_at(cut.index(rows.len() + 1));
        let mut pieces = Vec::new();
        for part in [first, second] {
            let partitions: Int32Array = part.iter().map(|row| Some(row.0)).collect();
            let part: Vec<_> = part.iter().map(|row| row.1.clone()).collect();
            pieces.extend(scatter.write(&[(&block(&part), &partitions)]).unwrap());
        }
        pieces.extend(scatter.flush().unwrap());
        prop_assert!(scatter.flush().unwrap().is_empty());
        for partition in 0..3 {
            let own: Vec<_> = rows.iter().filter(|row| row.0 == partition).map(|row| row.1.clone()).collect();
            let own = encode(options, &[&block(&own)]).unwrap();
            let mine: Vec<_> = pieces.iter().filter(|piece| piece.partition == partition).collect();
            prop_assert_eq!(mine.len(), own.index.len());
            for (piece, entry) in mine.into_iter().zip(own.index) {
                let mut expected = own.bytes[entry.position..entry.position + entry.size].to_vec();
                // Each batch stands for itself.
                expected[..8].copy_from_slice(&options.base_offset.to_be_bytes());
                prop_assert_eq!(&piece.bytes[..], expected);
                let at = (options.base_offset, entry.base_sequence, entry.record_count);
                let piece = piece.entry;
                prop_assert_eq!((piece.base_offset, piece.base_sequence, piece.record_count), at);
            }
        }
    }
}

/// The bytes of a builder that gets some rows one by one and the others as a block.
fn built(options: BatchOptions, rows: &[Row], cut: prop::sample::Index) -> Vec<u8> {
    let (single, together) = rows.split_at(cut.index(rows.len() + 1));
    let (mut builder, mut bytes) = (Builder::new(options).unwrap(), Vec::new());
    for (timestamp, record) in single {
        let headers: Vec<_> =
            record.headers.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let record = Record { timestamp: *timestamp, key, value, headers: &headers };
        while !builder.append(&record).unwrap() {
            bytes.extend_from_slice(&builder.take().unwrap().unwrap().bytes);
        }
    }
    let (together, mut from) = (block(together), 0);
    loop {
        from += builder.extend(&together, from).unwrap();
        if from == together.len() {
            break;
        }
        bytes.extend_from_slice(&builder.take().unwrap().unwrap().bytes);
    }
    bytes.extend(builder.take().unwrap().into_iter().flat_map(|encoded| encoded.bytes));
    assert_eq!((builder.record_count(), builder.size_bytes()), (0, 0));
    bytes
}

#[test]
fn a_batch_is_the_one_that_was_made_field_by_field() {
    let records = vec![
        SampleRecord { key: Some(b"k".to_vec()), value: Some(b"v".to_vec()), ..SampleRecord::default() },
        SampleRecord {
            timestamp_delta: -300,
            headers: vec![(b"h".to_vec(), None)],
            ..SampleRecord::default()
        },
    ];
    let sample = Sample { attributes: 0x10, producer: (7, 3, 11), records, ..Sample::default() };
    let rows: Vec<Row> =
        sample.records.iter().map(|record| (1_000 + record.timestamp_delta, record.clone())).collect();
    let producer = Producer { id: 7, epoch: 3, base_sequence: 11 };
    let options = BatchOptions { producer, transactional: true, ..BatchOptions::default() };
    let mut expected = sample.bytes();
    expected[12..16].fill(0xff); // no leader has taken it
    assert_eq!(encode(options, &[&block(&rows)]).unwrap().bytes, expected);
}

#[test]
fn append_time_is_one_for_all() {
    let options = BatchOptions { append_time: true, ..BatchOptions::default() };
    let (early, late) = (Timestamps::Constant(5), Timestamps::Constant(9));
    let blocks = [values_at(early, &[Some(b"a"), None]), values_at(late, &[None])];
    let encoded = encode(options, &[&blocks[0], &blocks[1]]).unwrap();
    let times: Vec<_> = Batches::new(&encoded.bytes).map(|batch| batch.unwrap().1).collect();
    assert!(times.iter().all(|header| header.has_append_time()));
    let times: Vec<_> = times.iter().map(|header| (header.record_count, header.max_timestamp)).collect();
    assert_eq!(times, [(2, 5), (1, 9)]);
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let column = values_at(Timestamps::new(&column).unwrap(), &[None]);
    assert_eq!(encode(options, &[&column]), Err(InputError::AppendTime));
}

#[test]
fn times_of_any_unit_become_milliseconds() {
    let arrays: [ArrayRef; 4] = [
        Arc::new(TimestampSecondArray::from(vec![Some(2), None])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(2_000_999), None]).with_timezone("Asia/Tokyo")),
        Arc::new(TimestampNanosecondArray::from(vec![Some(2_000_999_999), None])),
        Arc::new(Int64Array::from(vec![Some(2_000), None])),
    ];
    for array in arrays {
        let encoded =
            encode(BatchOptions::default(), &[&values_at(Timestamps::new(&array).unwrap(), &[None; 2])]);
        let entry = encoded.unwrap().index[0];
        assert_eq!((entry.base_timestamp, entry.max_timestamp), (2_000, 2_000), "{}", array.data_type());
    }
}

#[test]
fn times_that_are_none_name_their_row() {
    let arrays: [ArrayRef; 4] = [
        Arc::new(TimestampSecondArray::from(vec![0, i64::MAX / 10])),
        Arc::new(TimestampMicrosecondArray::from(vec![0, -1])),
        Arc::new(Int64Array::from(vec![-1, -2])),
        Arc::new(Int64Array::from(vec![-1, i64::MAX])),
    ];
    for array in arrays {
        let refused =
            encode(BatchOptions::default(), &[&values_at(Timestamps::new(&array).unwrap(), &[None; 2])]);
        let refused = refused.unwrap_err();
        assert!(matches!(refused, InputError::Row { row: 1, flaw: RowFlaw::Timestamp { .. } }), "{refused}");
    }
}

#[test]
fn a_record_that_never_fits_names_its_row_over_all_blocks() {
    let options = BatchOptions { batch_bytes_max: 200, ..BatchOptions::default() };
    let fits = values_at(Timestamps::Constant(0), &[Some(&[0; 130]), Some(&[0; 130])]);
    let large = values_at(Timestamps::Constant(0), &[None, Some(&[0; 131])]);
    assert_eq!(encode(options, &[&fits]).unwrap().index.len(), 2);
    let flaw = RowFlaw::TooLarge { size: 140, limit: 139 };
    assert_eq!(encode(options, &[&fits, &large]), Err(InputError::Row { row: 3, flaw }));
}

#[test]
fn options_that_no_broker_takes_are_refused() {
    let producer = |id, epoch, base_sequence| Producer { id, epoch, base_sequence };
    let wrong = [
        BatchOptions { batch_bytes_max: 67, ..BatchOptions::default() },
        BatchOptions { batch_bytes_max: 1 << 31, ..BatchOptions::default() },
        BatchOptions { batch_bytes_max: 80, compression: Codec::Gzip, ..BatchOptions::default() },
        BatchOptions { base_offset: -1, ..BatchOptions::default() },
        BatchOptions { transactional: true, ..BatchOptions::default() },
        BatchOptions { producer: producer(-2, -1, -1), ..BatchOptions::default() },
        BatchOptions { producer: producer(-1, 0, -1), ..BatchOptions::default() },
        BatchOptions { producer: producer(-1, -1, 0), ..BatchOptions::default() },
        BatchOptions { producer: producer(1, -1, 0), ..BatchOptions::default() },
        BatchOptions { producer: producer(1, 0, -1), ..BatchOptions::default() },
        BatchOptions { level: Some(3), ..BatchOptions::default() },
    ];
    for options in wrong {
        assert!(Encoder::new(options).is_err(), "{options:?}");
    }
}

#[test]
fn columns_of_other_lengths_are_refused() {
    let values: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&b"a"[..])]));
    let keys: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&b"a"[..]), None]));
    let refused = Block::new(&values, Some(&keys), Timestamps::Constant(0), None).unwrap_err();
    assert_eq!(refused, InputError::Rows { column: "keys", expected: 1, found: 2 });
}

#[test]
fn a_scatter_that_refuses_a_row_has_taken_none() {
    let mut scatter = Scatter::new(2, BatchOptions::default()).unwrap();
    let rows = values_at(Timestamps::Constant(0), &[Some(b"a"), Some(b"b")]);
    for wrong in [vec![Some(0), Some(2)], vec![Some(0), Some(-1)], vec![Some(0), None]] {
        let refused = scatter.write(&[(&rows, &Int32Array::from(wrong))]).unwrap_err();
        assert!(matches!(refused, InputError::Row { row: 1, flaw: RowFlaw::Partition { last: 1, .. } }));
    }
    let early: ArrayRef = Arc::new(Int64Array::from(vec![0, -5]));
    let early = values_at(Timestamps::new(&early).unwrap(), &[None; 2]);
    assert!(scatter.write(&[(&early, &Int32Array::from(vec![0, 0]))]).is_err());
    assert!(scatter.flush().unwrap().is_empty());
}

#[test]
fn a_builder_stops_before_a_row_that_is_wrong_and_names_it_then() {
    let times: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, -7]));
    let rows = values_at(Timestamps::new(&times).unwrap(), &[Some(b"a"), Some(b"b"), None]);
    let mut builder = Builder::new(BatchOptions::default()).unwrap();
    assert_eq!(builder.extend(&rows, 0), Ok(2));
    let refused = Err(InputError::Row { row: 2, flaw: RowFlaw::Timestamp { found: -7 } });
    assert_eq!(builder.extend(&rows, 2), refused);
    assert_eq!(builder.extend(&rows, 3), Ok(0));
    let taken = builder.take().unwrap().unwrap();
    assert_eq!(taken.index[0].record_count, 2);
    accepted(&taken.bytes);
    assert_eq!(builder.take(), Ok(None));
}

#[test]
fn a_builder_asks_of_a_record_what_columns_are_asked_for() {
    let mut builder = Builder::new(BatchOptions::default()).unwrap();
    let record = |timestamp, headers| Record { timestamp, key: None, value: None, headers };
    assert_eq!(builder.append(&record(-2, &[])), Err(RowFlaw::Timestamp { found: -2 }));
    assert_eq!(builder.append(&record(0, &[(b"\xff", None)])), Err(RowFlaw::HeaderKey));
    assert_eq!(builder.take(), Ok(None));
}

#[test]
fn a_builder_with_append_time_takes_one_time_a_batch() {
    let mut builder = Builder::new(BatchOptions { append_time: true, ..BatchOptions::default() }).unwrap();
    let record = |timestamp| Record { timestamp, key: None, value: None, headers: &[] };
    assert_eq!(builder.append(&record(5)), Ok(true));
    assert_eq!(builder.append(&record(6)), Ok(false));
    assert_eq!(builder.append(&record(5)), Ok(true));
    assert_eq!(builder.take().unwrap().unwrap().index[0].record_count, 2);
    assert_eq!(builder.append(&record(6)), Ok(true));
}
