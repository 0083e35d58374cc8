//! Whether batches are what they should be.

use super::aborted::read_marker;
use super::checks::check_records;
use super::payload::RawBatch;
use super::walk::{Depth, Walk};
use crate::error::Result;

/// Checks head and checksum of every batch and says how many batches there are.
pub fn verify(input: &[u8]) -> Result<usize> {
    verify_each(input, |_| Ok(()))
}

/// As [`verify`], and walks all records too, of which one batch's may be decompressed to so many bytes.
pub fn verify_records(input: &[u8], decompressed_bytes_max: usize) -> Result<usize> {
    let mut scratch = Vec::new();
    verify_each(input, |batch| {
        if batch.is_compressed() {
            batch.decompress(&mut scratch, decompressed_bytes_max)?;
        }
        let payload = if batch.is_compressed() { &scratch } else { batch.payload() };
        walk(batch, payload).map_err(|error| batch.locate(error))
    })
}

fn verify_each(input: &[u8], mut look: impl FnMut(&RawBatch<'_>) -> Result<()>) -> Result<usize> {
    let (mut count, mut position) = (0, 0);
    while position < input.len() {
        let batch = RawBatch::read(input, position)?;
        batch.check_crc()?;
        batch.check_header()?;
        look(&batch)?;
        count += 1;
        position += batch.bytes.len();
    }
    Ok(count)
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
