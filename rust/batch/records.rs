//! The records of one stored batch, with their times.

use super::header::BatchHeader;
use super::record::read_record;
use super::source::{Slice, Source, Window};
use crate::compression;
use crate::error::{Error, Result};

/// A record's place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimedRecord {
    pub(crate) offset_delta: i32,
    pub(crate) timestamp: i64,
}

/// Records of a batch, front to back.
pub(crate) struct Records<'a> {
    source: AnySource<'a>,
    base_timestamp: i64,
    left: i32,
}

enum AnySource<'a> {
    Plain(Slice<'a>),
    Compressed(Box<Window<'a>>),
}

impl<'a> Records<'a> {
    /// The records in `payload`, what follows the header of a batch.
    pub(crate) fn open(header: &BatchHeader, payload: &'a [u8]) -> Result<Self> {
        let source = match header.codec() {
            compression::NONE => AnySource::Plain(Slice::new(payload)),
            codec => AnySource::Compressed(Box::new(Window::open(codec, payload)?)),
        };
        Ok(Self { source, base_timestamp: header.base_timestamp, left: header.record_count })
    }

    /// The next record, None behind the last.
    pub(crate) fn next_record(&mut self) -> Result<Option<TimedRecord>> {
        if self.left <= 0 {
            return Ok(None);
        }
        self.left -= 1;
        match &mut self.source {
            AnySource::Plain(source) => timed(source, self.base_timestamp),
            AnySource::Compressed(source) => timed(source.as_mut(), self.base_timestamp),
        }
        .map(Some)
    }
}

fn timed<S: Source>(source: &mut S, base_timestamp: i64) -> Result<TimedRecord> {
    let record = read_record(source)?;
    let timestamp = base_timestamp
        .checked_add(record.timestamp_delta)
        .ok_or(Error::Malformed { what: "timestamp", position: source.position() })?;
    Ok(TimedRecord { offset_delta: record.offset_delta, timestamp })
}
