//! Headers of batches, and their verification.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::DECOMPRESSED_BYTES_MAX;
use crate::python::memory::BorrowedBytes;
use crate::python::{detached, to_python};
use crate::records;

#[pyfunction]
fn inspect_batches<'py>(py: Python<'py>, data: BorrowedBytes) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    let rows = detached(py, data.len(), || records::inspect(data)).map_err(to_python)?;
    Ok(PyBytes::new(py, &rows))
}

#[pyfunction]
#[pyo3(signature = (data, records))]
fn verify_batches(py: Python<'_>, data: BorrowedBytes, records: bool) -> PyResult<usize> {
    let data = data.as_slice();
    let verify = || {
        if records { records::verify_records(data, DECOMPRESSED_BYTES_MAX) } else { records::verify(data) }
    };
    detached(py, data.len(), verify).map_err(to_python)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(inspect_batches, module)?)?;
    module.add_function(wrap_pyfunction!(verify_batches, module)?)
}
