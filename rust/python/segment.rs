//! Python's view of segment objects: inspected, verified, searched by time.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::data::Data;
use super::memory::BorrowedBytes;
use super::{detached, to_python};
use crate::batch::BatchHeader;
use crate::compression::codec_name;
use crate::error::{Error, Result};
use crate::segment::format::{Kind, VERSION};
use crate::segment::{self, ExtentBytes, Found, LogEntry, Segment};

#[pyfunction]
fn segment_summary(py: Python<'_>, data: Data) -> PyResult<Bound<'_, PyDict>> {
    let data = data.as_slice();
    let segment = Segment::parse(data).map_err(to_python)?;
    let header = segment.header();
    let kind = match header.kind {
        Kind::Shared => "shared",
        Kind::Consolidated => "consolidated",
    };
    let logs: PyResult<Vec<_>> = segment.logs().iter().map(|log| log_summary(py, log)).collect();
    let summary = PyDict::new(py);
    summary.set_item("version", VERSION)?;
    summary.set_item("kind", kind)?;
    summary.set_item("created_ms", header.created_ms)?;
    summary.set_item("segment_id", PyBytes::new(py, &header.segment_id))?;
    summary.set_item("size", data.len())?;
    summary.set_item("logs", PyList::new(py, logs?)?)?;
    Ok(summary)
}

fn log_summary<'py>(py: Python<'py>, log: &LogEntry) -> PyResult<Bound<'py, PyDict>> {
    let summary = PyDict::new(py);
    summary.set_item("topic_id", PyBytes::new(py, &log.key.topic_id))?;
    summary.set_item("partition", log.key.partition)?;
    summary.set_item("position", log.position)?;
    summary.set_item("size", log.size)?;
    summary.set_item("batches", log.batches)?;
    summary.set_item("records", log.records)?;
    summary.set_item("max_timestamp", log.max_timestamp)?;
    summary.set_item("log_append_time", log.log_append_time)?;
    Ok(summary)
}

#[pyfunction]
fn segment_batches(py: Python<'_>, data: Data, log: usize) -> PyResult<Bound<'_, PyList>> {
    let segment = Segment::parse(data.as_slice()).map_err(to_python)?;
    let entry = segment.logs().get(log).ok_or_else(|| to_python(no_such_log(&segment, log)))?;
    let batches: PyResult<Vec<_>> = segment
        .batches(entry)
        .map(|batch| {
            let (position, header, bytes) =
                batch.map_err(|error| to_python(error.shifted(entry.position)))?;
            batch_facts(py, entry.position + position, bytes.len(), &header)
        })
        .collect();
    PyList::new(py, batches?)
}

fn batch_facts<'py>(
    py: Python<'py>,
    position: usize,
    size: usize,
    header: &BatchHeader,
) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("position", position)?;
    facts.set_item("size", size)?;
    facts.set_item("base_offset", header.base_offset)?;
    facts.set_item("last_offset_delta", header.last_offset_delta)?;
    facts.set_item("records", header.record_count)?;
    facts.set_item("compression", codec_name(header.codec()))?;
    facts.set_item("attributes", header.attributes)?;
    facts.set_item("base_timestamp", header.base_timestamp)?;
    facts.set_item("max_timestamp", header.max_timestamp)?;
    facts.set_item("producer_id", header.producer_id)?;
    facts.set_item("producer_epoch", header.producer_epoch)?;
    facts.set_item("base_sequence", header.base_sequence)?;
    facts.set_item("partition_leader_epoch", header.partition_leader_epoch)?;
    facts.set_item("crc", header.crc)?;
    Ok(facts)
}

fn no_such_log(segment: &Segment<'_>, log: usize) -> Error {
    let found = i64::try_from(log).unwrap_or(i64::MAX);
    let position = segment.footer_position();
    Error::Invalid { what: "log", position, expected: "an entry of the index", found }
}

#[pyfunction]
fn verify_segment(py: Python<'_>, data: BorrowedBytes) -> PyResult<usize> {
    let data = data.as_slice();
    detached(py, data.len(), || segment::verify(data)).map_err(to_python)
}

#[pyfunction]
#[pyo3(signature = (data, position, size, base_offset, append_time_ms, timestamp_ms, first_offset = 0))]
#[allow(clippy::too_many_arguments)] // they are one extent's coordinates and what is looked for
fn find_timestamp(
    py: Python<'_>,
    data: BorrowedBytes,
    position: usize,
    size: usize,
    base_offset: i64,
    append_time_ms: i64,
    timestamp_ms: i64,
    first_offset: i64,
) -> PyResult<Option<(i64, i64)>> {
    search(py, &data, position, size, |bytes| {
        segment::find_timestamp(
            ExtentBytes { bytes, base_offset, append_time_ms, first_offset },
            timestamp_ms,
        )
    })
}

#[pyfunction]
#[pyo3(signature = (data, position, size, base_offset, append_time_ms, first_offset = 0))]
fn find_max_timestamp(
    py: Python<'_>,
    data: BorrowedBytes,
    position: usize,
    size: usize,
    base_offset: i64,
    append_time_ms: i64,
    first_offset: i64,
) -> PyResult<Option<(i64, i64)>> {
    search(py, &data, position, size, |bytes| {
        segment::find_max_timestamp(ExtentBytes { bytes, base_offset, append_time_ms, first_offset })
    })
}

/// Searches an extent's bytes; positions in errors are those of the object.
fn search(
    py: Python<'_>,
    data: &BorrowedBytes,
    position: usize,
    size: usize,
    find: impl FnOnce(&[u8]) -> Result<Option<Found>> + Send,
) -> PyResult<Option<(i64, i64)>> {
    let data = data.as_slice();
    let left = data.len().saturating_sub(position);
    let extent = data
        .get(position..position.saturating_add(size))
        .ok_or(Error::Truncated { what: "extent", position, needed: size, left })
        .map_err(to_python)?;
    let found = detached(py, size, || find(extent)).map_err(|error| to_python(error.shifted(position)))?;
    Ok(found.map(|found| (found.offset, found.timestamp)))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(segment_summary, module)?)?;
    module.add_function(wrap_pyfunction!(segment_batches, module)?)?;
    module.add_function(wrap_pyfunction!(verify_segment, module)?)?;
    module.add_function(wrap_pyfunction!(find_timestamp, module)?)?;
    module.add_function(wrap_pyfunction!(find_max_timestamp, module)?)
}
