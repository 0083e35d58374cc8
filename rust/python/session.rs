//! Python's view of fetch sessions.

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::detached;
use super::fetch::{FetchPlan, FetchRequest, Held, to_buffers};
use super::produce::{SealedSegment, TopicTable};
use crate::wire::assemble::{Outcome, refuse, respond};
use crate::wire::codes::Code;
use crate::wire::select::select;
use crate::wire::sessions::{SessionLimits, Sessions};

/// The fetch sessions of a broker.
#[pyclass(module = "skylog.core._core")]
struct FetchSessions {
    sessions: Sessions,
    topics: Py<TopicTable>,
}

#[pymethods]
impl FetchSessions {
    #[new]
    fn new(topics: Py<TopicTable>, sessions_max: usize, partitions_max: usize) -> Self {
        let limits = SessionLimits { sessions_max, weight_max: partitions_max };
        Self { sessions: Sessions::new(limits), topics }
    }

    fn begin(&mut self, request: &FetchRequest, now_ms: i64) -> Option<Code> {
        let topics = self.topics.get().table.read();
        self.sessions.begin(&request.request, &topics, now_ms)
    }

    fn look(&mut self, request: &FetchRequest, now_ms: i64) -> FetchRequest {
        let topics = self.topics.get().table.read();
        FetchRequest { request: self.sessions.look(&request.request, &topics, now_ms) }
    }

    /// Writes the answer to a plan, and notes what the client is told.
    fn answer<'py>(
        slf: &Bound<'py, Self>,
        plan: &FetchPlan,
        segments: Vec<Option<Held<'py>>>,
        now_ms: i64,
        seed: u32,
    ) -> PyResult<Bound<'py, PyList>> {
        let (py, loaded) = (slf.py(), plan.loaded(&segments)?);
        let selected = detached(py, plan.size(), || select(&plan.plan, &loaded));
        let session = slf.borrow_mut().settle(plan, &selected.outcomes(&plan.plan), now_ms, seed);
        let response = match session {
            Ok(id) => detached(py, plan.size(), || respond(&plan.plan, &loaded, &selected, id)),
            Err(code) => refuse(&plan.plan.request, code),
        };
        to_buffers(py, response, &segments)
    }

    fn park(&mut self, token: u64, request: &FetchRequest) -> bool {
        self.sessions.park(token, &request.request)
    }

    fn leave(&mut self, token: u64) {
        self.sessions.leave(token);
    }

    fn wake(&mut self, sealed: &Bound<'_, SealedSegment>) -> Vec<u64> {
        self.sessions.wake(sealed.get().sealed.logs.iter().map(|log| log.key))
    }

    fn wake_topic(&mut self, topic_id: [u8; 16]) -> Vec<u64> {
        self.sessions.wake_topic(topic_id)
    }

    #[getter]
    fn partitions(&self) -> usize {
        self.sessions.weight()
    }

    fn __len__(&self) -> usize {
        self.sessions.len()
    }
}

impl FetchSessions {
    fn settle(
        &mut self,
        plan: &FetchPlan,
        outcomes: &[Outcome],
        now_ms: i64,
        seed: u32,
    ) -> Result<i32, Code> {
        let topics = self.topics.get().table.read();
        self.sessions.answer(&plan.plan.request, outcomes, &topics, now_ms, seed)
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FetchSessions>()
}
