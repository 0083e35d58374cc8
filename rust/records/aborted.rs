//! Which batches a reader of committed transactions does not get to see.

use std::collections::{HashSet, VecDeque};

use super::payload::RawBatch;
use super::walk::{Depth, Walk};
use crate::error::{Error, Result};

/// A control record's key: version and type, 16 bits each.
const CONTROL_KEY_BYTES: usize = 4;
const CONTROL_ABORT: i16 = 0;

/// The aborted transactions of one log, in the order of their first offsets.
///
/// A producer's transaction begins at its first offset and ends with its marker, so batches must be shown in the
/// order of the log.
#[derive(Clone, Debug, Default)]
pub struct Aborted {
    to_come: VecDeque<(i64, i64)>,
    begun: HashSet<i64>,
}

impl Aborted {
    /// From producer ids and first offsets, as a Fetch answer has them.
    pub fn new(transactions: &[(i64, i64)]) -> Self {
        let mut to_come: Vec<_> = transactions.to_vec();
        to_come.sort_unstable_by_key(|(_, first_offset)| *first_offset);
        Self { to_come: to_come.into(), begun: HashSet::new() }
    }

    /// Whether any batch of this one's producer may have to be looked at.
    pub(super) fn concerns(&self, batch: &RawBatch<'_>) -> bool {
        batch.header.producer_id >= 0 && !(self.to_come.is_empty() && self.begun.is_empty())
    }

    /// Begins the transactions that begin up to this batch, and says whether it belongs to one.
    pub(super) fn hides(&mut self, batch: &RawBatch<'_>) -> bool {
        let last = batch.last_offset();
        while let Some(&(producer_id, _)) = self.to_come.front().filter(|(_, first)| *first <= last) {
            self.begun.insert(producer_id);
            self.to_come.pop_front();
        }
        let header = &batch.header;
        header.is_transactional() && !header.is_control() && self.begun.contains(&header.producer_id)
    }

    /// Ends the transaction that this marker ends.
    pub(super) fn end(&mut self, batch: &RawBatch<'_>, marker: Option<i16>) {
        if marker == Some(CONTROL_ABORT) {
            self.begun.remove(&batch.header.producer_id);
        }
    }
}

/// The type of the first control record in a payload, None if there is no record.
pub(super) fn read_marker(batch: &RawBatch<'_>, payload: &[u8]) -> Result<Option<i16>> {
    let (mut walk, mut spans) = (Walk::over(batch.record_count()), Vec::with_capacity(1));
    walk.step(payload, Depth::Key, &mut spans)?;
    let Some(record) = spans.first() else { return Ok(None) };
    let key = record.key.of(payload).and_then(|key| key.first_chunk::<CONTROL_KEY_BYTES>());
    let Some([_, _, kind @ ..]) = key else {
        let (position, found) = (record.key.start as usize, i64::from(record.key.size));
        let expected = "at least 4 bytes";
        return Err(Error::Invalid { what: "key of a control record", position, expected, found });
    };
    Ok(Some(i16::from_be_bytes(*kind)))
}
