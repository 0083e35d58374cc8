//! Kafka's record batch, version 2.

pub mod header;

pub use header::{BatchHeader, HEADER_BYTES};
