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
        if batch.header.max_timestamp < timestamp {
            continue;
        }
        let found = batch.find(|record| record.timestamp >= timestamp)?;
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
        highest = highest.max(batch?.header.max_timestamp);
    }
    if highest < 0 { Ok(None) } else { find_timestamp(extent, highest) }
}

impl ExtentBytes<'_> {
    fn first(&self) -> Option<Found> {
        let found = Found { offset: self.base_offset, timestamp: self.append_time_ms };
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

    fn find(&self, wanted: impl Fn(&TimedRecord) -> bool) -> Result<Option<Found>> {
        self.check()?;
        if self.header.has_append_time() {
            let record = TimedRecord { offset_delta: 0, timestamp: self.header.max_timestamp };
            return Ok(wanted(&record).then(|| self.found(record)));
        }
        self.walk(wanted).map_err(|error| error.shifted(self.position + HEADER_BYTES))
    }

    fn walk(&self, wanted: impl Fn(&TimedRecord) -> bool) -> Result<Option<Found>> {
        let mut records = Records::open(&self.header, &self.bytes[HEADER_BYTES..])?;
        while let Some(record) = records.next_record()? {
            if wanted(&record) {
                return Ok(Some(self.found(record)));
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
