//! Segments: the objects that hold the log. docs/formats/segment.md is the format's authority.

pub mod format;
pub mod pack;
pub mod read;
pub mod sealed;
pub mod seek;
#[cfg(test)]
mod tests;

pub use pack::{Layout, PackInput};
pub use read::{BatchEntry, LogEntry, Segment, verify};
pub use sealed::{LogKey, Sealed, SealedBatch, SealedLog};
pub use seek::{ExtentBytes, Found, find_max_timestamp, find_timestamp};
