//! The values that sequencing, lookup and the wire share.

use std::sync::Arc;

use crate::segment::LogKey;

/// A run of adjacent batches of one log in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Index or number of the segment, as its holder says.
    pub segment: u64,
    /// Where the first batch starts in the object.
    pub position: u64,
    /// Bytes of all its batches.
    pub size: u64,
    /// The commit's time for topics with log append time, else -1.
    pub append_time_ms: i64,
}

/// Where a segment lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRef {
    /// The object's key.
    pub key: Arc<str>,
    /// The object's size.
    pub size: u64,
}

/// Where a reader wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// Which log.
    pub key: LogKey,
    /// From which offset on.
    pub offset: i64,
    /// Extents are wanted until their bytes pass this; the first always is.
    pub bytes_max: u64,
}

/// What is known of one log from a position on. Offsets beyond the bounds find no extents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocatedLog {
    /// The first offset that can be read.
    pub log_start_offset: i64,
    /// The first offset that is not there yet; with no transactions also the last stable offset.
    pub high_watermark: i64,
    /// Extents in order; the first holds the offset asked for. `segment` is an index into `Located::segments`.
    pub extents: Vec<Extent>,
}

/// The answer for many positions, in their order; None for a log that does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// One entry a position.
    pub logs: Vec<Option<LocatedLog>>,
    /// Each segment once.
    pub segments: Vec<SegmentRef>,
}

/// What became of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    /// It got offsets from here on.
    Appended {
        /// The offset of its first record.
        base_offset: i64,
    },
    /// It was there before.
    Duplicate {
        /// The offset it got then.
        base_offset: i64,
    },
    /// Its sequence number does not follow.
    OutOfOrderSequence,
    /// A newer epoch of its producer is known.
    InvalidProducerEpoch,
    /// The log is gone.
    UnknownLog,
}

/// The outcome of a commit: one entry for each batch of the segment, one log start for each of its logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOutcome {
    /// In the order of the segment's batches.
    pub batches: Vec<BatchOutcome>,
    /// For each log of the segment: its log start offset (-1 if gone).
    pub log_start_offsets: Vec<i64>,
    /// For each log of the segment: the time of the append if the topic wants it, else -1.
    pub append_times_ms: Vec<i64>,
    /// The commit's time.
    pub append_time_ms: i64,
}
