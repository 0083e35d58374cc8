//! The decoder of batches, and answers to Fetch requests taken apart.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::python::memory::{BorrowedBytes, Columns};
use crate::python::{detached, to_python};
use crate::records::{Aborted, BinaryKind, Column, Decoder, Input, Log, Options, Progress};
use crate::wire::fetched::{FetchAnswer, FetchedPartition, FetchedTopic};

#[pyclass(module = "skylog.core._core")]
struct RecordDecoder {
    decoder: Decoder,
    /// Whether columns may refer to the input.
    views: bool,
}

/// Bytes at hand for a call, and as memory that stays if columns may refer to them.
struct Held {
    bytes: Result<BorrowedBytes, Buffer>,
    start: usize,
    more: bool,
}

impl Held {
    fn new(data: BorrowedBytes, views: bool) -> Self {
        // What is writable can change later, so it is not referred to.
        let stays = views && data.is_readonly();
        let bytes = if stays { Err(Buffer::from(Bytes::from_owner(data))) } else { Ok(data) };
        Self { bytes, start: 0, more: false }
    }

    fn input(&self) -> Input<'_> {
        let (start, more) = (self.start, self.more);
        match &self.bytes {
            Ok(borrowed) => Input { bytes: borrowed.as_slice(), owner: None, start, more },
            Err(owner) => Input { bytes: owner, owner: Some(owner.clone()), start, more },
        }
    }
}

#[pymethods]
impl RecordDecoder {
    #[new]
    #[pyo3(signature = (columns, *, binary, verify_crc, offsets, keep_control, decompressed_bytes_max))]
    fn new(
        columns: Vec<String>,
        binary: &str,
        verify_crc: bool,
        offsets: (i64, i64),
        keep_control: bool,
        decompressed_bytes_max: usize,
    ) -> PyResult<Self> {
        let columns = columns.iter().map(|name| named(name, Column::named(name))).collect::<PyResult<_>>()?;
        let binary = named(binary, BinaryKind::named(binary))?;
        let offsets = offsets.0..=offsets.1;
        let options = Options { columns, binary, verify_crc, offsets, keep_control, decompressed_bytes_max };
        Ok(Self { decoder: Decoder::new(options), views: binary == BinaryKind::View })
    }

    #[pyo3(signature = (partition = -1, aborted = Vec::new()))]
    fn set_log(&mut self, partition: i32, aborted: Vec<(i64, i64)>) {
        self.decoder.set_log(Log { partition, ..Log::default() }, Aborted::new(&aborted));
    }

    #[pyo3(signature = (data, position = 0, *, start = 0, more = false, full_bytes = usize::MAX))]
    fn read(
        &mut self,
        py: Python<'_>,
        data: BorrowedBytes,
        position: usize,
        start: usize,
        more: bool,
        full_bytes: usize,
    ) -> PyResult<(usize, usize)> {
        let size = data.as_slice().len();
        let held = Held { start, more, ..Held::new(data, self.views) };
        let decoder = &mut self.decoder;
        let read = detached(py, size, || decoder.read(&held.input(), position..size, full_bytes));
        Ok(match read.map_err(to_python)? {
            Progress::Done => (size, 0),
            Progress::Full(position) => (position, 0),
            Progress::Cut(position, needed) => (position, needed),
        })
    }

    fn read_segment(&mut self, py: Python<'_>, data: BorrowedBytes) -> PyResult<()> {
        let size = data.as_slice().len();
        let held = Held::new(data, self.views);
        let decoder = &mut self.decoder;
        detached(py, size, || decoder.read_segment(&held.input())).map_err(to_python)
    }

    fn read_answer(
        &mut self,
        py: Python<'_>,
        data: BorrowedBytes,
        answer: &ParsedFetchAnswer,
        committed: bool,
    ) -> PyResult<()> {
        let size = data.as_slice().len();
        let held = Held::new(data, self.views);
        let decoder = &mut self.decoder;
        let read = detached(py, size, || decoder.read_answer(&held.input(), &answer.answer, committed));
        read.map_err(to_python)
    }

    /// Bytes of columns at hand.
    #[getter]
    fn held_bytes(&self) -> usize {
        self.decoder.bytes()
    }

    fn take(&mut self, py: Python<'_>) -> PyResult<Vec<Columns>> {
        let decoder = &mut self.decoder;
        let pieces = py.detach(|| decoder.take()).map_err(to_python)?;
        Ok(pieces.into_iter().map(Columns::from).collect())
    }

    fn empty(&self) -> Columns {
        Columns::from(RecordBatch::new_empty(self.decoder.schema()))
    }
}

fn named<T>(name: &str, found: Option<T>) -> PyResult<T> {
    found.ok_or_else(|| PyValueError::new_err(format!("no column or type is named {name:?}")))
}

/// A Fetch response, taken apart.
#[pyclass(frozen, name = "FetchAnswer", module = "skylog.core._core")]
struct ParsedFetchAnswer {
    answer: Arc<FetchAnswer>,
    names: Vec<Option<Py<PyString>>>,
}

/// One partition of a Fetch response.
#[pyclass(frozen, name = "FetchedPartition", module = "skylog.core._core")]
struct ParsedPartition {
    #[pyo3(get)]
    topic: Option<Py<PyString>>,
    answer: Arc<FetchAnswer>,
    index: usize,
}

#[pymethods]
impl ParsedFetchAnswer {
    #[getter]
    fn throttle_time_ms(&self) -> i32 {
        self.answer.throttle_time_ms
    }

    #[getter]
    fn error_code(&self) -> i16 {
        self.answer.error_code
    }

    #[getter]
    fn session_id(&self) -> i32 {
        self.answer.session_id
    }

    #[getter]
    fn partitions(&self, py: Python<'_>) -> Vec<ParsedPartition> {
        let topics = self.names.iter().map(|name| name.as_ref().map(|name| name.clone_ref(py)));
        let part = |(index, topic)| ParsedPartition { topic, answer: Arc::clone(&self.answer), index };
        topics.enumerate().map(part).collect()
    }
}

impl ParsedPartition {
    fn facts(&self) -> &FetchedPartition {
        &self.answer.partitions[self.index]
    }
}

#[pymethods]
impl ParsedPartition {
    #[getter]
    fn topic_id(&self) -> Option<&[u8]> {
        match &self.facts().topic {
            FetchedTopic::Id(topic_id) => Some(topic_id),
            FetchedTopic::Name(_) => None,
        }
    }

    #[getter]
    fn partition(&self) -> i32 {
        self.facts().index
    }

    #[getter]
    fn error_code(&self) -> i16 {
        self.facts().error_code
    }

    #[getter]
    fn high_watermark(&self) -> i64 {
        self.facts().high_watermark
    }

    #[getter]
    fn last_stable_offset(&self) -> i64 {
        self.facts().last_stable_offset
    }

    #[getter]
    fn log_start_offset(&self) -> i64 {
        self.facts().log_start_offset
    }

    #[getter]
    fn preferred_read_replica(&self) -> i32 {
        self.facts().preferred_read_replica
    }

    #[getter]
    fn aborted(&self) -> Vec<(i64, i64)> {
        self.facts().aborted.clone()
    }

    #[getter]
    fn position(&self) -> usize {
        self.facts().records.start
    }

    #[getter]
    fn size(&self) -> usize {
        self.facts().records.len()
    }
}

#[pyfunction]
fn parse_fetch_answer(py: Python<'_>, response: BorrowedBytes, version: i16) -> PyResult<ParsedFetchAnswer> {
    let bytes = response.as_slice();
    let answer = FetchAnswer::parse(bytes, version).map_err(to_python)?;
    let name = |partition: &FetchedPartition| match &partition.topic {
        FetchedTopic::Name(place) => PyString::from_bytes(py, &bytes[place.clone()]).ok(),
        FetchedTopic::Id(_) => None,
    };
    let names = answer.partitions.iter().map(|partition| name(partition).map(Bound::unbind)).collect();
    Ok(ParsedFetchAnswer { answer: Arc::new(answer), names })
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RecordDecoder>()?;
    module.add_class::<ParsedFetchAnswer>()?;
    module.add_class::<ParsedPartition>()?;
    module.add_function(wrap_pyfunction!(parse_fetch_answer, module)?)
}
