//! The Produce request: taken apart and judged, partition by partition.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::validate::{BatchFacts, Reject, check_head, walk};
use crate::error::{Error, Result};
use crate::index::BatchOutcome;
use crate::segment::LogKey;
use crate::wire::answer::{Answer, VERSION_FLEXIBLE, VERSION_TOPIC_IDS};
use crate::wire::codes::{self, Code};
use crate::wire::fields::Fields;
use crate::wire::frames::{Frame, FrameBytes};
use crate::wire::topics::{Topic, Topics};

/// The versions that are served; 0 to 2 are advertised for old clients' sake only.
pub const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
/// A frame that holds less than this besides a copy of its batches is kept as it is.
const FRAME_BYTES_SPARE: usize = 4096;
const TRANSACTIONAL: &str = "transactions are not supported yet: produce without transactional.id";

/// A batch that was accepted, with all that packing needs to know.
pub struct Accepted {
    /// The partition's place in the request.
    pub part: usize,
    /// The topic as it was when the request was parsed.
    pub topic: Arc<Topic>,
    /// Where the batch stands in its frame.
    pub place: Range<usize>,
    /// What is known of it.
    pub facts: BatchFacts,
    partition: i32,
    walked: bool,
}

impl Accepted {
    /// Whose batch it is.
    pub fn key(&self) -> LogKey {
        LogKey { topic_id: self.topic.id, partition: self.partition }
    }
}

/// A parsed Produce request. Partitions that fail keep their error; the others go on.
pub struct Produce {
    /// -1, 0 or 1, or what the client sent.
    pub acks: i16,
    /// How long the client waits.
    pub timeout_ms: i32,
    /// Set for what cannot be served yet.
    pub transactional_id: Option<String>,
    answer: Answer,
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
        let reader = Reader { bytes: &bytes, topics, version, now_ms, refusal: request.refusal() };
        for _ in 0..fields.array("topics", if request.answer.flexible() { 3 } else { 6 })? {
            request.read_topic(&reader, &mut fields)?;
        }
        fields.skip_tags("request tags")?;
        Ok(request)
    }

    fn open(frame: Frame, bytes: &[u8], fields: &mut Fields<'_>) -> Result<Self> {
        let transactional_id = fields.nullable_string("transactional_id")?;
        let to_text = |place| String::from_utf8_lossy(&bytes[place]).into_owned();
        Ok(Self {
            acks: fields.cursor.read_i16("acks")?,
            timeout_ms: fields.cursor.read_i32("timeout_ms")?,
            transactional_id: transactional_id.map(to_text),
            answer: Answer::new(frame.header.api_version, frame.header.correlation_id),
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

    fn read_topic(&mut self, reader: &Reader<'_>, fields: &mut Fields<'_>) -> Result<()> {
        let (name, topic) = if self.answer.by_id() {
            let id = fields.cursor.array::<16>("topic_id")?;
            (fields.cursor.position() - id.len()..fields.cursor.position(), reader.topics.by_id(&id))
        } else {
            let name = fields.string("topic name")?;
            (name.clone(), reader.topics.by_name(&reader.bytes[name]))
        };
        let count = fields.array("partitions", if self.answer.flexible() { 6 } else { 8 })?;
        self.answer.reserve(count)?;
        for _ in 0..count {
            let index = fields.cursor.read_i32("partition index")?;
            let records = fields.nullable_bytes("records")?;
            fields.skip_tags("partition tags")?;
            let part = self.answer.add_partition(index);
            match reader.judge(topic, part, index, records) {
                Ok(accepted) => self.accept(accepted)?,
                Err(Refusal::Request(code, message)) => self.answer.fail(part, code, message),
                Err(Refusal::Batch(reject)) => self.answer.refuse(part, &reject),
            }
        }
        fields.skip_tags("topic tags")?;
        self.answer.add_topic(&reader.bytes[name])
    }

    fn accept(&mut self, accepted: Accepted) -> Result<()> {
        let size = accepted.place.len();
        self.answer.accept(accepted.part)?;
        self.accepted_count += 1;
        self.accepted_bytes += size;
        self.unchecked_bytes += if accepted.walked { 0 } else { size };
        self.accepted.push(accepted);
        Ok(())
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

    /// What the request costs in memory until it is answered: its batches, and what its answer needs.
    pub fn held_bytes(&self) -> usize {
        self.accepted_bytes + self.answer.held_bytes()
    }

    /// Walks what parsing left out.
    pub fn check(&mut self, now_ms: i64) {
        let Some(frame) = self.frame.clone().filter(|_| self.unchecked_bytes > 0) else { return };
        // What a batch is refused for goes into the answer at once: there it is bounded for all of them together.
        let (answer, accepted_bytes) = (&mut self.answer, &mut self.accepted_bytes);
        self.accepted.retain_mut(|accepted| {
            let batch = &frame[accepted.place.clone()];
            let rules = &accepted.topic.rules;
            let fate = if accepted.walked { Ok(()) } else { walk(batch, &mut accepted.facts, rules, now_ms) };
            accepted.walked = true;
            fate.map_err(|reject| {
                *accepted_bytes -= batch.len();
                answer.refuse(accepted.part, &reject);
            })
            .is_ok()
        });
        self.unchecked_bytes = 0;
        self.accepted_count = self.accepted.len();
    }

    /// Gives this error to all partitions that have none yet; nothing is accepted any more.
    pub fn reject(&mut self, code: Code, message: Option<&str>) {
        self.answer.fail_others(code, message);
        (self.accepted_count, self.accepted_bytes, self.unchecked_bytes) = (0, 0, 0);
        self.accepted = Vec::new();
        self.frame = None;
    }

    /// Gives the accepted batches away, with the frame that holds them; the request keeps only what its answer
    /// needs.
    pub fn take_accepted(&mut self) -> Option<(FrameBytes, Vec<Accepted>)> {
        let (frame, accepted) = (self.frame.take()?, std::mem::take(&mut self.accepted));
        Some(without_refused(frame, accepted, self.accepted_bytes))
    }

    /// Makes the answer say for how long the client is not listened to.
    pub fn throttle(&mut self, throttle_time_ms: i32) {
        self.answer.throttle(throttle_time_ms);
    }

    /// Notes what became of an accepted partition.
    pub fn settle(
        &mut self,
        part: usize,
        outcome: &BatchOutcome,
        append_time_ms: i64,
        log_start_offset: i64,
    ) {
        self.answer.settle(part, outcome, append_time_ms, log_start_offset);
    }

    /// The answer: none at all if the connection has to be closed, empty if acks=0 went well.
    pub fn response(&self) -> Option<Vec<u8>> {
        if self.acks != 0 {
            return Some(self.answer.write());
        }
        self.answer.is_good().then(Vec::new)
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

/// Why a partition is refused.
enum Refusal {
    /// For what the request says, whatever its batch is.
    Request(Code, Option<&'static str>),
    /// For its batch.
    Batch(Reject),
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Self::Batch(reject)
    }
}

/// What judging a partition needs besides its fields.
struct Reader<'a> {
    bytes: &'a [u8],
    topics: &'a Topics,
    version: i16,
    now_ms: i64,
    refusal: Option<(Code, &'static str)>,
}

impl Reader<'_> {
    fn judge(
        &self,
        topic: Option<&Arc<Topic>>,
        part: usize,
        partition: i32,
        records: Option<Range<usize>>,
    ) -> std::result::Result<Accepted, Refusal> {
        if let Some((code, message)) = self.refusal {
            return Err(Refusal::Request(code, Some(message)));
        }
        let unknown = codes::unknown_topic(self.version >= VERSION_TOPIC_IDS);
        let topic = topic.ok_or(Refusal::Request(unknown, None))?;
        if !topic.has(partition) {
            return Err(Refusal::Request(codes::UNKNOWN_TOPIC_OR_PARTITION, None));
        }
        let place = records.ok_or(Refusal::Request(codes::INVALID_RECORD, Some("no records at all")))?;
        let batch = &self.bytes[place.clone()];
        let mut facts = check_head(batch, &topic.rules, self.version)?;
        if facts.header.is_transactional() {
            return Err(Refusal::Request(codes::INVALID_REQUEST, Some(TRANSACTIONAL)));
        }
        let walked = facts.header.codec() == 0;
        if walked {
            walk(batch, &mut facts, &topic.rules, self.now_ms)?;
        }
        Ok(Accepted { part, topic: Arc::clone(topic), place, facts, partition, walked })
    }
}
