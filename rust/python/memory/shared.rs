//! Finished bytes that Python reads in place.

use std::ffi::c_int;

use bytes::Bytes;
use pyo3::ffi;
use pyo3::prelude::*;

use super::fill;

/// Bytes that never change; `memoryview(bytes)` reads them without a copy.
#[pyclass(frozen, subclass, module = "skylog.core._core")]
pub(crate) struct SharedBytes(pub(crate) Bytes);

#[pymethods]
impl SharedBytes {
    /// The same bytes, so that a class of Python's can be made of them.
    #[new]
    fn new(bytes: &Bound<'_, Self>) -> Self {
        Self(bytes.get().0.clone())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let bytes: &[u8] = &slf.get().0;
        // SAFETY: the bytes live as long as the exporter, and the view holds the exporter. The view is read-only.
        unsafe { fill(slf.as_any(), view, bytes.as_ptr().cast_mut(), bytes.len(), true, flags) }
    }
}
