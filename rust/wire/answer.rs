//! The Produce response: what every partition of a request is told.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::batch::faults::{FAULTS_MAX, Fault};
use crate::batch::validate::Reject;
use crate::error::{Error, Result};
use crate::index::BatchOutcome;
use crate::wire::codes::{self, Code};
use crate::wire::fields::Output;

/// The first version with tags and compact fields.
pub const VERSION_FLEXIBLE: i16 = 9;
/// The first version that names topics by their identity.
pub const VERSION_TOPIC_IDS: i16 = 13;
/// Far more than any client sends; keeps what a frame of empty partitions costs within bounds.
pub const PARTITIONS_MAX: usize = 1 << 18;
/// A partition in memory and in the answer, about.
const PART_BYTES_HELD: usize = 64;
/// Partitions beyond so many complaints, or so many different ones, get their code only.
const TEXTS_MAX: usize = 1000;
const MESSAGES_MAX: usize = 64;
/// An invalid record in the answer, about.
const FAULT_BYTES: usize = 96;

/// One topic of the request: its name or identity, and where its partitions end.
struct TopicPart {
    name: Range<u32>,
    partitions_end: u32,
}

/// One partition of the request.
struct Part {
    index: i32,
    code: Code,
    /// Index into `messages` plus one.
    message: u16,
    /// Index into `outcomes` plus one.
    outcome: u32,
}

/// What an accepted partition is told when it is committed.
#[derive(Clone, Copy)]
struct Outcome {
    base_offset: i64,
    append_time_ms: i64,
    log_start_offset: i64,
}

const NO_OUTCOME: Outcome = Outcome { base_offset: -1, append_time_ms: -1, log_start_offset: -1 };

/// The answer in the making: all that is kept of a request once its batches are packed.
pub struct Answer {
    version: i16,
    correlation_id: i32,
    throttle_time_ms: i32,
    names: Vec<u8>,
    topics: Vec<TopicPart>,
    parts: Vec<Part>,
    outcomes: Vec<Outcome>,
    messages: Vec<String>,
    /// By partition, the records that are named as invalid.
    faults: BTreeMap<usize, Vec<(i32, Fault)>>,
    faults_count: usize,
    /// Partitions that have a message.
    texts: usize,
    /// Bytes of all these messages in the answer, and of the invalid records.
    text_bytes: usize,
}

impl Answer {
    /// The answer to a request of no topics.
    pub fn new(version: i16, correlation_id: i32) -> Self {
        Self {
            version,
            correlation_id,
            throttle_time_ms: 0,
            names: Vec::new(),
            topics: Vec::new(),
            parts: Vec::new(),
            outcomes: Vec::new(),
            messages: Vec::new(),
            faults: BTreeMap::new(),
            faults_count: 0,
            texts: 0,
            text_bytes: 0,
        }
    }

    /// Says for how long the client is not listened to.
    pub fn throttle(&mut self, throttle_time_ms: i32) {
        self.throttle_time_ms = throttle_time_ms;
    }

    /// Whether topics are named by their identity.
    pub fn by_id(&self) -> bool {
        self.version >= VERSION_TOPIC_IDS
    }

    /// Whether the version has tags and compact fields.
    pub fn flexible(&self) -> bool {
        self.version >= VERSION_FLEXIBLE
    }

    /// Makes room for one more topic of so many partitions.
    pub fn reserve(&mut self, partitions: usize) -> Result<()> {
        if self.parts.len() + self.topics.len() + 1 + partitions > PARTITIONS_MAX {
            return Err(Error::TooLarge { what: "partitions", position: 0, limit: PARTITIONS_MAX });
        }
        self.parts.reserve(partitions);
        Ok(())
    }

    /// Adds a partition, without an error, and returns its place.
    pub fn add_partition(&mut self, index: i32) -> usize {
        self.parts.push(Part { index, code: codes::NONE, message: 0, outcome: 0 });
        self.parts.len() - 1
    }

    /// Ends a topic, to which the partitions since the last one belong.
    pub fn add_topic(&mut self, name: &[u8]) -> Result<()> {
        let start = index_u32(self.names.len())?;
        self.names.extend_from_slice(name);
        let (name, partitions_end) = (start..index_u32(self.names.len())?, index_u32(self.parts.len())?);
        self.topics.push(TopicPart { name, partitions_end });
        Ok(())
    }

    /// Makes room for the outcome of a partition that was accepted.
    pub fn accept(&mut self, part: usize) -> Result<()> {
        self.outcomes.push(NO_OUTCOME);
        self.parts[part].outcome = index_u32(self.outcomes.len())?;
        Ok(())
    }

    /// Gives a partition an error.
    pub fn fail(&mut self, part: usize, code: Code, message: Option<&str>) {
        let message = message.map_or(0, |message| self.keep_message(message));
        let part = &mut self.parts[part];
        (part.code, part.message) = (code, message);
    }

    /// Gives a partition the error of its batch, and names the records that are invalid: of all partitions
    /// together no more than of one.
    pub fn refuse(&mut self, part: usize, reject: &Reject) {
        self.fail(part, codes::of_reject(reject), Some(&reject.to_string()));
        let Reject::Records(faults) = reject else { return };
        let listed = faults.listed();
        let listed = &listed[..listed.len().min(FAULTS_MAX - self.faults_count)];
        self.faults_count += listed.len();
        self.text_bytes += FAULT_BYTES * listed.len();
        if !listed.is_empty() {
            self.faults.insert(part, listed.to_vec());
        }
    }

    /// Gives an error to all partitions that have none.
    pub fn fail_others(&mut self, code: Code, message: Option<&str>) {
        for part in 0..self.parts.len() {
            if self.parts[part].code == codes::NONE {
                self.fail(part, code, message);
            }
        }
    }

    /// Notes what became of an accepted partition.
    pub fn settle(
        &mut self,
        part: usize,
        outcome: &BatchOutcome,
        append_time_ms: i64,
        log_start_offset: i64,
    ) {
        let by_id = self.by_id();
        let part = &mut self.parts[part];
        part.code = codes::of_outcome(outcome, by_id);
        let (BatchOutcome::Appended { base_offset } | BatchOutcome::Duplicate { base_offset }) = *outcome
        else {
            return;
        };
        if let Some(slot) = self.outcomes.get_mut((part.outcome as usize).wrapping_sub(1)) {
            *slot = Outcome { base_offset, append_time_ms, log_start_offset };
        }
    }

    /// Whether no partition has an error.
    pub fn is_good(&self) -> bool {
        self.parts.iter().all(|part| part.code == codes::NONE)
    }

    /// What it holds in memory, the written answer included, about.
    pub fn held_bytes(&self) -> usize {
        self.names.len() + self.text_bytes + PART_BYTES_HELD * (self.parts.len() + self.topics.len())
    }

    /// The response, length prefix included.
    pub fn write(&self) -> Vec<u8> {
        let (topics, parts) = (self.topics.len(), self.parts.len());
        let capacity = 32 + self.names.len() + self.text_bytes + 12 * topics + 40 * parts;
        let mut output = Output::response(self.correlation_id, self.flexible(), capacity);
        output.put_size(topics);
        let mut start = 0;
        for topic in &self.topics {
            let end = topic.partitions_end as usize;
            self.write_topic(&mut output, topic, start..end);
            start = end;
        }
        output.put_i32(self.throttle_time_ms);
        output.put_no_tags();
        output.seal(0)
    }

    /// The number of a message for one more partition; the last one's again if it is the same.
    fn keep_message(&mut self, message: &str) -> u16 {
        let known = self.messages.last().is_some_and(|last| last == message);
        if self.texts >= TEXTS_MAX || !known && self.messages.len() >= MESSAGES_MAX {
            return 0;
        }
        if !known {
            self.messages.push(message.to_owned());
        }
        self.texts += 1;
        self.text_bytes += message.len();
        u16::try_from(self.messages.len()).unwrap_or(0)
    }

    fn write_topic(&self, output: &mut Output, topic: &TopicPart, parts: Range<usize>) {
        let name = &self.names[topic.name.start as usize..topic.name.end as usize];
        if self.by_id() {
            output.put(name);
        } else {
            output.put_string(name);
        }
        output.put_size(parts.len());
        for part in parts {
            self.write_part(output, part);
        }
        output.put_no_tags();
    }

    fn write_part(&self, output: &mut Output, place: usize) {
        let part = &self.parts[place];
        let settled = self.outcomes.get((part.outcome as usize).wrapping_sub(1));
        let outcome = settled.filter(|_| part.code == codes::NONE).copied().unwrap_or(NO_OUTCOME);
        output.put_i32(part.index);
        output.put_i16(part.code);
        output.put_i64(outcome.base_offset);
        output.put_i64(outcome.append_time_ms);
        if self.version >= 5 {
            output.put_i64(outcome.log_start_offset);
        }
        if self.version >= 8 {
            self.write_faults(output, place);
            let message = self.messages.get((part.message as usize).wrapping_sub(1));
            output.put_nullable_string(message.map(String::as_bytes));
        }
        output.put_no_tags();
    }

    fn write_faults(&self, output: &mut Output, place: usize) {
        let faults = self.faults.get(&place).map_or(&[][..], Vec::as_slice);
        output.put_size(faults.len());
        for (index, fault) in faults {
            output.put_i32(*index);
            output.put_nullable_string(Some(fault.to_string().as_bytes()));
            output.put_no_tags();
        }
    }
}

fn index_u32(index: usize) -> Result<u32> {
    u32::try_from(index).map_err(|_| Error::TooLarge {
        what: "request",
        position: 0,
        limit: u32::MAX as usize,
    })
}
