//! Python's view of the crate's index module.

use pyo3::prelude::*;

use crate::index;

/// The outcome of a commit.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct CommitResult {
    pub(super) outcome: index::CommitOutcome,
}

/// Where reading wants to go on.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct LogPositions {
    pub(super) positions: Vec<index::LogPosition>,
}

/// What a coordinator knows of positions.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct Located {
    pub(super) located: index::Located,
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CommitResult>()?;
    module.add_class::<LogPositions>()?;
    module.add_class::<Located>()
}
