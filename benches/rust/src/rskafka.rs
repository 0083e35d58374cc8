//! Batches through the crate `rskafka`.

use std::io::Cursor;

use bytes::Bytes;
use rskafka::protocol::record::{
    ControlBatchOrRecords, Record, RecordBatch, RecordBatchCompression, RecordBatchTimestampType,
};
use rskafka::protocol::traits::{ReadType, WriteType};

use crate::BATCH_BYTES_MAX;
use crate::input::timestamp_of;

/// The batches that the encoder takes.
pub fn prepare(values: &[Bytes], codec: &str) -> Vec<RecordBatch> {
    let (mut batches, mut first) = (Vec::new(), 0);
    let mut batch_bytes = 0;
    for (row, value) in values.iter().enumerate() {
        batch_bytes += value.len() + 16;
        if batch_bytes > BATCH_BYTES_MAX {
            batches.push(batch(&values[first..row], first, codec));
            (first, batch_bytes) = (row, value.len() + 16);
        }
    }
    batches.push(batch(&values[first..], first, codec));
    batches
}

fn batch(values: &[Bytes], first: usize, codec: &str) -> RecordBatch {
    let last = first + values.len() - 1;
    let records = values.iter().enumerate().map(|(delta, value)| record(first, delta, value)).collect();
    RecordBatch {
        base_offset: i64::try_from(first).expect("a row number"),
        partition_leader_epoch: -1,
        last_offset_delta: i32::try_from(last - first).expect("a row number"),
        first_timestamp: timestamp_of(first),
        max_timestamp: timestamp_of(last),
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        records: ControlBatchOrRecords::Records(records),
        compression: compression(codec),
        is_transactional: false,
        timestamp_type: RecordBatchTimestampType::CreateTime,
    }
}

fn record(first: usize, delta: usize, value: &Bytes) -> Record {
    Record {
        timestamp_delta: timestamp_of(first + delta) - timestamp_of(first),
        offset_delta: i32::try_from(delta).expect("a row number"),
        key: None,
        value: Some(value.to_vec()),
        headers: Vec::new(),
    }
}

/// Encodes all batches into one buffer of `capacity` bytes, so that it need not grow.
pub fn encode(batches: &[RecordBatch], capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    for batch in batches {
        batch.write(&mut out).expect("records that can be encoded");
    }
    out
}

/// Decodes all batches; returns the number of records.
pub fn decode(batches: &Bytes) -> usize {
    let mut source = Cursor::new(batches);
    let mut read = Vec::new();
    while source.position() < batches.len() as u64 {
        read.push(RecordBatch::read(&mut source).expect("batches that can be read"));
    }
    read.iter().map(record_count).sum()
}

fn record_count(batch: &RecordBatch) -> usize {
    match &batch.records {
        ControlBatchOrRecords::Records(records) => records.len(),
        ControlBatchOrRecords::ControlBatch(_) => 0,
    }
}

fn compression(codec: &str) -> RecordBatchCompression {
    match codec {
        "gzip" => RecordBatchCompression::Gzip,
        "snappy" => RecordBatchCompression::Snappy,
        "lz4" => RecordBatchCompression::Lz4,
        "zstd" => RecordBatchCompression::Zstd,
        _ => RecordBatchCompression::NoCompression,
    }
}
