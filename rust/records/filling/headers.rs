//! Headers: a list of keys and values for each record.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::ArrowError;

use super::bytes::BytesBuilder;
use super::growing::Growing;
use crate::error::Result;
use crate::records::checks::check_header_key;
use crate::records::columns::{header_field, header_fields};
use crate::records::walk::{Headers, RecordSpan, Span};

/// The values of the column `headers`.
pub(in crate::records) struct HeadersBuilder {
    offsets: Growing<i32>,
    count: i32,
    keys: BytesBuilder<i32>,
    values: BytesBuilder<i32>,
    /// The headers of the records at hand.
    found: Vec<(Span, Span)>,
}

impl HeadersBuilder {
    pub(super) fn with_capacity(rows: usize) -> Self {
        let mut offsets = Growing::with_capacity(rows.saturating_add(1));
        offsets.extend(std::iter::once(0));
        let (keys, values) = (BytesBuilder::with_capacity(0, 0), BytesBuilder::with_capacity(0, 0));
        Self { offsets, count: 0, keys, values, found: Vec::new() }
    }

    /// Appends the headers of records that were walked in full depth.
    pub(super) fn append(&mut self, payload: &[u8], records: &[RecordSpan]) -> Result<()> {
        let mut count = self.count;
        self.offsets.extend(records.iter().map(|record| {
            count = count.saturating_add_unsigned(record.header_count);
            count
        }));
        if count > self.count {
            self.count = count;
            self.append_found(payload, records)?;
        }
        Ok(())
    }

    fn append_found(&mut self, payload: &[u8], records: &[RecordSpan]) -> Result<()> {
        self.found.clear();
        self.found.extend(records.iter().flat_map(|record| Headers::of(record, payload)));
        self.found.iter().try_for_each(|(key, _)| check_header_key(*key, payload))?;
        self.keys.append(payload, self.found.iter().map(|(key, _)| *key));
        self.values.append(payload, self.found.iter().map(|(_, value)| *value));
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.offsets.bytes() + self.keys.bytes() + self.values.bytes()
    }

    pub(super) fn finish(self) -> std::result::Result<ArrayRef, ArrowError> {
        let columns = vec![self.keys.finish_strings()?, self.values.finish()?];
        let headers = StructArray::try_new(header_fields(), columns, None)?;
        let offsets = OffsetBuffer::new(self.offsets.finish_values());
        Ok(Arc::new(ListArray::try_new(header_field(), offsets, Arc::new(headers), None)?))
    }
}
