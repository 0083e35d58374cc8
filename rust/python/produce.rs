//! Python's view of the produce path: topics, requests, the buffer, sealed segments.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView};

use super::index::CommitResult;
use super::memory::SharedBytes;
use super::wire::Frame;
use super::{detached, request_error, to_python};
use crate::batch::validate::TopicRules;
use crate::index::distinct_producers;
use crate::memory::Filling;
use crate::segment::{Layout, Sealed};
use crate::wire::builder::{Builder, SharedProduce, Waiting};
use crate::wire::produce::Produce;
use crate::wire::topics;

/// What parsing must know of topics.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct TopicTable {
    pub(super) table: topics::TopicTable,
}

#[pymethods]
impl TopicTable {
    #[new]
    fn new() -> Self {
        Self { table: topics::TopicTable::default() }
    }

    #[pyo3(signature = (topic_id, name, partitions, *, batch_bytes_max, log_append_time, compacted,
                        timestamp_before_ms_max, timestamp_after_ms_max))]
    #[allow(clippy::too_many_arguments)] // by keyword
    fn put(
        &self,
        topic_id: [u8; 16],
        name: &str,
        partitions: i32,
        batch_bytes_max: usize,
        log_append_time: bool,
        compacted: bool,
        timestamp_before_ms_max: i64,
        timestamp_after_ms_max: i64,
    ) {
        let rules = TopicRules {
            batch_bytes_max,
            log_append_time,
            compacted,
            timestamp_before_ms_max,
            timestamp_after_ms_max,
        };
        self.table.put(topics::Topic { id: topic_id, name: name.as_bytes().into(), partitions, rules });
    }

    fn remove(&self, topic_id: [u8; 16]) {
        self.table.remove(&topic_id);
    }

    fn __len__(&self) -> usize {
        self.table.len()
    }
}

/// A parsed Produce request.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct ProduceRequest {
    shared: SharedProduce,
}

#[pymethods]
impl ProduceRequest {
    #[getter]
    fn acks(&self) -> i16 {
        self.shared.lock().acks
    }

    #[getter]
    fn timeout_ms(&self) -> i32 {
        self.shared.lock().timeout_ms
    }

    #[getter]
    fn transactional_id(&self) -> Option<String> {
        self.shared.lock().transactional_id.clone()
    }

    #[getter]
    fn accepted(&self) -> usize {
        self.shared.lock().accepted_count()
    }

    #[getter]
    fn accepted_bytes(&self) -> usize {
        self.shared.lock().accepted_bytes()
    }

    #[getter]
    fn held_bytes(&self) -> usize {
        self.shared.lock().held_bytes()
    }

    #[getter]
    fn unchecked_bytes(&self) -> usize {
        self.shared.lock().unchecked_bytes()
    }

    fn check(&self, py: Python<'_>, now_ms: i64) {
        py.detach(|| self.shared.lock().check(now_ms));
    }

    #[pyo3(signature = (error_code, message = None))]
    fn reject(&self, error_code: i16, message: Option<&str>) {
        self.shared.lock().reject(error_code, message);
    }

    fn throttle(&self, throttle_time_ms: i32) {
        self.shared.lock().throttle(throttle_time_ms);
    }

    fn response<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.shared.lock().response().map(|bytes| PyBytes::new(py, &bytes))
    }
}

#[pyfunction]
fn parse_produce(
    frame: &Bound<'_, Frame>,
    topics: &Bound<'_, TopicTable>,
    now_ms: i64,
    inline_check_bytes_max: usize,
) -> PyResult<ProduceRequest> {
    let (frame, table) = (Frame::share(frame), &topics.get().table);
    let size = frame.bytes.len();
    let parse = || {
        let mut request = Produce::parse(frame, &table.read(), now_ms)?;
        if request.unchecked_bytes() <= inline_check_bytes_max {
            request.check(now_ms);
        }
        Ok(request)
    };
    let request = detached(topics.py(), size, parse).map_err(request_error)?;
    Ok(ProduceRequest { shared: SharedProduce::new(request) })
}

/// The produce buffer.
#[pyclass(module = "skylog.core._core")]
pub(super) struct SegmentBuilder {
    builder: Builder,
}

#[pymethods]
impl SegmentBuilder {
    #[new]
    fn new() -> Self {
        Self { builder: Builder::default() }
    }

    fn append(&mut self, request: &Bound<'_, ProduceRequest>) -> PyResult<()> {
        let taken = self.builder.append(&request.get().shared);
        taken
            .then_some(())
            .ok_or_else(|| PyValueError::new_err("the request is unchecked, or was taken before"))
    }

    #[getter]
    fn size(&self) -> usize {
        self.builder.size()
    }

    #[getter]
    fn requests(&self) -> usize {
        self.builder.requests()
    }

    #[getter]
    fn batches(&self) -> usize {
        self.builder.batches()
    }

    fn seal(&mut self, py: Python<'_>, segment_id: [u8; 16], created_ms: i64) -> PyResult<SealedSegment> {
        let (layout, data) = self.pack(py, segment_id, created_ms)?;
        let waiting = std::mem::take(&mut self.builder).into_waiting(layout.slots());
        let size = layout.size();
        Ok(SealedSegment { sealed: layout.into_sealed(), size, data: Mutex::new(Some(data)), waiting })
    }
}

impl SegmentBuilder {
    fn pack(&self, py: Python<'_>, segment_id: [u8; 16], created_ms: i64) -> PyResult<(Layout, Bytes)> {
        let (inputs, size) = (self.builder.inputs(), self.builder.size());
        detached(py, size, || {
            let layout = Layout::plan(&inputs, segment_id, created_ms).map_err(to_python)?;
            let scarce =
                || PyMemoryError::new_err(format!("no memory for a segment of {} bytes", layout.size()));
            let mut data = Filling::new(layout.size()).ok_or_else(scarce)?;
            layout.write(&inputs, |piece| data.append(piece)).map_err(to_python)?;
            let data = data.finish().ok_or_else(|| PyValueError::new_err("a segment of another size"))?;
            Ok((layout, data))
        })
    }
}

/// A whole segment object with what a commit needs to know of it and the requests that wait for it.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct SealedSegment {
    pub(super) sealed: Sealed,
    size: usize,
    data: Mutex<Option<Bytes>>,
    waiting: Waiting,
}

#[pymethods]
impl SealedSegment {
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let data = data.ok_or_else(|| PyValueError::new_err("the data was released"))?;
        PyMemoryView::from(Bound::new(py, SharedBytes(data))?.as_any())
    }

    #[getter]
    fn size(&self) -> usize {
        self.size
    }

    #[getter]
    fn requests(&self) -> usize {
        self.waiting.requests()
    }

    #[getter]
    fn batches(&self) -> usize {
        self.sealed.batches.len()
    }

    #[getter]
    fn logs<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, i32)> {
        let keys = self.sealed.logs.iter().map(|log| log.key);
        keys.map(|key| (PyBytes::new(py, &key.topic_id), key.partition)).collect()
    }

    #[getter]
    fn producers(&self) -> Vec<(usize, i64)> {
        distinct_producers(&self.sealed)
    }

    fn release_data(&self) {
        let released = self.data.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(released);
    }

    fn answer<'py>(&self, result: &Bound<'py, CommitResult>) -> PyResult<Bound<'py, PyList>> {
        let answers = self.waiting.answer(&self.sealed, &result.get().outcome);
        let answers = answers.ok_or_else(|| PyValueError::new_err("the result of another segment"))?;
        to_list(result.py(), answers)
    }

    #[pyo3(signature = (error_code, message = None))]
    fn fail<'py>(
        &self,
        py: Python<'py>,
        error_code: i16,
        message: Option<&str>,
    ) -> PyResult<Bound<'py, PyList>> {
        to_list(py, self.waiting.fail(error_code, message))
    }
}

fn to_list(py: Python<'_>, answers: Vec<Option<Vec<u8>>>) -> PyResult<Bound<'_, PyList>> {
    PyList::new(py, answers.into_iter().map(|answer| answer.map(|bytes| PyBytes::new(py, &bytes))))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TopicTable>()?;
    module.add_class::<ProduceRequest>()?;
    module.add_class::<SegmentBuilder>()?;
    module.add_class::<SealedSegment>()?;
    module.add_function(wrap_pyfunction!(parse_produce, module)?)
}
