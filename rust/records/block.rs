//! The records of one block, column by column.

use arrow_array::ArrayRef;

use super::blobs::{BlobColumn, Cells};
use super::headers::HeaderColumn;
use super::input::{InputError, RowFlaw};
use super::options::BatchOptions;
use super::timestamps::Timestamps;
use super::writer::{BatchWriter, Header, Limits, Record, length_size};

/// Bytes of the longest varlong.
const TIMESTAMP_BYTES_MAX: usize = 10;

/// Records, column by column; all columns have the same length.
#[derive(Clone, Debug)]
pub struct Block {
    pub(super) values: BlobColumn,
    pub(super) keys: BlobColumn,
    pub(super) timestamps: Timestamps,
    pub(super) headers: Option<HeaderColumn>,
}

impl Block {
    /// Records of these values; without keys or headers they have none.
    pub fn new(
        values: &ArrayRef,
        keys: Option<&ArrayRef>,
        timestamps: Timestamps,
        headers: Option<&ArrayRef>,
    ) -> Result<Self, InputError> {
        let values = BlobColumn::new("values", values)?;
        let expected = values.rows();
        let same = |column, found| {
            if found == expected { Ok(()) } else { Err(InputError::Rows { column, expected, found }) }
        };
        let keys = keys.map_or(Ok(BlobColumn::nulls(expected)), |keys| BlobColumn::new("keys", keys))?;
        same("keys", keys.rows())?;
        same("timestamps", timestamps.rows().unwrap_or(expected))?;
        let headers = headers.map(HeaderColumn::new).transpose()?;
        same("headers", headers.as_ref().map_or(expected, HeaderColumn::rows))?;
        Ok(Self { values, keys, timestamps, headers })
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.values.rows()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// With append time there is one time for all records of a batch, so that times of their own make no sense.
    pub(super) fn check_times(&self, options: &BatchOptions) -> Result<(), InputError> {
        let own = options.append_time && matches!(self.timestamps, Timestamps::Column(_));
        if own { Err(InputError::AppendTime) } else { Ok(()) }
    }

    /// At least as many bytes as the records take, in batches of `options`.
    pub(super) fn bytes_max(&self, options: &BatchOptions) -> usize {
        let length = length_size(options.batch_bytes_max);
        // Size, attributes, offset, and the lengths of key, value and headers.
        let timestamp =
            if matches!(self.timestamps, Timestamps::Constant(_)) { 1 } else { TIMESTAMP_BYTES_MAX };
        let overhead = self.len().saturating_mul(5 * length + 1 + timestamp);
        let headers = self.headers.as_ref().map_or(0, |headers| headers.bytes(length));
        [self.values.bytes(), self.keys.bytes(), headers].into_iter().fold(overhead, usize::saturating_add)
    }

    /// The record in `row`; `headers` holds its headers meanwhile.
    #[inline]
    pub(super) fn record<'r, 'a: 'r>(
        &'a self,
        row: usize,
        headers: &'r mut Vec<Header<'a>>,
    ) -> Result<Record<'r>, RowFlaw> {
        self.record_of(&self.values, &self.keys, row, headers)
    }

    #[inline]
    fn record_of<'r, 'a: 'r>(
        &'a self,
        values: &'a impl Cells,
        keys: &'a impl Cells,
        row: usize,
        headers: &'r mut Vec<Header<'a>>,
    ) -> Result<Record<'r>, RowFlaw> {
        if let Some(column) = &self.headers {
            column.gather(row, headers)?;
        }
        Record::new(self.timestamps.get(row)?, keys.get(row), values.get(row), headers)
    }

    /// Writes records into `room` from row `from` on, until the batch takes no more; returns the row of the first that
    /// it did not take, or the number of rows. Also where a record is wrong those before it were written.
    pub(super) fn fill(
        &self,
        from: usize,
        limits: &Limits,
        writer: &mut BatchWriter,
        room: &mut [u8],
    ) -> Result<usize, (usize, RowFlaw)> {
        // Most columns get a loop of their own, in which nothing is asked twice.
        match (&self.values, &self.keys) {
            (BlobColumn::Small(values), BlobColumn::Null(keys)) => {
                self.fill_of(values, keys, from, limits, writer, room)
            }
            (BlobColumn::Small(values), BlobColumn::Small(keys)) => {
                self.fill_of(values, keys, from, limits, writer, room)
            }
            (BlobColumn::Large(values), BlobColumn::Null(keys)) => {
                self.fill_of(values, keys, from, limits, writer, room)
            }
            (BlobColumn::Large(values), BlobColumn::Large(keys)) => {
                self.fill_of(values, keys, from, limits, writer, room)
            }
            (values, keys) => self.fill_of(values, keys, from, limits, writer, room),
        }
    }

    fn fill_of(
        &self,
        values: &impl Cells,
        keys: &impl Cells,
        from: usize,
        limits: &Limits,
        writer: &mut BatchWriter,
        room: &mut [u8],
    ) -> Result<usize, (usize, RowFlaw)> {
        let (mut own, mut headers) = (*writer, Vec::new());
        let mut stop = Ok(self.len());
        for row in from..self.len() {
            let record = self.record_of(values, keys, row, &mut headers);
            match record.and_then(|record| own.push(room, &record, limits)) {
                Ok(true) => {}
                Ok(false) => {
                    stop = Ok(row);
                    break;
                }
                Err(flaw) => {
                    stop = Err((row, flaw));
                    break;
                }
            }
        }
        *writer = own;
        stop
    }

    /// Whether every record can be written into some batch whose records take `limit` bytes.
    pub(super) fn check(&self, first_row: usize, limit: usize) -> Result<(), InputError> {
        let mut headers = Vec::new();
        for row in 0..self.len() {
            let checked = self.record(row, &mut headers).and_then(|record| fits(&record, limit));
            checked.map_err(|flaw| flaw.at(first_row + row))?;
        }
        Ok(())
    }
}

/// Whether `record` alone would fit into a batch whose records take `limit` bytes.
pub(super) fn fits(record: &Record<'_>, limit: usize) -> Result<(), RowFlaw> {
    let size = BatchWriter::EMPTY.measure(record).size;
    if size <= limit { Ok(()) } else { Err(RowFlaw::TooLarge { size, limit }) }
}
