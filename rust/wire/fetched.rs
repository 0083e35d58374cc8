//! The Fetch response as a client reads it, versions 4 to 18.

use std::ops::{Range, RangeInclusive};

use crate::error::{Error, Result};
use crate::wire::fields::Fields;

/// The versions that can be read.
pub const VERSIONS: RangeInclusive<i16> = 4..=18;
/// The first version with tags and compact fields.
const VERSION_FLEXIBLE: i16 = 12;
/// The first version that names topics by their identity.
const VERSION_TOPIC_IDS: i16 = 13;
/// Of a partition: index, error, high watermark, last stable offset, aborted transactions, records.
const PARTITION_BYTES_MIN: usize = 4 + 2 + 8 + 8 + 1 + 1;

/// What a broker answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchAnswer {
    /// How long the client was, or is to be, kept waiting.
    pub throttle_time_ms: i32,
    /// What went wrong with the whole request; 0 for nothing, and before version 7.
    pub error_code: i16,
    /// The fetch session, 0 for none.
    pub session_id: i32,
    /// The partitions in the order of the answer.
    pub partitions: Vec<FetchedPartition>,
}

/// How an answer names a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchedTopic {
    /// Its name, where it stands in the answer; always UTF-8.
    Name(Range<usize>),
    /// Its identity, from version 13 on.
    Id([u8; 16]),
}

/// What an answer says of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedPartition {
    /// Its topic.
    pub topic: FetchedTopic,
    /// Its number.
    pub index: i32,
    /// What went wrong with it, 0 for nothing.
    pub error_code: i16,
    /// The offset behind the last record that is committed.
    pub high_watermark: i64,
    /// The offset that readers of committed transactions may read up to.
    pub last_stable_offset: i64,
    /// The first offset that there is, -1 before version 5.
    pub log_start_offset: i64,
    /// The broker to read from instead, -1 for none.
    pub preferred_read_replica: i32,
    /// Producer ids and first offsets of the aborted transactions in the records.
    pub aborted: Vec<(i64, i64)>,
    /// Where its batches stand in the answer; the last one may be cut.
    pub records: Range<usize>,
}

impl FetchAnswer {
    /// Reads the body of a response: what follows its header.
    pub fn parse(body: &[u8], version: i16) -> Result<Self> {
        if !VERSIONS.contains(&version) {
            let (expected, found) = ("4 to 18", i64::from(version));
            return Err(Error::Invalid { what: "Fetch version", position: 0, expected, found });
        }
        let fields = Fields::at(body, 0, version >= VERSION_FLEXIBLE);
        Reader { body, version, fields }.read()
    }
}

struct Reader<'a> {
    body: &'a [u8],
    version: i16,
    fields: Fields<'a>,
}

impl Reader<'_> {
    fn read(mut self) -> Result<FetchAnswer> {
        let throttle_time_ms = self.fields.cursor.read_i32("throttle_time_ms")?;
        let mut answer = FetchAnswer { throttle_time_ms, ..FetchAnswer::default() };
        if self.version >= 7 {
            answer.error_code = self.fields.cursor.read_i16("error_code")?;
            answer.session_id = self.fields.cursor.read_i32("session_id")?;
        }
        for _ in 0..self.fields.array("topics", 2)? {
            self.read_topic(&mut answer.partitions)?;
        }
        self.fields.skip_tags("tags of the answer")?;
        self.check_end()?;
        Ok(answer)
    }

    fn check_end(&self) -> Result<()> {
        let (position, left) = (self.fields.cursor.position(), self.fields.cursor.left());
        if left == 0 {
            return Ok(());
        }
        let found = i64::try_from(left).unwrap_or(i64::MAX);
        Err(Error::Invalid { what: "bytes after the answer", position, expected: "none", found })
    }

    fn read_topic(&mut self, partitions: &mut Vec<FetchedPartition>) -> Result<()> {
        let topic = if self.version >= VERSION_TOPIC_IDS {
            FetchedTopic::Id(self.fields.cursor.array("topic id")?)
        } else {
            FetchedTopic::Name(self.read_name()?)
        };
        for _ in 0..self.fields.array("partitions", PARTITION_BYTES_MIN)? {
            partitions.push(self.read_partition(topic.clone())?);
        }
        self.fields.skip_tags("tags of a topic")
    }

    fn read_name(&mut self) -> Result<Range<usize>> {
        let name = self.fields.string("topic name")?;
        let position = name.start;
        let valid = std::str::from_utf8(&self.body[name.clone()]);
        valid.map_err(|_| Error::Malformed { what: "topic name that is not UTF-8", position })?;
        Ok(name)
    }

    fn read_partition(&mut self, topic: FetchedTopic) -> Result<FetchedPartition> {
        let cursor = &mut self.fields.cursor;
        let index = cursor.read_i32("partition")?;
        let error_code = cursor.read_i16("error_code of a partition")?;
        let high_watermark = cursor.read_i64("high_watermark")?;
        let last_stable_offset = cursor.read_i64("last_stable_offset")?;
        let log_start_offset = if self.version >= 5 { cursor.read_i64("log_start_offset")? } else { -1 };
        let aborted = self.read_aborted()?;
        let preferred_read_replica = self.read_preferred()?;
        let records = self.fields.nullable_bytes("records")?.unwrap_or(0..0);
        self.fields.skip_tags("tags of a partition")?;
        Ok(FetchedPartition {
            topic,
            index,
            error_code,
            high_watermark,
            last_stable_offset,
            log_start_offset,
            preferred_read_replica,
            aborted,
            records,
        })
    }

    fn read_preferred(&mut self) -> Result<i32> {
        if self.version >= 11 { self.fields.cursor.read_i32("preferred_read_replica") } else { Ok(-1) }
    }

    fn read_aborted(&mut self) -> Result<Vec<(i64, i64)>> {
        let count = self.fields.nullable_array("aborted_transactions", 16)?.unwrap_or(0);
        let mut aborted = Vec::with_capacity(count);
        for _ in 0..count {
            let cursor = &mut self.fields.cursor;
            aborted.push((cursor.read_i64("producer_id")?, cursor.read_i64("first_offset")?));
            self.fields.skip_tags("tags of an aborted transaction")?;
        }
        Ok(aborted)
    }
}

#[cfg(test)]
mod tests;
