//! Bytes of any Python object with a contiguous buffer, read in place.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;

/// A buffer that is held for the length of a call; read without a copy, also while the GIL is left.
///
/// What is read-only for Python cannot change. Of a writable buffer the caller promises not to write to it meanwhile,
/// as with `hashlib` or `zlib`; whoever breaks that gets wrong bytes or `Corrupt`. Every length is read once and held
/// against the buffer's own size before it is used.
pub(crate) struct BorrowedBytes(PyBuffer<u8>);

impl BorrowedBytes {
    /// Whether Python may not write to it.
    pub(crate) fn is_readonly(&self) -> bool {
        self.0.readonly()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        if self.0.len_bytes() == 0 {
            return &[];
        }
        // SAFETY: the buffer is contiguous (checked in `extract`), its exporter keeps it alive and in place for as long
        // as the view is held, and every bit pattern is a valid u8.
        unsafe { std::slice::from_raw_parts(self.0.buf_ptr().cast::<u8>(), self.0.len_bytes()) }
    }
}

impl AsRef<[u8]> for BorrowedBytes {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for BorrowedBytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(&object)?;
        if buffer.is_c_contiguous() {
            Ok(Self(buffer))
        } else {
            Err(pyo3::exceptions::PyBufferError::new_err("expected contiguous bytes"))
        }
    }
}
