//! Whether a produced batch is one that Kafka would take, and what is known of it then.

use super::faults::{Fault, RecordFaults};
use super::header::{BatchHeader, CRC_START, HEADER_BYTES, LENGTH_OVERHEAD, MAGIC};
use super::record::{Record, read_record};
use super::source::{Slice, Source, Window};
use crate::compression::{self, codec_name};
use crate::crc::crc32c;
use crate::cursor::Cursor;
use crate::error::Error;

/// The first Produce version that may carry zstd.
const PRODUCE_VERSION_ZSTD: i16 = 7;
/// The least that may follow a batch's length: the smallest batch of the formats before version 2.
const REST_BYTES_MIN: i32 = 14;
/// Where the length stands in every format.
const LENGTH_POSITION: usize = 8;
/// Where the magic stands in every format.
const MAGIC_POSITION: usize = 16;
/// What stands where a record has no time.
const NO_TIMESTAMP: i64 = -1;

/// What a topic asks of its batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicRules {
    /// Size of the largest batch it takes.
    pub batch_bytes_max: usize,
    /// Whether records get the time of their commit.
    pub log_append_time: bool,
    /// Whether every record needs a key.
    pub compacted: bool,
    /// How far a record's time may lie behind.
    pub timestamp_before_ms_max: i64,
    /// How far a record's time may lie ahead.
    pub timestamp_after_ms_max: i64,
}

/// What is known of a checked batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchFacts {
    /// Its header as it came.
    pub header: BatchHeader,
    /// The highest time of its records once they were walked, before that what the header says.
    pub max_timestamp: i64,
}

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// Its lengths or its checksum are wrong.
    #[error("{0}")]
    Corrupt(String),
    /// It is whole but not as a producer may send it.
    #[error("{0}")]
    InvalidRecord(String),
    /// It is larger than the topic allows.
    #[error("the batch has {size} bytes, this topic takes {limit}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The topic's limit.
        limit: usize,
    },
    /// Its codec is unknown, or unknown to the request's version.
    #[error("{0}")]
    UnsupportedCompression(String),
    /// Its kind of time is not for producers to choose.
    #[error("{0}")]
    InvalidTimestamp(String),
    /// It is as a producer may send it, but for some of its records.
    #[error("{0}")]
    Records(RecordFaults),
}

type Checked<T> = Result<T, Reject>;

/// Checks all that can be known of one partition's produced bytes without looking at records.
///
/// The checks stand in Kafka's order, so that a batch with several faults gets the error it gets there.
pub fn check_head(records: &[u8], rules: &TopicRules, produce_version: i16) -> Checked<BatchFacts> {
    let header = check_frame(records)?;
    check_codec(&header, produce_version)?;
    if header.base_offset != 0 {
        return invalid(format!("base_offset: expected 0, found {}", header.base_offset));
    }
    if records.len() > rules.batch_bytes_max {
        return Err(Reject::TooLarge { size: records.len(), limit: rules.batch_bytes_max });
    }
    let found = crc32c(&records[CRC_START..]);
    if found != header.crc {
        let expected = header.crc;
        return Err(Reject::Corrupt(format!(
            "batch checksum: expected {expected:#010x}, found {found:#010x}"
        )));
    }
    check_counts(&header)?;
    check_attributes(&header)?;
    check_producer(&header)?;
    Ok(BatchFacts { header, max_timestamp: header.max_timestamp })
}

/// One whole batch of version 2 and nothing else.
fn check_frame(records: &[u8]) -> Checked<BatchHeader> {
    check_start(records)?;
    let header = BatchHeader::parse(records).map_err(|error| Reject::Corrupt(error.to_string()))?;
    match header.size() {
        Some(size) if size == records.len() => Ok(header),
        Some(size) if size < records.len() => {
            invalid(format!("{} bytes after the batch, expected exactly one batch", records.len() - size))
        }
        _ => Err(Reject::Corrupt(format!("batch_length: too small: {}", header.batch_length))),
    }
}

/// What Kafka looks at to find a batch at all: to it bytes that end too early are no batch, which is an invalid
/// record and final, while a length or a magic that cannot be is corruption, which clients send again.
fn check_start(records: &[u8]) -> Checked<()> {
    let mut cursor = Cursor::new(records.get(LENGTH_POSITION..).unwrap_or_default());
    let Ok(length) = cursor.read_i32("batch_length") else {
        return invalid(format!("no whole batch: found {} bytes", records.len()));
    };
    if length < REST_BYTES_MIN {
        return Err(Reject::Corrupt(format!("batch_length: too small: {length}")));
    }
    match records.get(MAGIC_POSITION).map(|magic| magic.cast_signed()) {
        None => invalid(format!("no whole batch: found {} bytes", records.len())),
        Some(MAGIC) => check_whole(records, length),
        Some(magic @ 0..MAGIC) => invalid(format!("magic: expected {MAGIC}, found {magic}")),
        Some(magic) => Err(Reject::Corrupt(format!("magic: expected {MAGIC}, found {magic}"))),
    }
}

fn check_whole(records: &[u8], length: i32) -> Checked<()> {
    let rest = records.len() - LENGTH_OVERHEAD;
    if usize::try_from(length).is_ok_and(|length| length <= rest) {
        return Ok(());
    }
    invalid(format!("no whole batch: expected {length} bytes after its length, found {rest}"))
}

fn check_codec(header: &BatchHeader, produce_version: i16) -> Checked<()> {
    let codec = header.codec();
    if codec > compression::ZSTD || codec == compression::ZSTD && produce_version < PRODUCE_VERSION_ZSTD {
        let name = codec_name(codec);
        return Err(Reject::UnsupportedCompression(format!(
            "compression {codec} ({name}): not in Produce version {produce_version}"
        )));
    }
    Ok(())
}

fn check_counts(header: &BatchHeader) -> Checked<()> {
    let (count, last) = (header.record_count, header.last_offset_delta);
    if count <= 0 {
        return invalid(format!("record_count: expected at least 1, found {count}"));
    }
    if last != count - 1 {
        return invalid(format!(
            "last_offset_delta: expected {} for {count} records, found {last}",
            count - 1
        ));
    }
    Ok(())
}

fn check_attributes(header: &BatchHeader) -> Checked<()> {
    if header.is_control() {
        return invalid("control batches are not for clients to write".to_owned());
    }
    if header.has_append_time() {
        return Err(Reject::InvalidTimestamp("log append time is not for producers to set".to_owned()));
    }
    Ok(())
}

fn check_producer(header: &BatchHeader) -> Checked<()> {
    let (id, epoch, sequence) = (header.producer_id, header.producer_epoch, header.base_sequence);
    if id >= 0 && (epoch < 0 || sequence < 0) {
        return invalid(format!(
            "producer {id}: epoch {epoch} and base_sequence {sequence} must not be negative"
        ));
    }
    if header.is_transactional() && id < 0 {
        return invalid("a transactional batch without a producer id".to_owned());
    }
    Ok(())
}

/// Walks all records of a batch that passed [`check_head`], decompressing them through a small window.
///
/// Sets the true maximum timestamp in `facts`. Memory stays within a small multiple of the batch (see
/// [`compression`]), work within [`DECOMPRESSED_BYTES_MAX`](super::source::DECOMPRESSED_BYTES_MAX).
pub fn walk(records: &[u8], facts: &mut BatchFacts, rules: &TopicRules, now_ms: i64) -> Checked<()> {
    let payload = records.get(HEADER_BYTES..).unwrap_or_default();
    let bounds = Bounds::of(rules, now_ms);
    let header = &facts.header;
    facts.max_timestamp = match header.codec() {
        compression::NONE => walk_source(Slice::new(payload), header, rules, bounds),
        codec => walk_source(Window::open(codec, payload).map_err(malformed)?, header, rules, bounds),
    }?;
    Ok(())
}

/// The times that records may have.
#[derive(Clone, Copy)]
struct Bounds {
    earliest: i64,
    latest: i64,
}

impl Bounds {
    fn of(rules: &TopicRules, now_ms: i64) -> Self {
        if rules.log_append_time {
            return Self { earliest: i64::MIN, latest: i64::MAX };
        }
        Self {
            earliest: now_ms.saturating_sub(rules.timestamp_before_ms_max),
            latest: now_ms.saturating_add(rules.timestamp_after_ms_max),
        }
    }
}

/// The highest time of the records, -1 if none has one.
fn walk_source<S: Source>(
    mut source: S,
    header: &BatchHeader,
    rules: &TopicRules,
    bounds: Bounds,
) -> Checked<i64> {
    let mut max_timestamp = NO_TIMESTAMP;
    let mut faults = RecordFaults::default();
    for index in 0..header.record_count {
        let record = read_record(&mut source).map_err(malformed)?;
        match check_record(&record, index, header, rules, bounds) {
            Ok(timestamp) => max_timestamp = max_timestamp.max(timestamp),
            Err(fault) => faults.note(index, fault),
        }
    }
    source.end().map_err(malformed)?;
    if faults.is_empty() { Ok(max_timestamp) } else { Err(Reject::Records(faults)) }
}

#[inline]
fn check_record(
    record: &Record,
    index: i32,
    header: &BatchHeader,
    rules: &TopicRules,
    bounds: Bounds,
) -> Result<i64, Fault> {
    if record.offset_delta != index {
        return Err(Fault::OffsetDelta { expected: index, found: record.offset_delta });
    }
    if rules.compacted && !record.has_key {
        return Err(Fault::NoKey);
    }
    let Some(found) = header.base_timestamp.checked_add(record.timestamp_delta) else {
        return Err(Fault::TimestampRange);
    };
    if found != NO_TIMESTAMP && (found < bounds.earliest || found > bounds.latest) {
        return Err(Fault::Timestamp { found, earliest: bounds.earliest, latest: bounds.latest });
    }
    Ok(found)
}

#[cold]
fn invalid<T>(message: String) -> Checked<T> {
    Err(Reject::InvalidRecord(message))
}

#[cold]
fn malformed(error: Error) -> Reject {
    Reject::InvalidRecord(error.to_string())
}

#[cfg(test)]
mod tests;
