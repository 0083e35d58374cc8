//! What the headers of batches say, as rows.

use super::payload::RawBatch;
use crate::error::Result;

/// Size of a row.
pub const ROW_BYTES: usize = 81;

/// A row for each batch, one behind the other, without gaps and little-endian: position and size in the input
/// (64 bits each), the fields of the header as they stand there, and what its attributes mean: codec, timestamp
/// type, whether it is transactional, whether control (8 bits each).
///
/// No checksum is looked at and nothing is decompressed.
pub fn inspect(input: &[u8]) -> Result<Vec<u8>> {
    let (mut rows, mut position) = (Vec::new(), 0);
    while position < input.len() {
        let batch = RawBatch::read(input, position)?;
        rows.extend_from_slice(&row(&batch));
        position += batch.bytes.len();
    }
    Ok(rows)
}

fn row(batch: &RawBatch<'_>) -> [u8; ROW_BYTES] {
    let (mut row, header) = (Row { bytes: [0; ROW_BYTES], position: 0 }, &batch.header);
    row.put((batch.position as u64).to_le_bytes());
    row.put((batch.bytes.len() as u64).to_le_bytes());
    row.put(header.base_offset.to_le_bytes());
    row.put(header.batch_length.to_le_bytes());
    row.put(header.partition_leader_epoch.to_le_bytes());
    row.put(header.magic.to_le_bytes());
    row.put(header.crc.to_le_bytes());
    row.put(header.attributes.to_le_bytes());
    row.put(header.last_offset_delta.to_le_bytes());
    row.put(header.base_timestamp.to_le_bytes());
    row.put(header.max_timestamp.to_le_bytes());
    row.put(header.producer_id.to_le_bytes());
    row.put(header.producer_epoch.to_le_bytes());
    row.put(header.base_sequence.to_le_bytes());
    row.put(header.record_count.to_le_bytes());
    row.put([header.codec(), header.has_append_time().into()]);
    row.put([header.is_transactional().into(), header.is_control().into()]);
    row.bytes
}

struct Row {
    bytes: [u8; ROW_BYTES],
    position: usize,
}

impl Row {
    fn put<const N: usize>(&mut self, value: [u8; N]) {
        self.bytes[self.position..self.position + N].copy_from_slice(&value);
        self.position += N;
    }
}
