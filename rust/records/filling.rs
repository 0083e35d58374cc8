//! The columns of decoded records, filled batch by batch.

use std::collections::HashMap;
use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::types::{Int16Type, Int32Type, Int64Type, UInt8Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, PrimitiveArray, StringArray,
    TimestampMillisecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, NullBufferBuilder};
use arrow_schema::ArrowError;

use self::bytes::BytesBuilder;
use self::growing::Growing;
use self::headers::HeadersBuilder;
use self::views::ViewsBuilder;
use super::checks::check_timestamps;
use super::columns::{BinaryKind, Column};
use super::payload::{Payload, RawBatch};
use super::walk::{RecordSpan, Span};
use crate::error::Result;

mod bytes;
mod growing;
mod headers;
mod views;

/// What stands where a record has no time.
const NO_TIMESTAMP: i64 = -1;
const NO_SEQUENCE: i32 = -1;

/// The log that batches belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The partition's number.
    pub partition: i32,
    /// The topic's identity.
    pub topic_id: [u8; 16],
    /// The topic's name.
    pub topic: Arc<str>,
}

/// Records of one batch that are to be appended.
pub(super) struct Rows<'a> {
    pub(super) log: &'a Log,
    pub(super) batch: &'a RawBatch<'a>,
    pub(super) payload: &'a Payload<'a>,
    pub(super) records: &'a [RecordSpan],
}

/// How much a column is expected to hold; memory for it is set aside, not touched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Capacity {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// One column while it is filled.
pub(super) enum Builder {
    Offset(Growing<i64>),
    Timestamp(Growing<i64>, NullBufferBuilder),
    TimestampType(Growing<u8>),
    Key(BinaryBuilder),
    Value(BinaryBuilder),
    Headers(Box<HeadersBuilder>),
    Partition(Growing<i32>),
    TopicId(Growing<u128>),
    Topic(Growing<i32>, HashMap<Arc<str>, i32>),
    LeaderEpoch(Growing<i32>),
    ProducerId(Growing<i64>),
    ProducerEpoch(Growing<i16>),
    Sequence(Growing<i32>),
    IsTransactional(BooleanBufferBuilder),
    IsControl(BooleanBufferBuilder),
}

impl Builder {
    pub(super) fn new(column: Column, binary: BinaryKind, capacity: Capacity) -> Self {
        let rows = capacity.rows;
        match column {
            Column::Offset => Self::Offset(Growing::with_capacity(rows)),
            Column::Timestamp => Self::Timestamp(Growing::with_capacity(rows), NullBufferBuilder::new(0)),
            Column::TimestampType => Self::TimestampType(Growing::with_capacity(rows)),
            Column::Key => Self::Key(BinaryBuilder::new(binary, capacity)),
            Column::Value => Self::Value(BinaryBuilder::new(binary, capacity)),
            Column::Headers => Self::Headers(Box::new(HeadersBuilder::with_capacity(rows))),
            Column::Partition => Self::Partition(Growing::with_capacity(rows)),
            Column::TopicId => Self::TopicId(Growing::with_capacity(rows)),
            Column::Topic => Self::Topic(Growing::with_capacity(rows), HashMap::new()),
            Column::LeaderEpoch => Self::LeaderEpoch(Growing::with_capacity(rows)),
            Column::ProducerId => Self::ProducerId(Growing::with_capacity(rows)),
            Column::ProducerEpoch => Self::ProducerEpoch(Growing::with_capacity(rows)),
            Column::Sequence => Self::Sequence(Growing::with_capacity(rows)),
            Column::IsTransactional => Self::IsTransactional(BooleanBufferBuilder::new(0)),
            Column::IsControl => Self::IsControl(BooleanBufferBuilder::new(0)),
        }
    }

    /// Appends a value for each of the records.
    pub(super) fn append(&mut self, rows: &Rows<'_>) -> Result<()> {
        let (header, count) = (&rows.batch.header, rows.records.len());
        match self {
            Self::Offset(values) => values.extend(rows.offsets()),
            Self::Timestamp(values, nulls) => return rows.append_timestamps(values, nulls),
            Self::TimestampType(values) => values.extend(repeat_n(u8::from(header.has_append_time()), count)),
            Self::Key(values) => values.append(rows.payload, rows.records.iter().map(|record| record.key)),
            Self::Value(values) => {
                values.append(rows.payload, rows.records.iter().map(|record| record.value))
            }
            Self::Headers(values) => return values.append(rows.payload.bytes, rows.records),
            Self::Partition(values) => values.extend(repeat_n(rows.log.partition, count)),
            Self::TopicId(values) => values.extend(repeat_n(u128::from_ne_bytes(rows.log.topic_id), count)),
            Self::Topic(values, names) => {
                values.extend(repeat_n(topic_number(names, &rows.log.topic), count))
            }
            Self::LeaderEpoch(values) => values.extend(repeat_n(header.partition_leader_epoch, count)),
            Self::ProducerId(values) => values.extend(repeat_n(header.producer_id, count)),
            Self::ProducerEpoch(values) => values.extend(repeat_n(header.producer_epoch, count)),
            Self::Sequence(values) => values.extend(rows.sequences()),
            Self::IsTransactional(values) => values.append_n(count, header.is_transactional()),
            Self::IsControl(values) => values.append_n(count, header.is_control()),
        }
        Ok(())
    }

    /// Bytes that it holds; for views those that they show.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Offset(values) | Self::Timestamp(values, _) | Self::ProducerId(values) => values.bytes(),
            Self::Partition(values)
            | Self::Topic(values, _)
            | Self::LeaderEpoch(values)
            | Self::Sequence(values) => values.bytes(),
            Self::TimestampType(values) => values.bytes(),
            Self::Key(values) | Self::Value(values) => values.bytes(),
            Self::Headers(values) => values.bytes(),
            Self::TopicId(values) => values.bytes(),
            Self::ProducerEpoch(values) => values.bytes(),
            Self::IsTransactional(values) | Self::IsControl(values) => values.len() / 8,
        }
    }

    /// The column.
    pub(super) fn finish(self) -> std::result::Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Offset(values) | Self::ProducerId(values) => {
                Arc::new(PrimitiveArray::<Int64Type>::new(values.finish_values(), None))
            }
            Self::Timestamp(values, nulls) => Arc::new(timestamps(values, nulls)),
            Self::TimestampType(values) => {
                Arc::new(PrimitiveArray::<UInt8Type>::new(values.finish_values(), None))
            }
            Self::Key(values) | Self::Value(values) => values.finish()?,
            Self::Headers(values) => values.finish()?,
            Self::Partition(values) | Self::LeaderEpoch(values) | Self::Sequence(values) => {
                Arc::new(PrimitiveArray::<Int32Type>::new(values.finish_values(), None))
            }
            Self::TopicId(values) => Arc::new(FixedSizeBinaryArray::try_new(16, values.finish(), None)?),
            Self::Topic(values, names) => Arc::new(topics(values, names)?),
            Self::ProducerEpoch(values) => {
                Arc::new(PrimitiveArray::<Int16Type>::new(values.finish_values(), None))
            }
            Self::IsTransactional(mut values) | Self::IsControl(mut values) => {
                Arc::new(BooleanArray::new(values.finish(), None))
            }
        })
    }
}

fn timestamps(values: Growing<i64>, mut nulls: NullBufferBuilder) -> TimestampMillisecondArray {
    TimestampMillisecondArray::new(values.finish_values(), nulls.finish()).with_timezone("UTC")
}

fn topics(
    values: Growing<i32>,
    names: HashMap<Arc<str>, i32>,
) -> std::result::Result<DictionaryArray<Int32Type>, ArrowError> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable_by_key(|(_, number)| *number);
    let names = StringArray::from_iter_values(names.iter().map(|(name, _)| name));
    DictionaryArray::try_new(PrimitiveArray::new(values.finish_values(), None), Arc::new(names))
}

fn topic_number(names: &mut HashMap<Arc<str>, i32>, topic: &Arc<str>) -> i32 {
    if let Some(number) = names.get(topic) {
        return *number;
    }
    let number = i32::try_from(names.len()).unwrap_or(i32::MAX);
    names.insert(Arc::clone(topic), number);
    number
}

impl Rows<'_> {
    /// The header's offsets are within 64 bits, deltas below the last are too.
    fn offsets(&self) -> impl ExactSizeIterator<Item = i64> {
        let base = self.batch.header.base_offset;
        self.records.iter().map(move |record| base.wrapping_add(i64::from(record.offset_delta)))
    }

    fn append_timestamps(&self, values: &mut Growing<i64>, nulls: &mut NullBufferBuilder) -> Result<()> {
        check_timestamps(self.batch, self.records)?;
        let header = &self.batch.header;
        if header.has_append_time() {
            values.extend(repeat_n(header.max_timestamp, self.records.len()));
            append_times(nulls, repeat_n(header.max_timestamp, self.records.len()));
            return Ok(());
        }
        let base = header.base_timestamp;
        let times = self.records.iter().map(|record| base.wrapping_add(record.timestamp_delta));
        values.extend(times.clone());
        append_times(nulls, times);
        Ok(())
    }

    /// As Kafka counts: behind 2^31 - 1 comes 0.
    fn sequences(&self) -> impl ExactSizeIterator<Item = i32> {
        let base = self.batch.header.base_sequence;
        self.records.iter().map(move |record| {
            if base < 0 { NO_SEQUENCE } else { base.wrapping_add(record.offset_delta) & i32::MAX }
        })
    }
}

fn append_times(nulls: &mut NullBufferBuilder, times: impl ExactSizeIterator<Item = i64> + Clone) {
    if times.clone().any(|time| time == NO_TIMESTAMP) {
        times.for_each(|time| nulls.append(time != NO_TIMESTAMP));
    } else {
        nulls.append_n_non_nulls(times.len());
    }
}

/// Keys or values in any of the three forms.
pub(super) enum BinaryBuilder {
    Binary(BytesBuilder<i32>),
    Large(BytesBuilder<i64>),
    View(ViewsBuilder),
}

impl BinaryBuilder {
    fn new(binary: BinaryKind, capacity: Capacity) -> Self {
        let Capacity { rows, bytes } = capacity;
        match binary {
            BinaryKind::Binary => Self::Binary(BytesBuilder::with_capacity(rows, bytes)),
            BinaryKind::Large => Self::Large(BytesBuilder::with_capacity(rows, bytes)),
            BinaryKind::View => Self::View(ViewsBuilder::with_capacity(rows, bytes)),
        }
    }

    fn append(&mut self, payload: &Payload<'_>, spans: impl ExactSizeIterator<Item = Span> + Clone) {
        match self {
            Self::Binary(values) => values.append(payload.bytes, spans),
            Self::Large(values) => values.append(payload.bytes, spans),
            Self::View(values) => values.append(payload, spans),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Binary(values) => values.bytes(),
            Self::Large(values) => values.bytes(),
            Self::View(values) => values.bytes(),
        }
    }

    fn finish(self) -> std::result::Result<ArrayRef, ArrowError> {
        match self {
            Self::Binary(values) => values.finish(),
            Self::Large(values) => values.finish(),
            Self::View(values) => values.finish(),
        }
    }
}
