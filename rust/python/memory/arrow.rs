//! Arrow arrays across the border by the C data interface, without a copy.

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_schema::ArrowError;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

/// An array that Python handed in: anything with `__arrow_c_array__`.
pub(crate) struct Imported(pub(crate) ArrayRef);

impl<'a, 'py> FromPyObject<'a, 'py> for Imported {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let pair = object.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
        let (schema, array): (Bound<'py, PyCapsule>, Bound<'py, PyCapsule>) = pair.extract()?;
        let schema = schema.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>().as_ptr();
        let array = array.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>().as_ptr();
        // SAFETY: capsules of these names hold these structs; both are moved out, as the interface wants, so that
        // the capsules release nothing any more. That what they say is true is the exporter's promise.
        let data = unsafe { from_ffi(FFI_ArrowArray::from_raw(array), &FFI_ArrowSchema::from_raw(schema)) };
        let data = data.map_err(|error| PyTypeError::new_err(error.to_string()))?;
        Ok(Self(make_array(data)))
    }
}

/// Columns on their way to Python: `pyarrow.record_batch(columns)` takes them over without a copy.
#[pyclass(frozen, module = "skylog.core._core")]
pub(crate) struct Columns(RecordBatch);

impl From<RecordBatch> for Columns {
    fn from(batch: RecordBatch) -> Self {
        Self(batch)
    }
}

#[pymethods]
impl Columns {
    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // A wish only: exporters may hand out their own schema.
        drop(requested_schema);
        let (array, _) = to_ffi(&StructArray::from(self.0.clone()).to_data()).map_err(arrow_error)?;
        let schema = FFI_ArrowSchema::try_from(self.0.schema_ref().as_ref()).map_err(arrow_error)?;
        let schema = PyCapsule::new_with_value(py, schema, SCHEMA)?;
        Ok((schema, PyCapsule::new_with_value(py, array, ARRAY)?))
    }
}

#[allow(clippy::needless_pass_by_value)] // fits map_err
fn arrow_error(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
