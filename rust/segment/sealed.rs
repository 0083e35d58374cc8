//! What is known of a segment that was just packed: enough to give offsets without its bytes.

/// A partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The topic's identity.
    pub topic_id: [u8; 16],
    /// The partition's number.
    pub partition: i32,
}

/// One log's part of a segment: adjacent bytes, adjacent batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedLog {
    /// Whose batches.
    pub key: LogKey,
    /// Whether the topic gives records the time of their commit.
    pub log_append_time: bool,
    /// Its batches, as a range of the segment's.
    pub batches: std::ops::Range<usize>,
}

/// One batch of a segment, with the facts that order and idempotence need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedBatch {
    /// Where it starts in the object.
    pub position: u64,
    /// Its bytes.
    pub size: u32,
    /// Records, at least 1; `last_offset_delta` is one less.
    pub record_count: i32,
    /// The highest time of its records.
    pub max_timestamp: i64,
    /// -1 where the producer is not idempotent.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// Sequence number of the first record.
    pub base_sequence: i32,
}

/// All that is known of a sealed segment without its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// In the order of the body; each log once.
    pub logs: Vec<SealedLog>,
    /// In the order of the body.
    pub batches: Vec<SealedBatch>,
}
