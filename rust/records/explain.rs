//! What is wrong with a record that could not be walked, with all that there is to say of it.

use crate::cursor::Cursor;
use crate::error::{Error, Result};

/// Reads the record at `position` once more, slowly, and says where and how it fails.
#[cold]
pub(super) fn explain(payload: &[u8], position: usize) -> Error {
    let mut cursor = Cursor::at(payload, position);
    read_record(&mut cursor).err().unwrap_or(Error::Malformed { what: "record", position })
}

fn read_record(cursor: &mut Cursor<'_>) -> Result<()> {
    let size = read_size(cursor, "record size", i32::MAX as usize)?;
    let (start, left) = (cursor.position(), cursor.left());
    if size > left {
        return Err(Error::Truncated { what: "record", position: start, needed: size, left });
    }
    let end = start + size;
    cursor.read_i8("record attributes")?;
    cursor.read_varlong("timestamp delta")?;
    cursor.read_varint("offset delta")?;
    skip_nullable(cursor, "key", end)?;
    skip_nullable(cursor, "value", end)?;
    skip_headers(cursor, end)?;
    if cursor.position() == end {
        return Ok(());
    }
    let found = i64::try_from(cursor.position()).unwrap_or(i64::MAX) - i64::try_from(start).unwrap_or(0);
    Err(Error::Invalid {
        what: "record size",
        position: start,
        expected: "as many bytes as its fields take",
        found,
    })
}

fn skip_headers(cursor: &mut Cursor<'_>, end: usize) -> Result<()> {
    // Each takes two bytes at least: a key's length and a value's.
    let most = end.saturating_sub(cursor.position()) / 2;
    for _ in 0..read_size(cursor, "header count", most)? {
        let position = cursor.position();
        if skip_nullable(cursor, "header key", end)? {
            return Err(Error::Invalid { what: "header key", position, expected: "not null", found: -1 });
        }
        skip_nullable(cursor, "header value", end)?;
    }
    Ok(())
}

/// A length of 0 or more that is no more than `most`.
fn read_size(cursor: &mut Cursor<'_>, what: &'static str, most: usize) -> Result<usize> {
    let position = cursor.position();
    let size = cursor.read_varint(what)?;
    let expected = "at least 0 and no more than the bytes that follow";
    let found = i64::from(size);
    let known = usize::try_from(size).ok().filter(|&size| size <= most);
    known.ok_or(Error::Invalid { what, position, expected, found })
}

/// Passes over a length and its bytes; true for null.
fn skip_nullable(cursor: &mut Cursor<'_>, what: &'static str, end: usize) -> Result<bool> {
    let position = cursor.position();
    let size = cursor.read_varint(what)?;
    let left = end.saturating_sub(cursor.position());
    let expected = "a length of -1 or more, within its record";
    match usize::try_from(size) {
        Ok(size) if size <= left => cursor.take(size, what).map(|_| false),
        Err(_) if size == -1 => Ok(true),
        _ => Err(Error::Invalid { what, position, expected, found: i64::from(size) }),
    }
}
