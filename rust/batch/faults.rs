//! What is wrong with single records of a batch: producers are told record by record.

use std::fmt;

/// Records of one batch that are named at most: what a batch costs in its answer stays within bounds.
pub const FAULTS_MAX: usize = 1 << 12;

/// What is wrong with a record that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not stand where it says.
    #[error("offset delta expected {expected}, found {found}")]
    OffsetDelta {
        /// Its place in the batch.
        expected: i32,
        /// What it says.
        found: i32,
    },
    /// It has no key, in a topic that is compacted by key.
    #[error("a compacted topic takes only records with a key")]
    NoKey,
    /// Its time lies out of the topic's bounds.
    #[error("timestamp expected within {earliest} and {latest}, found {found}")]
    Timestamp {
        /// Its time.
        found: i64,
        /// The least that is taken.
        earliest: i64,
        /// The most that is taken.
        latest: i64,
    },
    /// Its time cannot be counted in 64 bits.
    #[error("timestamp out of 64 bits")]
    TimestampRange,
}

impl Fault {
    fn is_of_time(self) -> bool {
        matches!(self, Self::Timestamp { .. } | Self::TimestampRange)
    }
}

/// The invalid records of one batch by their index, the first [`FAULTS_MAX`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFaults {
    listed: Vec<(i32, Fault)>,
    count: usize,
    of_time: bool,
}

impl RecordFaults {
    /// Notes what is wrong with the record of this index.
    #[cold]
    pub fn note(&mut self, index: i32, fault: Fault) {
        self.count += 1;
        self.of_time |= fault.is_of_time();
        if self.listed.len() < FAULTS_MAX {
            self.listed.push((index, fault));
        }
    }

    /// Whether all records are good.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether one of them is wrong in its time, which decides over the code of the whole batch.
    pub fn is_of_time(&self) -> bool {
        self.of_time
    }

    /// Those that are named, by index.
    pub fn listed(&self) -> &[(i32, Fault)] {
        &self.listed
    }
}

impl fmt::Display for RecordFaults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((index, fault)) = self.listed.first() else { return Ok(()) };
        write!(out, "record {index}: {fault}")?;
        match self.count - 1 {
            0 => Ok(()),
            others => write!(out, "; {others} more of the batch are invalid"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_and_the_others_counted() {
        let mut faults = RecordFaults::default();
        assert!(faults.is_empty());
        faults.note(3, Fault::NoKey);
        assert_eq!(faults.to_string(), "record 3: a compacted topic takes only records with a key");
        faults.note(5, Fault::TimestampRange);
        assert!(faults.to_string().ends_with("; 1 more of the batch are invalid"));
    }

    #[test]
    fn no_more_are_kept_than_an_answer_may_cost() {
        let mut faults = RecordFaults::default();
        for index in 0..10_000 {
            faults.note(index, Fault::NoKey);
        }
        assert_eq!(faults.listed().len(), FAULTS_MAX);
        assert!(!faults.is_of_time());
        faults.note(10_000, Fault::TimestampRange);
        assert!(faults.is_of_time());
        assert!(faults.to_string().contains("10000 more"));
    }
}
