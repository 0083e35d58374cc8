//! The primitive fields of Kafka's messages, in their plain and their flexible (compact, tagged) forms.

use std::ops::Range;

use crate::cursor::Cursor;
use crate::error::{Error, Result};

/// Reads the fields of one message.
pub struct Fields<'a> {
    /// For fields of fixed size.
    pub cursor: Cursor<'a>,
    flexible: bool,
}

impl<'a> Fields<'a> {
    /// Reads `frame` from `position` on.
    pub fn at(frame: &'a [u8], position: usize, flexible: bool) -> Self {
        Self { cursor: Cursor::at(frame, position), flexible }
    }

    /// Where a string stands that may not be null.
    pub fn string(&mut self, what: &'static str) -> Result<Range<usize>> {
        let position = self.cursor.position();
        self.nullable_string(what)?.ok_or(Error::Invalid { what, position, expected: "a string", found: -1 })
    }

    /// Where a string stands, None for null.
    pub fn nullable_string(&mut self, what: &'static str) -> Result<Option<Range<usize>>> {
        let size = if self.flexible {
            self.compact_size(what)?
        } else {
            plain_size(self.cursor.position(), self.cursor.read_i16(what)?.into(), what)?
        };
        self.place(size, what)
    }

    /// Where bytes stand, None for null.
    pub fn nullable_bytes(&mut self, what: &'static str) -> Result<Option<Range<usize>>> {
        let size = self.size(what)?;
        self.place(size, what)
    }

    /// The number of entries of an array of which each takes at least `entry_bytes_min`: never more than the
    /// bytes that are left can hold.
    pub fn array(&mut self, what: &'static str, entry_bytes_min: usize) -> Result<usize> {
        let position = self.cursor.position();
        let found = self.nullable_array(what, entry_bytes_min)?;
        found.ok_or(Error::Invalid { what, position, expected: "an array", found: -1 })
    }

    /// As [`array`](Self::array), None for null.
    pub fn nullable_array(&mut self, what: &'static str, entry_bytes_min: usize) -> Result<Option<usize>> {
        let position = self.cursor.position();
        let Some(count) = self.size(what)? else { return Ok(None) };
        let (needed, left) = (count.saturating_mul(entry_bytes_min), self.cursor.left());
        if needed > left {
            return Err(Error::Truncated { what, position, needed, left });
        }
        Ok(Some(count))
    }

    /// Passes over the tagged fields that flexible messages have.
    pub fn skip_tags(&mut self, what: &'static str) -> Result<()> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.cursor.read_uvarint(what)? {
            self.cursor.read_uvarint(what)?;
            let size = self.cursor.read_uvarint(what)?;
            self.cursor.take(size as usize, what)?;
        }
        Ok(())
    }

    fn size(&mut self, what: &'static str) -> Result<Option<usize>> {
        if self.flexible {
            return self.compact_size(what);
        }
        plain_size(self.cursor.position(), self.cursor.read_i32(what)?, what)
    }

    fn compact_size(&mut self, what: &'static str) -> Result<Option<usize>> {
        Ok((self.cursor.read_uvarint(what)? as usize).checked_sub(1))
    }

    fn place(&mut self, size: Option<usize>, what: &'static str) -> Result<Option<Range<usize>>> {
        let Some(size) = size else { return Ok(None) };
        let start = self.cursor.position();
        self.cursor.take(size, what)?;
        Ok(Some(start..start + size))
    }
}

/// A length of -1 for null, checked; the same for every plain nullable field.
pub(super) fn plain_size(position: usize, found: i32, what: &'static str) -> Result<Option<usize>> {
    if found == -1 {
        return Ok(None);
    }
    let expected = "a length of -1 or more";
    let size = usize::try_from(found).map_err(|_| Error::Invalid {
        what,
        position,
        expected,
        found: found.into(),
    })?;
    Ok(Some(size))
}

/// Writes the fields of one message.
pub struct Output {
    /// What is written so far.
    pub bytes: Vec<u8>,
    flexible: bool,
}

impl Output {
    /// Starts a response: room for the length prefix, and the header.
    pub fn response(correlation_id: i32, flexible: bool, capacity: usize) -> Self {
        let mut output = Self { bytes: Vec::with_capacity(capacity), flexible };
        output.put_i32(0);
        output.put_i32(correlation_id);
        output.put_no_tags();
        output
    }

    /// Writes the length of the whole message into its prefix; `elsewhere` bytes of it are not in `bytes`.
    pub fn seal(mut self, elsewhere: usize) -> Vec<u8> {
        let size = u32::try_from(self.bytes.len() - 4 + elsewhere).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&size.to_be_bytes());
        self.bytes
    }

    /// Bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A 16-bit integer.
    pub fn put_i16(&mut self, value: i16) {
        self.put(&value.to_be_bytes());
    }

    /// A 32-bit integer.
    pub fn put_i32(&mut self, value: i32) {
        self.put(&value.to_be_bytes());
    }

    /// A 64-bit integer.
    pub fn put_i64(&mut self, value: i64) {
        self.put(&value.to_be_bytes());
    }

    /// A string of at most 32 KiB; what is longer is cut.
    pub fn put_string(&mut self, value: &[u8]) {
        let value = &value[..value.len().min(i16::MAX as usize)];
        if self.flexible {
            self.put_compact_size(value.len());
        } else {
            self.put_i16(i16::try_from(value.len()).unwrap_or(i16::MAX));
        }
        self.put(value);
    }

    /// A string or null.
    pub fn put_nullable_string(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.put_string(value),
            None if self.flexible => self.put(&[0]),
            None => self.put_i16(-1),
        }
    }

    /// The size of an array or of bytes.
    pub fn put_size(&mut self, size: usize) {
        if self.flexible {
            self.put_compact_size(size);
        } else {
            self.put_i32(i32::try_from(size).unwrap_or(i32::MAX));
        }
    }

    /// The empty tagged fields that flexible messages have.
    pub fn put_no_tags(&mut self) {
        if self.flexible {
            self.put(&[0]);
        }
    }

    fn put_compact_size(&mut self, size: usize) {
        let mut rest = size + 1;
        while rest >= 0x80 {
            self.put(&[rest.to_le_bytes()[0] | 0x80]);
            rest >>= 7;
        }
        self.put(&[rest.to_le_bytes()[0]]);
    }
}
