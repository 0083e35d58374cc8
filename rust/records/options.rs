//! What all batches of one output have in common.

use super::input::InputError;
use crate::batch::HEADER_BYTES;
use crate::compression::Codec;

/// The least that a record takes.
const RECORD_BYTES_MIN: usize = 7;
const APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;

/// An idempotent producer and where its sequence goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Given by a broker; -1 for none.
    pub id: i64,
    /// Which of its lives; -1 for none.
    pub epoch: i16,
    /// The number of the next record; -1 for none.
    pub base_sequence: i32,
}

impl Producer {
    /// No producer: batches that may be stored twice.
    pub const NONE: Self = Self { id: -1, epoch: -1, base_sequence: -1 };
}

/// How batches are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// No batch is larger, head included.
    pub batch_bytes_max: usize,
    /// How the records are compressed.
    pub compression: Codec,
    /// How hard; None for the codec's own default.
    pub level: Option<i32>,
    /// Whether the timestamps are the broker's; there is one for all records then.
    pub append_time: bool,
    /// Who writes.
    pub producer: Producer,
    /// Whether the batches belong to a transaction.
    pub transactional: bool,
    /// Offset of the first record.
    pub base_offset: i64,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            batch_bytes_max: 1_048_588,
            compression: Codec::None,
            level: None,
            append_time: false,
            producer: Producer::NONE,
            transactional: false,
            base_offset: 0,
        }
    }
}

impl BatchOptions {
    /// Refuses what no broker would take.
    pub fn check(&self) -> Result<(), InputError> {
        let bytes_min = HEADER_BYTES + RECORD_BYTES_MIN;
        let bytes = i64::try_from(self.batch_bytes_max).unwrap_or(i64::MAX);
        let fits = self.batch_bytes_max >= bytes_min && bytes <= i64::from(i32::MAX);
        require(fits, "max_batch_bytes", || format!("{bytes_min} to {}", i32::MAX), bytes)?;
        require(self.base_offset >= 0, "base_offset", || "at least 0".to_owned(), self.base_offset)?;
        self.check_producer()
    }

    fn check_producer(&self) -> Result<(), InputError> {
        let Producer { id, epoch, base_sequence } = self.producer;
        let (named, wish) = if id >= 0 {
            (epoch >= 0 && base_sequence >= 0, "at least 0 with a producer_id")
        } else {
            (epoch == -1 && base_sequence == -1, "-1 without a producer_id")
        };
        require(id >= -1, "producer_id", || "at least -1".to_owned(), id)?;
        let epoch_fits = (epoch >= 0) == (id >= 0) && epoch >= -1;
        require(epoch_fits, "producer_epoch", || wish.to_owned(), i64::from(epoch))?;
        require(named, "base_sequence", || wish.to_owned(), i64::from(base_sequence))?;
        let holds = id >= 0 || !self.transactional;
        require(holds, "producer_id", || "at least 0 for transactional batches".to_owned(), id)
    }

    /// The attributes of every batch.
    pub(super) fn attributes(&self) -> i16 {
        let append_time = if self.append_time { APPEND_TIME } else { 0 };
        let transactional = if self.transactional { TRANSACTIONAL } else { 0 };
        i16::from(self.compression.bits()) | append_time | transactional
    }
}

fn require(
    holds: bool,
    option: &'static str,
    expected: impl FnOnce() -> String,
    found: i64,
) -> Result<(), InputError> {
    if holds { Ok(()) } else { Err(InputError::Option { option, expected: expected(), found }) }
}
