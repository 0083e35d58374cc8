//! The record of an extent that a time leads to.

use crate::batch::Batches;
use crate::batch::header::{BatchHeader, CRC_START, HEADER_BYTES, MAGIC};
use crate::batch::records::{Records, TimedRecord};
use crate::crc::crc32c;
use crate::error::{Error, Result};

/// A record's offset and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its offset in the log.
    pub offset: i64,
    /// Its time in milliseconds since 1970.
    pub timestamp: i64,
}

/// The bytes of one extent and what its coordinates say of them.
#[derive(Clone, Copy, Debug)]
pub struct ExtentBytes<'a> {
    /// Whole batches.
    pub bytes: &'a [u8],
    /// Offset of the first record.
    pub base_offset: i64,
    /// The time of all records in topics with log append time, else -1.
    pub append_time_ms: i64,
    /// Records before this offset are passed over: they may have been deleted.
    pub first_offset: i64,
}

/// The first record at or after `timestamp`.
///
/// Only batches whose maximum says that they may hold it are walked.
pub fn find_timestamp(extent: ExtentBytes<'_>, timestamp: i64) -> Result<Option<Found>> {
    if extent.append_time_ms >= 0 {
        return Ok(extent.first().filter(|found| found.timestamp >= timestamp));
    }
    for batch in Placed::all(extent) {
        let batch = batch?;
        if batch.header.max_timestamp < timestamp || batch.last_offset() < extent.first_offset {
            continue;
        }
        let found = batch.find(extent.first_offset, |record| record.timestamp >= timestamp)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The record with the highest time, the first of equals; None if no record has a time.
pub fn find_max_timestamp(extent: ExtentBytes<'_>) -> Result<Option<Found>> {
    if extent.append_time_ms >= 0 {
        return Ok(extent.first());
    }
    let mut highest = -1;
    for batch in Placed::all(extent) {
        highest = highest.max(batch?.max_timestamp(extent.first_offset)?);
    }
    if highest < 0 { Ok(None) } else { find_timestamp(extent, highest) }
}

impl ExtentBytes<'_> {
    fn first(&self) -> Option<Found> {
        let offset = self.base_offset.max(self.first_offset);
        let found = Found { offset, timestamp: self.append_time_ms };
        (!self.bytes.is_empty()).then_some(found)
    }
}

/// A batch with the offset of its first record.
struct Placed<'a> {
    header: BatchHeader,
    bytes: &'a [u8],
    position: usize,
    base_offset: i64,
}

impl<'a> Placed<'a> {
    fn all(extent: ExtentBytes<'a>) -> impl Iterator<Item = Result<Self>> {
        let mut next_offset = extent.base_offset;
        Batches::new(extent.bytes).map(move |batch| {
            let (position, header, bytes) = batch?;
            let base_offset = next_offset;
            next_offset = next_offset.saturating_add(i64::from(header.last_offset_delta)).saturating_add(1);
            Ok(Self { header, bytes, position, base_offset })
        })
    }

    fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.header.last_offset_delta))
    }

    /// The highest time of its records from `first_offset` on, -1 if there are none.
    fn max_timestamp(&self, first_offset: i64) -> Result<i64> {
        if first_offset <= self.base_offset {
            return Ok(self.header.max_timestamp);
        }
        if self.last_offset() < first_offset {
            return Ok(-1);
        }
        let mut highest = -1;
        self.find(first_offset, |record| {
            highest = highest.max(record.timestamp);
            false
        })?;
        Ok(highest)
    }

    fn find(&self, first_offset: i64, mut wanted: impl FnMut(&TimedRecord) -> bool) -> Result<Option<Found>> {
        self.check()?;
        if self.header.has_append_time() {
            let offset = self.base_offset.max(first_offset);
            let timestamp = self.header.max_timestamp;
            let record = TimedRecord { offset_delta: 0, timestamp };
            return Ok(wanted(&record).then_some(Found { offset, timestamp }));
        }
        self.walk(first_offset, wanted).map_err(|error| error.shifted(self.position + HEADER_BYTES))
    }

    fn walk(&self, first_offset: i64, mut wanted: impl FnMut(&TimedRecord) -> bool) -> Result<Option<Found>> {
        let mut records = Records::open(&self.header, &self.bytes[HEADER_BYTES..])?;
        while let Some(record) = records.next_record()? {
            let found = self.found(record);
            if found.offset >= first_offset && wanted(&record) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn check(&self) -> Result<()> {
        let (expected, found) = (self.header.crc, crc32c(&self.bytes[CRC_START..]));
        if self.header.magic != MAGIC {
            let (position, found) = (self.position + 16, i64::from(self.header.magic));
            return Err(Error::Invalid { what: "magic", position, expected: "2", found });
        }
        if expected != found {
            return Err(Error::Checksum { what: "batch", position: self.position, expected, found });
        }
        Ok(())
    }

    fn found(&self, record: TimedRecord) -> Found {
        let offset = self.base_offset.saturating_add(i64::from(record.offset_delta));
        Found { offset, timestamp: record.timestamp }
    }
}
