//! Keys or values, copied one behind the other.

use std::sync::Arc;

use arrow_array::types::{GenericBinaryType, GenericStringType};
use arrow_array::{ArrayRef, GenericByteArray, OffsetSizeTrait};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::ArrowError;

use super::growing::{Growing, Native};
use crate::records::walk::Span;

/// Values of an Arrow binary column with offsets of type `O`.
pub(in crate::records) struct BytesBuilder<O: OffsetSizeTrait + Native> {
    offsets: Growing<O>,
    values: Growing<u8>,
    nulls: NullBufferBuilder,
    size: usize,
}

impl<O: OffsetSizeTrait + Native> BytesBuilder<O> {
    /// A column of about `rows` values of `bytes` bytes in all.
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Growing::with_capacity(rows.saturating_add(1));
        offsets.extend(std::iter::once(O::default()));
        let (values, nulls) = (Growing::with_capacity(bytes), NullBufferBuilder::new(0));
        Self { offsets, values, nulls, size: 0 }
    }

    /// Appends the `spans` of `payload`; the caller sees to it that `O` can count the bytes.
    #[inline]
    pub(super) fn append(&mut self, payload: &[u8], spans: impl ExactSizeIterator<Item = Span> + Clone) {
        append_nulls(&mut self.nulls, spans.clone());
        let start = self.size;
        let mut end = start;
        self.offsets.extend(spans.clone().map(|span| {
            end += span.bytes();
            O::usize_as(end)
        }));
        self.size = end;
        self.values.append(end - start, spans.map(|span| span.of(payload).unwrap_or_default()));
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.bytes() + self.offsets.bytes()
    }

    pub(super) fn finish(self) -> Result<ArrayRef, ArrowError> {
        let Self { offsets, values, mut nulls, .. } = self;
        let offsets = OffsetBuffer::new(offsets.finish_values());
        let array =
            GenericByteArray::<GenericBinaryType<O>>::try_new(offsets, values.finish(), nulls.finish());
        Ok(Arc::new(array?))
    }

    /// The same as a column of strings.
    pub(super) fn finish_strings(self) -> Result<ArrayRef, ArrowError> {
        let Self { offsets, values, mut nulls, .. } = self;
        let offsets = OffsetBuffer::new(offsets.finish_values());
        let array =
            GenericByteArray::<GenericStringType<O>>::try_new(offsets, values.finish(), nulls.finish());
        Ok(Arc::new(array?))
    }
}

/// Notes which spans are null; all or none, as mostly, at once.
#[inline]
pub(super) fn append_nulls(
    nulls: &mut NullBufferBuilder,
    spans: impl ExactSizeIterator<Item = Span> + Clone,
) {
    let count = spans.clone().filter(|span| span.is_null()).count();
    if count == 0 {
        nulls.append_n_non_nulls(spans.len());
    } else if count == spans.len() {
        nulls.append_n_nulls(count);
    } else {
        spans.for_each(|span| nulls.append(!span.is_null()));
    }
}
