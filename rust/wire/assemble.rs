//! The Fetch response: heads copied and stamped, large bodies left where they are.

use std::ops::Range;

use crate::batch::HEADER_BYTES;
use crate::batch::stamp::{stamp_append_time, stamp_head};
use crate::wire::codes::{self, Code};
use crate::wire::fetch::{Fetch, Told, TopicPart, VERSION_FLEXIBLE};
use crate::wire::fields::Output;
use crate::wire::loaded::Loaded;
use crate::wire::plan::{Plan, PlannedPart};
use crate::wire::select::{Chosen, Filled, Selected, copying, select};

/// The only leader epoch there is.
const LEADER_EPOCH: i32 = 0;

/// A stretch of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of `Response::copied`.
    Copied(Range<usize>),
    /// Bytes of a segment.
    Body {
        /// Index into the plan's segments.
        segment: usize,
        /// Where in what was loaded of it.
        place: Range<usize>,
    },
}

/// A response as what was written for it and what stays in the segments.
#[derive(Debug)]
pub struct Response {
    /// All that is not large bodies.
    pub copied: Vec<u8>,
    /// The whole in order.
    pub pieces: Vec<Piece>,
}

/// What a client is told of a partition: bounds of -1 where there is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its error, if it has one.
    pub code: Code,
    /// The first offset that is not there yet.
    pub high_watermark: i64,
    /// The first offset that can be read.
    pub log_start_offset: i64,
    /// Bytes of its records.
    pub size: usize,
}

impl Outcome {
    fn of(part: &PlannedPart, filled: &Filled) -> Self {
        let (code, size) = (filled.code, filled.size);
        if code != codes::NONE {
            return Self { code, high_watermark: -1, log_start_offset: -1, size };
        }
        Self { code, high_watermark: part.high_watermark, log_start_offset: part.log_start_offset, size }
    }

    /// Whether a session's client has to hear it. Without transactions the last stable offset is the high
    /// watermark.
    pub(super) fn is_news(&self, told: &Told) -> bool {
        self.size > 0
            || self.code != codes::NONE
            || self.high_watermark != told.high_watermark
            || self.log_start_offset != told.log_start_offset
    }
}

/// Writes the answer to a plan, which belongs to no session.
pub fn assemble(plan: &Plan, segments: &[Option<Loaded<'_>>]) -> Response {
    respond(plan, segments, &select(plan, segments), 0)
}

impl Selected {
    /// What each partition of the plan will be told.
    pub fn outcomes(&self, plan: &Plan) -> Vec<Outcome> {
        plan.parts.iter().zip(&self.filled).map(|(part, filled)| Outcome::of(part, filled)).collect()
    }
}

/// Writes what was chosen: all partitions, or of a session's those with news.
pub fn respond(
    plan: &Plan,
    segments: &[Option<Loaded<'_>>],
    selected: &Selected,
    session_id: i32,
) -> Response {
    if plan.request.code != codes::NONE {
        return refuse(&plan.request, plan.request.code);
    }
    Writer::new(plan, segments, &selected.chosen).write(&selected.filled, session_id)
}

/// An answer with an error and nothing else, as a response.
pub fn refuse(request: &Fetch, code: Code) -> Response {
    let copied = error_response(request, code);
    Response { pieces: vec![Piece::Copied(0..copied.len())], copied }
}

/// An answer with an error and nothing else. Before version 7 only partitions have errors.
pub fn error_response(request: &Fetch, code: Code) -> Vec<u8> {
    let mut output = Output::response(request.correlation_id, request.version >= VERSION_FLEXIBLE, 64);
    output.put_i32(0);
    let topics = if request.version >= 7 { 0 } else { request.topics.len() };
    if request.version >= 7 {
        output.put_i16(code);
        output.put_i32(0);
    }
    output.put_size(topics);
    let mut start = 0;
    for topic in &request.topics[..topics] {
        let end = topic.partitions_end as usize;
        put_topic_name(&mut output, request, &topic.name);
        output.put_size(end - start);
        for part in &request.parts[start..end] {
            put_partition_head(&mut output, request.version, part.index, code, None);
            output.put_size(0);
        }
        start = end;
    }
    output.put_no_tags();
    output.seal(0)
}

/// An answer with no partitions that tells the client to wait; it asks again from where it was.
pub fn throttled_response(request: &Fetch, throttle_time_ms: i32) -> Vec<u8> {
    let mut output = Output::response(request.correlation_id, request.version >= VERSION_FLEXIBLE, 32);
    output.put_i32(throttle_time_ms);
    if request.version >= 7 {
        output.put_i16(codes::NONE);
        output.put_i32(if request.is_full() { 0 } else { request.session_id });
    }
    output.put_size(0);
    output.put_no_tags();
    output.seal(0)
}

/// Writes what was chosen.
struct Writer<'a> {
    plan: &'a Plan,
    segments: &'a [Option<Loaded<'a>>],
    chosen: &'a [Chosen],
    output: Output,
    pieces: Vec<Piece>,
    /// Where the bytes start that no piece covers yet.
    copied_from: usize,
    sliced_bytes: usize,
    slice_bytes_min: usize,
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Plan, segments: &'a [Option<Loaded<'a>>], chosen: &'a [Chosen]) -> Self {
        let request = &plan.request;
        let (slice_bytes_min, copied) = copying(chosen);
        let capacity = 64 + request.names.len() + 8 * request.topics.len() + 56 * plan.parts.len() + copied;
        let output = Output::response(request.correlation_id, request.version >= VERSION_FLEXIBLE, capacity);
        let pieces = Vec::new();
        Self { plan, segments, chosen, output, pieces, copied_from: 0, sliced_bytes: 0, slice_bytes_min }
    }

    fn write(mut self, filled: &[Filled], session_id: i32) -> Response {
        let (plan, request) = (self.plan, &self.plan.request);
        self.output.put_i32(0);
        if request.version >= 7 {
            self.output.put_i16(codes::NONE);
            self.output.put_i32(session_id);
        }
        let topics = self.shown_topics(filled);
        self.output.put_size(topics.len());
        for (topic, parts, shown) in topics {
            put_topic_name(&mut self.output, request, &topic.name);
            self.output.put_size(shown);
            for index in parts.filter(|index| is_shown(plan, *index, &filled[*index])) {
                self.put_partition(index, &filled[index]);
            }
            self.output.put_no_tags();
        }
        self.output.put_no_tags();
        self.cut();
        Response { copied: self.output.seal(self.sliced_bytes), pieces: self.pieces }
    }

    /// The topics of the answer, their partitions and how many of those are shown.
    fn shown_topics(&self, filled: &[Filled]) -> Vec<(&'a TopicPart, Range<usize>, usize)> {
        let (plan, request) = (self.plan, &self.plan.request);
        let mut topics = Vec::with_capacity(request.topics.len());
        let mut start = 0;
        for topic in &request.topics {
            let parts = start..topic.partitions_end as usize;
            start = parts.end;
            let shown = parts.clone().filter(|index| is_shown(plan, *index, &filled[*index])).count();
            if shown > 0 || request.told.is_none() {
                topics.push((topic, parts, shown));
            }
        }
        topics
    }

    fn put_partition(&mut self, index: usize, filled: &Filled) {
        let request = &self.plan.request;
        let bounds = Some(&self.plan.parts[index]).filter(|_| filled.code == codes::NONE);
        put_partition_head(
            &mut self.output,
            request.version,
            request.parts[index].index,
            filled.code,
            bounds,
        );
        self.output.put_size(filled.size);
        for chosen in &self.chosen[filled.chosen.clone()] {
            self.put_batch(chosen);
        }
        self.output.put_no_tags();
    }

    fn put_batch(&mut self, chosen: &Chosen) {
        let batch =
            self.segments[chosen.segment].map_or(&[][..], |loaded| &loaded.bytes[chosen.place.clone()]);
        let Some((head, body)) = batch.split_first_chunk::<HEADER_BYTES>() else { return };
        let mut head = *head;
        stamp_head(&mut head, chosen.base_offset, LEADER_EPOCH);
        if chosen.append_time_ms >= 0 {
            stamp_append_time(&mut head, batch.len(), chosen.append_time_ms);
        }
        self.output.put(&head);
        if !chosen.is_sliced(self.slice_bytes_min) {
            self.output.put(body);
            return;
        }
        self.cut();
        self.sliced_bytes += body.len();
        let place = chosen.place.start + HEADER_BYTES..chosen.place.end;
        self.pieces.push(Piece::Body { segment: chosen.segment, place });
    }

    /// Makes a piece of what was written since the last one.
    fn cut(&mut self) {
        let end = self.output.bytes.len();
        self.pieces.push(Piece::Copied(self.copied_from..end));
        self.copied_from = end;
    }
}

/// Whether a partition stands in the answer.
fn is_shown(plan: &Plan, index: usize, filled: &Filled) -> bool {
    let told = plan.request.told.as_ref();
    told.is_none_or(|told| Outcome::of(&plan.parts[index], filled).is_news(&told[index]))
}

fn put_topic_name(output: &mut Output, request: &Fetch, name: &Range<u32>) {
    let name = &request.names[name.start as usize..name.end as usize];
    if request.by_id() {
        output.put(name);
    } else {
        output.put_string(name);
    }
}

/// All of a partition up to its records. Without transactions the last stable offset is the high watermark, and
/// nothing was ever aborted.
fn put_partition_head(
    output: &mut Output,
    version: i16,
    index: i32,
    code: Code,
    bounds: Option<&PlannedPart>,
) {
    let high_watermark = bounds.map_or(-1, |part| part.high_watermark);
    output.put_i32(index);
    output.put_i16(code);
    output.put_i64(high_watermark);
    output.put_i64(high_watermark);
    if version >= 5 {
        output.put_i64(bounds.map_or(-1, |part| part.log_start_offset));
    }
    output.put_size(0);
    if version >= 11 {
        output.put_i32(-1);
    }
}
