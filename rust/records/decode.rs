//! Batches into columns.

use std::ops::{Range, RangeInclusive};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::SchemaRef;

use super::aborted::{Aborted, read_marker};
use super::columns::{BinaryKind, Column, schema};
use super::filling::Log;
use super::payload::{InPlace, Payload, RawBatch};
use super::rows::RowSink;
use super::walk::Walk;
use crate::batch::HEADER_BYTES;
use crate::error::{Error, Result};

/// What is decoded, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The columns, each once.
    pub columns: Vec<Column>,
    /// How keys and values are held.
    pub binary: BinaryKind,
    /// Whether checksums are held against the bytes.
    pub verify_crc: bool,
    /// Only records with these offsets.
    pub offsets: RangeInclusive<i64>,
    /// Whether markers of transactions are records too.
    pub keep_control: bool,
    /// What the records of one batch may be decompressed to.
    pub decompressed_bytes_max: usize,
}

/// Bytes that hold batches.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// All of them.
    pub bytes: &'a [u8],
    /// The same as memory that stays, for columns that refer to it.
    pub owner: Option<Buffer>,
    /// Where they start in what they are a piece of; errors count from there.
    pub start: usize,
    /// Whether more batches follow behind them, so that memory is better set aside for a full output.
    pub more: bool,
}

/// How far reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// To the end.
    Done,
    /// The output is full; go on from here, with the same input.
    Full(usize),
    /// From here on lies a batch that is not whole, of so many bytes (or more, if its length is missing too).
    Cut(usize, usize),
}

/// Turns batches into record batches of Arrow; after an error it is of no further use.
pub struct Decoder {
    options: Options,
    aborted: Aborted,
    sink: RowSink,
    scratch: Vec<u8>,
    /// The batch that was left in the middle.
    open: Option<Walk>,
}

impl<'a> Input<'a> {
    /// Bytes that are whole.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, owner: None, start: 0, more: false }
    }
}

impl Decoder {
    /// A decoder without any records yet.
    pub fn new(options: Options) -> Self {
        let sink = RowSink::new(&options.columns, options.binary);
        Self { options, aborted: Aborted::default(), sink, scratch: Vec::new(), open: None }
    }

    /// The schema of all it makes.
    pub fn schema(&self) -> SchemaRef {
        schema(&self.options.columns, self.options.binary)
    }

    /// What is read from now on belongs to this log, of which these transactions were aborted.
    pub fn set_log(&mut self, log: Log, aborted: Aborted) {
        self.sink.log = log;
        self.aborted = aborted;
    }

    /// Decodes the batches in `range` of `input` until about `full_bytes` of columns are at hand.
    pub fn read(&mut self, input: &Input<'_>, range: Range<usize>, full_bytes: usize) -> Result<Progress> {
        self.read_range(input, range, full_bytes.max(1)).map_err(|error| error.shifted(input.start))
    }

    fn read_range(&mut self, input: &Input<'_>, range: Range<usize>, full_bytes: usize) -> Result<Progress> {
        let bytes = input.bytes.get(..range.end).unwrap_or(input.bytes);
        let mut position = range.start;
        while position < bytes.len() {
            if self.sink.bytes() >= full_bytes {
                return Ok(Progress::Full(position));
            }
            let batch = match RawBatch::read(bytes, position) {
                Err(Error::Truncated { needed, .. }) => return Ok(Progress::Cut(position, needed)),
                read => read?,
            };
            let left = if input.more { usize::MAX } else { bytes.len() - position };
            if !self.read_batch(input, &batch, left, full_bytes)? {
                return Ok(Progress::Full(position));
            }
            position += batch.bytes.len();
        }
        Ok(Progress::Done)
    }

    /// Decodes one batch; false if the output is full before its end.
    fn read_batch(
        &mut self,
        input: &Input<'_>,
        batch: &RawBatch<'_>,
        left: usize,
        full_bytes: usize,
    ) -> Result<bool> {
        let walk = match self.open.take() {
            Some(walk) => walk,
            None if self.begin(batch)? => Walk::over(batch.record_count()),
            None => return Ok(true),
        };
        let payload = if batch.is_compressed() {
            Payload { bytes: &self.scratch, in_place: None }
        } else {
            Payload { bytes: batch.payload(), in_place: in_place(input, batch) }
        };
        self.sink.expect(batch, &payload, left, full_bytes);
        let walked = self.sink.walk(batch, &payload, walk, &self.options.offsets, full_bytes);
        let walk = walked.map_err(|error| batch.locate(error))?;
        self.open = (!walk.is_done()).then_some(walk);
        Ok(walk.is_done())
    }

    /// Makes the batch's records ready to be walked; false if none of them is wanted.
    fn begin(&mut self, batch: &RawBatch<'_>) -> Result<bool> {
        if batch.header.base_offset > *self.options.offsets.end() {
            return Ok(false);
        }
        let concerned = self.aborted.concerns(batch);
        if !concerned && self.passes_over(batch) {
            return Ok(false);
        }
        if self.options.verify_crc {
            batch.check_crc()?;
        }
        batch.check_header()?;
        if concerned && self.aborted.hides(batch) {
            return Ok(false);
        }
        if batch.is_compressed() {
            batch.decompress(&mut self.scratch, self.options.decompressed_bytes_max)?;
        }
        if batch.header.is_control() {
            self.read_marker(batch)?;
        }
        Ok(!self.passes_over(batch))
    }

    fn read_marker(&mut self, batch: &RawBatch<'_>) -> Result<()> {
        let payload = if batch.is_compressed() { &self.scratch } else { batch.payload() };
        let marker = read_marker(batch, payload).map_err(|error| batch.locate(error))?;
        self.aborted.end(batch, marker);
        Ok(())
    }

    fn passes_over(&self, batch: &RawBatch<'_>) -> bool {
        let unwanted = batch.header.is_control() && !self.options.keep_control;
        unwanted || batch.last_offset() < *self.options.offsets.start()
    }

    /// Bytes of columns that are at hand.
    pub fn bytes(&self) -> usize {
        self.sink.bytes()
    }

    /// The records so far, in order; none if there are none.
    pub fn take(&mut self) -> Result<Vec<RecordBatch>> {
        self.sink.take()
    }
}

fn in_place(input: &Input<'_>, batch: &RawBatch<'_>) -> Option<InPlace> {
    let owner = input.owner.clone()?;
    Some(InPlace { owner, position: batch.position + HEADER_BYTES })
}

#[cfg(test)]
mod tests;
