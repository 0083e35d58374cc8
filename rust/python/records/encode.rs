//! Python's view of encoding.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;

use super::columns::RecordColumns;
use super::options::{BatchOptions, refused};
use crate::python::memory::{BorrowedBytes, Imported, SharedBytes};
use crate::records::{BatchEntry, Block, Builder, Encoded, Encoder, Header, Place, Record, Scatter};

/// Batches, and the rows of their index one after another.
type Parts<'py> = (SharedBytes, Bound<'py, PyBytes>);

/// Makes batches of blocks of columns; offsets and sequences go on from output to output.
#[pyclass(module = "skylog.core._core")]
struct BatchEncoder(Encoder);

#[pymethods]
impl BatchEncoder {
    #[new]
    fn new(options: &BatchOptions) -> PyResult<Self> {
        Encoder::new(options.0).map(Self).map_err(refused)
    }

    fn encode<'py>(&mut self, py: Python<'py>, blocks: Vec<Py<RecordColumns>>) -> PyResult<Parts<'py>> {
        let blocks: Vec<&Block> = blocks.iter().map(|block| &block.get().0).collect();
        let encoded = py.detach(|| self.0.encode(&blocks)).map_err(refused)?;
        Ok(parts(py, encoded))
    }

    #[allow(clippy::too_many_arguments)] // where to go on, and how far
    fn encode_some<'py>(
        &mut self,
        py: Python<'py>,
        blocks: Vec<Py<RecordColumns>>,
        row: usize,
        first_row: usize,
        last: bool,
        bytes_max: usize,
    ) -> PyResult<(Parts<'py>, usize, usize)> {
        let blocks: Vec<&Block> = blocks.iter().map(|block| &block.get().0).collect();
        let from = Place { block: 0, row };
        let done = py.detach(|| self.0.encode_some(&blocks, from, last, bytes_max));
        let (encoded, place) = done.map_err(|error| refused(error.behind(first_row)))?;
        Ok((parts(py, encoded), place.block, place.row))
    }
}

/// Bytes of one record's key, value or header.
enum Blob {
    Bytes(PyBackedBytes),
    Buffer(BorrowedBytes),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Blob {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.extract() {
            return Ok(Self::Bytes(bytes));
        }
        object.extract().map(Self::Buffer).map_err(|_| {
            let found = object.get_type();
            PyTypeError::new_err(format!("expected contiguous bytes or None, found {found}"))
        })
    }
}

impl Blob {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Buffer(buffer) => buffer.as_slice(),
        }
    }
}

/// Collects records until a batch is full.
#[pyclass(module = "skylog.core._core")]
struct BatchBuilder(Builder);

#[pymethods]
impl BatchBuilder {
    #[new]
    fn new(options: &BatchOptions) -> PyResult<Self> {
        Builder::new(options.0).map(Self).map_err(refused)
    }

    #[getter]
    fn record_count(&self) -> i32 {
        self.0.record_count()
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.0.size_bytes()
    }

    #[allow(clippy::needless_pass_by_value)] // as Python hands them in
    fn append(
        &mut self,
        value: Option<Blob>,
        key: Option<Blob>,
        timestamp: i64,
        headers: Vec<(PyBackedStr, Option<Blob>)>,
    ) -> PyResult<bool> {
        let headers: Vec<Header<'_>> =
            headers.iter().map(|(key, value)| (key.as_bytes(), value.as_ref().map(Blob::as_slice))).collect();
        let (key, value) = (key.as_ref().map(Blob::as_slice), value.as_ref().map(Blob::as_slice));
        let taken = self.0.append(&Record { timestamp, key, value, headers: &headers });
        taken.map_err(|flaw| PyValueError::new_err(flaw.to_string()))
    }

    fn extend(&mut self, py: Python<'_>, block: Py<RecordColumns>, first_row: usize) -> PyResult<usize> {
        let block = &block.get().0;
        py.detach(|| self.0.extend(block, 0)).map_err(|error| refused(error.behind(first_row)))
    }

    fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Parts<'py>>> {
        let taken = py.detach(|| self.0.take()).map_err(refused)?;
        Ok(taken.map(|encoded| parts(py, encoded)))
    }
}

/// Partition, batch, number of records, sequence of the first.
type PieceParts = (i32, SharedBytes, i32, i32);

/// Routes records to the batches of their partitions.
#[pyclass(module = "skylog.core._core")]
struct BatchScatter(Scatter);

#[pymethods]
impl BatchScatter {
    #[new]
    fn new(partitions: i32, options: &BatchOptions) -> PyResult<Self> {
        Scatter::new(partitions, options.0).map(Self).map_err(refused)
    }

    fn write(
        &mut self,
        py: Python<'_>,
        blocks: Vec<(Py<RecordColumns>, Imported)>,
    ) -> PyResult<Vec<PieceParts>> {
        let mut pairs = Vec::with_capacity(blocks.len());
        for (rows, partitions) in &blocks {
            let partitions = partitions.0.as_primitive_opt::<Int32Type>();
            let partitions = partitions.ok_or_else(|| PyTypeError::new_err("partitions: expected int32"))?;
            pairs.push((&rows.get().0, partitions));
        }
        py.detach(|| self.0.write(&pairs)).map(pieces).map_err(refused)
    }

    fn flush(&mut self, py: Python<'_>) -> PyResult<Vec<PieceParts>> {
        py.detach(|| self.0.flush()).map(pieces).map_err(refused)
    }
}

fn pieces(pieces: Vec<crate::records::Piece>) -> Vec<PieceParts> {
    let parts = |piece: crate::records::Piece| {
        (piece.partition, SharedBytes(piece.bytes), piece.entry.record_count, piece.entry.base_sequence)
    };
    pieces.into_iter().map(parts).collect()
}

fn parts(py: Python<'_>, encoded: Encoded) -> Parts<'_> {
    let index: Vec<u8> = encoded.index.iter().flat_map(index_row).collect();
    (SharedBytes(encoded.bytes), PyBytes::new(py, &index))
}

/// One batch as the numpy type of the index has it.
fn index_row(entry: &BatchEntry) -> impl Iterator<Item = u8> {
    let longs = [
        i64::try_from(entry.position).unwrap_or(i64::MAX),
        i64::try_from(entry.size).unwrap_or(i64::MAX),
        entry.base_offset,
        entry.base_timestamp,
        entry.max_timestamp,
    ];
    let shorts = [entry.record_count, entry.base_sequence];
    longs.into_iter().flat_map(i64::to_ne_bytes).chain(shorts.into_iter().flat_map(i32::to_ne_bytes))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BatchEncoder>()?;
    module.add_class::<BatchBuilder>()?;
    module.add_class::<BatchScatter>()
}
