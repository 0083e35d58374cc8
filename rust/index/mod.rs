//! Offsets: giving them at commit, finding them at fetch.

pub mod extent;
pub mod lookup;
pub mod producer;
pub mod sequence;

pub use extent::{BatchOutcome, CommitOutcome, Extent, Located, LocatedLog, LogPosition, SegmentRef};
pub use lookup::ExtentIndex;
pub use producer::ProducerState;
pub use sequence::{ExtentRow, LogState, ProducerRow, Sequenced, distinct_producers, sequence};
