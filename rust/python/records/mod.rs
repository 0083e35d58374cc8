//! Python's view of the records library.

use pyo3::prelude::*;

mod decode;
mod inspect;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    decode::register(module)?;
    inspect::register(module)
}
