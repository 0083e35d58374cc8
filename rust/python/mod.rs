//! The only files that know Python: conversions, nothing else.

use pyo3::prelude::*;

mod batch;
mod index;
mod produce;
mod segment;
mod wire;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    batch::register(module)?;
    segment::register(module)?;
    index::register(module)?;
    produce::register(module)?;
    wire::register(module)
}
