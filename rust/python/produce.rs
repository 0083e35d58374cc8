//! Python's view of the produce path: requests, the buffer, sealed segments.

use pyo3::prelude::*;

use crate::segment::Sealed;

/// A whole segment object with what a commit needs to know of it.
#[pyclass(module = "skylog.core._core")]
pub(super) struct SealedSegment {
    pub(super) sealed: Sealed,
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SealedSegment>()
}
