//! The layout of a segment object, version 1, as docs/formats/segment.md tells it.
//!
//! Segments' own integers are little-endian: columns can be mapped as they are. Batches stay Kafka's.

use crate::crc::crc32c;
use crate::error::{Error, Result};

/// How every segment starts. Line ends of both kinds, so that a text-mode transfer shows.
pub const HEADER_MAGIC: [u8; 8] = *b"SKYLOG\r\n";
/// How every segment ends.
pub const TRAILER_MAGIC: [u8; 8] = *b"\n\rGOLYKS";
/// The only version there is.
pub const VERSION: u8 = 1;
/// Size of the header.
pub const HEADER_BYTES: usize = 40;
/// Size of the trailer.
pub const TRAILER_BYTES: usize = 20;
/// Size of the footer's part before its columns.
pub const FOOTER_HEAD_BYTES: usize = 48;
/// In the flags of a log: its topic gives records the time of their commit.
pub const FLAG_LOG_APPEND_TIME: u8 = 1;

/// What sort of segment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Batches of many logs as they arrived; their offsets are only known to the coordinator.
    Shared,
    /// Batches with their final offsets.
    Consolidated,
}

impl Kind {
    /// The byte that stands for it.
    pub fn code(self) -> u8 {
        match self {
            Self::Shared => 1,
            Self::Consolidated => 2,
        }
    }

    fn of(code: u8, position: usize) -> Result<Self> {
        match code {
            1 => Ok(Self::Shared),
            2 => Ok(Self::Consolidated),
            _ => Err(differs("kind", position, "1 or 2", code)),
        }
    }
}

/// The first bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// What sort of segment it is.
    pub kind: Kind,
    /// When it was sealed, in milliseconds since 1970.
    pub created_ms: i64,
    /// Its identity.
    pub segment_id: [u8; 16],
}

impl SegmentHeader {
    /// The header's bytes.
    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&HEADER_MAGIC);
        bytes[8] = VERSION;
        bytes[9] = self.kind.code();
        bytes[12..20].copy_from_slice(&self.created_ms.to_le_bytes());
        bytes[20..36].copy_from_slice(&self.segment_id);
        let crc = crc32c(&bytes[..36]);
        bytes[36..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads and checks the header at the start of `data`.
    pub fn read(data: &[u8]) -> Result<Self> {
        let bytes: &[u8; HEADER_BYTES] = data.first_chunk().ok_or_else(|| short("segment header", data))?;
        check_magic("segment header magic", &bytes[..8], HEADER_MAGIC, 0)?;
        check_crc("segment header", &bytes[..36], read_u32(bytes, 36), 0)?;
        check_version(bytes[8], 8)?;
        check_reserved(&bytes[10..12], 10)?;
        let kind = Kind::of(bytes[9], 9)?;
        Ok(Self { kind, created_ms: read_i64(bytes, 12), segment_id: read_array(bytes, 20) })
    }
}

/// The last bytes of a segment: where the footer starts and that it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Where the footer starts in the object.
    pub footer_position: usize,
    /// Where it ends.
    pub footer_end: usize,
    /// What sort of segment it is, once more.
    pub kind: Kind,
}

impl Trailer {
    /// The trailer's bytes behind `footer`.
    pub fn write(footer: &[u8], footer_bytes: u32, kind: Kind) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        bytes[..4].copy_from_slice(&footer_bytes.to_le_bytes());
        bytes[4] = VERSION;
        bytes[5] = kind.code();
        let crc = crate::crc::crc32c_update(crc32c(footer), &bytes[..8]);
        bytes[8..12].copy_from_slice(&crc.to_le_bytes());
        bytes[12..].copy_from_slice(&TRAILER_MAGIC);
        bytes
    }

    /// Reads the trailer at the end of `data` and checks the footer's checksum.
    pub fn read(data: &[u8]) -> Result<Self> {
        let footer_end = data.len().checked_sub(TRAILER_BYTES).ok_or_else(|| short("trailer", data))?;
        check_magic("trailer magic", &data[footer_end + 12..], TRAILER_MAGIC, footer_end + 12)?;
        let size = read_u32(data, footer_end);
        let footer_position = usize::try_from(size)
            .ok()
            .and_then(|size| footer_end.checked_sub(size))
            .filter(|&position| position >= HEADER_BYTES)
            .ok_or_else(|| differs("footer size", footer_end, "no more than the object holds", size))?;
        check_crc(
            "footer",
            &data[footer_position..footer_end + 8],
            read_u32(data, footer_end + 8),
            footer_position,
        )?;
        check_version(data[footer_end + 4], footer_end + 4)?;
        check_reserved(&data[footer_end + 6..footer_end + 8], footer_end + 6)?;
        Ok(Self { footer_position, footer_end, kind: Kind::of(data[footer_end + 5], footer_end + 5)? })
    }
}

/// Where a column of the footer starts, from the footer's start, and how wide its values are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    start: usize,
    width: usize,
}

impl Column {
    pub(crate) fn put(self, footer: &mut [u8], index: usize, value: &[u8]) {
        let at = self.start + index * self.width;
        footer[at..at + self.width].copy_from_slice(value);
    }

    pub(crate) fn at(self, index: usize) -> usize {
        self.start + index * self.width
    }
}

/// The footer's columns, widest first: each is aligned to its width without padding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) log_topic_id: Column,
    pub(crate) log_position: Column,
    pub(crate) log_size: Column,
    pub(crate) log_records: Column,
    pub(crate) log_max_timestamp: Column,
    pub(crate) batch_position: Column,
    pub(crate) batch_base_timestamp: Column,
    pub(crate) batch_max_timestamp: Column,
    pub(crate) log_partition: Column,
    pub(crate) log_batches: Column,
    pub(crate) batch_records: Column,
    pub(crate) log_flags: Column,
    /// Size of the whole footer.
    pub(crate) footer_bytes: usize,
}

impl Columns {
    /// The columns of a footer over so many logs and batches; None if it would not fit a footer's size.
    pub(crate) fn of(logs: usize, batches: usize) -> Option<Self> {
        u32::try_from(logs.checked_mul(57)?.checked_add(batches.checked_mul(28)?)?.checked_add(48)?).ok()?;
        let mut end = FOOTER_HEAD_BYTES;
        let mut column = |width: usize, count: usize| {
            let start = end;
            end += width * count;
            Column { start, width }
        };
        let mut columns = Self {
            log_topic_id: column(16, logs),
            log_position: column(8, logs),
            log_size: column(8, logs),
            log_records: column(8, logs),
            log_max_timestamp: column(8, logs),
            batch_position: column(8, batches),
            batch_base_timestamp: column(8, batches),
            batch_max_timestamp: column(8, batches),
            log_partition: column(4, logs),
            log_batches: column(4, logs),
            batch_records: column(4, batches),
            log_flags: column(1, logs),
            footer_bytes: 0,
        };
        columns.footer_bytes = end;
        Some(columns)
    }
}

/// The footer's part before its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FooterHead {
    pub(crate) segment_id: [u8; 16],
    pub(crate) created_ms: i64,
    pub(crate) body_bytes: u64,
    pub(crate) records: u64,
    pub(crate) logs: u32,
    pub(crate) batches: u32,
}

impl FooterHead {
    pub(crate) fn write(&self, footer: &mut [u8]) {
        footer[..16].copy_from_slice(&self.segment_id);
        footer[16..24].copy_from_slice(&self.created_ms.to_le_bytes());
        footer[24..32].copy_from_slice(&self.body_bytes.to_le_bytes());
        footer[32..40].copy_from_slice(&self.records.to_le_bytes());
        footer[40..44].copy_from_slice(&self.logs.to_le_bytes());
        footer[44..48].copy_from_slice(&self.batches.to_le_bytes());
    }

    /// Reads the head of `footer`, which starts at `position` in its object.
    pub(crate) fn read(footer: &[u8], position: usize) -> Result<Self> {
        let head: &[u8; FOOTER_HEAD_BYTES] =
            footer.first_chunk().ok_or_else(|| short("footer head", footer).shifted(position))?;
        Ok(Self {
            segment_id: read_array(head, 0),
            created_ms: read_i64(head, 16),
            body_bytes: read_u64(head, 24),
            records: read_u64(head, 32),
            logs: read_u32(head, 40),
            batches: read_u32(head, 44),
        })
    }
}

/// `N` bytes at `at`, which the caller knows to be there.
pub(crate) fn read_array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[at..at + N]);
    value
}

pub(crate) fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(read_array(bytes, at))
}

pub(crate) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(read_array(bytes, at))
}

pub(crate) fn read_i64(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(read_array(bytes, at))
}

pub(crate) fn differs(
    what: &'static str,
    position: usize,
    expected: &'static str,
    found: impl TryInto<i64>,
) -> Error {
    Error::Invalid { what, position, expected, found: found.try_into().unwrap_or(i64::MAX) }
}

fn short(what: &'static str, data: &[u8]) -> Error {
    let needed = match what {
        "trailer" => TRAILER_BYTES,
        "footer head" => FOOTER_HEAD_BYTES,
        _ => HEADER_BYTES,
    };
    Error::Truncated { what, position: 0, needed, left: data.len() }
}

fn check_magic(what: &'static str, found: &[u8], expected: [u8; 8], position: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(differs(what, position, "the magic of a segment", read_u64(found, 0).cast_signed()))
}

fn check_crc(what: &'static str, bytes: &[u8], expected: u32, position: usize) -> Result<()> {
    let found = crc32c(bytes);
    if found == expected { Ok(()) } else { Err(Error::Checksum { what, position, expected, found }) }
}

fn check_version(version: u8, position: usize) -> Result<()> {
    if version == VERSION { Ok(()) } else { Err(differs("version", position, "1", version)) }
}

fn check_reserved(bytes: &[u8], position: usize) -> Result<()> {
    match bytes.iter().find(|&&byte| byte != 0) {
        None => Ok(()),
        Some(&byte) => Err(differs("reserved bytes", position, "0", byte)),
    }
}
