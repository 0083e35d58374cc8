//! Python's view of framing: scratch, frames, one reader a connection.

use std::borrow::Cow;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView};

use super::memory::{Pool, Readable, ScratchMemory};
use super::request_error;
use crate::wire::frames::{self, Header, Reader};

/// Receive memory that all idle connections of one event loop share, and the pool of their large buffers.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct Scratch {
    memory: ScratchMemory,
    pool: Pool,
}

#[pymethods]
impl Scratch {
    #[new]
    #[pyo3(signature = (size = 65536))]
    fn new(py: Python<'_>, size: usize) -> PyResult<Self> {
        Ok(Self { memory: ScratchMemory::new(py, size.max(1))?, pool: Pool::default() })
    }
}

/// One whole request as it came.
#[pyclass(frozen, extends = Readable, module = "skylog.core._core")]
pub(super) struct Frame {
    pub(super) header: Header,
}

impl Frame {
    fn create(py: Python<'_>, frame: frames::Frame) -> PyResult<Bound<'_, Self>> {
        let base = PyClassInitializer::from(Readable { bytes: frame.bytes });
        Bound::new(py, base.add_subclass(Self { header: frame.header }))
    }

    /// The frame as the rest of the crate knows it.
    pub(super) fn share(this: &Bound<'_, Self>) -> frames::Frame {
        let bytes = this.as_super().get().bytes.clone();
        frames::Frame { bytes, header: this.get().header.clone() }
    }
}

#[pymethods]
impl Frame {
    #[getter]
    fn api_key(&self) -> i16 {
        self.header.api_key
    }

    #[getter]
    fn api_version(&self) -> i16 {
        self.header.api_version
    }

    #[getter]
    fn correlation_id(&self) -> i32 {
        self.header.correlation_id
    }

    #[getter]
    fn client_id<'a>(slf: &'a Bound<'_, Self>) -> Option<Cow<'a, str>> {
        let place = slf.get().header.client_id.clone()?;
        Some(String::from_utf8_lossy(&slf.as_super().get().bytes[place]))
    }

    #[getter]
    fn body_position(&self) -> usize {
        self.header.body_position
    }

    fn __len__(slf: &Bound<'_, Self>) -> usize {
        slf.as_super().get().bytes.len()
    }

    fn __bytes__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyBytes> {
        PyBytes::new(slf.py(), &slf.as_super().get().bytes)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let (header, size) = (&slf.get().header, slf.as_super().get().bytes.len());
        let Header { api_key, api_version, correlation_id, .. } = header;
        format!("Frame(api {api_key} v{api_version}, correlation {correlation_id}, {size} bytes)")
    }
}

/// Receive memory and framing of one connection.
#[pyclass(module = "skylog.core._core")]
pub(super) struct FrameReader {
    scratch: Py<Scratch>,
    reader: Reader<Pool>,
}

#[pymethods]
impl FrameReader {
    #[new]
    fn new(scratch: Bound<'_, Scratch>, frame_bytes_max: usize) -> Self {
        let reader = Reader::new(scratch.get().pool.clone(), frame_bytes_max);
        Self { scratch: scratch.unbind(), reader }
    }

    fn get_buffer<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        let scratch = &self.scratch.get().memory;
        match self.reader.room(scratch.size()) {
            Some(room) => room.window(py),
            None => Ok(scratch.view(py)),
        }
    }

    fn buffer_updated<'py>(&mut self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyList>> {
        let scratch = &self.scratch.get().memory;
        let mut whole = Vec::new();
        let beyond = || PyValueError::new_err(format!("{size} bytes are more than the buffer has"));
        if let Some(room) = self.reader.room(scratch.size()) {
            room.advance(size).then_some(()).ok_or_else(beyond)?;
            self.reader.complete(&mut whole).map_err(request_error)?;
        } else {
            let received = scratch.received(py, size).ok_or_else(beyond)?;
            self.reader.take(received, &mut whole).map_err(request_error)?;
        }
        let made: Vec<_> =
            whole.into_iter().map(|frame| Frame::create(py, frame)).collect::<PyResult<_>>()?;
        PyList::new(py, made)
    }

    #[getter]
    fn pending(&self) -> usize {
        self.reader.pending()
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Scratch>()?;
    module.add_class::<Frame>()?;
    module.add_class::<FrameReader>()
}
