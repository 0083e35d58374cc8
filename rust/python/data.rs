//! Bytes handed in by Python: borrowed from `bytes` and from views of them, copied from all else.

use std::ops::Range;

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

/// Immutable bytes, so that they can be read without the GIL.
pub(super) struct Data {
    owner: PyBackedBytes,
    part: Range<usize>,
}

impl Data {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.owner[self.part.clone()]
    }

    fn whole(bytes: Bound<'_, PyBytes>) -> Self {
        let part = 0..bytes.as_bytes().len();
        Self { owner: bytes.into(), part }
    }

    /// A view of `bytes` without gaps is the range between its addresses.
    fn view(view: &PyBuffer<u8>, py: Python<'_>) -> Option<Self> {
        let bytes = view.obj(py)?.cast::<PyBytes>().ok().filter(|_| view.is_c_contiguous())?;
        let start = (view.buf_ptr() as usize).checked_sub(bytes.as_bytes().as_ptr() as usize)?;
        let part = start..start.checked_add(view.len_bytes())?;
        bytes.as_bytes().get(part.clone())?;
        Some(Self { owner: bytes.clone().into(), part })
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Data {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::whole(bytes.to_owned()));
        }
        let py = object.py();
        let view = PyBuffer::<u8>::get(&object)?;
        Self::view(&view, py).map_or_else(|| Ok(Self::whole(PyBytes::new(py, &view.to_vec(py)?))), Ok)
    }
}
