//! What a log remembers of a producer, and Kafka's rules of idempotence.

use super::extent::BatchOutcome;
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::segment::SealedBatch;

/// How many batches of a producer a log remembers; Kafka's clients rely on five.
pub const REMEMBERED_MAX: usize = 5;
const REMEMBERED_BYTES: usize = 16;

/// A batch that was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

/// A producer in one log: its epoch and its last batches, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerState {
    epoch: i16,
    batches: Vec<Remembered>,
    known: bool,
}

impl ProducerState {
    /// A producer of which nothing is remembered: its first batch may have any sequence number.
    pub fn unknown(epoch: i16) -> Self {
        Self { epoch, batches: Vec::new(), known: false }
    }

    /// Reads what [`ProducerState::to_bytes`] wrote.
    pub fn from_bytes(epoch: i16, bytes: &[u8]) -> Result<Self> {
        let count = bytes.len() / REMEMBERED_BYTES;
        if !bytes.len().is_multiple_of(REMEMBERED_BYTES) || count > REMEMBERED_MAX {
            return Err(Error::Invalid {
                what: "remembered batches",
                position: 0,
                expected: "at most five entries of 16 bytes",
                found: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            });
        }
        let mut cursor = Cursor::new(bytes);
        let mut batches = Vec::with_capacity(REMEMBERED_MAX);
        for _ in 0..count {
            batches.push(Remembered {
                first_sequence: cursor.read_i32("first_sequence")?,
                last_sequence: cursor.read_i32("last_sequence")?,
                base_offset: cursor.read_i64("base_offset")?,
            });
        }
        Ok(Self { epoch, batches, known: true })
    }

    /// The remembered batches, oldest first: first sequence i32, last sequence i32, base offset i64, big-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.batches.len() * REMEMBERED_BYTES);
        for batch in &self.batches {
            bytes.extend(batch.first_sequence.to_be_bytes());
            bytes.extend(batch.last_sequence.to_be_bytes());
            bytes.extend(batch.base_offset.to_be_bytes());
        }
        bytes
    }

    /// The producer's present epoch.
    pub fn epoch(&self) -> i16 {
        self.epoch
    }

    /// Judges a batch that would get offsets from `next_offset` on, and remembers it if it may have them.
    pub fn append(&mut self, batch: &SealedBatch, next_offset: i64) -> BatchOutcome {
        let last_sequence = sequence_after(batch.base_sequence, batch.record_count.saturating_sub(1));
        if self.known {
            if batch.producer_epoch < self.epoch {
                return BatchOutcome::InvalidProducerEpoch;
            }
            if let Some(base_offset) = self.find_duplicate(batch, last_sequence) {
                return BatchOutcome::Duplicate { base_offset };
            }
            if batch.base_sequence != self.expected_sequence(batch.producer_epoch) {
                return BatchOutcome::OutOfOrderSequence;
            }
        }
        self.remember(batch, last_sequence, next_offset);
        BatchOutcome::Appended { base_offset: next_offset }
    }

    fn find_duplicate(&self, batch: &SealedBatch, last_sequence: i32) -> Option<i64> {
        let same_epoch = batch.producer_epoch == self.epoch;
        self.batches
            .iter()
            .find(|known| {
                same_epoch
                    && known.first_sequence == batch.base_sequence
                    && known.last_sequence == last_sequence
            })
            .map(|known| known.base_offset)
    }

    fn expected_sequence(&self, epoch: i16) -> i32 {
        match self.batches.last() {
            Some(last) if epoch == self.epoch => sequence_after(last.last_sequence, 1),
            _ => 0,
        }
    }

    fn remember(&mut self, batch: &SealedBatch, last_sequence: i32, base_offset: i64) {
        if batch.producer_epoch != self.epoch {
            self.batches.clear();
        }
        if self.batches.len() == REMEMBERED_MAX {
            self.batches.remove(0);
        }
        self.epoch = batch.producer_epoch;
        self.known = true;
        self.batches.push(Remembered { first_sequence: batch.base_sequence, last_sequence, base_offset });
    }
}

/// Goes on by `increment` (0 or more); after 2^31-1 comes 0.
fn sequence_after(sequence: i32, increment: i32) -> i32 {
    let sum = (i64::from(sequence) + i64::from(increment)) & i64::from(i32::MAX);
    i32::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(epoch: i16, base_sequence: i32, record_count: i32) -> SealedBatch {
        SealedBatch {
            position: 0,
            size: 100,
            record_count,
            max_timestamp: 0,
            producer_id: 7,
            producer_epoch: epoch,
            base_sequence,
        }
    }

    fn appended(base_offset: i64) -> BatchOutcome {
        BatchOutcome::Appended { base_offset }
    }

    #[test]
    fn an_unknown_producer_may_start_anywhere() {
        let mut state = ProducerState::unknown(3);
        assert_eq!(state.append(&batch(3, 41, 2), 10), appended(10));
        assert_eq!(state.append(&batch(3, 43, 1), 12), appended(12));
    }

    #[test]
    fn a_gap_and_a_step_back_are_out_of_order() {
        let mut state = ProducerState::unknown(0);
        state.append(&batch(0, 0, 5), 0);
        assert_eq!(state.append(&batch(0, 6, 1), 5), BatchOutcome::OutOfOrderSequence);
        assert_eq!(state.append(&batch(0, 0, 4), 5), BatchOutcome::OutOfOrderSequence);
        assert_eq!(state.append(&batch(0, 5, 1), 5), appended(5));
    }

    #[test]
    fn five_batches_are_remembered_and_not_six() {
        let mut state = ProducerState::unknown(0);
        for sequence in 0..6 {
            state.append(&batch(0, sequence, 1), 100 + i64::from(sequence));
        }
        assert_eq!(state.append(&batch(0, 0, 1), 106), BatchOutcome::OutOfOrderSequence);
        assert_eq!(state.append(&batch(0, 1, 1), 106), BatchOutcome::Duplicate { base_offset: 101 });
        assert_eq!(state.append(&batch(0, 5, 1), 106), BatchOutcome::Duplicate { base_offset: 105 });
    }

    #[test]
    fn sequences_wrap_to_zero() {
        let mut state = ProducerState::unknown(0);
        assert_eq!(state.append(&batch(0, i32::MAX - 1, 4), 0), appended(0));
        assert_eq!(state.append(&batch(0, 2, 1), 4), appended(4));
        assert_eq!(state.append(&batch(0, i32::MAX - 1, 4), 5), BatchOutcome::Duplicate { base_offset: 0 });
        assert_eq!(sequence_after(i32::MAX, 1), 0);
    }

    #[test]
    fn a_newer_epoch_starts_at_zero_and_an_older_one_is_refused() {
        let mut state = ProducerState::unknown(1);
        state.append(&batch(1, 0, 3), 0);
        assert_eq!(state.append(&batch(2, 3, 1), 3), BatchOutcome::OutOfOrderSequence);
        assert_eq!(state.append(&batch(2, 0, 3), 3), appended(3));
        assert_eq!(state.append(&batch(1, 3, 1), 6), BatchOutcome::InvalidProducerEpoch);
        assert_eq!(state.append(&batch(2, 0, 3), 6), BatchOutcome::Duplicate { base_offset: 3 });
    }

    #[test]
    fn bytes_bring_the_state_back() {
        let mut state = ProducerState::unknown(2);
        for sequence in 0..7 {
            state.append(&batch(2, sequence, 1), i64::from(sequence));
        }
        let back = ProducerState::from_bytes(2, &state.to_bytes());
        assert_eq!(back, Ok(state));
        assert!(ProducerState::from_bytes(2, &[0; 15]).is_err());
        assert!(ProducerState::from_bytes(2, &[0; 96]).is_err());
    }
}
