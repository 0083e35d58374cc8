//! The records of one batch as bytes in memory: checked, and decompressed if they have to be.

use arrow_buffer::Buffer;

use crate::batch::header::{BatchHeader, CRC_START, HEADER_BYTES, MAGIC};
use crate::compression::{self, Codec, decompress_into};
use crate::crc::crc32c;
use crate::error::{Error, Result};

const MAGIC_POSITION: usize = 16;
const ATTRIBUTES_POSITION: usize = 21;
const LAST_OFFSET_DELTA_POSITION: usize = 23;
const RECORD_COUNT_POSITION: usize = 57;
/// Where a batch of any format says its length, and what that leaves out.
const LENGTH_POSITION: usize = 8;

/// Bytes that records are walked in.
#[derive(Clone, Debug)]
pub(super) struct Payload<'a> {
    pub(super) bytes: &'a [u8],
    /// Where they lie in memory that will stay, if they do.
    pub(super) in_place: Option<InPlace>,
}

/// A place in an input that outlives its decoding.
#[derive(Clone, Debug)]
pub(super) struct InPlace {
    /// The whole input.
    pub(super) owner: Buffer,
    pub(super) position: usize,
}

/// A batch as it lies in the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawBatch<'a> {
    pub(super) header: BatchHeader,
    /// All of it, header included.
    pub(super) bytes: &'a [u8],
    /// Where it starts.
    pub(super) position: usize,
}

impl<'a> RawBatch<'a> {
    /// The batch at `position` of `input`. Believes its length, if so many bytes are there, and its magic.
    #[inline]
    pub(super) fn read(input: &'a [u8], position: usize) -> Result<Self> {
        let left = &input[position..];
        check_magic(left, position)?;
        let whole = |needed| Error::Truncated { what: "batch", position, needed, left: left.len() };
        let header = BatchHeader::parse(left).map_err(|_| whole(HEADER_BYTES))?;
        let size = header.size().ok_or(Error::Invalid {
            what: "batch_length",
            position: position + LENGTH_POSITION,
            expected: "at least 49, a header's",
            found: i64::from(header.batch_length),
        })?;
        let bytes = left.get(..size).ok_or_else(|| whole(size))?;
        Ok(Self { header, bytes, position })
    }

    /// What follows the header.
    pub(super) fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.header.codec() != compression::NONE
    }

    /// The number of its records, which bytes that are not there can still belie.
    pub(super) fn record_count(&self) -> u32 {
        u32::try_from(self.header.record_count).unwrap_or(0)
    }

    /// The offset of its last record, as far as that is within 64 bits.
    pub(super) fn last_offset(&self) -> i64 {
        self.header.base_offset.saturating_add(i64::from(self.header.last_offset_delta))
    }

    /// Holds the checksum against the bytes.
    pub(super) fn check_crc(&self) -> Result<()> {
        let (position, expected, found) = (self.position, self.header.crc, crc32c(&self.bytes[CRC_START..]));
        if expected == found {
            return Ok(());
        }
        Err(Error::Checksum { what: "batch", position, expected, found })
    }

    /// Checks what the header says of codec, count and offsets.
    pub(super) fn check_header(&self) -> Result<()> {
        let header = &self.header;
        let invalid = |what, at, expected, found| {
            Err(Error::Invalid { what, position: self.position + at, expected, found })
        };
        if header.codec() > compression::ZSTD {
            let expected = "a codec from 0 to 4";
            return invalid("attributes", ATTRIBUTES_POSITION, expected, header.codec().into());
        }
        if header.record_count < 0 {
            let found = header.record_count.into();
            return invalid("record_count", RECORD_COUNT_POSITION, "0 or more", found);
        }
        let last = header.base_offset.checked_add(i64::from(header.last_offset_delta));
        if header.last_offset_delta < 0 || last.is_none() {
            let (expected, found) = ("0 or more, within 64 bits", header.last_offset_delta.into());
            return invalid("last_offset_delta", LAST_OFFSET_DELTA_POSITION, expected, found);
        }
        Ok(())
    }

    /// The error of its payload, as one of the whole input.
    #[cold]
    pub(super) fn locate(&self, error: Error) -> Error {
        if self.is_compressed() {
            error.within(self.position)
        } else {
            error.shifted(self.position + HEADER_BYTES)
        }
    }

    /// Decompresses the payload into `scratch`, of at most `limit` bytes.
    ///
    /// A batch that compaction has left empty holds nothing, whatever its codec.
    pub(super) fn decompress(&self, scratch: &mut Vec<u8>, limit: usize) -> Result<()> {
        if self.payload().is_empty() {
            scratch.clear();
            return Ok(());
        }
        let codec = Codec::from_bits(self.header.codec()).unwrap_or(Codec::None);
        decompress_into(codec, self.payload(), scratch, limit).map_err(|error| error.shifted(self.position))
    }
}

/// Of a record: size, attributes, two deltas, key, value, header count.
pub(super) const RECORD_BYTES_MIN: usize = 7;

fn check_magic(left: &[u8], position: usize) -> Result<()> {
    let Some(magic) = left.get(MAGIC_POSITION) else { return Ok(()) };
    let magic = magic.cast_signed();
    let expected = match magic {
        MAGIC => return Ok(()),
        0..MAGIC => "2, message sets of magic 0 and 1 are not read",
        _ => "2",
    };
    let found = i64::from(magic);
    Err(Error::Invalid { what: "magic", position: position + MAGIC_POSITION, expected, found })
}
