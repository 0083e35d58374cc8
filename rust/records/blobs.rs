//! Columns of bytes, whatever Arrow calls them.

use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryViewType, ByteArrayType, ByteViewType, StringViewType};
use arrow_array::{
    Array, ArrayRef, GenericByteArray, GenericByteViewArray, OffsetSizeTrait, downcast_integer_array,
};
use arrow_buffer::{ArrowNativeType, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

use super::input::InputError;

const TAKEN: &str = "a binary, string, fixed-size binary or null column, or a dictionary of these";
/// Up to so many bytes stand in the view itself.
const INLINE_BYTES_MAX: usize = 12;
const VIEW_BYTES: usize = 16;

/// A place outside of the column's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// A cell: bytes, or None for null.
pub(crate) type Cell<'a> = Result<Option<&'a [u8]>, Broken>;

/// Rows that hold bytes.
pub(crate) trait Cells {
    /// The bytes in `row`, None for null.
    fn get(&self, row: usize) -> Cell<'_>;
}

/// One column of bytes; shares the memory of the array it was made of.
#[derive(Clone, Debug)]
pub enum BlobColumn {
    /// Nothing but nulls.
    Null(Nulls),
    /// Binary and String.
    Small(Runs<i32>),
    /// LargeBinary and LargeString.
    Large(Runs<i64>),
    /// BinaryView and StringView.
    Views(Views),
    /// FixedSizeBinary.
    Fixed(Fixed),
    /// A dictionary of any of the others.
    Dictionary(Box<Dictionary>),
}

impl BlobColumn {
    /// The column in `array`; `name` is what errors call it.
    pub fn new(name: &'static str, array: &ArrayRef) -> Result<Self, InputError> {
        Ok(match array.data_type() {
            DataType::Null => Self::Null(Nulls(array.len())),
            DataType::Binary => Self::Small(Runs::new(array.as_binary::<i32>())),
            DataType::Utf8 => Self::Small(Runs::new(array.as_string::<i32>())),
            DataType::LargeBinary => Self::Large(Runs::new(array.as_binary::<i64>())),
            DataType::LargeUtf8 => Self::Large(Runs::new(array.as_string::<i64>())),
            DataType::BinaryView => Self::Views(Views::new(array.as_byte_view::<BinaryViewType>())),
            DataType::Utf8View => Self::Views(Views::new(array.as_byte_view::<StringViewType>())),
            DataType::FixedSizeBinary(_) => Self::Fixed(Fixed::new(array)),
            DataType::Dictionary(_, _) => Self::Dictionary(Box::new(Dictionary::new(name, array)?)),
            found => return Err(InputError::Type { column: name, expected: TAKEN, found: found.clone() }),
        })
    }

    /// Nothing but nulls.
    pub fn nulls(rows: usize) -> Self {
        Self::Null(Nulls(rows))
    }

    /// Rows it has.
    pub fn rows(&self) -> usize {
        match self {
            Self::Null(nulls) => nulls.0,
            Self::Small(runs) => runs.rows(),
            Self::Large(runs) => runs.rows(),
            Self::Views(views) => views.views.len(),
            Self::Fixed(fixed) => fixed.rows,
            Self::Dictionary(dictionary) => dictionary.indexes.len(),
        }
    }

    /// At least as many bytes as all its cells have together.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Null(_) => 0,
            Self::Small(runs) => runs.bytes(),
            Self::Large(runs) => runs.bytes(),
            Self::Views(views) => views.bytes(),
            Self::Fixed(fixed) => fixed.data.len(),
            Self::Dictionary(dictionary) => dictionary.bytes(),
        }
    }
}

impl Cells for BlobColumn {
    #[inline]
    fn get(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Null(nulls) => nulls.get(row),
            Self::Small(runs) => runs.get(row),
            Self::Large(runs) => runs.get(row),
            Self::Views(views) => views.get(row),
            Self::Fixed(fixed) => fixed.get(row),
            Self::Dictionary(dictionary) => dictionary.get(row),
        }
    }
}

/// Whether `row` is null; a row behind the end is not.
#[inline]
fn is_null(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_some_and(|nulls| row < nulls.len() && nulls.is_null(row))
}

/// Only a number of rows.
#[derive(Clone, Debug)]
pub struct Nulls(usize);

impl Cells for Nulls {
    #[inline]
    fn get(&self, _row: usize) -> Cell<'_> {
        Ok(None)
    }
}

/// Cells one after another, with the places where each ends.
#[derive(Clone, Debug)]
pub struct Runs<O: OffsetSizeTrait> {
    offsets: ScalarBuffer<O>,
    data: Buffer,
    nulls: Option<NullBuffer>,
}

impl<O: OffsetSizeTrait> Runs<O> {
    fn new<T: ByteArrayType<Offset = O>>(array: &GenericByteArray<T>) -> Self {
        let (offsets, data, nulls) = array.clone().into_parts();
        Self { offsets: offsets.into_inner(), data, nulls }
    }

    fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    fn bytes(&self) -> usize {
        let ends = self.offsets.first().zip(self.offsets.last());
        ends.map_or(0, |(first, last)| last.as_usize().saturating_sub(first.as_usize()))
    }
}

impl<O: OffsetSizeTrait> Cells for Runs<O> {
    #[inline]
    fn get(&self, row: usize) -> Cell<'_> {
        if is_null(self.nulls.as_ref(), row) {
            return Ok(None);
        }
        let Some([start, end]) = self.offsets.get(row..row + 2) else { return Err(Broken) };
        self.data.get(start.as_usize()..end.as_usize()).map(Some).ok_or(Broken)
    }
}

/// Cells that stand in the view of them, or in one of several buffers.
#[derive(Clone, Debug)]
pub struct Views {
    views: ScalarBuffer<u128>,
    buffers: std::sync::Arc<[Buffer]>,
    nulls: Option<NullBuffer>,
}

impl Views {
    fn new<T: ByteViewType>(array: &GenericByteViewArray<T>) -> Self {
        let (views, buffers, nulls) = array.clone().into_parts();
        Self { views, buffers, nulls }
    }

    fn bytes(&self) -> usize {
        self.views.iter().map(|&view| view_part(view, 0)).fold(0, usize::saturating_add)
    }
}

impl Cells for Views {
    #[inline]
    fn get(&self, row: usize) -> Cell<'_> {
        if is_null(self.nulls.as_ref(), row) {
            return Ok(None);
        }
        let view = *self.views.get(row).ok_or(Broken)?;
        let size = view_part(view, 0);
        let (bytes, start) = if size <= INLINE_BYTES_MAX {
            (self.views.inner(), row * VIEW_BYTES + 4)
        } else {
            (self.buffers.get(view_part(view, 2)).ok_or(Broken)?, view_part(view, 3))
        };
        bytes.get(start..start + size).map(Some).ok_or(Broken)
    }
}

/// The `part`-th of the four numbers in a view: length, prefix, buffer, offset.
#[inline]
#[allow(clippy::cast_possible_truncation)] // one of four quarters
fn view_part(view: u128, part: u32) -> usize {
    (view >> (32 * part)) as u32 as usize
}

/// Cells of one width.
#[derive(Clone, Debug)]
pub struct Fixed {
    data: Buffer,
    width: usize,
    rows: usize,
    nulls: Option<NullBuffer>,
}

impl Fixed {
    fn new(array: &ArrayRef) -> Self {
        let array = array.as_fixed_size_binary();
        let width = usize::try_from(array.value_length()).unwrap_or_default();
        Self { data: array.values().clone(), width, rows: array.len(), nulls: array.nulls().cloned() }
    }
}

impl Cells for Fixed {
    #[inline]
    fn get(&self, row: usize) -> Cell<'_> {
        if is_null(self.nulls.as_ref(), row) {
            return Ok(None);
        }
        let start = row.checked_mul(self.width).ok_or(Broken)?;
        self.data.get(start..start + self.width).map(Some).ok_or(Broken)
    }
}

/// Cells that are named by number.
#[derive(Clone, Debug)]
pub struct Dictionary {
    indexes: Vec<usize>,
    nulls: Option<NullBuffer>,
    cells: BlobColumn,
}

impl Dictionary {
    fn new(name: &'static str, array: &ArrayRef) -> Result<Self, InputError> {
        let dictionary = array.as_any_dictionary();
        let cells = BlobColumn::new(name, dictionary.values())?;
        let indexes = indexes(dictionary.keys(), dictionary.values().len());
        Ok(Self { indexes, nulls: array.nulls().cloned(), cells })
    }

    fn bytes(&self) -> usize {
        let size = |row: &usize| self.get(*row).ok().flatten().map_or(0, <[u8]>::len);
        (0..self.indexes.len()).map(|row| size(&row)).fold(0, usize::saturating_add)
    }
}

/// The `keys` as numbers of cells; those that are none become `count`, which no cell has.
fn indexes(keys: &dyn Array, count: usize) -> Vec<usize> {
    downcast_integer_array!(
        keys => keys.values().iter().map(|key| key.to_usize().map_or(count, |key| key.min(count))).collect(),
        // Arrow has no other keys.
        _ => Vec::new()
    )
}

impl Cells for Dictionary {
    #[inline]
    fn get(&self, row: usize) -> Cell<'_> {
        if is_null(self.nulls.as_ref(), row) {
            return Ok(None);
        }
        let index = *self.indexes.get(row).ok_or(Broken)?;
        if index < self.cells.rows() { self.cells.get(index) } else { Err(Broken) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::{Int8Type, UInt16Type};
    use arrow_array::{
        BinaryArray, BinaryViewArray, DictionaryArray, FixedSizeBinaryArray, Int8Array, Int64Array,
        LargeBinaryArray, LargeStringArray, NullArray, StringArray, StringViewArray,
    };

    use super::*;

    const LONG: &[u8] = b"longer than a view holds";

    fn cells(column: &BlobColumn) -> Vec<Option<&[u8]>> {
        (0..column.rows()).map(|row| column.get(row).unwrap()).collect()
    }

    #[test]
    fn all_types_give_the_same_cells() {
        let bytes = vec![Some(LONG), None, Some(b"".as_slice()), Some(b"short")];
        let text: Vec<_> =
            bytes.iter().map(|cell| cell.map(|cell| std::str::from_utf8(cell).unwrap())).collect();
        let small: DictionaryArray<Int8Type> = text.iter().copied().collect();
        let large: DictionaryArray<UInt16Type> = text.iter().copied().collect();
        let arrays: [ArrayRef; 8] = [
            Arc::new(BinaryArray::from(bytes.clone())),
            Arc::new(LargeBinaryArray::from(bytes.clone())),
            Arc::new(BinaryViewArray::from(bytes.clone())),
            Arc::new(StringArray::from(text.clone())),
            Arc::new(LargeStringArray::from(text.clone())),
            Arc::new(StringViewArray::from(text)),
            Arc::new(small),
            Arc::new(large),
        ];
        for array in arrays {
            let column = BlobColumn::new("values", &array).unwrap();
            assert_eq!(cells(&column), bytes, "{}", array.data_type());
            assert!(column.bytes() >= LONG.len() + 5, "{}", array.data_type());
            let tail = BlobColumn::new("values", &array.slice(1, 2)).unwrap();
            assert_eq!(cells(&tail), bytes[1..3], "{}", array.data_type());
        }
    }

    #[test]
    fn fixed_widths_and_nulls() {
        let cells_of =
            |array: ArrayRef| BlobColumn::new("values", &array).map(|column| format!("{:?}", cells(&column)));
        let fixed = vec![Some([1, 2]), None, Some([3, 4])];
        let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed.into_iter(), 2).unwrap();
        let sliced = fixed.slice(1, 2);
        assert_eq!(cells_of(Arc::new(fixed)).unwrap(), "[Some([1, 2]), None, Some([3, 4])]");
        assert_eq!(cells_of(Arc::new(sliced)).unwrap(), "[None, Some([3, 4])]");
        assert_eq!(cells_of(Arc::new(NullArray::new(2))).unwrap(), "[None, None]");
        let none: DictionaryArray<Int8Type> = [None::<&str>, None].into_iter().collect();
        assert_eq!(cells_of(Arc::new(none)).unwrap(), "[None, None]");
    }

    #[test]
    fn indexes_that_lie_are_broken_cells() {
        let keys: ArrayRef = Arc::new(Int8Array::from(vec![0, 1, 2, -1]));
        let column = Dictionary {
            indexes: indexes(&keys, 2),
            nulls: None,
            cells: BlobColumn::new("values", &(Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef))
                .unwrap(),
        };
        assert_eq!(column.get(1), Ok(Some(b"b".as_slice())));
        assert!((2..5).all(|row| column.get(row) == Err(Broken)));
    }

    #[test]
    fn numbers_are_no_bytes() {
        let array: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let refused = BlobColumn::new("keys", &array).unwrap_err().to_string();
        assert!(refused.starts_with("keys: expected a binary, string"), "{refused}");
        assert!(refused.ends_with("found Int64"), "{refused}");
    }

    #[test]
    fn offsets_that_lie_are_broken_cells() {
        let data = Buffer::from(b"abcdef");
        for (start, end) in [(4, 3), (0, 7), (-1, 2), (7, 7), (i32::MIN, i32::MAX)] {
            let runs = Runs { offsets: vec![start, end].into(), data: data.clone(), nulls: None };
            assert_eq!(runs.get(0), Err(Broken), "{start}..{end}");
            assert_eq!(runs.get(1), Err(Broken));
        }
        let view = |size: u128, buffer: u128, start: u128| size | buffer << 64 | start << 96;
        let lies = [view(13, 0, 0), view(13, 1, 0), view(u32::MAX.into(), 0, u32::MAX.into())];
        let views = Views { views: lies.to_vec().into(), buffers: Arc::new([data]), nulls: None };
        assert!((0..4).all(|row| views.get(row) == Err(Broken)));
    }
}
