//! Segment objects read back: their index, and whether all of it is true.

use std::collections::HashSet;

use super::format::{
    Columns, FLAG_LOG_APPEND_TIME, FooterHead, HEADER_BYTES, SegmentHeader, Trailer, differs, read_array,
    read_i64, read_u32, read_u64,
};
use super::sealed::LogKey;
use crate::batch::header::{BatchHeader, CRC_START, MAGIC};
use crate::batch::{Batches, HEADER_BYTES as BATCH_HEADER_BYTES};
use crate::crc::crc32c;
use crate::error::{Error, Result};

/// A segment object whose header, footer and index hold together. Bodies are read by [`Segment::batches`].
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    data: &'a [u8],
    header: SegmentHeader,
    footer_position: usize,
    columns: Columns,
    logs: Vec<LogEntry>,
    batches: usize,
}

/// What the index says of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Whose batches.
    pub key: LogKey,
    /// Where its first batch starts in the object.
    pub position: usize,
    /// Bytes of all its batches.
    pub size: usize,
    /// Its first batch's place among all of the segment.
    pub first_batch: usize,
    /// How many batches.
    pub batches: usize,
    /// How many records.
    pub records: u64,
    /// The highest time that its producers gave.
    pub max_timestamp: i64,
    /// Whether its topic gives records the time of their commit.
    pub log_append_time: bool,
}

/// What the index says of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEntry {
    /// Where it starts in the object.
    pub position: u64,
    /// How many records.
    pub records: u32,
    /// Its base timestamp.
    pub base_timestamp: i64,
    /// The highest time of its records.
    pub max_timestamp: i64,
}

impl<'a> Segment<'a> {
    /// Reads the whole object `data`; costs a checksum of the footer and a look at its index.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let header = SegmentHeader::read(data)?;
        let trailer = Trailer::read(data)?;
        let position = trailer.footer_position;
        let footer = &data[position..trailer.footer_end];
        let head = FooterHead::read(footer, position)?;
        check_head(&header, &trailer, &head)?;
        let (logs, batches) = (head.logs as usize, head.batches as usize);
        let columns = Columns::of(logs, batches)
            .filter(|columns| columns.footer_bytes == footer.len())
            .ok_or_else(|| differs("footer size", position, "that of its logs and batches", footer.len()))?;
        let mut segment =
            Self { data, header, footer_position: position, columns, logs: Vec::new(), batches };
        segment.logs = segment.read_logs(logs)?;
        segment.check_batch_positions()?;
        segment.check_totals(&head)?;
        Ok(segment)
    }

    /// The header.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The index by log, in the order of the body.
    pub fn logs(&self) -> &[LogEntry] {
        &self.logs
    }

    /// Where the footer starts, which is where the body ends.
    pub fn footer_position(&self) -> usize {
        self.footer_position
    }

    /// Batches of all logs.
    pub fn batch_count(&self) -> usize {
        self.batches
    }

    /// The index of one batch, if there are so many.
    pub fn batch(&self, index: usize) -> Option<BatchEntry> {
        (index < self.batches).then(|| self.batch_entry(index))
    }

    /// Walks the batches of a log in the body.
    pub fn batches(&self, log: &LogEntry) -> Batches<'a> {
        Batches::new(&self.data[log.position..log.position + log.size])
    }

    fn footer(&self) -> &'a [u8] {
        &self.data[self.footer_position..]
    }

    fn batch_entry(&self, index: usize) -> BatchEntry {
        let (footer, columns) = (self.footer(), &self.columns);
        BatchEntry {
            position: read_u64(footer, columns.batch_position.at(index)),
            records: read_u32(footer, columns.batch_records.at(index)),
            base_timestamp: read_i64(footer, columns.batch_base_timestamp.at(index)),
            max_timestamp: read_i64(footer, columns.batch_max_timestamp.at(index)),
        }
    }

    /// Reads the logs, which must follow each other without gaps from the header to the footer.
    fn read_logs(&self, count: usize) -> Result<Vec<LogEntry>> {
        let mut logs = Vec::with_capacity(count);
        let (mut position, mut batch) = (HEADER_BYTES, 0);
        for index in 0..count {
            let log = self.read_log(index, position, batch)?;
            position += log.size;
            batch += log.batches;
            logs.push(log);
        }
        if position != self.footer_position {
            return Err(differs("end of the last log", position, "the footer's start", position));
        }
        if batch != self.batches {
            return Err(differs(
                "batches of all logs",
                self.footer_position + 44,
                "those of the footer",
                batch,
            ));
        }
        Ok(logs)
    }

    fn read_log(&self, index: usize, position: usize, first_batch: usize) -> Result<LogEntry> {
        let (footer, columns) = (self.footer(), &self.columns);
        let place = |at| self.footer_position + at;
        let stored = read_u64(footer, columns.log_position.at(index));
        if stored != position as u64 {
            return Err(differs(
                "log position",
                place(columns.log_position.at(index)),
                "the end before it",
                stored,
            ));
        }
        let size = read_u64(footer, columns.log_size.at(index));
        let size =
            usize::try_from(size).ok().filter(|&size| size <= self.footer_position - position).ok_or_else(
                || differs("log size", place(columns.log_size.at(index)), "no more than the body", size),
            )?;
        let batches = read_u32(footer, columns.log_batches.at(index));
        let batches = usize::try_from(batches)
            .ok()
            .filter(|&batches| batches > 0 && batches <= self.batches - first_batch)
            .ok_or_else(|| {
                differs("batches of a log", place(columns.log_batches.at(index)), "1 or more", batches)
            })?;
        let flags = footer[columns.log_flags.at(index)];
        if flags & !FLAG_LOG_APPEND_TIME != 0 {
            return Err(differs("log flags", place(columns.log_flags.at(index)), "0 or 1", flags));
        }
        Ok(LogEntry {
            key: self.read_key(index)?,
            position,
            size,
            first_batch,
            batches,
            records: read_u64(footer, columns.log_records.at(index)),
            max_timestamp: read_i64(footer, columns.log_max_timestamp.at(index)),
            log_append_time: flags != 0,
        })
    }

    fn read_key(&self, index: usize) -> Result<LogKey> {
        let (footer, columns) = (self.footer(), &self.columns);
        let at = columns.log_partition.at(index);
        let partition = i32::from_le_bytes(read_array(footer, at));
        if partition < 0 {
            return Err(differs("partition", self.footer_position + at, "0 or more", partition));
        }
        Ok(LogKey { topic_id: read_array(footer, columns.log_topic_id.at(index)), partition })
    }

    /// Batches start at their log's position and leave each other room for a header.
    fn check_batch_positions(&self) -> Result<()> {
        for log in &self.logs {
            let mut earliest = log.position as u64;
            for index in log.first_batch..log.first_batch + log.batches {
                let at = self.columns.batch_position.at(index);
                let position = read_u64(self.footer(), at);
                let latest = (log.position + log.size).saturating_sub(BATCH_HEADER_BYTES) as u64;
                let first = index == log.first_batch;
                if position > latest || position < earliest || first && position != earliest {
                    return Err(differs(
                        "batch position",
                        self.footer_position + at,
                        "a place in its log",
                        position,
                    ));
                }
                earliest = position + BATCH_HEADER_BYTES as u64;
            }
        }
        Ok(())
    }

    fn check_totals(&self, head: &FooterHead) -> Result<()> {
        let body = (self.footer_position - HEADER_BYTES) as u64;
        if head.body_bytes != body {
            return Err(differs(
                "body size",
                self.footer_position + 24,
                "all before the footer",
                head.body_bytes,
            ));
        }
        let records = self.logs.iter().fold(0u64, |sum, log| sum.saturating_add(log.records));
        if head.records != records {
            return Err(differs("records", self.footer_position + 32, "the sum over all logs", head.records));
        }
        Ok(())
    }
}

fn check_head(header: &SegmentHeader, trailer: &Trailer, head: &FooterHead) -> Result<()> {
    let position = trailer.footer_position;
    if trailer.kind != header.kind {
        return Err(differs("kind", trailer.footer_end + 5, "that of the header", trailer.kind.code()));
    }
    if head.segment_id != header.segment_id {
        return Err(Error::Malformed { what: "segment id that differs from the header's", position });
    }
    if head.created_ms != header.created_ms {
        return Err(differs("created_ms", position + 16, "that of the header", head.created_ms));
    }
    Ok(())
}

/// Checks every checksum and count of the object `data` and says how many batches it holds.
pub fn verify(data: &[u8]) -> Result<usize> {
    let segment = Segment::parse(data)?;
    let mut seen = HashSet::new();
    for log in segment.logs() {
        if !seen.insert(log.key) {
            return Err(Error::Malformed { what: "log that is there twice", position: log.position });
        }
        verify_log(&segment, log)?;
    }
    Ok(segment.batch_count())
}

/// Walks a log's batches beside their index.
fn verify_log(segment: &Segment<'_>, log: &LogEntry) -> Result<()> {
    let (mut count, mut records, mut max_timestamp) = (0, 0u64, i64::MIN);
    for batch in segment.batches(log) {
        let (position, header, bytes) = batch.map_err(|error| error.shifted(log.position))?;
        let position = log.position + position;
        let entry = segment.batch(log.first_batch + count).filter(|_| count < log.batches);
        let entry =
            entry.ok_or_else(|| differs("batches of a log", position, "as many as indexed", count + 1))?;
        verify_batch(&entry, position, &header, bytes)?;
        count += 1;
        records += u64::from(entry.records);
        max_timestamp = max_timestamp.max(header.max_timestamp);
    }
    if count != log.batches {
        return Err(differs("batches of a log", log.position, "as many as indexed", count));
    }
    if records != log.records {
        return Err(differs("records of a log", log.position, "as many as indexed", records));
    }
    if max_timestamp != log.max_timestamp {
        return Err(differs("max_timestamp of a log", log.position, "as indexed", max_timestamp));
    }
    Ok(())
}

fn verify_batch(entry: &BatchEntry, position: usize, header: &BatchHeader, bytes: &[u8]) -> Result<()> {
    if entry.position != position as u64 {
        return Err(differs("batch", position, "the position that is indexed", entry.position));
    }
    if header.magic != MAGIC {
        return Err(differs("magic", position + 16, "2", header.magic));
    }
    let (expected, found) = (header.crc, crc32c(&bytes[CRC_START..]));
    if expected != found {
        return Err(Error::Checksum { what: "batch", position, expected, found });
    }
    if i64::from(header.record_count) != i64::from(entry.records) {
        return Err(differs("record_count", position + 57, "as indexed", header.record_count));
    }
    if header.base_timestamp != entry.base_timestamp {
        return Err(differs("base_timestamp", position + 27, "as indexed", header.base_timestamp));
    }
    if header.max_timestamp != entry.max_timestamp {
        return Err(differs("max_timestamp", position + 35, "as indexed", header.max_timestamp));
    }
    Ok(())
}
