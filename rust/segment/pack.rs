//! Batches into a segment object: the one copy of what producers sent.

use std::collections::HashMap;

use super::format::{
    Columns, FLAG_LOG_APPEND_TIME, FooterHead, HEADER_BYTES, Kind, SegmentHeader, TRAILER_BYTES, Trailer,
    differs,
};
use super::sealed::{LogKey, Sealed, SealedBatch, SealedLog};
use crate::batch::stamp::stamp_max_timestamp;
use crate::batch::validate::BatchFacts;
use crate::error::{Error, Result};

/// One checked batch that wants into a segment.
#[derive(Clone, Copy, Debug)]
pub struct PackInput<'a> {
    /// Its log.
    pub key: LogKey,
    /// Whether the log's topic gives records the time of their commit.
    pub log_append_time: bool,
    /// Its bytes.
    pub batch: &'a [u8],
    /// What checking found.
    pub facts: BatchFacts,
}

/// Where everything of a segment goes, decided before a byte is copied.
#[derive(Clone, Debug)]
pub struct Layout {
    header: SegmentHeader,
    sealed: Sealed,
    /// For each input its index in `sealed.batches`.
    slots: Vec<u32>,
    /// For each batch of the body its input.
    order: Vec<u32>,
    columns: Columns,
    body_end: usize,
}

impl Layout {
    /// Places batches by log, logs in order of their first batch, batches of a log as they arrived.
    pub fn plan(inputs: &[PackInput<'_>], segment_id: [u8; 16], created_ms: i64) -> Result<Self> {
        let (logs, log_of_input) = group(inputs);
        let order = order_by_log(&logs, &log_of_input)?;
        let mut slots = vec![0; inputs.len()];
        for (slot, &input) in (0u32..).zip(&order) {
            slots[input as usize] = slot;
        }
        let (batches, body_end) = place(inputs, &order)?;
        let columns = Columns::of(logs.len(), batches.len()).ok_or_else(|| {
            differs("batches of a segment", 0, "as many as a footer can hold", batches.len())
        })?;
        let header = SegmentHeader { kind: Kind::Shared, created_ms, segment_id };
        Ok(Self { header, sealed: Sealed { logs, batches }, slots, order, columns, body_end })
    }

    /// Size of the whole object.
    pub fn size(&self) -> usize {
        self.body_end + self.columns.footer_bytes + TRAILER_BYTES
    }

    /// Writes the object from the inputs that were planned, piece after piece, [`size`](Self::size) bytes in all.
    pub fn write(&self, inputs: &[PackInput<'_>], mut append: impl FnMut(&[u8])) -> Result<()> {
        if inputs.len() != self.slots.len() {
            return Err(differs("batches to pack", 0, "those that were planned", inputs.len()));
        }
        append(&self.header.write());
        for (&input, batch) in self.order.iter().zip(&self.sealed.batches) {
            append_batch(&inputs[input as usize], batch, &mut append)?;
        }
        let mut footer = vec![0; self.columns.footer_bytes];
        self.write_footer(inputs, &mut footer);
        append(&footer);
        append(&Trailer::write(&footer, count(footer.len()), self.header.kind));
        Ok(())
    }

    /// What is known of the segment without its bytes.
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// The same by value.
    pub fn into_sealed(self) -> Sealed {
        self.sealed
    }

    /// For each input its index in `sealed().batches`.
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }

    fn write_footer(&self, inputs: &[PackInput<'_>], footer: &mut [u8]) {
        let (logs, batches) = (&self.sealed.logs, &self.sealed.batches);
        FooterHead {
            segment_id: self.header.segment_id,
            created_ms: self.header.created_ms,
            body_bytes: (self.body_end - HEADER_BYTES) as u64,
            records: records_of(batches),
            logs: count(logs.len()),
            batches: count(batches.len()),
        }
        .write(footer);
        for (index, log) in logs.iter().enumerate() {
            self.write_log(index, log, footer);
        }
        let columns = &self.columns;
        for (index, (batch, &input)) in batches.iter().zip(&self.order).enumerate() {
            let base_timestamp = inputs[input as usize].facts.header.base_timestamp;
            columns.batch_position.put(footer, index, &batch.position.to_le_bytes());
            columns.batch_base_timestamp.put(footer, index, &base_timestamp.to_le_bytes());
            columns.batch_max_timestamp.put(footer, index, &batch.max_timestamp.to_le_bytes());
            columns.batch_records.put(footer, index, &batch.record_count.to_le_bytes());
        }
    }

    fn write_log(&self, index: usize, log: &SealedLog, footer: &mut [u8]) {
        let (columns, batches) = (&self.columns, &self.sealed.batches[log.batches.clone()]);
        let position = batches.first().map_or(0, |batch| batch.position);
        let size: u64 = batches.iter().map(|batch| u64::from(batch.size)).sum();
        let max_timestamp = batches.iter().map(|batch| batch.max_timestamp).max().unwrap_or(-1);
        let flags = if log.log_append_time { FLAG_LOG_APPEND_TIME } else { 0 };
        columns.log_topic_id.put(footer, index, &log.key.topic_id);
        columns.log_position.put(footer, index, &position.to_le_bytes());
        columns.log_size.put(footer, index, &size.to_le_bytes());
        columns.log_records.put(footer, index, &records_of(batches).to_le_bytes());
        columns.log_max_timestamp.put(footer, index, &max_timestamp.to_le_bytes());
        columns.log_partition.put(footer, index, &log.key.partition.to_le_bytes());
        columns.log_batches.put(footer, index, &count(batches.len()).to_le_bytes());
        columns.log_flags.put(footer, index, &[flags]);
    }
}

/// Logs in order of their first batch, and for each input its log. `batches` is a range of the body.
fn group(inputs: &[PackInput<'_>]) -> (Vec<SealedLog>, Vec<usize>) {
    let mut logs: Vec<SealedLog> = Vec::new();
    let mut known = HashMap::new();
    let mut log_of_input = Vec::with_capacity(inputs.len());
    for input in inputs {
        let log = *known.entry(input.key).or_insert_with(|| {
            logs.push(SealedLog { key: input.key, log_append_time: input.log_append_time, batches: 0..0 });
            logs.len() - 1
        });
        logs[log].batches.end += 1;
        log_of_input.push(log);
    }
    let mut start = 0;
    for log in &mut logs {
        log.batches = start..start + log.batches.end;
        start = log.batches.end;
    }
    (logs, log_of_input)
}

/// The inputs in the order of the body.
fn order_by_log(logs: &[SealedLog], log_of_input: &[usize]) -> Result<Vec<u32>> {
    let mut next: Vec<usize> = logs.iter().map(|log| log.batches.start).collect();
    let mut order = vec![0; log_of_input.len()];
    for (index, &log) in log_of_input.iter().enumerate() {
        order[next[log]] = u32::try_from(index)
            .map_err(|_| differs("batches of a segment", 0, "at most 2^32", log_of_input.len()))?;
        next[log] += 1;
    }
    Ok(order)
}

/// The batches of the body with their positions, and where the body ends.
fn place(inputs: &[PackInput<'_>], order: &[u32]) -> Result<(Vec<SealedBatch>, usize)> {
    let mut batches = Vec::with_capacity(order.len());
    let mut position = HEADER_BYTES;
    for &input in order {
        let input = &inputs[input as usize];
        let header = &input.facts.header;
        batches.push(SealedBatch {
            position: position as u64,
            size: size_of(input, position)?,
            record_count: header.record_count,
            max_timestamp: input.facts.max_timestamp,
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
        });
        position += input.batch.len();
    }
    Ok((batches, position))
}

/// A batch's size, if its bytes are as many as its header says.
fn size_of(input: &PackInput<'_>, position: usize) -> Result<u32> {
    let size = input.batch.len();
    u32::try_from(size)
        .ok()
        .filter(|_| input.facts.header.size() == Some(size))
        .ok_or_else(|| differs("batch to pack", position, "as many bytes as its header says", size))
}

fn append_batch(input: &PackInput<'_>, batch: &SealedBatch, append: &mut impl FnMut(&[u8])) -> Result<()> {
    let (start, size) = (to_usize(batch.position), batch.size as usize);
    if input.batch.len() != size {
        return Err(differs("batch to pack", start, "its planned size", input.batch.len()));
    }
    if batch.max_timestamp == input.facts.header.max_timestamp {
        append(input.batch);
        return Ok(());
    }
    let (head, records) =
        input.batch.split_first_chunk().ok_or(Error::Malformed { what: "batch to pack", position: start })?;
    let mut head = *head;
    stamp_max_timestamp(&mut head, size, batch.max_timestamp);
    append(&head);
    append(records);
    Ok(())
}

fn records_of(batches: &[SealedBatch]) -> u64 {
    batches.iter().map(|batch| u64::from(batch.record_count.unsigned_abs())).sum()
}

/// A count that [`Columns::of`] found to fit.
fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A position in an object that is in memory.
fn to_usize(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
