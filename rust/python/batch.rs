//! Python's view of checksums.

use pyo3::prelude::*;

use super::detached;
use super::memory::BorrowedBytes;
use crate::crc;

#[pyfunction]
#[pyo3(signature = (data, initial = 0))]
fn crc32c(py: Python<'_>, data: BorrowedBytes, initial: u32) -> u32 {
    let data = data.as_slice();
    detached(py, data.len(), || crc::crc32c_update(initial, data))
}

#[pyfunction]
fn crc32c_combine(first: u32, second: u32, second_size: u64) -> u32 {
    crc::crc32c_combine(first, second, second_size)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(crc32c, module)?)?;
    module.add_function(wrap_pyfunction!(crc32c_combine, module)?)
}
