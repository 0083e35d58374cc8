//! What must hold for records beyond their shape. Positions are those of the payload.

use super::payload::RawBatch;
use super::walk::{Headers, RecordSpan, Span};
use crate::error::{Error, Result};

/// All of it, for records that were walked in full depth.
pub(super) fn check_records(batch: &RawBatch<'_>, payload: &[u8], records: &[RecordSpan]) -> Result<()> {
    check_offsets(batch, records)?;
    check_timestamps(batch, records)?;
    let mut headers = records.iter().flat_map(|record| Headers::of(record, payload));
    headers.try_for_each(|(key, _)| check_header_key(key, payload))
}

/// Offset deltas lie between 0 and the last one that the header names.
pub(super) fn check_offsets(batch: &RawBatch<'_>, records: &[RecordSpan]) -> Result<()> {
    let last = batch.header.last_offset_delta;
    let wrong = |record: &&RecordSpan| record.offset_delta < 0 || record.offset_delta > last;
    let Some(record) = records.iter().find(wrong) else { return Ok(()) };
    Err(Error::Invalid {
        what: "offset delta of a record",
        position: record.start as usize,
        expected: "between 0 and the batch's last_offset_delta",
        found: i64::from(record.offset_delta),
    })
}

/// The producer's times have 64 bits. Where the broker's stands in the header, theirs mean nothing.
pub(super) fn check_timestamps(batch: &RawBatch<'_>, records: &[RecordSpan]) -> Result<()> {
    if batch.header.has_append_time() {
        return Ok(());
    }
    let base = batch.header.base_timestamp;
    let wrong = |record: &&RecordSpan| base.checked_add(record.timestamp_delta).is_none();
    let Some(record) = records.iter().find(wrong) else { return Ok(()) };
    Err(Error::Invalid {
        what: "timestamp delta of a record",
        position: record.start as usize,
        expected: "a timestamp of 64 bits",
        found: record.timestamp_delta,
    })
}

/// Keys of headers are strings.
#[inline]
pub(super) fn check_header_key(key: Span, payload: &[u8]) -> Result<()> {
    let bytes = key.of(payload).unwrap_or_default();
    let Err(error) = std::str::from_utf8(bytes) else { return Ok(()) };
    let position = key.start as usize + error.valid_up_to();
    let found = i64::from(payload[position]);
    Err(Error::Invalid { what: "header key", position, expected: "UTF-8", found })
}
