//! The 61 bytes at the start of every batch.

use crate::cursor::Cursor;
use crate::error::Result;

/// Size of a batch header.
pub const HEADER_BYTES: usize = 61;
/// Where the bytes start that the CRC covers (the attributes).
pub const CRC_START: usize = 21;
/// What `batch_length` leaves out: base offset and the length itself.
pub const LENGTH_OVERHEAD: usize = 12;
/// The only magic there is.
pub const MAGIC: i8 = 2;

/// A batch header, field by field, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are Kafka's
pub struct BatchHeader {
    pub base_offset: i64,
    pub batch_length: i32,
    pub partition_leader_epoch: i32,
    pub magic: i8,
    pub crc: u32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; checks nothing but that it is there.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        Ok(Self {
            base_offset: cursor.read_i64("base_offset")?,
            batch_length: cursor.read_i32("batch_length")?,
            partition_leader_epoch: cursor.read_i32("partition_leader_epoch")?,
            magic: cursor.read_i8("magic")?,
            crc: cursor.read_u32("crc")?,
            attributes: cursor.read_i16("attributes")?,
            last_offset_delta: cursor.read_i32("last_offset_delta")?,
            base_timestamp: cursor.read_i64("base_timestamp")?,
            max_timestamp: cursor.read_i64("max_timestamp")?,
            producer_id: cursor.read_i64("producer_id")?,
            producer_epoch: cursor.read_i16("producer_epoch")?,
            base_sequence: cursor.read_i32("base_sequence")?,
            record_count: cursor.read_i32("record_count")?,
        })
    }

    /// Size of the whole batch as the header says, or None if that is less than a header.
    pub fn size(&self) -> Option<usize> {
        let size = usize::try_from(self.batch_length).ok()?.checked_add(LENGTH_OVERHEAD)?;
        (size >= HEADER_BYTES).then_some(size)
    }

    /// Codec bits: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub fn codec(&self) -> u8 {
        self.attributes.to_be_bytes()[1] & 0x07
    }

    /// Whether the broker gave the records their time, which is then the maximum timestamp.
    pub fn has_append_time(&self) -> bool {
        self.attributes & 0x08 != 0
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & 0x10 != 0
    }

    /// Whether it holds a transaction's marker instead of data.
    pub fn is_control(&self) -> bool {
        self.attributes & 0x20 != 0
    }
}
