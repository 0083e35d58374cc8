//! Segments: the objects that hold the log. docs/formats/segment.md is the format's authority.

pub mod sealed;

pub use sealed::{LogKey, Sealed, SealedBatch, SealedLog};
