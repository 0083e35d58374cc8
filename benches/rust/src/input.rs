//! The values and batches that the Python bench left for the other languages.

use std::path::{Path, PathBuf};

use bytes::Bytes;

/// Timestamps go up by one every eight records, as everywhere in this bench.
const FIRST_TIMESTAMP_MS: i64 = 1_763_900_000_000;
const RECORDS_PER_MS: i64 = 8;
/// Position of the records in a batch.
const HEADER_BYTES: usize = 61;

/// One case: the same records as values and as finished batches.
pub struct Input {
    /// Record values.
    pub values: Vec<Bytes>,
    /// Batches of them, compressed by the case's codec.
    pub batches: Bytes,
    /// The records of each batch as the codec sees them.
    pub payloads: Vec<Bytes>,
}

impl Input {
    /// Reads the case, if the Python bench has written it.
    pub fn read(directory: &Path, record_bytes: usize, codec: &str) -> Option<Self> {
        let file = |kind: &str, codec: &str| -> PathBuf {
            directory.join(format!("{kind}-{record_bytes}-{codec}.bin"))
        };
        let values = split_values(&std::fs::read(file("values", codec)).ok()?.into());
        let batches = std::fs::read(file("batches", codec)).ok()?.into();
        let plain: Bytes = std::fs::read(file("plain", codec)).ok()?.into();
        let payloads = split_batches(&plain).into_iter().map(|batch| batch.slice(HEADER_BYTES..)).collect();
        Some(Self { values, batches, payloads })
    }

    /// Bytes of all values.
    pub fn value_bytes(&self) -> u64 {
        self.values.iter().map(|value| value.len() as u64).sum()
    }
}

/// The timestamp of a record.
pub fn timestamp_of(row: usize) -> i64 {
    FIRST_TIMESTAMP_MS + i64::try_from(row).expect("a row number") / RECORDS_PER_MS
}

/// The batches of a buffer, one behind the other.
pub fn split_batches(bytes: &Bytes) -> Vec<Bytes> {
    let (mut batches, mut left) = (Vec::new(), bytes.clone());
    while !left.is_empty() {
        let length = u32::from_be_bytes(left[8..12].try_into().expect("four bytes"));
        batches.push(left.split_to(12 + length as usize));
    }
    batches
}

/// Values, each behind its length as four bytes with the lowest first.
fn split_values(bytes: &Bytes) -> Vec<Bytes> {
    let (mut values, mut left) = (Vec::new(), bytes.clone());
    while !left.is_empty() {
        let size = u32::from_le_bytes(left.split_to(4)[..].try_into().expect("four bytes"));
        values.push(left.split_to(size as usize));
    }
    values
}
