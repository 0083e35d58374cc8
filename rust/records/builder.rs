//! One batch after another of records that come little by little.

use bytes::Bytes;

use super::block::{Block, fits};
use super::encode::{Encoded, output_room};
use super::input::{InputError, RowFlaw};
use super::options::BatchOptions;
use super::seal::{Next, Sealer};
use super::timestamps::checked;
use super::writer::{BatchWriter, Record, SLACK};
use crate::batch::HEADER_BYTES;
use crate::memory::Room;

/// Collects records until a batch is full; what does not fit is not taken.
pub struct Builder {
    sealer: Sealer,
    next: Next,
    written: BatchWriter,
    room: Room,
}

impl Builder {
    /// A builder of batches of these options.
    pub fn new(options: BatchOptions) -> Result<Self, InputError> {
        let sealer = Sealer::new(options)?;
        let room = fresh_room(&sealer)?;
        Ok(Self { sealer, next: Next::first(&options), written: BatchWriter::EMPTY, room })
    }

    /// Records of the batch so far.
    pub fn record_count(&self) -> i32 {
        self.written.records
    }

    /// Bytes of the batch so far, head included; what they are before they are compressed.
    pub fn size_bytes(&self) -> usize {
        if self.written.records == 0 { 0 } else { HEADER_BYTES + self.written.filled }
    }

    /// Takes `record`; false, and nothing is taken, if the batch has no room for it, or another
    /// time where there is one for all.
    pub fn append(&mut self, record: &Record<'_>) -> Result<bool, RowFlaw> {
        check(record)?;
        if self.written.push(&mut self.room[HEADER_BYTES..], record, self.sealer.limits())? {
            return Ok(true);
        }
        fits(record, self.sealer.limits().bytes).map(|()| false)
    }

    /// Takes records from row `from` on until the batch is full; returns how many. A record that can never be taken is
    /// an error once it is the first.
    pub fn extend(&mut self, block: &Block, from: usize) -> Result<usize, InputError> {
        if from >= block.len() {
            return Ok(0);
        }
        block.check_times(&self.sealer.options)?;
        self.check_first(block, from).map_err(|flaw| flaw.at(from))?;
        let filled =
            block.fill(from, self.sealer.limits(), &mut self.written, &mut self.room[HEADER_BYTES..]);
        let next = filled.unwrap_or_else(|(row, _)| row);
        Ok(next - from)
    }

    fn check_first(&self, block: &Block, row: usize) -> Result<(), RowFlaw> {
        let mut headers = Vec::new();
        let record = block.record(row, &mut headers)?;
        fits(&record, self.sealer.limits().bytes)
    }

    /// The batch; the next one goes on behind it. None when nothing was taken.
    pub fn take(&mut self) -> Result<Option<Encoded>, InputError> {
        if self.written.records == 0 {
            return Ok(None);
        }
        let encoded = if self.sealer.compresses() { self.take_compressed() } else { self.take_plain() }?;
        self.written = BatchWriter::EMPTY;
        Ok(Some(encoded))
    }

    fn take_plain(&mut self) -> Result<Encoded, InputError> {
        let large = self.size_bytes() > self.room.len() / 2;
        let fresh = large.then(|| fresh_room(&self.sealer)).transpose()?;
        let entry = self.sealer.seal(&self.written, &[], &mut self.room, &mut self.next)?;
        let bytes = match fresh {
            Some(fresh) => std::mem::replace(&mut self.room, fresh).freeze(entry.size),
            None => Bytes::copy_from_slice(&self.room[..entry.size]),
        };
        Ok(Encoded { bytes, index: vec![entry] })
    }

    fn take_compressed(&mut self) -> Result<Encoded, InputError> {
        let mut out = output_room(self.sealer.batch_bound(self.written.filled))?;
        let entry = self.sealer.seal(&self.written, &self.room[HEADER_BYTES..], &mut out, &mut self.next)?;
        Ok(Encoded { bytes: Bytes::copy_from_slice(&out[..entry.size]), index: vec![entry] })
    }
}

/// What columns are asked for is asked of a single record too.
fn check(record: &Record<'_>) -> Result<(), RowFlaw> {
    checked(record.timestamp, record.timestamp)?;
    let text = record.headers.iter().all(|(key, _)| std::str::from_utf8(key).is_ok());
    if text { Ok(()) } else { Err(RowFlaw::HeaderKey) }
}

fn fresh_room(sealer: &Sealer) -> Result<Room, InputError> {
    output_room(HEADER_BYTES + sealer.limits().bytes + SLACK)
}
