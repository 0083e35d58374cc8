//! Python's view of the crate's index module.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::fetch::{WindowTuple, window_tuple};
use super::produce::SealedSegment;
use super::to_python;
use crate::index::{self, BatchOutcome, LogState, ProducerState};
use crate::segment::LogKey;
use crate::wire::plan::hulls;

type LogTuple = (i64, i64, i64, i64, i64);
type ExtentTuple = (i64, i64, i64, i64, i64, i64, i64, i64);

/// The outcome of a commit.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct CommitResult {
    pub(super) outcome: index::CommitOutcome,
}

/// (index, base offset, last offset, key, position, size, append time)
type ExtentRow<'a> = (usize, i64, i64, &'a str, u64, u64, i64);

#[pymethods]
impl CommitResult {
    #[getter]
    fn append_time_ms(&self) -> i64 {
        self.outcome.append_time_ms
    }

    #[getter]
    fn appended(&self) -> usize {
        self.count(|outcome| matches!(outcome, BatchOutcome::Appended { .. }))
    }

    #[getter]
    fn duplicates(&self) -> usize {
        self.count(|outcome| matches!(outcome, BatchOutcome::Duplicate { .. }))
    }

    #[getter]
    fn rejected(&self) -> usize {
        self.outcome.batches.len() - self.appended() - self.duplicates()
    }

    /// (outcome, base offset or -1) of each batch in the order of the segment's body.
    fn batches(&self) -> Vec<(&'static str, i64)> {
        self.outcome.batches.iter().map(describe).collect()
    }
}

impl CommitResult {
    fn count(&self, wanted: impl Fn(&BatchOutcome) -> bool) -> usize {
        self.outcome.batches.iter().filter(|outcome| wanted(outcome)).count()
    }
}

fn describe(outcome: &BatchOutcome) -> (&'static str, i64) {
    match *outcome {
        BatchOutcome::Appended { base_offset } => ("appended", base_offset),
        BatchOutcome::Duplicate { base_offset } => ("duplicate", base_offset),
        BatchOutcome::OutOfOrderSequence => ("out_of_order_sequence", -1),
        BatchOutcome::InvalidProducerEpoch => ("invalid_producer_epoch", -1),
        BatchOutcome::UnknownLog => ("unknown_log", -1),
    }
}

/// What one commit writes.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct Sequenced {
    result: Py<CommitResult>,
    extents: Vec<index::ExtentRow>,
    logs: Vec<LogState>,
    producers: Vec<index::ProducerRow>,
}

#[pymethods]
impl Sequenced {
    #[getter]
    fn result(&self, py: Python<'_>) -> Py<CommitResult> {
        self.result.clone_ref(py)
    }

    #[getter]
    fn extent_rows(&self) -> Vec<ExtentTuple> {
        let row = |e: &index::ExtentRow| {
            let times = (e.max_timestamp, e.running_max_timestamp, e.append_time_ms);
            (e.log_no, e.base_offset, e.last_offset, e.position, e.size, times.0, times.1, times.2)
        };
        self.extents.iter().map(row).collect()
    }

    #[getter]
    fn log_rows(&self) -> Vec<(i64, i64, i64, i64)> {
        let row =
            |log: &LogState| (log.next_offset, log.running_max_timestamp, log.last_append_ms, log.log_no);
        self.logs.iter().map(row).collect()
    }

    #[getter]
    fn producer_rows(&self) -> Vec<(i64, i64, i64, Vec<u8>, i64)> {
        let row = |p: &index::ProducerRow| {
            (p.log_no, p.producer_id, i64::from(p.state.epoch()), p.state.to_bytes(), p.last_ms)
        };
        self.producers.iter().map(row).collect()
    }
}

#[pyfunction]
fn sequence(
    py: Python<'_>,
    sealed: PyRef<'_, SealedSegment>,
    logs: Vec<Option<LogTuple>>,
    producers: Vec<Option<(i16, Vec<u8>)>>,
    now_ms: i64,
) -> PyResult<Sequenced> {
    let logs: Vec<_> = logs.into_iter().map(|log| log.map(log_state)).collect();
    let producers = producers.into_iter().map(producer_state).collect::<PyResult<Vec<_>>>()?;
    let done = index::sequence(&sealed.sealed, &logs, producers, now_ms).map_err(to_python)?;
    let result = Py::new(py, CommitResult { outcome: done.outcome })?;
    Ok(Sequenced { result, extents: done.extents, logs: done.logs, producers: done.producers })
}

fn log_state(row: LogTuple) -> LogState {
    let (log_no, log_start_offset, next_offset, running_max_timestamp, last_append_ms) = row;
    LogState { log_no, log_start_offset, next_offset, running_max_timestamp, last_append_ms }
}

fn producer_state(row: Option<(i16, Vec<u8>)>) -> PyResult<Option<ProducerState>> {
    row.map(|(epoch, batches)| ProducerState::from_bytes(epoch, &batches).map_err(to_python)).transpose()
}

/// Where reading wants to go on.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct LogPositions {
    pub(super) positions: Vec<index::LogPosition>,
}

#[pymethods]
impl LogPositions {
    #[new]
    fn new(positions: Vec<([u8; 16], i32, i64, i64)>) -> Self {
        let position = |(topic_id, partition, offset, bytes_max): ([u8; 16], i32, i64, i64)| {
            let bytes_max = bytes_max.max(0).cast_unsigned();
            index::LogPosition { key: LogKey { topic_id, partition }, offset, bytes_max }
        };
        Self { positions: positions.into_iter().map(position).collect() }
    }

    fn __len__(&self) -> usize {
        self.positions.len()
    }

    fn rows(&self) -> Vec<([u8; 16], i32, i64, i64)> {
        let row = |position: &index::LogPosition| {
            let bytes_max = i64::try_from(position.bytes_max).unwrap_or(i64::MAX);
            (position.key.topic_id, position.key.partition, position.offset, bytes_max)
        };
        self.positions.iter().map(row).collect()
    }
}

/// What a coordinator knows of positions.
#[pyclass(frozen, module = "skylog.core._core")]
pub(super) struct Located {
    pub(super) located: index::Located,
}

#[pymethods]
impl Located {
    #[staticmethod]
    fn from_rows(
        logs: Vec<Option<(i64, i64)>>,
        extents: Vec<(usize, i64, i64, i64, u64, u64, i64)>,
        segments: Vec<(i64, String, u64)>,
    ) -> PyResult<Self> {
        let mut places = std::collections::HashMap::with_capacity(segments.len());
        let mut located = index::Located::default();
        for (segment_no, key, size) in segments {
            places.insert(segment_no, located.segments.len() as u64);
            located.segments.push(index::SegmentRef { key: key.into(), size });
        }
        located.logs = logs.into_iter().map(|bounds| bounds.map(empty_log)).collect();
        for (place, base_offset, last_offset, segment_no, position, size, append_time_ms) in extents {
            let log = located.logs.get_mut(place).and_then(Option::as_mut);
            let log = log.ok_or_else(|| PyValueError::new_err(format!("extent of unknown log {place}")))?;
            let segment = *places.get(&segment_no).ok_or_else(|| {
                PyValueError::new_err(format!("extent at {base_offset} in unknown segment {segment_no}"))
            })?;
            let extent = index::Extent { base_offset, last_offset, segment, position, size, append_time_ms };
            log.extents.push(extent);
        }
        Ok(Self { located })
    }

    fn __len__(&self) -> usize {
        self.located.logs.len()
    }

    fn bounds(&self) -> Vec<Option<(i64, i64)>> {
        let bounds = |log: &index::LocatedLog| (log.log_start_offset, log.high_watermark);
        self.located.logs.iter().map(|log| log.as_ref().map(bounds)).collect()
    }

    /// (key, object size, position, size) of what all extents together need of each segment.
    fn windows(&self) -> Vec<WindowTuple<'_>> {
        let hulls = hulls(&self.located);
        let segments = self.located.segments.iter().zip(&hulls);
        segments.filter_map(|(segment, hull)| Some(window_tuple((segment, hull.as_ref()?)))).collect()
    }

    fn extents(&self) -> PyResult<Vec<ExtentRow<'_>>> {
        let mut rows = Vec::new();
        for (place, log) in self.located.logs.iter().enumerate() {
            for e in log.iter().flat_map(|log| &log.extents) {
                let segment = usize::try_from(e.segment)?;
                let key = self.located.segments.get(segment).map_or("", |segment| &segment.key);
                rows.push((place, e.base_offset, e.last_offset, key, e.position, e.size, e.append_time_ms));
            }
        }
        Ok(rows)
    }
}

fn empty_log(bounds: (i64, i64)) -> index::LocatedLog {
    index::LocatedLog { log_start_offset: bounds.0, high_watermark: bounds.1, extents: Vec::new() }
}

/// The newest extents and the bounds of logs in memory.
#[pyclass(module = "skylog.core._core")]
struct ExtentIndex {
    index: index::ExtentIndex,
}

#[pymethods]
impl ExtentIndex {
    #[new]
    fn new(extents_max: usize) -> Self {
        Self { index: index::ExtentIndex::new(extents_max) }
    }

    fn put_log(
        &mut self,
        log_no: i64,
        topic_id: [u8; 16],
        partition: i32,
        log_start_offset: i64,
        next_offset: i64,
    ) {
        self.index.put_log(log_no, LogKey { topic_id, partition }, log_start_offset, next_offset);
    }

    fn trim(&mut self, starts: Vec<([u8; 16], i32, i64)>) {
        for (topic_id, partition, log_start_offset) in starts {
            self.index.trim(&LogKey { topic_id, partition }, log_start_offset);
        }
    }

    fn remove_topic(&mut self, topic_id: [u8; 16]) {
        self.index.remove_topic(topic_id);
    }

    fn apply(&mut self, sequenced: &Sequenced, segment_no: u64, key: &str, segment_size: u64) {
        let segment = index::SegmentRef { key: key.into(), size: segment_size };
        self.index.apply(&sequenced.extents, segment_no, &segment);
    }

    fn log_numbers(&self, logs: Vec<([u8; 16], i32)>) -> Vec<Option<i64>> {
        let number = |(topic_id, partition)| self.index.log_no(&LogKey { topic_id, partition });
        logs.into_iter().map(number).collect()
    }

    fn bounds(&self, topic_id: [u8; 16], partition: i32) -> Option<(i64, i64)> {
        self.index.bounds(&LogKey { topic_id, partition })
    }

    fn find(&self, positions: &LogPositions, extents_max: usize) -> Option<Located> {
        self.index.find(&positions.positions, extents_max).map(|located| Located { located })
    }

    fn __len__(&self) -> usize {
        self.index.len()
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CommitResult>()?;
    module.add_class::<Sequenced>()?;
    module.add_class::<LogPositions>()?;
    module.add_class::<Located>()?;
    module.add_class::<ExtentIndex>()?;
    module.add_function(wrap_pyfunction!(sequence, module)?)
}
