//! Kafka's record batch, version 2.

pub mod faults;
pub mod header;
mod record;
pub(crate) mod records;
mod source;
pub mod stamp;
pub mod validate;

pub use header::{BatchHeader, HEADER_BYTES};
pub use source::DECOMPRESSED_BYTES_MAX;

use crate::error::{Error, Result};

/// Batches one after another, each with its position; ends after the first that is not whole.
///
/// Only lengths are checked, so it costs nothing but a header's read each.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Batches<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    fn read(&self) -> Result<(usize, BatchHeader, &'a [u8])> {
        let position = self.position;
        let left = &self.bytes[position..];
        let whole = |needed| Error::Truncated { what: "batch", position, needed, left: left.len() };
        let header = BatchHeader::parse(left).map_err(|_| whole(HEADER_BYTES))?;
        let size = header.size().ok_or(Error::Invalid {
            what: "batch_length",
            position: position + 8,
            expected: "at least a header's",
            found: i64::from(header.batch_length),
        })?;
        let batch = left.get(..size).ok_or_else(|| whole(size))?;
        Ok((position, header, batch))
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<(usize, BatchHeader, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position == self.bytes.len() {
            return None;
        }
        let item = self.read();
        self.position = item.as_ref().map_or(self.bytes.len(), |(position, _, batch)| position + batch.len());
        Some(item)
    }
}
