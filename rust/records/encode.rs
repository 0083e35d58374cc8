//! Blocks of columns to one run of batches.

use bytes::Bytes;

use super::block::{Block, fits};
use super::input::{InputError, RowFlaw};
use super::options::BatchOptions;
use super::seal::{BatchEntry, Next, Sealer};
use super::writer::{BatchWriter, SLACK};
use crate::batch::HEADER_BYTES;
use crate::memory::Room;

/// From here on it is worth a look at all rows how large an output can get at most.
const OUTPUT_BYTES_LARGE: usize = 64 << 20;

/// Batches one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Their bytes.
    pub bytes: Bytes,
    /// Where each is and what it holds.
    pub index: Vec<BatchEntry>,
}

/// A row of some block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which block.
    pub block: usize,
    /// Which of its rows.
    pub row: usize,
}

/// Makes batches of blocks of columns, output after output; offsets and sequences go on.
pub struct Encoder {
    sealer: Sealer,
    next: Next,
    /// Records that are not compressed yet.
    scratch: Room,
}

impl Encoder {
    /// An encoder for batches of these options.
    pub fn new(options: BatchOptions) -> Result<Self, InputError> {
        let sealer = Sealer::new(options)?;
        let scratch = output_room(if sealer.compresses() { sealer.limits().bytes + SLACK } else { 0 })?;
        Ok(Self { sealer, next: Next::first(&options), scratch })
    }

    /// Encodes all records of `blocks` into one output.
    pub fn encode(&mut self, blocks: &[&Block]) -> Result<Encoded, InputError> {
        let room = output_room(self.output_bound(blocks))?;
        self.run(blocks, Place::default(), true, usize::MAX, room).map(|(encoded, _)| encoded)
    }

    /// Encodes records from `from` on until an output of `bytes_max` might not take the next batch, but at least one
    /// batch; returns the place behind them. Unless the blocks are the `last` ones, records that do not fill a batch
    /// are left for the next call.
    pub fn encode_some(
        &mut self,
        blocks: &[&Block],
        from: Place,
        last: bool,
        bytes_max: usize,
    ) -> Result<(Encoded, Place), InputError> {
        let batch_bytes = self.sealer.options.batch_bytes_max + SLACK;
        let mut bytes = bytes_max.saturating_add(SLACK).max(batch_bytes);
        if bytes > OUTPUT_BYTES_LARGE {
            // All that is left may take less than the caller would have room for.
            bytes = bytes.min(self.output_bound(blocks).max(batch_bytes));
        }
        let room = output_room(bytes)?;
        self.run(blocks, from, last, bytes_max, room)
    }

    fn run(
        &mut self,
        blocks: &[&Block],
        from: Place,
        last: bool,
        bytes_max: usize,
        mut room: Room,
    ) -> Result<(Encoded, Place), InputError> {
        blocks.iter().try_for_each(|rows| rows.check_times(&self.sealer.options))?;
        let (mut place, mut taken, mut next) = (from, from, self.next);
        let (mut index, mut position) = (Vec::new(), 0);
        loop {
            let mut written = BatchWriter::EMPTY;
            let ended = self.fill(blocks, &mut place, &mut written, &mut room[position..])?;
            if written.records > 0 && (last || !ended) {
                let mut entry =
                    self.sealer.seal(&written, &self.scratch, &mut room[position..], &mut next)?;
                entry.position = position;
                position += entry.size;
                index.push(entry);
                taken = place;
            }
            if ended || bytes_max.saturating_sub(position) < self.sealer.options.batch_bytes_max {
                break;
            }
        }
        self.next = next;
        Ok((Encoded { bytes: room.freeze(position), index }, taken))
    }

    /// Writes the records of one batch; returns whether there are no more.
    fn fill(
        &mut self,
        blocks: &[&Block],
        place: &mut Place,
        written: &mut BatchWriter,
        out: &mut [u8],
    ) -> Result<bool, InputError> {
        let limits = *self.sealer.limits();
        let room = if self.sealer.compresses() { &mut *self.scratch } else { &mut out[HEADER_BYTES..] };
        while let Some(rows) = blocks.get(place.block) {
            let next = rows.fill(place.row, &limits, written, room);
            let next = next.map_err(|(row, flaw)| flaw.at(row_number(blocks, place.block, row)))?;
            if next < rows.len() {
                place.row = next;
                return if written.records > 0 {
                    Ok(false)
                } else {
                    Err(too_large(blocks, *place, limits.bytes))
                };
            }
            *place = Place { block: place.block + 1, row: 0 };
        }
        Ok(true)
    }

    /// Bytes that the output of `blocks` can have at most; what is not used of them takes no memory.
    fn output_bound(&self, blocks: &[&Block]) -> usize {
        let options = &self.sealer.options;
        let records = blocks.iter().map(|rows| rows.bytes_max(options)).fold(0, usize::saturating_add);
        let rows: usize = blocks.iter().map(|rows| rows.len()).sum();
        let limit = self.sealer.limits().bytes;
        // Two batches in a row have more than the limit, else the first would have taken the second's record; but with
        // append time a block may start a batch.
        let batches = rows.min(2 * (records / limit) + 1 + blocks.len());
        let excess = (self.sealer.batch_bound(limit) - limit).max(self.sealer.batch_bound(0));
        records.saturating_add(batches.saturating_mul(excess)).saturating_add(HEADER_BYTES + SLACK)
    }
}

/// Memory for output; the caller's options and columns decide how much.
pub(super) fn output_room(bytes: usize) -> Result<Room, InputError> {
    Room::new(bytes).ok_or(InputError::Memory { bytes })
}

/// The number of a row among those of all blocks.
fn row_number(blocks: &[&Block], block: usize, row: usize) -> usize {
    blocks.iter().take(block).map(|rows| rows.len()).sum::<usize>() + row
}

#[cold]
fn too_large(blocks: &[&Block], place: Place, limit: usize) -> InputError {
    let row = row_number(blocks, place.block, place.row);
    let mut headers = Vec::new();
    let record = blocks[place.block].record(place.row, &mut headers);
    let flaw = record.and_then(|record| fits(&record, limit)).err();
    flaw.unwrap_or(RowFlaw::Broken { column: "values" }).at(row)
}

#[cfg(test)]
mod tests;
