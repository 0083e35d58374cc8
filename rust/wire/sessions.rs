//! All fetch sessions of a broker (KIP-227): bounded, continued by any connection that knows the number.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::segment::LogKey;
use crate::wire::assemble::Outcome;
use crate::wire::codes::{self, Code};
use crate::wire::fetch::Fetch;
use crate::wire::session::{Session, Watchers, next_epoch};
use crate::wire::topics::Topics;

/// A session that is not used for longer may go for a new one; one that exists for longer may go for a larger one.
pub const EVICTION_MS: i64 = 120_000;

/// What all sessions together may take.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// How many there may be.
    pub sessions_max: usize,
    /// Partitions of all of them, and topics in each.
    pub weight_max: usize,
}

#[derive(Debug)]
struct Held {
    session: Session,
    /// The parked fetch of this session.
    waiting: Option<u64>,
    created_ms: i64,
    used_ms: i64,
    weight: usize,
    /// Its size among those that may go for a larger one.
    evictable_size: Option<usize>,
}

/// Sessions by number.
#[derive(Debug)]
pub struct Sessions {
    limits: SessionLimits,
    held: HashMap<i32, Held>,
    by_use: BTreeSet<(i64, i32)>,
    by_size: BTreeSet<(usize, i32)>,
    watchers: Watchers,
    /// The sessions of parked fetches.
    parked: HashMap<u64, i32>,
    /// Parked fetches whose session is gone: the next commit wakes them.
    orphans: Vec<u64>,
    weight: usize,
}

impl Sessions {
    /// No sessions yet.
    pub fn new(limits: SessionLimits) -> Self {
        Self {
            limits,
            held: HashMap::new(),
            by_use: BTreeSet::new(),
            by_size: BTreeSet::new(),
            watchers: Watchers::default(),
            parked: HashMap::new(),
            orphans: Vec::new(),
            weight: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Partitions of all of them, and topics in each.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Takes a request up: closes the session that a full one names, continues the one of another. Returns what to
    /// answer at once, with no partitions; None if it is to be served.
    pub fn begin(&mut self, request: &Fetch, topics: &Topics, now_ms: i64) -> Option<Code> {
        if request.is_full() {
            self.remove(request.session_id);
            return None;
        }
        let Some(held) = self.held.get_mut(&request.session_id) else {
            return Some(codes::FETCH_SESSION_ID_NOT_FOUND);
        };
        if held.session.epoch() != request.session_epoch {
            return Some(codes::INVALID_FETCH_SESSION_EPOCH);
        }
        if held.session.by_id() != request.by_id() {
            return Some(codes::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        let taken = held.session.update(request, topics, &mut self.watchers);
        held.session.advance();
        if held.session.is_empty() && taken {
            self.remove(request.session_id);
            return Some(codes::NONE);
        }
        self.touch(request.session_id, now_ms);
        if taken && self.weight <= self.limits.weight_max {
            return None;
        }
        self.remove(request.session_id);
        Some(codes::FETCH_SESSION_ID_NOT_FOUND)
    }

    /// What a request asks for now: a full one as it is, of a session what may be news to its client. To be called
    /// again after each wait.
    pub fn look(&mut self, request: &Arc<Fetch>, topics: &Topics, now_ms: i64) -> Arc<Fetch> {
        if request.is_full() {
            return Arc::clone(request);
        }
        let asked = match current(&mut self.held, request) {
            Ok(held) => held.session.look(request, topics, now_ms, &mut self.watchers),
            Err(code) => request.emptied(code),
        };
        Arc::new(asked)
    }

    /// Notes what a request's partitions are told, and opens the session that it asks for, if there is room. Returns
    /// the number of the session to answer with, 0 for none.
    pub fn answer(
        &mut self,
        request: &Fetch,
        outcomes: &[Outcome],
        topics: &Topics,
        now_ms: i64,
        seed: u32,
    ) -> Result<i32, Code> {
        if request.code != codes::NONE {
            return Err(request.code);
        }
        if request.opens_session() {
            return Ok(self.open(request, outcomes, topics, now_ms, seed).unwrap_or(0));
        }
        let Some(told) = &request.told else { return Ok(0) };
        match current(&mut self.held, request) {
            Ok(held) => held.session.settle(told, outcomes),
            Err(codes::FETCH_SESSION_ID_NOT_FOUND) => {} // what was prepared is true all the same
            Err(code) => return Err(code),
        }
        Ok(request.session_id)
    }

    fn open(
        &mut self,
        request: &Fetch,
        outcomes: &[Outcome],
        topics: &Topics,
        now_ms: i64,
        seed: u32,
    ) -> Option<i32> {
        self.make_room(request, now_ms)?;
        let id = self.unused_id(seed);
        let mut session = Session::new(id, request.by_id(), now_ms);
        if !session.update(request, topics, &mut self.watchers) {
            session.unwatch(&mut self.watchers);
            return None;
        }
        session.settle_full(request, outcomes);
        let held = Held {
            session,
            waiting: None,
            created_ms: now_ms,
            used_ms: now_ms,
            weight: 0,
            evictable_size: None,
        };
        self.held.insert(id, held);
        self.touch(id, now_ms);
        Some(id)
    }

    /// Evicts as Kafka does until a session of the request's size fits.
    fn make_room(&mut self, request: &Fetch, now_ms: i64) -> Option<()> {
        let (size, weight) = (request.parts.len(), request.parts.len() + request.topics.len());
        let SessionLimits { sessions_max, weight_max } = self.limits;
        if sessions_max == 0 || weight > weight_max {
            return None;
        }
        while self.held.len() >= sessions_max || self.weight + weight > weight_max {
            let evicted = self.evictable(size, now_ms)?;
            self.remove(evicted);
        }
        Some(())
    }

    /// The session that was not used for longest, if that is long; else the smallest that exists for long, if
    /// it is smaller than a new one.
    fn evictable(&self, size: usize, now_ms: i64) -> Option<i32> {
        let idle = self.by_use.first().filter(|(used_ms, _)| now_ms - used_ms > EVICTION_MS);
        let smaller = || self.by_size.first().filter(|(smallest, _)| *smallest < size);
        idle.map(|(_, id)| *id).or_else(|| smaller().map(|(_, id)| *id))
    }

    fn unused_id(&self, seed: u32) -> i32 {
        let mut id = i32::try_from(seed >> 1).unwrap_or(i32::MAX).max(1);
        while self.held.contains_key(&id) {
            id = next_epoch(id);
        }
        id
    }

    fn touch(&mut self, id: i32, now_ms: i64) {
        let Some(held) = self.held.get_mut(&id) else { return };
        self.by_use.remove(&(held.used_ms, id));
        held.used_ms = now_ms;
        self.by_use.insert((now_ms, id));
        self.weight = self.weight - held.weight + held.session.weight();
        held.weight = held.session.weight();
        if let Some(size) = held.evictable_size {
            self.by_size.remove(&(size, id));
        }
        if now_ms - held.created_ms > EVICTION_MS {
            held.evictable_size = Some(held.session.len());
            self.by_size.insert((held.session.len(), id));
        }
    }

    fn remove(&mut self, id: i32) {
        let Some(held) = self.held.remove(&id) else { return };
        self.by_use.remove(&(held.used_ms, id));
        if let Some(size) = held.evictable_size {
            self.by_size.remove(&(size, id));
        }
        self.weight -= held.weight;
        held.session.unwatch(&mut self.watchers);
        self.orphans.extend(held.waiting);
    }

    /// Parks a fetch that continues a session; false for one that does not.
    pub fn park(&mut self, token: u64, request: &Fetch) -> bool {
        if let Ok(held) = current(&mut self.held, request) {
            self.orphans.extend(held.waiting.replace(token));
            self.parked.insert(token, request.session_id);
        }
        !request.is_full()
    }

    /// Forgets a parked fetch, if it is one of a session; the session stays.
    pub fn leave(&mut self, token: u64) {
        let Some(id) = self.parked.remove(&token) else { return };
        self.orphans.retain(|orphan| *orphan != token);
        if let Some(held) = self.held.get_mut(&id).filter(|held| held.waiting == Some(token)) {
            held.waiting = None;
        }
    }

    /// Lets all sessions look at these logs, and returns the parked fetches that have to.
    pub fn wake(&mut self, logs: impl Iterator<Item = LogKey>) -> Vec<u64> {
        let mut tokens = std::mem::take(&mut self.orphans);
        if self.watchers.is_empty() {
            return tokens;
        }
        for log in logs {
            self.mark(log, log, &mut tokens);
        }
        distinct(tokens)
    }

    /// The same for all partitions of a topic.
    pub fn wake_topic(&mut self, topic_id: [u8; 16]) -> Vec<u64> {
        let mut tokens = std::mem::take(&mut self.orphans);
        let end = |partition| LogKey { topic_id, partition };
        self.mark(end(i32::MIN), end(i32::MAX), &mut tokens);
        distinct(tokens)
    }

    fn mark(&mut self, first: LogKey, last: LogKey, tokens: &mut Vec<u64>) {
        for (id, slot) in self.watchers.between(first, last) {
            if let Some(held) = self.held.get_mut(&id) {
                held.session.mark(slot);
                tokens.extend(held.waiting);
            }
        }
    }
}

/// The session that a request continued, as long as no later request did.
fn current<'a>(held: &'a mut HashMap<i32, Held>, request: &Fetch) -> Result<&'a mut Held, Code> {
    let found = held.get_mut(&request.session_id).filter(|_| !request.is_full());
    let held = found.ok_or(codes::FETCH_SESSION_ID_NOT_FOUND)?;
    if held.session.epoch() != next_epoch(request.session_epoch) {
        return Err(codes::INVALID_FETCH_SESSION_EPOCH);
    }
    Ok(held)
}

fn distinct(mut tokens: Vec<u64>) -> Vec<u64> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

#[cfg(test)]
mod tests;
