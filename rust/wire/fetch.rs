//! The Fetch request: taken apart, its topics resolved.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::index::LogPosition;
use crate::segment::LogKey;
use crate::wire::answer::PARTITIONS_MAX;
use crate::wire::codes::{self, Code};
use crate::wire::fields::Fields;
use crate::wire::frames::Frame;
use crate::wire::topics::{Topic, Topics};

/// The versions that are served.
pub const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
/// The first version with tags and compact fields.
pub const VERSION_FLEXIBLE: i16 = 12;
/// The first version that names topics by their identity.
pub const VERSION_TOPIC_IDS: i16 = 13;

/// One topic of the request: its name or identity, and where its partitions end.
#[derive(Clone, Debug)]
pub struct TopicPart {
    /// A range of `Fetch::names`.
    pub name: Range<u32>,
    /// The end of its partitions in `Fetch::parts`; they start where the last topic's end.
    pub partitions_end: u32,
}

/// One partition of the request.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The partition's number.
    pub index: i32,
    /// What is wrong with asking for it, if anything.
    pub code: Code,
    /// Index into `Fetch::positions` where nothing is wrong.
    pub position: u32,
}

/// A parsed Fetch request.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the first ones' names are Kafka's
pub struct Fetch {
    pub version: i16,
    pub correlation_id: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub isolation_level: i8,
    pub session_id: i32,
    pub session_epoch: i32,
    /// Names or identities of the topics, one after another.
    pub names: Vec<u8>,
    /// The topics in request order.
    pub topics: Vec<TopicPart>,
    /// The partitions in request order.
    pub parts: Vec<Part>,
    /// Where reading goes on, for the partitions that can be read.
    pub positions: Vec<LogPosition>,
}

impl Fetch {
    /// Takes a frame apart. Fields that only brokers send, and what steers sessions, are passed over.
    pub fn parse(frame: &Frame, topics: &Topics) -> Result<Self> {
        let version = frame.header.api_version;
        if !VERSIONS.contains(&version) {
            let (what, expected) = ("Fetch version", "4 to 18");
            return Err(Error::Invalid { what, position: 2, expected, found: version.into() });
        }
        let mut fields = Fields::at(&frame.bytes, frame.header.body_position, version >= VERSION_FLEXIBLE);
        fields.skip_tags("header tags")?;
        let mut request = Self::open(frame, &mut fields)?;
        let entry_bytes_min = if version >= VERSION_FLEXIBLE { 3 } else { 6 };
        for _ in 0..fields.array("topics", entry_bytes_min)? {
            request.read_topic(&frame.bytes, topics, &mut fields)?;
        }
        request.skip_rest(&mut fields)?;
        Ok(request)
    }

    fn open(frame: &Frame, fields: &mut Fields<'_>) -> Result<Self> {
        let version = frame.header.api_version;
        let cursor = &mut fields.cursor;
        if version < 15 {
            cursor.read_i32("replica_id")?;
        }
        Ok(Self {
            version,
            correlation_id: frame.header.correlation_id,
            max_wait_ms: cursor.read_i32("max_wait_ms")?,
            min_bytes: cursor.read_i32("min_bytes")?,
            max_bytes: cursor.read_i32("max_bytes")?,
            isolation_level: cursor.read_i8("isolation_level")?,
            session_id: if version >= 7 { cursor.read_i32("session_id")? } else { 0 },
            session_epoch: if version >= 7 { cursor.read_i32("session_epoch")? } else { -1 },
            names: Vec::new(),
            topics: Vec::new(),
            parts: Vec::new(),
            positions: Vec::new(),
        })
    }

    /// Whether topics are named by their identity.
    pub fn by_id(&self) -> bool {
        self.version >= VERSION_TOPIC_IDS
    }

    /// The error of the whole request: it continues a session, and there are none. Full fetches are served
    /// whatever session they name.
    pub fn session_code(&self) -> Code {
        if self.session_epoch > 0 { codes::FETCH_SESSION_ID_NOT_FOUND } else { codes::NONE }
    }

    fn read_topic(&mut self, bytes: &[u8], topics: &Topics, fields: &mut Fields<'_>) -> Result<()> {
        let name = read_name(self.by_id(), fields)?;
        let topic = if self.by_id() {
            bytes[name.clone()].first_chunk().and_then(|id| topics.by_id(id))
        } else {
            topics.by_name(&bytes[name.clone()])
        };
        let start = self.names.len();
        self.names.extend_from_slice(&bytes[name]);
        let count = fields.array("partitions", 16)?;
        if self.parts.len() + self.topics.len() + 1 + count > PARTITIONS_MAX {
            return Err(Error::TooLarge { what: "partitions", position: 0, limit: PARTITIONS_MAX });
        }
        self.parts.reserve(count);
        for _ in 0..count {
            self.read_partition(topic.map(|topic| &**topic), fields)?;
        }
        fields.skip_tags("topic tags")?;
        let name = index_u32(start)?..index_u32(self.names.len())?;
        self.topics.push(TopicPart { name, partitions_end: index_u32(self.parts.len())? });
        Ok(())
    }

    fn read_partition(&mut self, topic: Option<&Topic>, fields: &mut Fields<'_>) -> Result<()> {
        let (version, cursor) = (self.version, &mut fields.cursor);
        let index = cursor.read_i32("partition")?;
        let epoch = if version >= 9 { cursor.read_i32("current_leader_epoch")? } else { -1 };
        let offset = cursor.read_i64("fetch_offset")?;
        if version >= 12 {
            cursor.read_i32("last_fetched_epoch")?;
        }
        if version >= 5 {
            cursor.read_i64("log_start_offset")?;
        }
        let bytes_max = cursor.read_i32("partition_max_bytes")?;
        fields.skip_tags("partition tags")?;
        let fate = self.judge(topic, index, epoch);
        let position = index_u32(self.positions.len())?;
        self.parts.push(Part { index, code: fate.err().unwrap_or(codes::NONE), position });
        if let Ok(key) = fate {
            let bytes_max = u64::try_from(bytes_max.min(self.max_bytes)).unwrap_or(0);
            self.positions.push(LogPosition { key, offset, bytes_max });
        }
        Ok(())
    }

    /// There is one leader epoch, 0; -1 means that the client knows none.
    fn judge(&self, topic: Option<&Topic>, partition: i32, epoch: i32) -> std::result::Result<LogKey, Code> {
        let topic = topic.ok_or(codes::unknown_topic(self.by_id()))?;
        match epoch {
            _ if !topic.has(partition) => Err(codes::UNKNOWN_TOPIC_OR_PARTITION),
            1.. => Err(codes::UNKNOWN_LEADER_EPOCH),
            ..-1 => Err(codes::FENCED_LEADER_EPOCH),
            _ => Ok(LogKey { topic_id: topic.id, partition }),
        }
    }

    fn skip_rest(&self, fields: &mut Fields<'_>) -> Result<()> {
        if self.version >= 7 {
            self.skip_forgotten(fields)?;
        }
        if self.version >= 11 {
            fields.string("rack_id")?;
        }
        fields.skip_tags("request tags")
    }

    fn skip_forgotten(&self, fields: &mut Fields<'_>) -> Result<()> {
        for _ in 0..fields.array("forgotten_topics_data", 3)? {
            read_name(self.by_id(), fields)?;
            let partitions = fields.array("forgotten partitions", 4)?;
            fields.cursor.take(4 * partitions, "forgotten partitions")?;
            fields.skip_tags("forgotten topic tags")?;
        }
        Ok(())
    }
}

fn read_name(by_id: bool, fields: &mut Fields<'_>) -> Result<Range<usize>> {
    if !by_id {
        return fields.string("topic name");
    }
    fields.cursor.take(16, "topic_id")?;
    Ok(fields.cursor.position() - 16..fields.cursor.position())
}

fn index_u32(index: usize) -> Result<u32> {
    u32::try_from(index).map_err(|_| Error::TooLarge {
        what: "request",
        position: 0,
        limit: u32::MAX as usize,
    })
}
