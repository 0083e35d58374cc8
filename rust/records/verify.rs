//! Whether batches are what they should be.

use super::aborted::read_marker;
use super::checks::check_records;
use super::payload::RawBatch;
use super::walk::{Depth, Walk};
use crate::batch::DECOMPRESSED_BYTES_MAX;
use crate::error::Result;

/// Checks header and checksum of every batch, with `records` all records too, and says how many batches there are.
///
/// A batch may decompress to [`DECOMPRESSED_BYTES_MAX`] bytes.
pub fn verify(input: &[u8], records: bool) -> Result<usize> {
    let (mut count, mut position, mut scratch) = (0, 0, Vec::new());
    while position < input.len() {
        let batch = RawBatch::read(input, position)?;
        batch.check_crc()?;
        batch.check_header()?;
        if records {
            verify_records(&batch, &mut scratch)?;
        }
        count += 1;
        position += batch.bytes.len();
    }
    Ok(count)
}

fn verify_records(batch: &RawBatch<'_>, scratch: &mut Vec<u8>) -> Result<()> {
    if batch.is_compressed() {
        batch.decompress(scratch, DECOMPRESSED_BYTES_MAX)?;
    }
    let payload = if batch.is_compressed() { scratch } else { batch.payload() };
    walk(batch, payload).map_err(|error| batch.locate(error))
}

fn walk(batch: &RawBatch<'_>, payload: &[u8]) -> Result<()> {
    let (mut walk, mut spans) = (Walk::over(batch.record_count()), Vec::new());
    loop {
        walk.step(payload, Depth::Headers, &mut spans)?;
        check_records(batch, payload, &spans)?;
        if walk.is_done() {
            break;
        }
    }
    if batch.header.is_control() {
        read_marker(batch, payload)?;
    }
    Ok(())
}
