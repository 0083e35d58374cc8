//! The times of records, in milliseconds.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use super::input::{InputError, RowFlaw};

/// What stands where a record has no time.
pub(super) const NO_TIMESTAMP: i64 = -1;
/// Beyond this the distance to a record without time is no 64-bit number.
const TIMESTAMP_MAX: i64 = i64::MAX - 1;

/// One time for each record, or one for all.
#[derive(Clone, Debug)]
pub enum Timestamps {
    /// The same for all records.
    Constant(i64),
    /// One for each.
    Column(TimestampColumn),
}

/// Times in a unit of their own; null is no time.
#[derive(Clone, Debug)]
pub struct TimestampColumn {
    values: ScalarBuffer<i64>,
    nulls: Option<NullBuffer>,
    unit: TimeUnit,
}

impl Timestamps {
    /// The times in an int64 array of milliseconds or a timestamp array of any unit.
    pub fn new(array: &ArrayRef) -> Result<Self, InputError> {
        let (values, unit) = match array.data_type() {
            DataType::Int64 => (array.as_primitive::<Int64Type>().values(), TimeUnit::Millisecond),
            DataType::Timestamp(unit, _) => (timestamp_values(array, *unit), *unit),
            found => {
                let expected = "int64 milliseconds or Arrow timestamps";
                return Err(InputError::Type { column: "timestamps", expected, found: found.clone() });
            }
        };
        Ok(Self::Column(TimestampColumn { values: values.clone(), nulls: array.nulls().cloned(), unit }))
    }

    /// Times it has, None for one for all.
    pub(super) fn rows(&self) -> Option<usize> {
        match self {
            Self::Constant(_) => None,
            Self::Column(column) => Some(column.values.len()),
        }
    }

    /// The time of the record in `row`.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Result<i64, RowFlaw> {
        match self {
            Self::Constant(timestamp) => checked(*timestamp, *timestamp),
            Self::Column(column) => column.get(row),
        }
    }
}

impl TimestampColumn {
    #[inline]
    fn get(&self, row: usize) -> Result<i64, RowFlaw> {
        if self.nulls.as_ref().is_some_and(|nulls| row < nulls.len() && nulls.is_null(row)) {
            return Ok(NO_TIMESTAMP);
        }
        let value = *self.values.get(row).ok_or(RowFlaw::Broken { column: "timestamps" })?;
        let timestamp = match self.unit {
            TimeUnit::Millisecond => value,
            TimeUnit::Second => value.checked_mul(1000).ok_or(RowFlaw::Timestamp { found: value })?,
            TimeUnit::Microsecond => kept_apart(value.div_euclid(1000)),
            TimeUnit::Nanosecond => kept_apart(value.div_euclid(1_000_000)),
        };
        checked(timestamp, value)
    }
}

/// The last millisecond before 1970 must not pass for "no time": it is refused like all before it.
#[inline]
fn kept_apart(timestamp: i64) -> i64 {
    if timestamp == NO_TIMESTAMP { NO_TIMESTAMP - 1 } else { timestamp }
}

/// `timestamp` if it is one that Kafka knows, in milliseconds; `found` is what errors call it.
#[inline]
pub(super) fn checked(timestamp: i64, found: i64) -> Result<i64, RowFlaw> {
    let known = (NO_TIMESTAMP..=TIMESTAMP_MAX).contains(&timestamp);
    if known { Ok(timestamp) } else { Err(RowFlaw::Timestamp { found }) }
}

fn timestamp_values(array: &ArrayRef, unit: TimeUnit) -> &ScalarBuffer<i64> {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
    }
}
