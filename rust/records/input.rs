//! The ways in which input of encoding can be wrong.

use arrow_schema::DataType;

use crate::compression::LevelError;
use crate::error::Error;

/// Why columns or options are not taken; nothing of them was written then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InputError {
    /// A record that cannot be written.
    #[error("row {row}: {flaw}")]
    Row {
        /// Its number, over all blocks of a call.
        row: usize,
        /// What is wrong with it.
        flaw: RowFlaw,
    },
    /// A column as long as no other is.
    #[error("{column}: expected as many rows as values has ({expected}), found {found}")]
    Rows {
        /// Which column.
        column: &'static str,
        /// Rows of the values.
        expected: usize,
        /// Rows it has.
        found: usize,
    },
    /// A column of a type that is not taken.
    #[error("{column}: expected {expected}, found {found}")]
    Type {
        /// Which column.
        column: &'static str,
        /// What is taken.
        expected: &'static str,
        /// What it is.
        found: DataType,
    },
    /// Times where all records get the broker's.
    #[error("timestamps: expected one for all records, as they have append time, found a column")]
    AppendTime,
    /// An option out of its range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it takes.
        expected: String,
        /// What it is.
        found: i64,
    },
    /// More output than there is memory for.
    #[error("output of up to {bytes} bytes: there is not so much memory")]
    Memory {
        /// What was asked for.
        bytes: usize,
    },
    /// A compression level that the codec does not have.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// A compressor that failed.
    #[error(transparent)]
    Compression(#[from] Error),
}

impl InputError {
    /// The same error in rows that come behind `rows` others.
    #[must_use]
    pub fn behind(mut self, rows: usize) -> Self {
        if let Self::Row { row, .. } = &mut self {
            *row = row.saturating_add(rows);
        }
        self
    }
}

/// What is wrong with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFlaw {
    /// It would not even fit alone.
    #[error("a record of {size} bytes can never fit into a batch, whose records take {limit} at most")]
    TooLarge {
        /// Its size in an empty batch.
        size: usize,
        /// What records of a batch may take, uncompressed.
        limit: usize,
    },
    /// A place outside of the column's data.
    #[error("{column}: an offset, index or length reaches beyond the column's data")]
    Broken {
        /// Which column.
        column: &'static str,
    },
    /// A time that Kafka does not know.
    #[error("timestamp: expected null or 0 to 2^63 - 2 ms, found {found}")]
    Timestamp {
        /// What stands there, in the column's unit.
        found: i64,
    },
    /// A header that is null.
    #[error("headers: a header is null, or its key is")]
    HeaderNull,
    /// A header key that is no text.
    #[error("headers: a key is not UTF-8")]
    HeaderKey,
    /// A partition that is not there.
    #[error("partitions: expected 0 to {last}, found {found}")]
    Partition {
        /// The last one.
        last: i32,
        /// What stands there, None for null.
        found: Nullable,
    },
}

/// A number that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nullable(pub Option<i32>);

impl std::fmt::Display for Nullable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(number) => number.fmt(formatter),
            None => formatter.write_str("null"),
        }
    }
}

impl RowFlaw {
    /// The flaw with its row.
    #[cold]
    pub(super) fn at(self, row: usize) -> InputError {
        InputError::Row { row, flaw: self }
    }
}
