//! The produce buffer: requests in order of arrival, kept by reference until they are packed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::index::CommitOutcome;
use crate::segment::{PackInput, Sealed};
use crate::wire::codes::Code;
use crate::wire::frames::FrameBytes;
use crate::wire::produce::{Accepted, Produce};

/// A request that its handler, the buffer and a segment share.
#[derive(Clone)]
pub struct SharedProduce(Arc<Mutex<Produce>>);

impl SharedProduce {
    /// Shares a request.
    pub fn new(request: Produce) -> Self {
        Self(Arc::new(Mutex::new(request)))
    }

    /// The request, once nobody else is at it. Not to be held while waiting for anything.
    pub fn lock(&self) -> MutexGuard<'_, Produce> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Held {
    request: u32,
    accepted: Accepted,
}

/// Accepted batches of many requests, uncopied.
#[derive(Default)]
pub struct Builder {
    requests: Vec<SharedProduce>,
    frames: Vec<FrameBytes>,
    held: Vec<Held>,
    size: usize,
}

impl Builder {
    /// Adds what a request has accepted; False if it is not fully checked or was taken before.
    pub fn append(&mut self, shared: &SharedProduce) -> bool {
        let mut produce = shared.lock();
        let Ok(request) = u32::try_from(self.requests.len()) else { return false };
        let Some((frame, accepted)) =
            (produce.unchecked_bytes() == 0).then(|| produce.take_accepted()).flatten()
        else {
            return false;
        };
        self.size += produce.accepted_bytes();
        self.held.extend(accepted.into_iter().map(|accepted| Held { request, accepted }));
        self.frames.push(frame);
        self.requests.push(shared.clone());
        true
    }

    /// Bytes of batches held.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Requests held.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Batches held.
    pub fn batches(&self) -> usize {
        self.held.len()
    }

    /// What packing takes, in order of arrival.
    pub fn inputs(&self) -> Vec<PackInput<'_>> {
        self.held.iter().map(|held| self.input(held)).collect()
    }

    fn input(&self, Held { request, accepted }: &Held) -> PackInput<'_> {
        PackInput {
            key: accepted.key(),
            log_append_time: accepted.topic.rules.log_append_time,
            batch: &self.frames[*request as usize][accepted.place.clone()],
            facts: accepted.facts,
        }
    }

    /// Lets the frames go and keeps who waits for which batch; `slots` are the inputs' places in the segment.
    pub fn into_waiting(self, slots: &[u32]) -> Waiting {
        let places = self.held.iter().zip(slots);
        let batches = places
            .map(|(held, &slot)| WaitingBatch { request: held.request, part: held.accepted.part, slot })
            .collect();
        Waiting { requests: self.requests, batches }
    }
}

struct WaitingBatch {
    request: u32,
    part: usize,
    slot: u32,
}

/// The requests that wait for a segment's commit.
pub struct Waiting {
    requests: Vec<SharedProduce>,
    batches: Vec<WaitingBatch>,
}

impl Waiting {
    /// How many requests wait.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// The answers after a commit, in order of arrival. None if the outcome is of another segment.
    pub fn answer(&self, sealed: &Sealed, outcome: &CommitOutcome) -> Option<Vec<Option<Vec<u8>>>> {
        let logs = sealed.logs.len();
        let fits = outcome.batches.len() == sealed.batches.len()
            && outcome.log_start_offsets.len() == logs
            && outcome.append_times_ms.len() == logs;
        fits.then(|| {
            self.settle(&logs_of_batches(sealed), outcome);
            self.requests.iter().map(|request| request.lock().response()).collect()
        })
    }

    fn settle(&self, logs: &[usize], outcome: &CommitOutcome) {
        for WaitingBatch { request, part, slot } in &self.batches {
            let (slot, mut request) = (*slot as usize, self.requests[*request as usize].lock());
            let log = logs[slot];
            let (time, start) = (outcome.append_times_ms[log], outcome.log_start_offsets[log]);
            request.settle(*part, &outcome.batches[slot], time, start);
        }
    }

    /// The answers when nothing was committed.
    pub fn fail(&self, code: Code, message: Option<&str>) -> Vec<Option<Vec<u8>>> {
        let fail = |request: &SharedProduce| {
            let mut request = request.lock();
            request.reject(code, message);
            request.response()
        };
        self.requests.iter().map(fail).collect()
    }
}

fn logs_of_batches(sealed: &Sealed) -> Vec<usize> {
    let mut logs = vec![0; sealed.batches.len()];
    for (index, log) in sealed.logs.iter().enumerate() {
        logs[log.batches.clone()].fill(index);
    }
    logs
}
