//! Batches through the crate `kafka-protocol`.

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record, RecordBatchDecoder,
    RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use crate::BATCH_BYTES_MAX;
use crate::input::timestamp_of;

/// The records that the encoder takes, a list for each batch.
pub fn prepare(values: &[Bytes]) -> Vec<Vec<Record>> {
    let mut batches = vec![Vec::new()];
    let mut batch_bytes = 0;
    for (row, value) in values.iter().enumerate() {
        batch_bytes += value.len() + 16;
        if batch_bytes > BATCH_BYTES_MAX {
            batches.push(Vec::new());
            batch_bytes = value.len() + 16;
        }
        batches.last_mut().expect("a batch").push(record(row, value));
    }
    batches
}

fn record(row: usize, value: &Bytes) -> Record {
    Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset: i64::try_from(row).expect("a row number"),
        sequence: i32::try_from(row).expect("a row number"),
        timestamp: timestamp_of(row),
        key: None,
        value: Some(value.clone()),
        headers: IndexMap::new(),
    }
}

/// Encodes all batches into one buffer of `capacity` bytes, so that it need not grow.
pub fn encode(batches: &[Vec<Record>], codec: &str, capacity: usize) -> BytesMut {
    let options = RecordEncodeOptions { version: 2, compression: compression(codec) };
    let mut out = BytesMut::with_capacity(capacity);
    for batch in batches {
        RecordBatchEncoder::encode(&mut out, batch, &options).expect("records that can be encoded");
    }
    out
}

/// Decodes all batches; returns the number of records.
pub fn decode(batches: &Bytes) -> usize {
    let sets = RecordBatchDecoder::decode_all(&mut batches.clone()).expect("batches that can be read");
    sets.iter().map(|set| set.records.len()).sum()
}

fn compression(codec: &str) -> Compression {
    match codec {
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::None,
    }
}
