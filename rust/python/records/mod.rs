//! Python's view of the records library.

use pyo3::prelude::*;

use super::memory::SharedBytes;

mod columns;
mod decode;
mod encode;
mod inspect;
mod options;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SharedBytes>()?;
    module.add_class::<options::BatchOptions>()?;
    columns::register(module)?;
    encode::register(module)?;
    decode::register(module)?;
    inspect::register(module)
}
