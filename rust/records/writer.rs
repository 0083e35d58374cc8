//! Records written one after another, each only if it fits.

use super::blobs::Cell;
use super::input::RowFlaw;

/// Bytes behind the records that writing may use, so that short numbers are stored eight bytes at a time.
pub(super) const SLACK: usize = 8;
const ATTRIBUTES_BYTES: usize = 1;

/// A header's key and value.
pub type Header<'a> = (&'a [u8], Option<&'a [u8]>);

/// A record that is about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// In milliseconds, -1 for none.
    pub timestamp: i64,
    /// None for null.
    pub key: Option<&'a [u8]>,
    /// None for null.
    pub value: Option<&'a [u8]>,
    /// In order.
    pub headers: &'a [Header<'a>],
}

impl<'a> Record<'a> {
    #[inline]
    pub(super) fn new(
        timestamp: i64,
        key: Cell<'a>,
        value: Cell<'a>,
        headers: &'a [Header<'a>],
    ) -> Result<Self, RowFlaw> {
        let key = key.map_err(|_| RowFlaw::Broken { column: "keys" })?;
        let value = value.map_err(|_| RowFlaw::Broken { column: "values" })?;
        Ok(Self { timestamp, key, value, headers })
    }
}

/// What a record takes where it would come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// All of it.
    pub(super) size: usize,
    body: usize,
    timestamp_bits: u64,
}

/// What a batch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The most bytes of records.
    pub(super) bytes: usize,
    /// Whether all records have the time of the first.
    pub(super) one_time: bool,
}

/// The records of one batch so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchWriter {
    /// Their bytes.
    pub(super) filled: usize,
    /// Their number.
    pub(super) records: i32,
    /// The first one's time.
    pub(super) base_timestamp: i64,
    /// The latest time.
    pub(super) max_timestamp: i64,
}

impl BatchWriter {
    pub(super) const EMPTY: Self =
        Self { filled: 0, records: 0, base_timestamp: i64::MIN, max_timestamp: i64::MIN };

    /// What `record` would take.
    #[inline]
    pub(super) fn measure(&self, record: &Record<'_>) -> Measured {
        let delta = if self.records == 0 { 0 } else { record.timestamp.wrapping_sub(self.base_timestamp) };
        let timestamp_bits = zigzag(delta);
        let mut body =
            ATTRIBUTES_BYTES + varint_size(timestamp_bits) + varint_size(zigzag(self.records.into()));
        body += nullable_size(record.key) + nullable_size(record.value) + length_size(record.headers.len());
        for &(key, value) in record.headers {
            body += length_size(key.len()) + key.len() + nullable_size(value);
        }
        Measured { size: length_size(body) + body, body, timestamp_bits }
    }

    /// Whether `record` may come next.
    #[inline]
    pub(super) fn takes(&self, record: &Record<'_>, measured: &Measured, limits: &Limits) -> bool {
        let timely = !limits.one_time || self.records == 0 || record.timestamp == self.base_timestamp;
        timely && self.filled + measured.size <= limits.bytes
    }

    /// Writes `record` behind the others in `room` if the batch takes it.
    #[inline]
    pub(super) fn push(
        &mut self,
        room: &mut [u8],
        record: &Record<'_>,
        limits: &Limits,
    ) -> Result<bool, RowFlaw> {
        let measured = self.measure(record);
        if !self.takes(record, &measured, limits) {
            return Ok(false);
        }
        // There is room for all that the columns say they have.
        self.write(room, record, &measured).map(|()| true).ok_or(RowFlaw::Broken { column: "values" })
    }

    /// Writes a record behind the others in `room`; None if the room ends before it and its slack do.
    #[inline]
    pub(super) fn write(&mut self, room: &mut [u8], record: &Record<'_>, measured: &Measured) -> Option<()> {
        let end = self.filled + measured.size;
        let mut out = Out { bytes: room.get_mut(self.filled..end + SLACK)?, at: 0 };
        out.put_length(measured.body);
        out.put_varint(0);
        out.put_varint(measured.timestamp_bits);
        out.put_varint(zigzag(self.records.into()));
        out.put_nullable(record.key);
        out.put_nullable(record.value);
        out.put_length(record.headers.len());
        for &(key, value) in record.headers {
            out.put_nullable(Some(key));
            out.put_nullable(value);
        }
        self.note(record.timestamp, end);
        Some(())
    }

    #[inline]
    fn note(&mut self, timestamp: i64, end: usize) {
        if self.records == 0 {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.records += 1;
        self.filled = end;
    }
}

/// Bytes that are written front to back, each number with up to eight bytes of which the last ones do not count.
struct Out<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Out<'_> {
    #[inline]
    fn put_length(&mut self, length: usize) {
        self.put_varint((length as u64) << 1);
    }

    #[inline]
    fn put_nullable(&mut self, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.put_varint(1) };
        self.put_length(bytes.len());
        let end = self.at + bytes.len();
        self.bytes[self.at..end].copy_from_slice(bytes);
        self.at = end;
    }

    #[inline]
    fn put_varint(&mut self, bits: u64) {
        if bits < 0x80 {
            self.bytes[self.at] = bits.to_le_bytes()[0];
            self.at += 1;
        } else if bits < 1 << 28 {
            self.put_spread(bits);
        } else {
            self.put_long(bits);
        }
    }

    /// Two to four bytes, stored as eight.
    #[inline]
    fn put_spread(&mut self, bits: u64) {
        let spread = bits & 0x7f | (bits & 0x3f80) << 1 | (bits & 0x1f_c000) << 2 | (bits & 0xfe0_0000) << 3;
        let size = varint_size(bits);
        let more = 0x8080_8080 & ((1 << (8 * (size - 1))) - 1);
        self.bytes[self.at..self.at + 8].copy_from_slice(&(spread | more).to_le_bytes());
        self.at += size;
    }

    fn put_long(&mut self, mut bits: u64) {
        while bits > 0x7f {
            self.bytes[self.at] = bits.to_le_bytes()[0] | 0x80;
            self.at += 1;
            bits >>= 7;
        }
        self.bytes[self.at] = bits.to_le_bytes()[0];
        self.at += 1;
    }
}

/// Small numbers of either sign as small ones without.
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Bytes of a number, seven bits each.
#[inline]
pub(super) fn varint_size(bits: u64) -> usize {
    let significant = 64 - (bits | 1).leading_zeros();
    // The quotient by 7, rounded up, for all that 64 bits can have.
    ((significant * 9 + 64) >> 6) as usize
}

/// Bytes of the number that says how long something is.
#[inline]
pub(super) fn length_size(length: usize) -> usize {
    varint_size((length as u64) << 1)
}

#[inline]
fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| length_size(bytes.len()) + bytes.len())
}
