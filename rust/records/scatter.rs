//! Records of many partitions, routed in one pass.

use arrow_array::Int32Array;
use bytes::Bytes;

use super::block::Block;
use super::input::{InputError, Nullable, RowFlaw};
use super::options::BatchOptions;
use super::seal::{BatchEntry, Next, Sealer};
use super::writer::{BatchWriter, Limits, Record, SLACK};
use crate::batch::HEADER_BYTES;

/// What a partition's memory starts with; it doubles as it is needed.
const FIRST_BYTES: usize = 4096;

/// One partition's batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which partition.
    pub partition: i32,
    /// The batch.
    pub bytes: Bytes,
    /// What it holds.
    pub entry: BatchEntry,
}

/// Collects the records of many partitions; a batch that is full comes out.
pub struct Scatter {
    sealer: Sealer,
    lanes: Vec<Lane>,
    /// What a compressed batch is written to.
    packed: Vec<u8>,
}

/// One partition's batch so far.
struct Lane {
    written: BatchWriter,
    next: Next,
    memory: Vec<u8>,
    /// What the next batch's memory starts with: as much as the one before took, so that it need not grow.
    first_bytes: usize,
}

impl Scatter {
    /// For partitions 0 to `partitions` - 1. Sequences of each start at the options' one, and every batch has the
    /// options' base offset, which brokers want to be 0.
    pub fn new(partitions: i32, options: BatchOptions) -> Result<Self, InputError> {
        let count = usize::try_from(partitions).ok().filter(|&count| count > 0);
        let count = count.ok_or_else(|| InputError::Option {
            option: "partitions",
            expected: format!("1 to {}", i32::MAX),
            found: i64::from(partitions),
        })?;
        let sealer = Sealer::new(options)?;
        let lane = || Lane {
            written: BatchWriter::EMPTY,
            next: Next::first(&options),
            memory: Vec::new(),
            first_bytes: FIRST_BYTES,
        };
        let packed =
            if sealer.compresses() { vec![0; sealer.batch_bound(sealer.limits().bytes)] } else { Vec::new() };
        Ok(Self { sealer, lanes: std::iter::repeat_with(lane).take(count).collect(), packed })
    }

    /// Routes each row to its partition and returns the batches that got full. An error takes nothing.
    pub fn write(&mut self, blocks: &[(&Block, &Int32Array)]) -> Result<Vec<Piece>, InputError> {
        self.check(blocks)?;
        let mut pieces = Vec::new();
        let mut first_row = 0;
        for &(block, partitions) in blocks {
            self.route(block, partitions, first_row, &mut pieces)?;
            first_row += block.len();
        }
        Ok(pieces)
    }

    /// The batches of all partitions that have any records.
    pub fn flush(&mut self) -> Result<Vec<Piece>, InputError> {
        let begun = (0..self.lanes.len()).filter(|&lane| self.lanes[lane].written.records > 0);
        let begun: Vec<usize> = begun.collect();
        begun.into_iter().map(|lane| self.seal(lane)).collect()
    }

    fn check(&self, blocks: &[(&Block, &Int32Array)]) -> Result<(), InputError> {
        let mut first_row = 0;
        for &(block, partitions) in blocks {
            if partitions.len() != block.len() {
                let (expected, found) = (block.len(), partitions.len());
                return Err(InputError::Rows { column: "partitions", expected, found });
            }
            check_partitions(partitions, first_row, self.lanes.len())?;
            block.check_times(&self.sealer.options)?;
            block.check(first_row, self.sealer.limits().bytes)?;
            first_row += block.len();
        }
        Ok(())
    }

    fn route(
        &mut self,
        block: &Block,
        partitions: &Int32Array,
        first_row: usize,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), InputError> {
        let mut headers = Vec::new();
        for (row, &partition) in partitions.values().iter().enumerate() {
            let lane = usize::try_from(partition).unwrap_or_default();
            let record = block.record(row, &mut headers).map_err(|flaw| flaw.at(first_row + row))?;
            if !self.lanes[lane].push(&record, self.sealer.limits()) {
                pieces.push(self.seal(lane)?);
                self.lanes[lane].push(&record, self.sealer.limits());
            }
        }
        Ok(())
    }

    /// Gives the batch of one partition away.
    fn seal(&mut self, lane: usize) -> Result<Piece, InputError> {
        let partition = i32::try_from(lane).unwrap_or(i32::MAX);
        let Lane { written, next, memory, first_bytes } = &mut self.lanes[lane];
        let (bytes, entry) = if self.sealer.compresses() {
            let records = memory.get(HEADER_BYTES..).unwrap_or_default();
            let entry = self.sealer.seal(written, records, &mut self.packed, next)?;
            (Bytes::copy_from_slice(&self.packed[..entry.size]), entry)
        } else {
            let entry = self.sealer.seal(written, &[], memory, next)?;
            *first_bytes = (entry.size + SLACK).max(FIRST_BYTES);
            memory.truncate(entry.size);
            (Bytes::from(std::mem::take(memory)), entry)
        };
        *written = BatchWriter::EMPTY;
        next.offset = entry.base_offset;
        Ok(Piece { partition, bytes, entry })
    }
}

impl Lane {
    /// Takes `record`, or says that it has no room.
    #[inline]
    fn push(&mut self, record: &Record<'_>, limits: &Limits) -> bool {
        let measured = self.written.measure(record);
        if !self.written.takes(record, &measured, limits) {
            return false;
        }
        let needed = HEADER_BYTES + self.written.filled + measured.size + SLACK;
        if needed > self.memory.len() {
            self.grow(needed, HEADER_BYTES + limits.bytes + SLACK);
        }
        self.written.write(&mut self.memory[HEADER_BYTES..], record, &measured).is_some()
    }

    #[cold]
    fn grow(&mut self, needed: usize, bytes_max: usize) {
        let size = needed.max(2 * self.memory.len()).max(self.first_bytes).min(bytes_max);
        if self.memory.is_empty() {
            self.memory = vec![0; size];
        } else {
            self.memory.resize(size, 0);
        }
    }
}

/// Refuses rows of partitions that are not among `count`.
fn check_partitions(partitions: &Int32Array, first_row: usize, count: usize) -> Result<(), InputError> {
    for (row, found) in partitions.iter().enumerate() {
        if found
            .and_then(|partition| usize::try_from(partition).ok())
            .is_none_or(|partition| partition >= count)
        {
            let last = i32::try_from(count - 1).unwrap_or(i32::MAX);
            return Err(RowFlaw::Partition { last, found: Nullable(found) }.at(first_row + row));
        }
    }
    Ok(())
}
