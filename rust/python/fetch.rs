//! Python's view of the fetch path: requests, plans, responses, who waits.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PySlice};

use super::index::{Located, LogPositions};
use super::memory::Readable;
use super::produce::{SealedSegment, TopicTable};
use super::wire::Frame;
use super::{detached, request_error};
use crate::wire::assemble::{Piece, Response, assemble, error_response};
use crate::wire::fetch::Fetch;
use crate::wire::frames::FrameBytes;
use crate::wire::plan::{Limits, Plan};
use crate::wire::waits;

/// Longer pieces of what was written are handed out as views, shorter ones as copies, which cost less.
const VIEW_BYTES_MIN: usize = 16 * 1024;

/// A parsed Fetch request.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct FetchRequest {
    request: Arc<Fetch>,
}

#[pymethods]
impl FetchRequest {
    #[getter]
    fn max_wait_ms(&self) -> i32 {
        self.request.max_wait_ms
    }

    #[getter]
    fn min_bytes(&self) -> i32 {
        self.request.min_bytes
    }

    #[getter]
    fn max_bytes(&self) -> i32 {
        self.request.max_bytes
    }

    #[getter]
    fn isolation_level(&self) -> i8 {
        self.request.isolation_level
    }

    #[getter]
    fn session_id(&self) -> i32 {
        self.request.session_id
    }

    #[getter]
    fn session_epoch(&self) -> i32 {
        self.request.session_epoch
    }

    #[getter]
    fn partitions(&self) -> usize {
        self.request.parts.len()
    }

    #[getter]
    fn positions(&self) -> LogPositions {
        LogPositions { positions: self.request.positions.clone() }
    }

    fn error_response<'py>(&self, py: Python<'py>, error_code: i16) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &error_response(&self.request, error_code))
    }
}

#[pyfunction]
fn parse_fetch(frame: &Bound<'_, Frame>, topics: &Bound<'_, TopicTable>) -> PyResult<FetchRequest> {
    let (frame, table) = (Frame::share(frame), &topics.get().table);
    let parsed = detached(topics.py(), frame.bytes.len(), || Fetch::parse(&frame, &table.read()));
    Ok(FetchRequest { request: Arc::new(parsed.map_err(request_error)?) })
}

/// Which segments answer a fetch, within its limits.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct FetchPlan {
    plan: Plan,
}

#[pymethods]
impl FetchPlan {
    #[new]
    fn new(
        request: &Bound<'_, FetchRequest>,
        located: &Bound<'_, Located>,
        response_bytes_max: u64,
        load_bytes_max: u64,
    ) -> PyResult<Self> {
        let (request, located) = (Arc::clone(&request.get().request), &located.get().located);
        if located.logs.len() != request.positions.len() {
            return Err(PyValueError::new_err("located for the positions of another request"));
        }
        Ok(Self { plan: Plan::new(request, located, Limits { response_bytes_max, load_bytes_max }) })
    }

    #[getter]
    fn keys(&self) -> Vec<&str> {
        self.plan.segments.iter().map(|segment| &*segment.key).collect()
    }

    #[getter]
    fn sizes(&self) -> Vec<u64> {
        self.plan.segments.iter().map(|segment| segment.size).collect()
    }

    #[getter]
    fn available_bytes(&self) -> u64 {
        self.plan.available_bytes
    }

    #[getter]
    fn must_answer(&self) -> bool {
        self.plan.must_answer
    }

    fn assemble<'py>(
        &self,
        py: Python<'py>,
        segments: Vec<Option<Bound<'py, PyBytes>>>,
    ) -> PyResult<Bound<'py, PyList>> {
        if segments.len() != self.plan.segments.len() {
            return Err(PyValueError::new_err("segments of another plan"));
        }
        let bytes: Vec<_> =
            segments.iter().map(|segment| segment.as_ref().map(PyBytesMethods::as_bytes)).collect();
        let size = usize::try_from(self.plan.available_bytes).unwrap_or(usize::MAX);
        let response = detached(py, size, || assemble(&self.plan, &bytes));
        to_buffers(py, response, &segments)
    }
}

fn to_buffers<'py>(
    py: Python<'py>,
    response: Response,
    segments: &[Option<Bound<'py, PyBytes>>],
) -> PyResult<Bound<'py, PyList>> {
    let Response { copied, pieces } = response;
    let copied = Arc::new(copied);
    let list = PyList::empty(py);
    for piece in pieces {
        match piece {
            Piece::Copied(place) if place.len() < VIEW_BYTES_MIN => {
                list.append(PyBytes::new(py, &copied[place]))?;
            }
            Piece::Copied(place) => {
                let bytes = FrameBytes::Large(Arc::clone(&copied) as _);
                list.append(slice(Bound::new(py, Readable { bytes })?.as_any(), place)?)?;
            }
            Piece::Body { segment, place } => {
                let Some(Some(segment)) = segments.get(segment) else { continue };
                list.append(slice(segment.as_any(), place)?)?;
            }
        }
    }
    Ok(list)
}

fn slice<'py>(buffer: &Bound<'py, PyAny>, place: std::ops::Range<usize>) -> PyResult<Bound<'py, PyAny>> {
    let (start, end) = (place.start.cast_signed(), place.end.cast_signed());
    PyMemoryView::from(buffer)?.get_item(PySlice::new(buffer.py(), start, end, 1))
}

/// Parked fetches by log.
#[pyclass(module = "skylog.core._core")]
pub(super) struct WaitList {
    waits: waits::WaitList,
}

#[pymethods]
impl WaitList {
    #[new]
    fn new() -> Self {
        Self { waits: waits::WaitList::default() }
    }

    fn park(&mut self, token: u64, request: &Bound<'_, FetchRequest>) {
        self.waits.park(token, request.get().request.positions.iter().map(|position| position.key));
    }

    fn remove(&mut self, token: u64) {
        self.waits.remove(token);
    }

    fn wake(&self, sealed: &Bound<'_, SealedSegment>) -> Vec<u64> {
        self.waits.wake(sealed.get().sealed.logs.iter().map(|log| log.key))
    }

    fn wake_topic(&self, topic_id: [u8; 16]) -> Vec<u64> {
        self.waits.wake_topic(topic_id)
    }

    fn __len__(&self) -> usize {
        self.waits.len()
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FetchRequest>()?;
    module.add_class::<FetchPlan>()?;
    module.add_class::<WaitList>()?;
    module.add_function(wrap_pyfunction!(parse_fetch, module)?)
}
