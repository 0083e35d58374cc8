//! Records of a payload that lies in memory, walked fast: where their parts stand, nothing copied.

use super::explain::explain;
use crate::error::{Error, Result};

/// Records that are walked before they are handed on: few enough that their spans stay in the first cache.
pub(super) const SPANS_MAX: usize = 256;

/// Where bytes of a payload stand; a size below zero stands for null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) size: i32,
}

/// Where the parts of one record stand in its payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RecordSpan {
    /// Where the record starts.
    pub(super) start: u32,
    pub(super) offset_delta: i32,
    pub(super) timestamp_delta: i64,
    pub(super) key: Span,
    pub(super) value: Span,
    /// Where the first header starts.
    pub(super) headers: u32,
    pub(super) header_count: u32,
}

/// How far into a record the walk looks. What lies deeper is passed over by the record's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Deltas of offset and time.
    Deltas,
    /// The key too.
    Key,
    /// The value too.
    Value,
    /// All of it: only then everything is known to be sound.
    Headers,
}

const KEY: u8 = Depth::Key as u8;
const VALUE: u8 = Depth::Value as u8;
const HEADERS: u8 = Depth::Headers as u8;

impl Span {
    /// Its bytes, None for null.
    #[inline]
    pub(super) fn of(self, payload: &[u8]) -> Option<&[u8]> {
        let size = usize::try_from(self.size).ok()?;
        let start = self.start as usize;
        Some(&payload[start..start + size])
    }

    /// Its size, 0 for null.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        usize::try_from(self.size).unwrap_or(0)
    }

    #[inline]
    pub(super) fn is_null(self) -> bool {
        self.size < 0
    }
}

/// The state of a walk: where it goes on and how many records are still to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    position: usize,
    left: u32,
}

impl Walk {
    /// A walk over `count` records; the count is the header's and nothing is believed of it.
    pub(super) fn over(count: u32) -> Self {
        Self { position: 0, left: count }
    }

    /// Where it goes on.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Whether all records were walked.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Puts the next records, at most [`SPANS_MAX`], into `spans`.
    pub(super) fn step(&mut self, payload: &[u8], depth: Depth, spans: &mut Vec<RecordSpan>) -> Result<()> {
        spans.clear();
        let walked = match depth {
            Depth::Deltas => self.walk::<0>(payload, spans),
            Depth::Key => self.walk::<KEY>(payload, spans),
            Depth::Value => self.walk::<VALUE>(payload, spans),
            Depth::Headers => self.walk::<HEADERS>(payload, spans),
        };
        walked.ok_or_else(|| explain(payload, self.position))?;
        if self.left == 0 && self.position < payload.len() {
            return Err(surplus(self.position, payload.len() - self.position));
        }
        Ok(())
    }

    #[inline]
    fn walk<const DEPTH: u8>(&mut self, payload: &[u8], spans: &mut Vec<RecordSpan>) -> Option<()> {
        let count = SPANS_MAX.min(self.left as usize);
        for _ in 0..count {
            let mut bytes = Bytes { bytes: payload, position: self.position };
            spans.push(bytes.record::<DEPTH>()?);
            self.position = bytes.position;
            self.left -= 1;
        }
        Some(())
    }
}

fn surplus(position: usize, left: usize) -> Error {
    let found = i64::try_from(left).unwrap_or(i64::MAX);
    Error::Invalid { what: "bytes after the last record", position, expected: "none", found }
}

/// The headers of a record that was walked in full depth.
pub(super) struct Headers<'a> {
    bytes: Bytes<'a>,
    left: u32,
}

impl<'a> Headers<'a> {
    pub(super) fn of(record: &RecordSpan, payload: &'a [u8]) -> Self {
        let bytes = Bytes { bytes: payload, position: record.headers as usize };
        Self { bytes, left: record.header_count }
    }
}

impl Iterator for Headers<'_> {
    type Item = (Span, Span);

    #[inline]
    fn next(&mut self) -> Option<(Span, Span)> {
        self.left = self.left.checked_sub(1)?;
        let end = self.bytes.bytes.len();
        Some((self.bytes.nullable(end)?, self.bytes.nullable(end)?))
    }
}

/// A place in a payload. None stands for anything that is wrong: [`explain`] finds out what.
struct Bytes<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bytes<'_> {
    #[inline]
    fn record<const DEPTH: u8>(&mut self) -> Option<RecordSpan> {
        let start = self.position;
        let size = usize::try_from(self.varint()?).ok()?;
        let end = self.position.checked_add(size).filter(|&end| end <= self.bytes.len())?;
        self.position += 1;
        let mut record = RecordSpan { start: place(start)?, ..RecordSpan::default() };
        record.timestamp_delta = self.varlong()?;
        record.offset_delta = self.varint()?;
        if DEPTH >= KEY {
            record.key = self.nullable(end)?;
        }
        if DEPTH >= VALUE {
            record.value = self.nullable(end)?;
        }
        if DEPTH >= HEADERS {
            record.header_count = u32::try_from(self.varint()?).ok()?;
            record.headers = place(self.position)?;
            self.skip_headers(record.header_count, end)?;
            (self.position == end).then_some(record)
        } else {
            (self.position <= end).then(|| self.position = end)?;
            Some(record)
        }
    }

    #[inline]
    fn skip_headers(&mut self, count: u32, end: usize) -> Option<()> {
        for _ in 0..count {
            // Each takes two bytes at least, so the record's end stops a count that lies.
            if self.nullable(end)?.is_null() {
                return None;
            }
            self.nullable(end)?;
        }
        Some(())
    }

    /// A length and its bytes, which end at `end` at the latest.
    #[inline]
    fn nullable(&mut self, end: usize) -> Option<Span> {
        let size = self.varint()?;
        let start = self.position;
        if size < -1 || size > 0 && size.cast_unsigned() as usize > end.checked_sub(start)? {
            return None;
        }
        let span = Span { start: place(start)?, size };
        self.position = start + span.bytes();
        Some(span)
    }

    #[inline]
    fn varint(&mut self) -> Option<i32> {
        let byte = u32::from(*self.bytes.get(self.position)?);
        if byte < 0x80 {
            self.position += 1;
            return Some((byte >> 1).cast_signed() ^ -(byte & 1).cast_signed());
        }
        let bits = u32::try_from(self.varbits(5)?).ok()?;
        Some((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
    }

    #[inline]
    fn varlong(&mut self) -> Option<i64> {
        let bits = self.varbits(10)?;
        Some((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
    }

    #[inline]
    fn varbits(&mut self, bytes_max: u32) -> Option<u64> {
        let mut value = 0;
        for index in 0..bytes_max {
            let byte = *self.bytes.get(self.position)?;
            self.position += 1;
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return None;
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[inline]
fn place(position: usize) -> Option<u32> {
    u32::try_from(position).ok()
}

#[cfg(test)]
mod tests;
