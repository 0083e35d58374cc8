//! Records: walked structurally, keys and values passed over.

use super::source::Source;
use crate::error::{Error, Result};

/// What a walk keeps of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) has_key: bool,
}

/// What was being read when a record turned out wrong.
type Flaw = &'static str;

/// The next record of `source`; every length in it must fill it exactly.
#[inline]
pub(crate) fn read_record<S: Source>(source: &mut S) -> Result<Record> {
    match record(source) {
        Ok(record) => Ok(record),
        Err(what) => Err(describe(source, what)),
    }
}

#[cold]
fn describe<S: Source>(source: &mut S, what: Flaw) -> Error {
    let position = source.position();
    source.failure().unwrap_or(Error::Malformed { what, position })
}

#[inline]
fn record<S: Source>(source: &mut S) -> std::result::Result<Record, Flaw> {
    let size = length(varint(source, "record size")?, "record size below zero")?;
    let end = source.position().checked_add(size).ok_or("record size")?;
    source.byte().ok_or("record attributes")?;
    let timestamp_delta = varlong(source, "timestamp delta")?;
    let offset_delta = varint(source, "offset delta")?;
    let has_key = skip_nullable(source, end, "key")?;
    skip_nullable(source, end, "value")?;
    skip_headers(source, end)?;
    if source.position() == end {
        Ok(Record { timestamp_delta, offset_delta, has_key })
    } else {
        Err("record size that differs from its fields")
    }
}

#[inline]
fn skip_headers<S: Source>(source: &mut S, end: usize) -> std::result::Result<(), Flaw> {
    let count = length(varint(source, "header count")?, "header count below zero")?;
    for _ in 0..count {
        // Each takes two bytes at least, so the record's end stops a count that lies.
        if !skip_nullable(source, end, "header key")? {
            return Err("header key that is null");
        }
        skip_nullable(source, end, "header value")?;
    }
    Ok(())
}

/// Passes over a length and its bytes; false for null.
#[inline]
fn skip_nullable<S: Source>(source: &mut S, end: usize, what: Flaw) -> std::result::Result<bool, Flaw> {
    let size = varint(source, what)?;
    if size == -1 {
        return Ok(false);
    }
    let size = length(size, what)?;
    if size > end.saturating_sub(source.position()) {
        return Err(what);
    }
    source.skip(size).ok_or(what)?;
    Ok(true)
}

#[inline]
fn length(value: i32, what: Flaw) -> std::result::Result<usize, Flaw> {
    usize::try_from(value).map_err(|_| what)
}

#[inline]
fn varint<S: Source>(source: &mut S, what: Flaw) -> std::result::Result<i32, Flaw> {
    let value = varbits::<S, 5>(source).ok_or(what)?;
    let value = u32::try_from(value).map_err(|_| what)?;
    Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[inline]
fn varlong<S: Source>(source: &mut S, what: Flaw) -> std::result::Result<i64, Flaw> {
    let value = varbits::<S, 10>(source).ok_or(what)?;
    Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[inline]
fn varbits<S: Source, const BYTES_MAX: u32>(source: &mut S) -> Option<u64> {
    let mut value = 0u64;
    for index in 0..BYTES_MAX {
        let byte = source.byte()?;
        let bits = u64::from(byte & 0x7f);
        if index == 9 && bits > 1 {
            return None;
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
