//! Which segments answer a fetch, within its limits (KIP-74).

use std::ops::Range;
use std::sync::Arc;

use crate::index::{Extent, Located, LocatedLog, LogPosition, SegmentRef};
use crate::wire::codes::{self, Code};
use crate::wire::fetch::{Fetch, Part};

/// What an answer may hold and what it may pull in.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of records in one response, whatever the client allows.
    pub response_bytes_max: u64,
    /// Bytes that are read for it, in whole blocks; the first extent always is.
    pub load_bytes_max: u64,
    /// Objects are read in aligned blocks of so many bytes.
    pub block_bytes: u64,
}

/// What is wanted of a segment: the hull of its chosen extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where the first of them starts.
    pub start: u64,
    /// Where the last of them ends.
    pub end: u64,
}

impl Window {
    fn of(extent: &Extent) -> Self {
        Self { start: extent.position, end: extent.position.saturating_add(extent.size) }
    }

    fn hull(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Bytes of the blocks that it touches in an object of `size`.
    fn load_bytes(self, size: u64, block_bytes: u64) -> u64 {
        let block = block_bytes.max(1);
        let start = (self.start / block).saturating_mul(block);
        self.end.div_ceil(block).saturating_mul(block).min(size).saturating_sub(start)
    }
}

/// What one partition will be told.
#[derive(Clone, Debug)]
pub struct PlannedPart {
    /// Its error, if it has one.
    pub code: Code,
    /// The first offset that can be read.
    pub log_start_offset: i64,
    /// The first offset that is not there yet.
    pub high_watermark: i64,
    /// Its extents, as a range of `Plan::extents`; their `segment` is an index into `Plan::segments`.
    pub extents: Range<usize>,
}

/// The plan of one answer.
#[derive(Debug)]
pub struct Plan {
    /// What was asked.
    pub request: Arc<Fetch>,
    /// One entry a partition, in request order.
    pub parts: Vec<PlannedPart>,
    /// The extents of all partitions.
    pub extents: Vec<Extent>,
    /// The segments that hold them, each once, in order of use.
    pub segments: Vec<SegmentRef>,
    /// What of each segment is wanted.
    pub windows: Vec<Window>,
    /// Bytes of records that the response may hold.
    pub response_bytes_max: u64,
    /// Bytes that an answer would hold, at most.
    pub available_bytes: u64,
    /// Whether waiting for more would be wrong.
    pub must_answer: bool,
}

impl Plan {
    /// Chooses extents for as many partitions as the limits allow.
    pub fn new(request: Arc<Fetch>, located: &Located, limits: Limits) -> Self {
        let max_bytes = u64::try_from(request.max_bytes).unwrap_or(0);
        let response_bytes_max = max_bytes.min(limits.response_bytes_max);
        let mut choice = Choice {
            located,
            load_left: limits.load_bytes_max,
            block_bytes: limits.block_bytes,
            response_left: response_bytes_max,
            local: vec![None; located.segments.len()],
            extents: Vec::new(),
            segments: Vec::new(),
            windows: Vec::new(),
            available_bytes: 0,
        };
        let failed = request.code != codes::NONE;
        let parts: Vec<_> = if failed {
            Vec::new()
        } else {
            request.parts.iter().map(|part| choice.plan(&request, part)).collect()
        };
        let enough = u64::try_from(request.min_bytes).unwrap_or(0).min(response_bytes_max);
        let must_answer = failed
            || parts.is_empty() && request.told.is_none()
            || choice.available_bytes >= enough
            || parts.iter().any(|part| part.code != codes::NONE);
        let Choice { extents, segments, windows, available_bytes, .. } = choice;
        Self { request, parts, extents, segments, windows, response_bytes_max, available_bytes, must_answer }
    }
}

/// How far a plan reads one log.
#[derive(Clone, Copy, Debug)]
pub struct ReadEnd<'a> {
    /// What was asked.
    pub position: &'a LogPosition,
    /// The offset behind the last extent that was chosen.
    pub next_offset: i64,
}

impl Plan {
    /// How far each log is read that has extents.
    pub fn ends(&self) -> impl Iterator<Item = ReadEnd<'_>> {
        self.request.parts.iter().zip(&self.parts).filter_map(|(asked, part)| {
            let last = self.extents[part.extents.clone()].last()?;
            let position = self.request.positions.get(asked.position as usize)?;
            Some(ReadEnd { position, next_offset: last.last_offset.saturating_add(1) })
        })
    }
}

/// What all that was located needs of each segment, in the order of the segments.
pub fn hulls(located: &Located) -> Vec<Option<Window>> {
    let mut hulls: Vec<Option<Window>> = vec![None; located.segments.len()];
    for extent in located.logs.iter().flatten().flat_map(|log| &log.extents) {
        let slot = usize::try_from(extent.segment).ok().and_then(|number| hulls.get_mut(number));
        if let Some(slot) = slot {
            let window = Window::of(extent);
            *slot = Some(slot.map_or(window, |hull| hull.hull(window)));
        }
    }
    hulls
}

/// A plan in the making.
struct Choice<'a> {
    located: &'a Located,
    load_left: u64,
    block_bytes: u64,
    response_left: u64,
    /// For each located segment its index in `segments`, once it is used.
    local: Vec<Option<usize>>,
    extents: Vec<Extent>,
    segments: Vec<SegmentRef>,
    windows: Vec<Window>,
    available_bytes: u64,
}

impl Choice<'_> {
    fn plan(&mut self, request: &Fetch, part: &Part) -> PlannedPart {
        let start = self.extents.len();
        let fate = judge(request, part, self.located);
        let code = fate.as_ref().err().copied().unwrap_or(codes::NONE);
        let (mut log_start_offset, mut high_watermark) = (-1, -1);
        if let Ok((position, log)) = fate {
            (log_start_offset, high_watermark) = (log.log_start_offset, log.high_watermark);
            self.choose(position, &log.extents);
        }
        PlannedPart { code, log_start_offset, high_watermark, extents: start..self.extents.len() }
    }

    /// Takes extents until their bytes reach the limits. The very first one is taken whatever its size: the
    /// first partition with data gets at least one batch.
    fn choose(&mut self, position: &LogPosition, extents: &[Extent]) {
        let mut limit = position.bytes_max.min(self.response_left);
        let mut planned = 0;
        for extent in extents {
            let first = self.extents.is_empty();
            if planned >= limit && !first {
                break;
            }
            let Some(segment) = self.segment(extent) else { break };
            self.extents.push(Extent { segment, ..*extent });
            planned += extent.size;
            limit = if first { limit.max(extent.size) } else { limit };
        }
        let granted = planned.min(limit);
        self.available_bytes += granted;
        self.response_left = self.response_left.saturating_sub(granted);
    }

    /// The index of an extent's segment among those to load, if reading so much of it is still allowed.
    fn segment(&mut self, extent: &Extent) -> Option<u64> {
        let number = usize::try_from(extent.segment).ok()?;
        let segment = self.located.segments.get(number)?;
        let load_bytes = |window: Window| window.load_bytes(segment.size, self.block_bytes);
        let (known, wanted) = (self.local[number], Window::of(extent));
        let window = known.map_or(wanted, |index| self.windows[index].hull(wanted));
        let before = known.map_or(0, |index| load_bytes(self.windows[index]));
        let more = load_bytes(window).saturating_sub(before);
        if more > self.load_left && !self.segments.is_empty() {
            return None;
        }
        self.load_left = self.load_left.saturating_sub(more);
        let index = known.unwrap_or(self.segments.len());
        if known.is_some() {
            self.windows[index] = window;
        } else {
            self.local[number] = Some(index);
            self.segments.push(segment.clone());
            self.windows.push(window);
        }
        Some(index as u64)
    }
}

type Place<'a> = (&'a LogPosition, &'a LocatedLog);

fn judge<'a>(request: &'a Fetch, part: &Part, located: &'a Located) -> Result<Place<'a>, Code> {
    if part.code != codes::NONE {
        return Err(part.code);
    }
    let (index, gone) = (part.position as usize, codes::unknown_topic(request.by_id()));
    let position = request.positions.get(index).ok_or(gone)?;
    let log = located.logs.get(index).and_then(Option::as_ref).ok_or(gone)?;
    if !(log.log_start_offset..=log.high_watermark).contains(&position.offset) {
        return Err(codes::OFFSET_OUT_OF_RANGE);
    }
    Ok((position, log))
}
