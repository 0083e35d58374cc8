//! Where decoded records go: walked in blocks, appended column by column.

use std::ops::RangeInclusive;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};

use super::checks::check_offsets;
use super::columns::{BinaryKind, Column, schema};
use super::filling::{Builder, Capacity, Log, Rows};
use super::payload::{Payload, RECORD_BYTES_MIN, RawBatch};
use super::walk::{Depth, RecordSpan, SPANS_MAX, Walk};
use crate::error::{Error, Result};

/// A piece of a table ends before its records took more bytes, so that offsets of 32 bits always suffice.
const PIECE_BYTES_MAX: usize = 1 << 30;

/// What is set aside for compressed input, as a multiple of it.
const GROWTH_MAX: usize = 20;

/// Takes records and makes pieces of a table out of them.
pub(super) struct RowSink {
    pub(super) log: Log,
    /// [`PIECE_BYTES_MAX`], but for tests.
    pub(super) piece_bytes_max: usize,
    columns: Vec<Column>,
    binary: BinaryKind,
    schema: SchemaRef,
    depth: Depth,
    builders: Vec<Builder>,
    capacity: Capacity,
    rows: usize,
    /// Bytes of the records in the piece at hand, as they were walked.
    walked: usize,
    pieces: Vec<RecordBatch>,
    spans: Vec<RecordSpan>,
}

impl RowSink {
    pub(super) fn new(columns: &[Column], binary: BinaryKind) -> Self {
        Self {
            log: Log::default(),
            piece_bytes_max: PIECE_BYTES_MAX,
            columns: columns.to_vec(),
            binary,
            schema: schema(columns, binary),
            depth: columns.iter().map(|column| depth(*column)).max().unwrap_or(Depth::Deltas),
            builders: Vec::new(),
            capacity: Capacity::default(),
            rows: 0,
            walked: 0,
            pieces: Vec::new(),
            spans: Vec::with_capacity(SPANS_MAX),
        }
    }

    /// Bytes of columns at hand.
    pub(super) fn bytes(&self) -> usize {
        self.builders.iter().map(Builder::bytes).sum()
    }

    /// Reckons what the `left` bytes of input will become if they go on like this batch.
    pub(super) fn expect(&mut self, batch: &RawBatch<'_>, payload: &Payload<'_>, left: usize, full: usize) {
        if !self.builders.is_empty() {
            return;
        }
        let most = PIECE_BYTES_MAX.min(full.saturating_add(full / 4)).max(payload.bytes.len());
        let grown = payload.bytes.len().div_ceil(batch.payload().len().max(1)).clamp(1, GROWTH_MAX);
        let bytes = left.saturating_mul(grown).min(most);
        let record_bytes = payload.bytes.len() / (batch.record_count() as usize).max(1);
        let rows = bytes / record_bytes.max(RECORD_BYTES_MIN);
        self.capacity = Capacity { rows: rows + rows / 8 + 1, bytes };
    }

    /// Appends the records of a batch, from where `walk` is, until they end or about `full` bytes are at hand.
    pub(super) fn walk(
        &mut self,
        batch: &RawBatch<'_>,
        payload: &Payload<'_>,
        mut walk: Walk,
        offsets: &RangeInclusive<i64>,
        full: usize,
    ) -> Result<Walk> {
        let whole = batch.header.base_offset >= *offsets.start() && batch.last_offset() <= *offsets.end();
        loop {
            let before = walk.position();
            let mut spans = std::mem::take(&mut self.spans);
            walk.step(payload.bytes, self.depth, &mut spans)?;
            check_offsets(batch, &spans)?;
            if !whole {
                let base = batch.header.base_offset;
                spans.retain(|record| offsets.contains(&(base + i64::from(record.offset_delta))));
            }
            self.append(batch, payload, &spans, walk.position() - before)?;
            self.spans = spans;
            if walk.is_done() || self.bytes() >= full {
                return Ok(walk);
            }
        }
    }

    fn append(
        &mut self,
        batch: &RawBatch<'_>,
        payload: &Payload<'_>,
        records: &[RecordSpan],
        walked: usize,
    ) -> Result<()> {
        if self.walked + walked > self.piece_bytes_max {
            self.cut()?;
        }
        if self.builders.is_empty() {
            let new = |column: &Column| Builder::new(*column, self.binary, self.capacity);
            self.builders = self.columns.iter().map(new).collect();
        }
        let rows = Rows { log: &self.log, batch, payload, records };
        self.builders.iter_mut().try_for_each(|builder| builder.append(&rows))?;
        self.rows += records.len();
        self.walked += walked;
        Ok(())
    }

    /// Ends the piece at hand.
    fn cut(&mut self) -> Result<()> {
        let builders = std::mem::take(&mut self.builders);
        let rows = std::mem::take(&mut self.rows);
        self.walked = 0;
        if rows > 0 {
            let columns = builders.into_iter().map(Builder::finish).collect::<std::result::Result<_, _>>();
            let piece = columns.and_then(|columns| RecordBatch::try_new(self.schema.clone(), columns));
            self.pieces.push(piece.map_err(inconsistent)?);
        }
        Ok(())
    }

    /// All pieces so far.
    pub(super) fn take(&mut self) -> Result<Vec<RecordBatch>> {
        self.cut()?;
        Ok(std::mem::take(&mut self.pieces))
    }
}

/// How far into a record a column looks.
fn depth(column: Column) -> Depth {
    match column {
        Column::Key => Depth::Key,
        Column::Value => Depth::Value,
        Column::Headers => Depth::Headers,
        _ => Depth::Deltas,
    }
}

/// Only bytes that change while they are read (a mapped file that is written to) can bring this about.
#[allow(clippy::needless_pass_by_value)] // fits map_err
fn inconsistent(_: ArrowError) -> Error {
    Error::Malformed { what: "columns of input that changed while it was read", position: 0 }
}
