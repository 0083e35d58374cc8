//! Options and errors of encoding, as Python has them.

use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::compression::Codec;
use crate::records::{self, InputError, Producer};

/// How batches are made.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct BatchOptions(pub(super) records::BatchOptions);

#[pymethods]
impl BatchOptions {
    #[new]
    #[pyo3(signature = (*, max_batch_bytes, compression, level, append_time, producer_id, producer_epoch,
        base_sequence, transactional, base_offset))]
    #[allow(clippy::too_many_arguments)] // by name only
    fn new(
        max_batch_bytes: i64,
        compression: Option<&str>,
        level: Option<i64>,
        append_time: bool,
        producer_id: i64,
        producer_epoch: i64,
        base_sequence: i64,
        transactional: bool,
        base_offset: i64,
    ) -> PyResult<Self> {
        let producer = Producer {
            id: producer_id,
            epoch: narrow("producer_epoch", producer_epoch)?,
            base_sequence: narrow("base_sequence", base_sequence)?,
        };
        let options = records::BatchOptions {
            batch_bytes_max: narrow("max_batch_bytes", max_batch_bytes)?,
            compression: codec(compression)?,
            level: level.map(|level| narrow("level", level)).transpose()?,
            append_time,
            producer,
            transactional,
            base_offset,
        };
        options.check().map_err(refused)?;
        Ok(Self(options))
    }
}

fn codec(name: Option<&str>) -> PyResult<Codec> {
    let Some(name) = name else { return Ok(Codec::None) };
    Codec::from_name(name).ok_or_else(|| {
        let names = Codec::ALL.map(Codec::name).join(", ");
        PyValueError::new_err(format!("compression: expected None or one of {names}, found {name:?}"))
    })
}

fn narrow<T: TryFrom<i64>>(option: &str, value: i64) -> PyResult<T> {
    T::try_from(value).map_err(|_| PyValueError::new_err(format!("{option}: out of range, found {value}")))
}

/// The exception for input that is not taken.
#[allow(clippy::needless_pass_by_value)] // fits map_err
pub(super) fn refused(error: InputError) -> PyErr {
    match error {
        InputError::Memory { .. } => PyMemoryError::new_err(error.to_string()),
        InputError::Type { .. } => PyTypeError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    }
}
