//! One fetch session (KIP-227): its partitions, what its client was told of them, and which are to be looked at.
//!
//! A partition is due when its client may have to hear of it: it was asked for anew, its log was written to or
//! changed, its client has not read to its end, or it had an error. All others are at rest, and cost nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::segment::LogKey;
use crate::wire::assemble::Outcome;
use crate::wire::codes;
use crate::wire::fetch::{Asked, EPOCH_INITIAL, Fate, Fetch, Part, Told, TopicPart, judge};
use crate::wire::topics::{Topic, Topics};

/// All partitions of a session are looked at once in so much time, whatever was heard of their logs.
pub const SWEEP_MS: i64 = 10_000;
/// The longest name that a topic can have.
const NAME_BYTES_MAX: usize = 249;

/// The epoch after one.
pub fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(EPOCH_INITIAL + 1)
}

/// Which partitions of which sessions a log is: (log, session, slot).
#[derive(Debug, Default)]
pub struct Watchers(BTreeSet<(LogKey, i32, u32)>);

impl Watchers {
    /// The sessions and slots of all logs between two.
    pub fn between(&self, first: LogKey, last: LogKey) -> impl Iterator<Item = (i32, u32)> {
        let range = (first, i32::MIN, 0)..=(last, i32::MAX, u32::MAX);
        self.0.range(range).map(|(_, session, slot)| (*session, *slot))
    }

    /// Whether nobody watches anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One partition.
#[derive(Debug)]
struct Entry {
    topic: Arc<[u8]>,
    partition: i32,
    asked: Asked,
    fate: Fate,
    /// Its place in the order of the session.
    turn: u64,
    high_watermark: i64,
    log_start_offset: i64,
}

/// One topic, under its name or identity.
#[derive(Debug, Default)]
struct HeldTopic {
    resolved: Option<Arc<Topic>>,
    slots: HashMap<i32, u32>,
}

/// The partitions of a session.
#[derive(Debug)]
pub struct Session {
    id: i32,
    epoch: i32,
    by_id: bool,
    topics: HashMap<Arc<[u8]>, HeldTopic>,
    topics_version: u64,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// Slots to look at, in the order of their turns.
    due: BTreeMap<u64, u32>,
    /// Slots that were looked at for an answer that was not given yet.
    looked: Vec<u32>,
    next_turn: u64,
    swept_ms: i64,
}

impl Session {
    /// A session without partitions.
    pub fn new(id: i32, by_id: bool, now_ms: i64) -> Self {
        Self {
            id,
            epoch: next_epoch(EPOCH_INITIAL),
            by_id,
            topics: HashMap::new(),
            topics_version: 0,
            entries: Vec::new(),
            free: Vec::new(),
            due: BTreeMap::new(),
            looked: Vec::new(),
            next_turn: 0,
            swept_ms: now_ms,
        }
    }

    /// The epoch of the request that goes on from here.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Waits for the next request.
    pub fn advance(&mut self) {
        self.epoch = next_epoch(self.epoch);
    }

    /// Whether topics are named by their identity.
    pub fn by_id(&self) -> bool {
        self.by_id
    }

    /// How many partitions it has.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it takes of the memory for all sessions: entries of partitions and of topics.
    pub fn weight(&self) -> usize {
        self.len() + self.topics.len()
    }

    /// Partitions that the next look takes in.
    pub fn due(&self) -> usize {
        self.due.len()
    }

    /// Takes up what a request asks for and what it forgets. False if it names what cannot be a topic: a session
    /// remembers no such thing.
    pub fn update(&mut self, request: &Fetch, topics: &Topics, watchers: &mut Watchers) -> bool {
        self.put_back();
        for (name, parts) in request.by_topic().filter(|(_, parts)| !parts.is_empty()) {
            if name.len() > NAME_BYTES_MAX {
                return false;
            }
            let (name, topic) = self.hold_topic(name, topics);
            for part in parts {
                self.put(&name, topic.as_deref(), part, watchers);
            }
        }
        for (name, partitions) in request.forgotten_by_topic() {
            for partition in partitions {
                self.forget(name, *partition, watchers);
            }
        }
        true
    }

    fn hold_topic(&mut self, name: &[u8], topics: &Topics) -> (Arc<[u8]>, Option<Arc<Topic>>) {
        if let Some((name, held)) = self.topics.get_key_value(name) {
            return (Arc::clone(name), held.resolved.clone());
        }
        let (name, resolved) = (Arc::<[u8]>::from(name), topics.find(name, self.by_id).cloned());
        let held = HeldTopic { resolved: resolved.clone(), slots: HashMap::new() };
        self.topics.insert(Arc::clone(&name), held);
        (name, resolved)
    }

    fn put(&mut self, name: &Arc<[u8]>, topic: Option<&Topic>, part: &Part, watchers: &mut Watchers) {
        let (partition, asked) = (part.index, part.asked);
        let fate = judge(topic, self.by_id, partition, asked.leader_epoch);
        let known = self.slot_of(name, partition);
        let slot = known.unwrap_or_else(|| self.add(name, partition, asked, fate));
        let id = self.id;
        let Some(entry) = self.entry(slot) else { return };
        entry.asked = asked;
        entry.watch((id, slot), fate, known.is_some(), watchers);
        self.mark(slot);
    }

    fn slot_of(&self, name: &[u8], partition: i32) -> Option<u32> {
        self.topics.get(name)?.slots.get(&partition).copied()
    }

    fn add(&mut self, name: &Arc<[u8]>, partition: i32, asked: Asked, fate: Fate) -> u32 {
        let (topic, turn) = (Arc::clone(name), self.next_turn);
        let entry = Entry { topic, partition, asked, fate, turn, high_watermark: -1, log_start_offset: -1 };
        self.next_turn += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        self.entries[slot as usize] = Some(entry);
        if let Some(held) = self.topics.get_mut(&**name) {
            held.slots.insert(partition, slot);
        }
        slot
    }

    fn forget(&mut self, name: &[u8], partition: i32, watchers: &mut Watchers) {
        let Some(held) = self.topics.get_mut(name) else { return };
        let Some(slot) = held.slots.remove(&partition) else { return };
        if held.slots.is_empty() {
            self.topics.remove(name);
        }
        let Some(entry) = self.entries[slot as usize].take() else { return };
        self.due.remove(&entry.turn);
        self.free.push(slot);
        if let Ok(log) = entry.fate {
            watchers.0.remove(&(log, self.id, slot));
        }
    }

    fn entry(&mut self, slot: u32) -> Option<&mut Entry> {
        self.entries.get_mut(slot as usize)?.as_mut()
    }

    /// Lets the next look take a partition in.
    pub fn mark(&mut self, slot: u32) {
        if let Some(Some(entry)) = self.entries.get(slot as usize) {
            self.due.insert(entry.turn, slot);
        }
    }

    /// What was looked at for nothing is due again.
    fn put_back(&mut self) {
        for slot in std::mem::take(&mut self.looked) {
            self.mark(slot);
        }
    }

    /// Lets the next look take all partitions in.
    pub fn mark_all(&mut self) {
        for (slot, entry) in (0..).zip(&self.entries) {
            if let Some(entry) = entry {
                self.due.insert(entry.turn, slot);
            }
        }
    }

    /// Leaves nothing behind among those who watch.
    pub fn unwatch(&self, watchers: &mut Watchers) {
        for (slot, entry) in (0..).zip(&self.entries) {
            if let Some(Ok(log)) = entry.as_ref().map(|entry| entry.fate) {
                watchers.0.remove(&(log, self.id, slot));
            }
        }
    }

    /// The partitions that are due, as a request of their own, in the order of their turns.
    pub fn look(&mut self, request: &Fetch, topics: &Topics, now_ms: i64, watchers: &mut Watchers) -> Fetch {
        self.put_back();
        self.resolve(topics, watchers);
        if now_ms - self.swept_ms >= SWEEP_MS {
            self.swept_ms = now_ms;
            self.mark_all();
        }
        let mut asked = request.emptied(codes::NONE);
        self.looked = std::mem::take(&mut self.due).into_values().collect();
        self.fill(&mut asked);
        asked
    }

    fn fill(&self, asked: &mut Fetch) {
        let mut told = Vec::with_capacity(self.looked.len());
        let mut last: Option<&Arc<[u8]>> = None;
        for slot in &self.looked {
            let Some(entry) = &self.entries[*slot as usize] else { continue };
            if last.is_none_or(|last| !Arc::ptr_eq(last, &entry.topic)) {
                let start = u32::try_from(asked.names.len()).unwrap_or(u32::MAX);
                asked.names.extend_from_slice(&entry.topic);
                let end = u32::try_from(asked.names.len()).unwrap_or(u32::MAX);
                asked.topics.push(TopicPart { name: start..end, partitions_end: 0 });
                last = Some(&entry.topic);
            }
            asked.add_part(entry.partition, entry.asked, &entry.fate);
            told.push(entry.told(*slot));
            if let Some(topic) = asked.topics.last_mut() {
                topic.partitions_end = u32::try_from(told.len()).unwrap_or(u32::MAX);
            }
        }
        asked.told = Some(told);
    }

    /// Finds out which topics are others by now: deleted, created anew, with more partitions.
    fn resolve(&mut self, topics: &Topics, watchers: &mut Watchers) {
        if self.topics_version == topics.version() {
            return;
        }
        self.topics_version = topics.version();
        let mut changed = Vec::new();
        for (name, held) in &mut self.topics {
            let found = topics.find(name, self.by_id);
            if held.resolved.as_ref() != found {
                held.resolved = found.cloned();
                changed.extend(held.slots.values().map(|slot| (*slot, held.resolved.clone())));
            }
        }
        for (slot, topic) in changed {
            let (id, by_id) = (self.id, self.by_id);
            let Some(entry) = self.entry(slot) else { continue };
            let fate = judge(topic.as_deref(), by_id, entry.partition, entry.asked.leader_epoch);
            entry.watch((id, slot), fate, true, watchers);
            self.mark(slot);
        }
    }

    /// Notes what the client is told of what was looked at; who got records goes to the end.
    pub fn settle(&mut self, told: &[Told], outcomes: &[Outcome]) {
        self.looked.clear();
        for (told, outcome) in told.iter().zip(outcomes) {
            self.settle_one(told.slot, outcome);
        }
    }

    /// Notes what the client is told of all that a full fetch asked for.
    pub fn settle_full(&mut self, request: &Fetch, outcomes: &[Outcome]) {
        let mut outcomes = outcomes.iter();
        for (name, parts) in request.by_topic() {
            for part in parts {
                let slot = self.slot_of(name, part.index);
                if let (Some(slot), Some(outcome)) = (slot, outcomes.next()) {
                    self.settle_one(slot, outcome);
                }
            }
        }
        // Nobody watched while the answer was prepared.
        self.mark_all();
    }

    fn settle_one(&mut self, slot: u32, outcome: &Outcome) {
        let next_turn = self.next_turn;
        let Some(entry) = self.entries.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        entry.high_watermark = outcome.high_watermark;
        entry.log_start_offset = outcome.log_start_offset;
        let was_marked = self.due.remove(&entry.turn).is_some();
        if outcome.size > 0 {
            entry.turn = next_turn;
            self.next_turn += 1;
        }
        let is_behind = outcome.code != codes::NONE || entry.asked.offset < outcome.high_watermark;
        if was_marked || is_behind {
            self.due.insert(entry.turn, slot);
        }
    }
}

impl Entry {
    fn told(&self, slot: u32) -> Told {
        Told { slot, high_watermark: self.high_watermark, log_start_offset: self.log_start_offset }
    }

    /// Becomes another log, or none, and is watched as that.
    fn watch(&mut self, (id, slot): (i32, u32), fate: Fate, was_watched: bool, watchers: &mut Watchers) {
        if was_watched && self.fate == fate {
            return;
        }
        if let (true, Ok(log)) = (was_watched, self.fate) {
            watchers.0.remove(&(log, id, slot));
        }
        self.fate = fate;
        if let Ok(log) = fate {
            watchers.0.insert((log, id, slot));
        }
    }
}
