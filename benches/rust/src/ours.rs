//! Batches through our own crate, without Python around it.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array};
use bytes::Bytes;
use skylog_core::compression::Codec;
use skylog_core::records::{
    BatchOptions, BinaryKind, Block, Column, Decoder, Encoder, Input, Options, Timestamps,
};

use crate::input::timestamp_of;

/// What `skylog.records.decode` gives unless asked otherwise.
const COLUMNS: [Column; 5] = [Column::Offset, Column::Timestamp, Column::Key, Column::Value, Column::Headers];
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// The values as columns.
pub fn prepare(values: &[Bytes]) -> Block {
    let array: ArrayRef = Arc::new(BinaryArray::from_iter_values(values));
    let timestamps: ArrayRef = Arc::new(Int64Array::from_iter_values((0..values.len()).map(timestamp_of)));
    let timestamps = Timestamps::new(&timestamps).expect("milliseconds");
    Block::new(&array, None, timestamps, None).expect("columns of one length")
}

/// Encodes all batches into one buffer.
pub fn encode(block: &Block, codec: &str) -> Bytes {
    let compression = Codec::from_name(codec).expect("a codec");
    let options = BatchOptions { compression, ..BatchOptions::default() };
    let mut encoder = Encoder::new(options).expect("options that are allowed");
    encoder.encode(&[block]).expect("records that can be encoded").bytes
}

/// Decodes all batches into columns; returns the number of records.
pub fn decode(batches: &Bytes) -> usize {
    let mut decoder = Decoder::new(Options {
        columns: COLUMNS.to_vec(),
        binary: BinaryKind::Binary,
        verify_crc: true,
        offsets: 0..=i64::MAX,
        keep_control: false,
        decompressed_bytes_max: DECOMPRESSED_BYTES_MAX,
    });
    decoder.read(&Input::new(batches), 0..batches.len(), usize::MAX).expect("batches that can be read");
    decoder.take().expect("columns").iter().map(arrow_array::RecordBatch::num_rows).sum()
}
