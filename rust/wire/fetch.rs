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
/// The session epoch that asks for a new session.
pub const EPOCH_INITIAL: i32 = 0;
/// The session epoch that asks for none, and closes the one that is named.
pub const EPOCH_FINAL: i32 = -1;

/// One topic of the request: its name or identity, and where its partitions end.
#[derive(Clone, Debug)]
pub struct TopicPart {
    /// A range of `Fetch::names`.
    pub name: Range<u32>,
    /// The end of its partitions in `Fetch::parts`; they start where the last topic's end.
    pub partitions_end: u32,
}

/// How a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where reading goes on.
    pub offset: i64,
    /// Bytes of its records, at most; the first batch of an answer may be larger.
    pub bytes_max: i32,
    /// The leader epoch that the client knows.
    pub leader_epoch: i32,
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
    /// How it is asked for.
    pub asked: Asked,
}

/// What the client of a session knows of a partition; -1 for what it has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where the session holds the partition.
    pub slot: u32,
    /// The high watermark that it was told last.
    pub high_watermark: i64,
    /// The log start offset that it was told last.
    pub log_start_offset: i64,
}

/// Partitions that a session is to forget.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    /// Their topics; names are ranges of `Fetch::names`.
    pub topics: Vec<TopicPart>,
    /// Their numbers.
    pub partitions: Vec<i32>,
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
    /// What is wrong with the request as a whole. One that continues a session does so once the session has
    /// taken it up.
    pub code: Code,
    /// Names or identities of the topics, one after another.
    pub names: Vec<u8>,
    /// The topics in request order.
    pub topics: Vec<TopicPart>,
    /// The partitions in request order.
    pub parts: Vec<Part>,
    /// Where reading goes on, for the partitions that can be read.
    pub positions: Vec<LogPosition>,
    /// What the session is to forget.
    pub forgotten: Forgotten,
    /// For what a session looks at, one entry a partition: only what is news to the client is answered.
    pub told: Option<Vec<Told>>,
}

impl Fetch {
    /// Takes a frame apart. Fields that only brokers send are passed over.
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
        request.read_rest(&frame.bytes, &mut fields)?;
        if !request.is_full() {
            request.code = codes::FETCH_SESSION_ID_NOT_FOUND;
        }
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
            session_epoch: if version >= 7 { cursor.read_i32("session_epoch")? } else { EPOCH_FINAL },
            code: codes::NONE,
            names: Vec::new(),
            topics: Vec::new(),
            parts: Vec::new(),
            positions: Vec::new(),
            forgotten: Forgotten::default(),
            told: None,
        })
    }

    /// Whether topics are named by their identity.
    pub fn by_id(&self) -> bool {
        self.version >= VERSION_TOPIC_IDS
    }

    /// Whether it names all that it asks for; else it continues a session.
    pub fn is_full(&self) -> bool {
        matches!(self.session_epoch, EPOCH_INITIAL | EPOCH_FINAL)
    }

    /// Whether its partitions shall be remembered.
    pub fn opens_session(&self) -> bool {
        self.session_epoch == EPOCH_INITIAL
    }

    /// A request of the same kind and limits that asks for nothing yet.
    pub fn emptied(&self, code: Code) -> Self {
        Self {
            code,
            names: Vec::new(),
            topics: Vec::new(),
            parts: Vec::new(),
            positions: Vec::new(),
            forgotten: Forgotten::default(),
            told: Some(Vec::new()),
            ..*self
        }
    }

    /// The name, or identity, of a topic.
    pub fn name(&self, topic: &TopicPart) -> &[u8] {
        &self.names[topic.name.start as usize..topic.name.end as usize]
    }

    /// Each topic with its partitions, in request order.
    pub fn by_topic(&self) -> impl Iterator<Item = (&[u8], &[Part])> {
        let mut start = 0;
        self.topics.iter().map(move |topic| {
            let parts = start..topic.partitions_end as usize;
            start = parts.end;
            (self.name(topic), &self.parts[parts])
        })
    }

    /// Each topic with its partitions that the session is to forget.
    pub fn forgotten_by_topic(&self) -> impl Iterator<Item = (&[u8], &[i32])> {
        let mut start = 0;
        self.forgotten.topics.iter().map(move |topic| {
            let partitions = start..topic.partitions_end as usize;
            start = partitions.end;
            (self.name(topic), &self.forgotten.partitions[partitions])
        })
    }

    /// Asks for one more partition, if nothing speaks against it.
    pub fn add_part(&mut self, index: i32, asked: Asked, fate: &Fate) {
        let position = u32::try_from(self.positions.len()).unwrap_or(u32::MAX);
        self.parts.push(Part { index, code: fate.err().unwrap_or(codes::NONE), position, asked });
        if let Ok(key) = *fate {
            let bytes_max = u64::try_from(asked.bytes_max.min(self.max_bytes)).unwrap_or(0);
            self.positions.push(LogPosition { key, offset: asked.offset, bytes_max });
        }
    }

    fn read_topic(&mut self, bytes: &[u8], topics: &Topics, fields: &mut Fields<'_>) -> Result<()> {
        let name = read_name(self.by_id(), fields)?;
        let topic = topics.find(&bytes[name.clone()], self.by_id());
        let name = self.keep_name(&bytes[name])?;
        let count = fields.array("partitions", 16)?;
        if self.parts.len() + self.topics.len() + 1 + count > PARTITIONS_MAX {
            return Err(Error::TooLarge { what: "partitions", position: 0, limit: PARTITIONS_MAX });
        }
        self.parts.reserve(count);
        for _ in 0..count {
            self.read_partition(topic.map(|topic| &**topic), fields)?;
        }
        fields.skip_tags("topic tags")?;
        self.topics.push(TopicPart { name, partitions_end: index_u32(self.parts.len())? });
        Ok(())
    }

    fn read_partition(&mut self, topic: Option<&Topic>, fields: &mut Fields<'_>) -> Result<()> {
        let (version, cursor) = (self.version, &mut fields.cursor);
        let index = cursor.read_i32("partition")?;
        let leader_epoch = if version >= 9 { cursor.read_i32("current_leader_epoch")? } else { -1 };
        let offset = cursor.read_i64("fetch_offset")?;
        if version >= 12 {
            cursor.read_i32("last_fetched_epoch")?;
        }
        if version >= 5 {
            cursor.read_i64("log_start_offset")?;
        }
        let bytes_max = cursor.read_i32("partition_max_bytes")?;
        fields.skip_tags("partition tags")?;
        let fate = judge(topic, self.by_id(), index, leader_epoch);
        self.add_part(index, Asked { offset, bytes_max, leader_epoch }, &fate);
        Ok(())
    }

    fn keep_name(&mut self, name: &[u8]) -> Result<Range<u32>> {
        let start = index_u32(self.names.len())?;
        self.names.extend_from_slice(name);
        Ok(start..index_u32(self.names.len())?)
    }

    fn read_rest(&mut self, bytes: &[u8], fields: &mut Fields<'_>) -> Result<()> {
        if self.version >= 7 {
            self.read_forgotten(bytes, fields)?;
        }
        if self.version >= 11 {
            fields.string("rack_id")?;
        }
        fields.skip_tags("request tags")
    }

    fn read_forgotten(&mut self, bytes: &[u8], fields: &mut Fields<'_>) -> Result<()> {
        for _ in 0..fields.array("forgotten_topics_data", 3)? {
            let name = read_name(self.by_id(), fields)?;
            let count = fields.array("forgotten partitions", 4)?;
            let held = self.forgotten.partitions.len() + self.forgotten.topics.len();
            if held + 1 + count > PARTITIONS_MAX {
                return Err(Error::TooLarge { what: "forgotten", position: 0, limit: PARTITIONS_MAX });
            }
            for _ in 0..count {
                self.forgotten.partitions.push(fields.cursor.read_i32("forgotten partition")?);
            }
            fields.skip_tags("forgotten topic tags")?;
            let name = self.keep_name(&bytes[name])?;
            let partitions_end = index_u32(self.forgotten.partitions.len())?;
            self.forgotten.topics.push(TopicPart { name, partitions_end });
        }
        Ok(())
    }
}

/// Which log a partition is, or what is wrong with asking for it.
pub type Fate = std::result::Result<LogKey, Code>;

/// Whether a partition can be asked for. There is one leader epoch, 0; -1 means that the client knows none.
pub fn judge(topic: Option<&Topic>, by_id: bool, partition: i32, leader_epoch: i32) -> Fate {
    let topic = topic.ok_or(codes::unknown_topic(by_id))?;
    match leader_epoch {
        _ if !topic.has(partition) => Err(codes::UNKNOWN_TOPIC_OR_PARTITION),
        1.. => Err(codes::UNKNOWN_LEADER_EPOCH),
        ..-1 => Err(codes::FENCED_LEADER_EPOCH),
        _ => Ok(LogKey { topic_id: topic.id, partition }),
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
