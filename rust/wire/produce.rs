//! The Produce request: taken apart, judged partition by partition, answered.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::validate::{BatchFacts, check_head, walk};
use crate::error::{Error, Result};
use crate::index::BatchOutcome;
use crate::segment::LogKey;
use crate::wire::codes::{self, Code};
use crate::wire::fields::{Fields, Output};
use crate::wire::frames::{Frame, FrameBytes};
use crate::wire::topics::{Topic, Topics};

/// The versions that are served; 0 to 2 are advertised for old clients' sake only.
pub const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
const VERSION_FLEXIBLE: i16 = 9;
const VERSION_TOPIC_IDS: i16 = 13;
/// Far more than any client sends; keeps what a frame of empty partitions costs within bounds.
const PARTITIONS_MAX: usize = 1 << 20;
/// Partitions beyond so many complaints, or so many different ones, get their code only.
const TEXTS_MAX: usize = 1000;
const MESSAGES_MAX: usize = 64;
/// A partition in memory and in the answer, about.
const PART_BYTES_HELD: usize = 64;
/// A frame that holds less than this besides a copy of its batches is kept as it is.
const FRAME_BYTES_SPARE: usize = 4096;
const TRANSACTIONAL: &str = "transactions are not supported yet: produce without transactional.id";

/// One topic of the request: its name or identity, and its partitions, as ranges of what the request holds.
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

/// A batch that was accepted, with all that packing needs to know.
pub struct Accepted {
    part: u32,
    walked: bool,
    /// The topic as it was when the request was parsed.
    pub topic: Arc<Topic>,
    /// Where the batch stands in its frame.
    pub place: Range<usize>,
    /// What is known of it.
    pub facts: BatchFacts,
    partition: i32,
}

impl Accepted {
    /// Whose batch it is.
    pub fn key(&self) -> LogKey {
        LogKey { topic_id: self.topic.id, partition: self.partition }
    }

    /// The partition's place in the request.
    pub fn part(&self) -> u32 {
        self.part
    }
}

/// A parsed Produce request. Partitions that fail keep their error; the others go on.
pub struct Produce {
    version: i16,
    correlation_id: i32,
    /// -1, 0 or 1, or what the client sent.
    pub acks: i16,
    /// How long the client waits.
    pub timeout_ms: i32,
    /// Set for what cannot be served yet.
    pub transactional_id: Option<String>,
    names: Vec<u8>,
    topics: Vec<TopicPart>,
    parts: Vec<Part>,
    messages: Vec<String>,
    /// Partitions that have a message, and the bytes of all these messages in the answer.
    texts: (usize, usize),
    outcomes: Vec<Outcome>,
    frame: Option<FrameBytes>,
    accepted: Vec<Accepted>,
    accepted_count: usize,
    accepted_bytes: usize,
    unchecked_bytes: usize,
}

impl Produce {
    /// Takes a frame apart and checks each partition's batch but for walking compressed records.
    pub fn parse(frame: Frame, topics: &Topics, now_ms: i64) -> Result<Self> {
        let version = frame.header.api_version;
        if !VERSIONS.contains(&version) {
            let (what, expected) = ("Produce version", "3 to 13");
            return Err(Error::Invalid { what, position: 2, expected, found: version.into() });
        }
        let (bytes, position) = (frame.bytes.clone(), frame.header.body_position);
        let mut fields = Fields::at(&bytes, position, version >= VERSION_FLEXIBLE);
        fields.skip_tags("header tags")?;
        let mut request = Self::open(frame, &bytes, &mut fields)?;
        let reader = Reader { bytes: &bytes, topics, now_ms, refusal: request.refusal() };
        for _ in 0..fields.array("topics", if version >= VERSION_FLEXIBLE { 3 } else { 6 })? {
            request.read_topic(&reader, &mut fields)?;
        }
        fields.skip_tags("request tags")?;
        Ok(request)
    }

    fn open(frame: Frame, bytes: &[u8], fields: &mut Fields<'_>) -> Result<Self> {
        let transactional_id = fields.nullable_string("transactional_id")?;
        Ok(Self {
            version: frame.header.api_version,
            correlation_id: frame.header.correlation_id,
            transactional_id: transactional_id
                .map(|place| String::from_utf8_lossy(&bytes[place]).into_owned()),
            acks: fields.cursor.read_i16("acks")?,
            timeout_ms: fields.cursor.read_i32("timeout_ms")?,
            names: Vec::new(),
            topics: Vec::new(),
            parts: Vec::new(),
            messages: Vec::new(),
            texts: (0, 0),
            outcomes: Vec::new(),
            frame: Some(frame.bytes),
            accepted: Vec::new(),
            accepted_count: 0,
            accepted_bytes: 0,
            unchecked_bytes: 0,
        })
    }

    fn refusal(&self) -> Option<(Code, &'static str)> {
        if !(-1..=1).contains(&self.acks) {
            return Some((codes::INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1"));
        }
        self.transactional_id.is_some().then_some((codes::INVALID_REQUEST, TRANSACTIONAL))
    }

    fn by_id(&self) -> bool {
        self.version >= VERSION_TOPIC_IDS
    }

    fn read_topic(&mut self, reader: &Reader<'_>, fields: &mut Fields<'_>) -> Result<()> {
        let (name, topic) = if self.by_id() {
            let id = fields.cursor.array::<16>("topic_id")?;
            (fields.cursor.position() - id.len()..fields.cursor.position(), reader.topics.by_id(&id))
        } else {
            let name = fields.string("topic name")?;
            (name.clone(), reader.topics.by_name(&reader.bytes[name]))
        };
        let name_start = self.names.len();
        self.names.extend_from_slice(&reader.bytes[name]);
        let flexible = self.version >= VERSION_FLEXIBLE;
        let count = fields.array("partitions", if flexible { 6 } else { 8 })?;
        self.parts.reserve(count.min(PARTITIONS_MAX));
        for _ in 0..count {
            let index = fields.cursor.read_i32("partition index")?;
            let records = fields.nullable_bytes("records")?;
            fields.skip_tags("partition tags")?;
            self.read_partition(reader, topic, index, records)?;
        }
        fields.skip_tags("topic tags")?;
        let name = index_u32(name_start)?..index_u32(self.names.len())?;
        self.topics.push(TopicPart { name, partitions_end: index_u32(self.parts.len())? });
        Ok(())
    }

    fn read_partition(
        &mut self,
        reader: &Reader<'_>,
        topic: Option<&Arc<Topic>>,
        index: i32,
        records: Option<Range<usize>>,
    ) -> Result<()> {
        let part = index_u32(self.parts.len())?;
        if self.parts.len() >= PARTITIONS_MAX {
            return Err(Error::TooLarge { what: "partitions", position: 0, limit: PARTITIONS_MAX });
        }
        self.parts.push(Part { index, code: codes::NONE, message: 0, outcome: 0 });
        match self.judge(reader, topic, part, index, records) {
            Ok(accepted) => self.accept(accepted)?,
            Err((code, message)) => self.fail(part as usize, code, message.as_deref()),
        }
        Ok(())
    }

    fn judge(
        &self,
        reader: &Reader<'_>,
        topic: Option<&Arc<Topic>>,
        part: u32,
        partition: i32,
        records: Option<Range<usize>>,
    ) -> std::result::Result<Accepted, (Code, Option<String>)> {
        if let Some((code, message)) = reader.refusal {
            return Err((code, Some(message.to_owned())));
        }
        let topic = topic.ok_or((codes::unknown_topic(self.by_id()), None))?;
        if !topic.has(partition) {
            return Err((codes::UNKNOWN_TOPIC_OR_PARTITION, None));
        }
        let place = records.ok_or_else(|| (codes::INVALID_RECORD, Some("no records at all".to_owned())))?;
        let batch = &reader.bytes[place.clone()];
        let refused = |reject| (codes::of_reject(&reject), Some(reject.to_string()));
        let mut facts = check_head(batch, &topic.rules, self.version).map_err(refused)?;
        if facts.header.is_transactional() {
            return Err((codes::INVALID_REQUEST, Some(TRANSACTIONAL.to_owned())));
        }
        let walked = facts.header.codec() == 0;
        if walked {
            walk(batch, &mut facts, &topic.rules, reader.now_ms).map_err(refused)?;
        }
        Ok(Accepted { part, walked, topic: Arc::clone(topic), place, facts, partition })
    }

    fn accept(&mut self, accepted: Accepted) -> Result<()> {
        let size = accepted.place.len();
        self.outcomes.push(NO_OUTCOME);
        self.parts[accepted.part as usize].outcome = index_u32(self.outcomes.len())?;
        self.accepted_count += 1;
        self.accepted_bytes += size;
        self.unchecked_bytes += if accepted.walked { 0 } else { size };
        self.accepted.push(accepted);
        Ok(())
    }

    fn fail(&mut self, part: usize, code: Code, message: Option<&str>) {
        let message = message.map_or(0, |message| self.keep_message(message));
        let part = &mut self.parts[part];
        (part.code, part.message) = (code, message);
    }

    /// The number of a message for one more partition; the last one's again if it is the same.
    fn keep_message(&mut self, message: &str) -> u16 {
        let known = self.messages.last().is_some_and(|last| last == message);
        if self.texts.0 >= TEXTS_MAX || !known && self.messages.len() >= MESSAGES_MAX {
            return 0;
        }
        if !known {
            self.messages.push(message.to_owned());
        }
        self.texts = (self.texts.0 + 1, self.texts.1 + message.len());
        u16::try_from(self.messages.len()).unwrap_or(0)
    }

    /// Partitions without an error so far.
    pub fn accepted_count(&self) -> usize {
        self.accepted_count
    }

    /// Bytes of their batches.
    pub fn accepted_bytes(&self) -> usize {
        self.accepted_bytes
    }

    /// Compressed bytes that are still to be walked.
    pub fn unchecked_bytes(&self) -> usize {
        self.unchecked_bytes
    }

    /// Walks what parsing left out.
    pub fn check(&mut self, now_ms: i64) {
        let Some(frame) = self.frame.clone().filter(|_| self.unchecked_bytes > 0) else { return };
        let mut refused = Vec::new();
        self.accepted.retain_mut(|accepted| {
            let batch = &frame[accepted.place.clone()];
            let rules = &accepted.topic.rules;
            let fate = if accepted.walked { Ok(()) } else { walk(batch, &mut accepted.facts, rules, now_ms) };
            accepted.walked = true;
            fate.map_err(|reject| refused.push((accepted.part, batch.len(), reject))).is_ok()
        });
        self.unchecked_bytes = 0;
        self.accepted_count -= refused.len();
        for (part, size, reject) in refused {
            self.accepted_bytes -= size;
            self.fail(part as usize, codes::of_reject(&reject), Some(&reject.to_string()));
        }
    }

    /// Gives this error to all partitions that have none yet; nothing is accepted any more.
    pub fn reject(&mut self, code: Code, message: Option<&str>) {
        for part in 0..self.parts.len() {
            if self.parts[part].code == codes::NONE {
                self.fail(part, code, message);
            }
        }
        (self.accepted_count, self.accepted_bytes, self.unchecked_bytes) = (0, 0, 0);
        self.accepted = Vec::new();
        self.frame = None;
    }

    /// What the request costs in memory until it is answered: its batches, and what its answer needs.
    pub fn held_bytes(&self) -> usize {
        self.accepted_bytes + self.names.len() + self.texts.1 + PART_BYTES_HELD * self.parts.len()
    }

    /// Gives the accepted batches away, with the frame that holds them; the request keeps only what its answer
    /// needs.
    pub fn take_accepted(&mut self) -> Option<(FrameBytes, Vec<Accepted>)> {
        let (frame, accepted) = (self.frame.take()?, std::mem::take(&mut self.accepted));
        Some(without_refused(frame, accepted, self.accepted_bytes))
    }

    /// Notes what became of an accepted partition.
    pub fn settle(&mut self, part: u32, outcome: &BatchOutcome, append_time_ms: i64, log_start_offset: i64) {
        let by_id = self.by_id();
        let part = &mut self.parts[part as usize];
        part.code = codes::of_outcome(outcome, by_id);
        let (BatchOutcome::Appended { base_offset } | BatchOutcome::Duplicate { base_offset }) = *outcome
        else {
            return;
        };
        if let Some(slot) = self.outcomes.get_mut((part.outcome as usize).wrapping_sub(1)) {
            *slot = Outcome { base_offset, append_time_ms, log_start_offset };
        }
    }

    /// The answer: none at all if the connection has to be closed, empty if acks=0 went well.
    pub fn response(&self) -> Option<Vec<u8>> {
        if self.acks != 0 {
            return Some(self.write());
        }
        self.parts.iter().all(|part| part.code == codes::NONE).then(Vec::new)
    }

    fn write(&self) -> Vec<u8> {
        let (topics, parts) = (self.topics.len(), self.parts.len());
        let capacity = 32 + self.names.len() + self.texts.1 + 12 * topics + 40 * parts;
        let mut output = Output::response(self.correlation_id, self.version >= VERSION_FLEXIBLE, capacity);
        output.put_size(self.topics.len());
        let mut start = 0;
        for topic in &self.topics {
            let end = topic.partitions_end as usize;
            self.write_topic(&mut output, topic, &self.parts[start..end]);
            start = end;
        }
        output.put_i32(0);
        output.put_no_tags();
        output.seal(0)
    }

    fn write_topic(&self, output: &mut Output, topic: &TopicPart, parts: &[Part]) {
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

    fn write_part(&self, output: &mut Output, part: &Part) {
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
            output.put_size(0);
            let message = self.messages.get((part.message as usize).wrapping_sub(1));
            output.put_nullable_string(message.map(String::as_bytes));
        }
        output.put_no_tags();
    }
}

/// Copies batches out of a frame of which they are the lesser part: what was refused must not be held for as long
/// as what was accepted, since nobody accounts for it.
fn without_refused(
    frame: FrameBytes,
    mut accepted: Vec<Accepted>,
    accepted_bytes: usize,
) -> (FrameBytes, Vec<Accepted>) {
    if 2 * accepted_bytes + FRAME_BYTES_SPARE >= frame.len() {
        return (frame, accepted);
    }
    let mut bytes = Vec::with_capacity(accepted_bytes);
    for Accepted { place, .. } in &mut accepted {
        let start = bytes.len();
        bytes.extend_from_slice(&frame[place.clone()]);
        *place = start..bytes.len();
    }
    (FrameBytes::Small(bytes.into()), accepted)
}

/// What reading a request needs besides its fields.
struct Reader<'a> {
    bytes: &'a [u8],
    topics: &'a Topics,
    now_ms: i64,
    refusal: Option<(Code, &'static str)>,
}

fn index_u32(index: usize) -> Result<u32> {
    u32::try_from(index).map_err(|_| Error::TooLarge {
        what: "request",
        position: 0,
        limit: u32::MAX as usize,
    })
}
