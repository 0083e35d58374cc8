//! Offsets: giving them at commit, finding them at fetch.

pub mod extent;

pub use extent::{BatchOutcome, CommitOutcome, Extent, Located, LocatedLog, LogPosition, SegmentRef};
