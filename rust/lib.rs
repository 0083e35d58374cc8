//! The hot path of skylog: Kafka record batches, segments, Produce and Fetch on the wire.
//!
//! Nothing here waits, reads a clock, draws a random number or logs; every count that comes from bytes is
//! bounded by the bytes that remain. Python sees this crate through [`python`](crate) only.

pub mod batch;
pub mod compression;
pub mod crc;
pub mod cursor;
pub mod error;
pub mod index;
pub mod memory;
#[cfg(feature = "python")]
mod python;
pub mod records;
#[cfg(test)]
#[path = "tests/samples.rs"]
mod samples;
pub mod segment;
pub mod wire;
