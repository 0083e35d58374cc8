//! Columns on their way into batches.

use arrow_array::ArrayRef;
use bytes::Bytes;
use pyo3::prelude::*;

use super::options::refused;
use crate::python::memory::{Imported, SharedBytes};
use crate::records::{self, BlobColumn, Block, Timestamps};

/// The records of one block, column by column.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct RecordColumns(pub(super) Block);

/// One time for all records, or a column of them.
#[derive(FromPyObject)]
enum Times {
    Constant(i64),
    Column(Imported),
}

#[pymethods]
impl RecordColumns {
    #[new]
    fn new(
        values: Imported,
        keys: Option<Imported>,
        timestamps: Times,
        headers: Option<Imported>,
    ) -> PyResult<Self> {
        let timestamps = match timestamps {
            Times::Constant(timestamp) => Timestamps::Constant(timestamp),
            Times::Column(column) => Timestamps::new(&column.0).map_err(refused)?,
        };
        let array = |column: &Option<Imported>| column.as_ref().map(|column| ArrayRef::clone(&column.0));
        let (keys, headers) = (array(&keys), array(&headers));
        let rows = Block::new(&values.0, keys.as_ref(), timestamps, headers.as_ref());
        Ok(Self(rows.map_err(refused)?))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

#[pyfunction]
fn partitions_of(py: Python<'_>, keys: Imported, count: i32) -> PyResult<SharedBytes> {
    let keys = BlobColumn::new("keys", &keys.0).map_err(refused)?;
    let partitions = py.detach(|| records::partitions_of(&keys, count)).map_err(refused)?;
    let bytes: Vec<u8> = partitions.into_iter().flat_map(i32::to_ne_bytes).collect();
    Ok(SharedBytes(Bytes::from(bytes)))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RecordColumns>()?;
    module.add_function(wrap_pyfunction!(partitions_of, module)?)
}
