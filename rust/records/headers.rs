//! The headers of records: a list of pairs each, in order, the same key as often as it comes.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, StructArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

use super::blobs::{BlobColumn, Broken, Cells};
use super::input::{InputError, RowFlaw};
use super::writer::Header;

const COLUMN: &str = "headers";
const BROKEN: RowFlaw = RowFlaw::Broken { column: COLUMN };
const TAKEN: &str = "a list of structs of key and value, or a map";

/// One column of headers; shares the memory of the array it was made of.
#[derive(Clone, Debug)]
pub struct HeaderColumn {
    ends: Ends,
    nulls: Option<NullBuffer>,
    entry_nulls: Option<NullBuffer>,
    keys: BlobColumn,
    values: BlobColumn,
}

/// Where the headers of each record end among all.
#[derive(Clone, Debug)]
enum Ends {
    Small(ScalarBuffer<i32>),
    Large(ScalarBuffer<i64>),
}

impl HeaderColumn {
    /// The headers in a list of structs or a map.
    pub fn new(array: &ArrayRef) -> Result<Self, InputError> {
        let (ends, entries) = match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                (Ends::Small(list.offsets().inner().clone()), list.values().as_struct_opt())
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                (Ends::Large(list.offsets().inner().clone()), list.values().as_struct_opt())
            }
            DataType::Map(_, _) => {
                let map = array.as_map();
                (Ends::Small(map.offsets().inner().clone()), Some(map.entries()))
            }
            _ => return Err(refused(array)),
        };
        let entries = entries.filter(|entries| entries.num_columns() == 2).ok_or_else(|| refused(array))?;
        let (keys, values) = pair(entries);
        Ok(Self {
            ends,
            nulls: array.nulls().cloned(),
            entry_nulls: entries.nulls().cloned(),
            keys: BlobColumn::new("header keys", keys)?,
            values: BlobColumn::new("header values", values)?,
        })
    }

    /// Records it has headers of.
    pub fn rows(&self) -> usize {
        match &self.ends {
            Ends::Small(ends) => ends.len().saturating_sub(1),
            Ends::Large(ends) => ends.len().saturating_sub(1),
        }
    }

    /// At least as many bytes as all headers take together, with two lengths of `length_bytes` each.
    pub(super) fn bytes(&self, length_bytes: usize) -> usize {
        let lengths = self.keys.rows().saturating_mul(2 * length_bytes);
        self.keys.bytes().saturating_add(self.values.bytes()).saturating_add(lengths)
    }

    /// Puts the headers of the record in `row` in place of what `headers` holds.
    #[inline]
    pub(super) fn gather<'a>(&'a self, row: usize, headers: &mut Vec<Header<'a>>) -> Result<(), RowFlaw> {
        headers.clear();
        if self.nulls.as_ref().is_some_and(|nulls| row < nulls.len() && nulls.is_null(row)) {
            return Ok(());
        }
        let (start, end) = match &self.ends {
            Ends::Small(ends) => span(ends, row),
            Ends::Large(ends) => span(ends, row),
        }
        .ok_or(BROKEN)?;
        if start > end || end > self.keys.rows() {
            return Err(BROKEN);
        }
        for entry in start..end {
            headers.push(self.header(entry)?);
        }
        Ok(())
    }

    fn header(&self, entry: usize) -> Result<Header<'_>, RowFlaw> {
        if self.entry_nulls.as_ref().is_some_and(|nulls| nulls.is_null(entry)) {
            return Err(RowFlaw::HeaderNull);
        }
        let broken = |Broken| BROKEN;
        let key = self.keys.get(entry).map_err(broken)?.ok_or(RowFlaw::HeaderNull)?;
        if std::str::from_utf8(key).is_err() {
            return Err(RowFlaw::HeaderKey);
        }
        Ok((key, self.values.get(entry).map_err(broken)?))
    }
}

#[inline]
fn span<O: OffsetSizeTrait>(ends: &[O], row: usize) -> Option<(usize, usize)> {
    let [start, end] = ends.get(row..row + 2)? else { return None };
    Some((start.as_usize(), end.as_usize()))
}

/// The columns named key and value; where these names are not, the first and the second.
fn pair(entries: &StructArray) -> (&ArrayRef, &ArrayRef) {
    match (entries.column_by_name("key"), entries.column_by_name("value")) {
        (Some(key), Some(value)) => (key, value),
        _ => (entries.column(0), entries.column(1)),
    }
}

fn refused(array: &ArrayRef) -> InputError {
    InputError::Type { column: COLUMN, expected: TAKEN, found: array.data_type().clone() }
}
