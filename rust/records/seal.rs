//! Heads: what makes records a batch.

use super::input::InputError;
use super::options::BatchOptions;
use super::writer::{BatchWriter, Limits};
use crate::batch::header::{CRC_START, LENGTH_OVERHEAD, MAGIC};
use crate::batch::{BatchHeader, HEADER_BYTES};
use crate::compression::{Codec, Compressor};
use crate::crc::crc32c;

/// What stands where no broker has taken the batch yet.
const NO_LEADER_EPOCH: i32 = -1;
/// The smallest record.
const RECORD_BYTES_MIN: usize = 7;

/// One batch of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEntry {
    /// Where it starts.
    pub position: usize,
    /// Its bytes, head included.
    pub size: usize,
    /// Its records.
    pub record_count: i32,
    /// Offset of the first.
    pub base_offset: i64,
    /// Sequence of the first, -1 without a producer.
    pub base_sequence: i32,
    /// Time of the first.
    pub base_timestamp: i64,
    /// The latest time.
    pub max_timestamp: i64,
}

/// Where the next batch goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) offset: i64,
    pub(super) sequence: i32,
}

impl Next {
    pub(super) fn first(options: &BatchOptions) -> Self {
        Self { offset: options.base_offset, sequence: options.producer.base_sequence }
    }

    /// Behind `records` more; sequences go from 2^31 - 1 to 0, offsets end.
    fn behind(self, records: i32) -> Result<Self, InputError> {
        let sequence = if self.sequence < 0 { -1 } else { self.sequence.wrapping_add(records) & i32::MAX };
        let offset = self.offset.checked_add(i64::from(records)).ok_or_else(|| InputError::Option {
            option: "base_offset",
            expected: format!("room for {records} more records below 2^63 - 1"),
            found: self.offset,
        })?;
        Ok(Self { offset, sequence })
    }
}

/// Makes batches of records that were written.
pub(super) struct Sealer {
    pub(super) options: BatchOptions,
    /// None where records stay as they are, in their place behind the head.
    compressor: Option<Compressor>,
    limits: Limits,
}

impl Sealer {
    pub(super) fn new(options: BatchOptions) -> Result<Self, InputError> {
        options.check()?;
        let compressor = Compressor::new(options.compression, options.level)?;
        let limits = Limits { bytes: records_max(&options, &compressor)?, one_time: options.append_time };
        let compressor = Some(compressor).filter(|_| options.compression != Codec::None);
        Ok(Self { options, compressor, limits })
    }

    /// What a batch takes, so that it never gets too large, however its records compress.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn compresses(&self) -> bool {
        self.compressor.is_some()
    }

    /// What a batch of `size` bytes of records can take at most.
    pub(super) fn batch_bound(&self, size: usize) -> usize {
        HEADER_BYTES + self.compressor.as_ref().map_or(size, |compressor| compressor.bound(size))
    }

    /// Makes a batch at the front of `out`, where uncompressed records stand already behind their head; `records` are
    /// those to compress. Moves `next` on.
    pub(super) fn seal(
        &mut self,
        written: &BatchWriter,
        records: &[u8],
        out: &mut [u8],
        next: &mut Next,
    ) -> Result<BatchEntry, InputError> {
        let behind = next.behind(written.records)?;
        let payload = match &mut self.compressor {
            Some(compressor) => compressor.compress(&records[..written.filled], &mut out[HEADER_BYTES..])?,
            None => written.filled,
        };
        let entry = entry(written, HEADER_BYTES + payload, *next);
        self.write_head(&mut out[..entry.size], &entry);
        *next = behind;
        Ok(entry)
    }

    fn write_head(&self, batch: &mut [u8], entry: &BatchEntry) {
        let length = i32::try_from(batch.len() - LENGTH_OVERHEAD).unwrap_or(i32::MAX);
        let mut header = BatchHeader {
            base_offset: entry.base_offset,
            batch_length: length,
            partition_leader_epoch: NO_LEADER_EPOCH,
            magic: MAGIC,
            crc: 0,
            attributes: self.options.attributes(),
            last_offset_delta: entry.record_count - 1,
            base_timestamp: entry.base_timestamp,
            max_timestamp: entry.max_timestamp,
            producer_id: self.options.producer.id,
            producer_epoch: self.options.producer.epoch,
            base_sequence: entry.base_sequence,
            record_count: entry.record_count,
        };
        batch[..HEADER_BYTES].copy_from_slice(&head(&header));
        header.crc = crc32c(&batch[CRC_START..]);
        batch[..HEADER_BYTES].copy_from_slice(&head(&header));
    }
}

fn entry(written: &BatchWriter, size: usize, next: Next) -> BatchEntry {
    BatchEntry {
        position: 0,
        size,
        record_count: written.records,
        base_offset: next.offset,
        base_sequence: next.sequence,
        base_timestamp: written.base_timestamp,
        max_timestamp: written.max_timestamp,
    }
}

/// The most bytes of records of which the batch is never too large.
fn records_max(options: &BatchOptions, compressor: &Compressor) -> Result<usize, InputError> {
    let payload_max = options.batch_bytes_max - HEADER_BYTES;
    let mut size = payload_max;
    while compressor.bound(size) > payload_max {
        let excess = compressor.bound(size) - payload_max;
        size = size
            .checked_sub(excess)
            .filter(|&left| left >= RECORD_BYTES_MIN)
            .ok_or_else(|| too_small(options))?;
    }
    Ok(size)
}

fn too_small(options: &BatchOptions) -> InputError {
    InputError::Option {
        option: "max_batch_bytes",
        expected: format!("room for {} of the smallest record", options.compression.name()),
        found: i64::try_from(options.batch_bytes_max).unwrap_or(i64::MAX),
    }
}

/// The bytes of a batch's head.
fn head(header: &BatchHeader) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[..8].copy_from_slice(&header.base_offset.to_be_bytes());
    bytes[8..12].copy_from_slice(&header.batch_length.to_be_bytes());
    bytes[12..16].copy_from_slice(&header.partition_leader_epoch.to_be_bytes());
    bytes[16..17].copy_from_slice(&header.magic.to_be_bytes());
    bytes[17..21].copy_from_slice(&header.crc.to_be_bytes());
    bytes[21..23].copy_from_slice(&header.attributes.to_be_bytes());
    bytes[23..27].copy_from_slice(&header.last_offset_delta.to_be_bytes());
    bytes[27..35].copy_from_slice(&header.base_timestamp.to_be_bytes());
    bytes[35..43].copy_from_slice(&header.max_timestamp.to_be_bytes());
    bytes[43..51].copy_from_slice(&header.producer_id.to_be_bytes());
    bytes[51..53].copy_from_slice(&header.producer_epoch.to_be_bytes());
    bytes[53..57].copy_from_slice(&header.base_sequence.to_be_bytes());
    bytes[57..].copy_from_slice(&header.record_count.to_be_bytes());
    bytes
}
