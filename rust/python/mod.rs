//! The only files that know Python: conversions, nothing else.

use pyo3::import_exception;
use pyo3::prelude::*;

use crate::error::Error;

mod batch;
mod data;
mod fetch;
mod index;
mod memory;
mod produce;
mod records;
mod segment;
mod session;
mod wire;

import_exception!(skylog.errors, Corrupt);
import_exception!(skylog.errors, InvalidRequest);

/// Calls over more bytes than this leave the GIL.
const DETACH_BYTES_MIN: usize = 64 * 1024;

/// The exception for stored bytes that are wrong.
#[allow(clippy::needless_pass_by_value)] // fits map_err
pub(super) fn to_python(error: Error) -> PyErr {
    Corrupt::new_err(error.to_string())
}

/// The exception for a request that is wrong.
#[allow(clippy::needless_pass_by_value)] // fits map_err
pub(super) fn request_error(error: Error) -> PyErr {
    InvalidRequest::new_err(error.to_string())
}

/// Runs `work` over `size` bytes, without the GIL if they are many.
pub(super) fn detached<T: Send>(py: Python<'_>, size: usize, work: impl FnOnce() -> T + Send) -> T {
    if size > DETACH_BYTES_MIN { py.detach(work) } else { work() }
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    batch::register(module)?;
    segment::register(module)?;
    index::register(module)?;
    produce::register(module)?;
    wire::register(module)?;
    fetch::register(module)?;
    session::register(module)?;
    records::register(module)
}
