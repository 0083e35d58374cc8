//! Python's view of the fetch path: requests, plans, responses, who waits.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PySlice};

use super::index::{Located, LogPositions};
use super::memory::{BorrowedBytes, Readable};
use super::produce::{SealedSegment, TopicTable};
use super::wire::Frame;
use super::{detached, request_error};
use crate::index::SegmentRef;
use crate::wire::assemble::{Piece, Response, assemble, error_response, throttled_response};
use crate::wire::fetch::Fetch;
use crate::wire::frames::FrameBytes;
use crate::wire::loaded::{Loaded, find_flaws};
use crate::wire::plan::{Limits, Plan, ReadEnd, Window};
use crate::wire::waits;

/// Longer pieces of what was written are handed out as views, shorter ones as copies, which cost less.
const VIEW_BYTES_MIN: usize = 16 * 1024;

/// A parsed Fetch request.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct FetchRequest {
    pub(super) request: Arc<Fetch>,
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

    fn throttled_response<'py>(&self, py: Python<'py>, throttle_time_ms: i32) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &throttled_response(&self.request, throttle_time_ms))
    }
}

#[pyfunction]
fn parse_fetch(frame: &Bound<'_, Frame>, topics: &Bound<'_, TopicTable>) -> PyResult<FetchRequest> {
    let (frame, table) = (Frame::share(frame), &topics.get().table);
    let parsed = detached(topics.py(), frame.bytes.len(), || Fetch::parse(&frame, &table.read()));
    Ok(FetchRequest { request: Arc::new(parsed.map_err(request_error)?) })
}

pub(super) type WindowTuple<'a> = (&'a str, u64, u64, u64);

pub(super) fn window_tuple<'a>((segment, window): (&'a SegmentRef, &Window)) -> WindowTuple<'a> {
    (&segment.key, segment.size, window.start, window.end.saturating_sub(window.start))
}

/// Which segments answer a fetch, within its limits.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct FetchPlan {
    pub(super) plan: Plan,
}

#[pymethods]
impl FetchPlan {
    #[new]
    #[pyo3(signature = (request, located, response_bytes_max, load_bytes_max, block_bytes=u64::MAX))]
    fn new(
        request: &Bound<'_, FetchRequest>,
        located: &Bound<'_, Located>,
        response_bytes_max: u64,
        load_bytes_max: u64,
        block_bytes: u64,
    ) -> PyResult<Self> {
        let (request, located) = (Arc::clone(&request.get().request), &located.get().located);
        if located.logs.len() != request.positions.len() {
            return Err(PyValueError::new_err("located for the positions of another request"));
        }
        let limits = Limits { response_bytes_max, load_bytes_max, block_bytes };
        Ok(Self { plan: Plan::new(request, located, limits) })
    }

    #[getter]
    fn keys(&self) -> Vec<&str> {
        self.plan.segments.iter().map(|segment| &*segment.key).collect()
    }

    /// (key, object size, position, size) of what is wanted of each segment.
    #[getter]
    fn windows(&self) -> Vec<WindowTuple<'_>> {
        self.plan.segments.iter().zip(&self.plan.windows).map(window_tuple).collect()
    }

    /// (topic id, partition, offset asked for, offset behind the last extent) of each partition with extents.
    #[getter]
    fn ends(&self) -> Vec<([u8; 16], i32, i64, i64)> {
        let end = |end: ReadEnd| {
            (end.position.key.topic_id, end.position.key.partition, end.position.offset, end.next_offset)
        };
        self.plan.ends().map(end).collect()
    }

    #[getter]
    fn available_bytes(&self) -> u64 {
        self.plan.available_bytes
    }

    #[getter]
    fn must_answer(&self) -> bool {
        self.plan.must_answer
    }

    /// The first thing wrong with each segment that was not verified before: (index, what and where).
    fn find_flaws(&self, py: Python<'_>, segments: Vec<Option<Held<'_>>>) -> PyResult<Vec<(usize, String)>> {
        let loaded = self.loaded(&segments)?;
        let flaws = py.detach(|| find_flaws(&self.plan, &loaded));
        Ok(flaws.into_iter().map(|flaw| (flaw.segment, flaw.error.to_string())).collect())
    }

    fn assemble<'py>(
        &self,
        py: Python<'py>,
        segments: Vec<Option<Held<'py>>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let loaded = self.loaded(&segments)?;
        let response = detached(py, self.size(), || assemble(&self.plan, &loaded));
        to_buffers(py, response, &segments)
    }
}

impl FetchPlan {
    /// Bytes of records that an answer may hold.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.plan.available_bytes).unwrap_or(usize::MAX)
    }

    pub(super) fn loaded<'a>(&self, segments: &'a [Option<Held<'_>>]) -> PyResult<Vec<Option<Loaded<'a>>>> {
        if segments.len() != self.plan.segments.len() {
            return Err(PyValueError::new_err("segments of another plan"));
        }
        Ok(segments.iter().map(|held| held.as_ref().map(Held::loaded)).collect())
    }
}

/// A read-only buffer with the position of its first byte in the object, and whether all of it is verified.
pub(super) struct Held<'py> {
    buffer: Bound<'py, PyAny>,
    bytes: BorrowedBytes,
    position: u64,
    is_verified: bool,
}

impl Held<'_> {
    fn loaded(&self) -> Loaded<'_> {
        Loaded { bytes: self.bytes.as_slice(), position: self.position, is_verified: self.is_verified }
    }
}

impl<'py> FromPyObject<'_, 'py> for Held<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (buffer, position, is_verified): (Bound<'py, PyAny>, u64, bool) = object.extract()?;
        let bytes: BorrowedBytes = buffer.extract()?;
        if !bytes.is_readonly() {
            return Err(PyValueError::new_err("expected a read-only buffer: what is served must not change"));
        }
        Ok(Self { buffer, bytes, position, is_verified })
    }
}

pub(super) fn to_buffers<'py>(
    py: Python<'py>,
    response: Response,
    segments: &[Option<Held<'py>>],
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
                let Some(Some(held)) = segments.get(segment) else { continue };
                list.append(slice(&held.buffer, place)?)?;
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
