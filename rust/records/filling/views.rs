//! Keys or values as views: what lies in the input stays there, what was decompressed is copied.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryViewArray};
use arrow_buffer::{Buffer, NullBufferBuilder};
use arrow_schema::ArrowError;

use super::bytes::append_nulls;
use super::growing::Growing;
use crate::records::payload::{InPlace, Payload};
use crate::records::walk::Span;

/// Values up to this size stand in the view itself.
const INLINE_BYTES_MAX: usize = 12;
/// A view's offset has 31 bits.
const BUFFER_BYTES_MAX: usize = i32::MAX as usize;
/// Copied bytes go into buffers of about this size, so that nothing is copied twice.
const COPIED_BYTES_MAX: usize = 32 << 20;

/// The values of a `binary_view` column.
pub(in crate::records) struct ViewsBuilder {
    views: Growing<u128>,
    nulls: NullBufferBuilder,
    buffers: Vec<Buffer>,
    /// Which input the last buffer is of (where that lies), and where the buffer starts in it.
    last: Option<(usize, usize)>,
    /// Bytes that were copied for the buffer to come.
    copied: Growing<u8>,
    /// Bytes of all values.
    shown: usize,
}

impl ViewsBuilder {
    /// A column of about `rows` values of `bytes` bytes in all, should they have to be copied.
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let (views, copied) =
            (Growing::with_capacity(rows), Growing::with_capacity(bytes.min(COPIED_BYTES_MAX)));
        Self { views, nulls: NullBufferBuilder::new(0), buffers: Vec::new(), last: None, copied, shown: 0 }
    }

    pub(super) fn append(
        &mut self,
        payload: &Payload<'_>,
        spans: impl ExactSizeIterator<Item = Span> + Clone,
    ) {
        append_nulls(&mut self.nulls, spans.clone());
        self.shown += spans.clone().map(Span::bytes).sum::<usize>();
        match &payload.in_place {
            Some(place) => self.append_in_place(payload.bytes, place, spans),
            None => self.append_copied(payload.bytes, spans),
        }
    }

    fn append_in_place(
        &mut self,
        payload: &[u8],
        place: &InPlace,
        spans: impl ExactSizeIterator<Item = Span>,
    ) {
        let start = self.input_buffer(place, payload.len());
        let index = self.buffers.len() - 1;
        let offset = |span: Span| start + span.start as usize;
        self.views.extend(spans.map(|span| view(span.of(payload), index, offset(span))));
    }

    /// Sees to it that the last buffer holds the payload, and says where it starts there.
    fn input_buffer(&mut self, place: &InPlace, size: usize) -> usize {
        let input = place.owner.as_ptr().addr();
        if let Some((known, base)) = self.last
            && known == input
            && place.position >= base
            && place.position + size - base <= BUFFER_BYTES_MAX
        {
            return place.position - base;
        }
        self.close_copied();
        let left = place.owner.len() - place.position;
        self.buffers.push(place.owner.slice_with_length(place.position, left.min(BUFFER_BYTES_MAX)));
        self.last = Some((input, place.position));
        0
    }

    fn append_copied(&mut self, payload: &[u8], spans: impl ExactSizeIterator<Item = Span> + Clone) {
        let long = |span: Span| span.bytes() > INLINE_BYTES_MAX;
        let size = spans.clone().filter(|&span| long(span)).map(Span::bytes).sum::<usize>();
        if self.copied.bytes() + size > COPIED_BYTES_MAX && self.copied.bytes() > 0 {
            self.close_copied();
            self.copied = Growing::with_capacity(COPIED_BYTES_MAX);
        }
        self.last = None;
        let (index, mut end) = (self.buffers.len(), self.copied.bytes());
        self.views.extend(spans.clone().map(|span| {
            let start = end;
            end += if long(span) { span.bytes() } else { 0 };
            view(span.of(payload), index, start)
        }));
        let pieces = spans.filter(|&span| long(span)).map(|span| span.of(payload).unwrap_or_default());
        self.copied.append(size, pieces);
    }

    /// Makes a buffer of what was copied, if there is anything.
    fn close_copied(&mut self) {
        if self.copied.bytes() > 0 {
            let copied = std::mem::replace(&mut self.copied, Growing::with_capacity(0));
            self.buffers.push(copied.finish());
        }
        self.last = None;
    }

    pub(super) fn bytes(&self) -> usize {
        self.views.bytes() + self.shown
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        self.close_copied();
        let nulls = self.nulls.finish();
        Ok(Arc::new(BinaryViewArray::try_new(self.views.finish_values(), self.buffers, nulls)?))
    }
}

/// The 16 bytes that stand for a value: its size, and itself or its first bytes and its place.
#[inline]
#[allow(clippy::cast_possible_truncation)] // sizes and offsets have 31 bits, see above
fn view(value: Option<&[u8]>, buffer: usize, offset: usize) -> u128 {
    let Some(value) = value else { return 0 };
    let size = value.len() as u128;
    if let Some(prefix) = value.first_chunk::<4>().filter(|_| value.len() > INLINE_BYTES_MAX) {
        let prefix = u128::from(u32::from_le_bytes(*prefix));
        return size | prefix << 32 | (buffer as u128) << 64 | (offset as u128) << 96;
    }
    let mut inline = [0; 16];
    inline[0] = value.len() as u8;
    inline[4..4 + value.len()].copy_from_slice(value);
    u128::from_le_bytes(inline)
}
