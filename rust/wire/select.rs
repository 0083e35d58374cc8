//! Which batches answer a plan, and which of them are copied.

use std::ops::Range;

use crate::batch::{Batches, HEADER_BYTES};
use crate::index::Extent;
use crate::wire::codes::{self, Code};
use crate::wire::loaded::{Loaded, check_batch};
use crate::wire::plan::Plan;

/// Copying a smaller body costs less than one more buffer in the list that is written…
const SLICE_BYTES_MIN: usize = 32 * 1024;
/// …unless it goes to memory that the system has to provide first: past so much in a response smaller ones are slices too.
const COPIED_BYTES_MAX: usize = 2 << 20;
const SLICE_BYTES_MIN_OF_MANY: usize = 2 * 1024;

/// One batch that goes into the response.
pub(super) struct Chosen {
    /// Index into the plan's segments.
    pub(super) segment: usize,
    /// Where in what was loaded of it.
    pub(super) place: Range<usize>,
    /// What its first record gets.
    pub(super) base_offset: i64,
    /// The time of its commit, -1 where records keep their own.
    pub(super) append_time_ms: i64,
}

impl Chosen {
    /// Whether its body stays where it is.
    pub(super) fn is_sliced(&self, slice_bytes_min: usize) -> bool {
        self.place.len() - HEADER_BYTES >= slice_bytes_min
    }

    fn copied_bytes(&self, slice_bytes_min: usize) -> usize {
        if self.is_sliced(slice_bytes_min) { HEADER_BYTES } else { self.place.len() }
    }
}

/// What a partition gets.
pub(super) struct Filled {
    /// Its error, if it has one.
    pub(super) code: Code,
    /// Its batches, a range of all.
    pub(super) chosen: Range<usize>,
    /// Their bytes.
    pub(super) size: usize,
}

/// The batches of an answer.
pub struct Selected {
    pub(super) chosen: Vec<Chosen>,
    pub(super) filled: Vec<Filled>,
}

/// Chooses the batches that answer a plan; `segments` stand as the plan's, None for one that could not be read. A
/// batch whose bytes were not verified before is verified here, and where one is not sound its partition ends.
pub fn select(plan: &Plan, segments: &[Option<Loaded<'_>>]) -> Selected {
    let mut selection =
        Selection { plan, segments, chosen: Vec::new(), response_left: plan.response_bytes_max };
    let filled = (0..plan.parts.len()).map(|index| selection.fill(index)).collect();
    Selected { chosen: selection.chosen, filled }
}

/// Chooses batches, partition by partition.
struct Selection<'a> {
    plan: &'a Plan,
    segments: &'a [Option<Loaded<'a>>],
    chosen: Vec<Chosen>,
    response_left: u64,
}

/// Why a partition's batches end.
enum End {
    Full,
    Unreadable,
}

impl<'a> Selection<'a> {
    fn fill(&mut self, index: usize) -> Filled {
        let (part, start) = (&self.plan.parts[index], self.chosen.len());
        let mut code = part.code;
        let request = &self.plan.request;
        if let Some(position) = request.positions.get(request.parts[index].position as usize) {
            let mut left = position.bytes_max;
            for extent in &self.plan.extents[part.extents.clone()] {
                match self.read(extent, position.offset, &mut left) {
                    Ok(()) => continue,
                    Err(End::Full) => {}
                    Err(End::Unreadable) if self.chosen.len() > start => {}
                    Err(End::Unreadable) => code = codes::KAFKA_STORAGE_ERROR,
                }
                break;
            }
        }
        let size = self.chosen[start..].iter().map(|chosen| chosen.place.len()).sum();
        Filled { code, chosen: start..self.chosen.len(), size }
    }

    /// Adds an extent's batches from `offset` on, as long as `left` and the response have room.
    fn read(&mut self, extent: &Extent, offset: i64, left: &mut u64) -> Result<(), End> {
        let segment = usize::try_from(extent.segment).map_err(|_| End::Unreadable)?;
        let loaded = self.segments.get(segment).copied().flatten().ok_or(End::Unreadable)?;
        let (from, bytes) = loaded.part(extent.position, extent.size).ok_or(End::Unreadable)?;
        let mut base_offset = extent.base_offset;
        for batch in Batches::new(bytes) {
            let (start, header, batch) = batch.map_err(|_| End::Unreadable)?;
            let delta = i64::from(header.last_offset_delta);
            let last =
                base_offset.checked_add(delta).filter(|last| delta >= 0 && *last <= extent.last_offset);
            let last = last.ok_or(End::Unreadable)?;
            if last >= offset {
                let place = from + start..from + start + batch.len();
                let append_time_ms = extent.append_time_ms;
                self.check_room(batch.len(), *left)?;
                if !loaded.is_verified {
                    check_batch(&header, batch, start).map_err(|_| End::Unreadable)?;
                }
                self.add(Chosen { segment, place, base_offset, append_time_ms }, left);
            }
            base_offset = last + 1;
        }
        (base_offset > extent.last_offset).then_some(()).ok_or(End::Unreadable)
    }

    /// The first batch of a response goes in whatever its size.
    fn check_room(&self, size: usize, left: u64) -> Result<(), End> {
        let fits = size as u64 <= left.min(self.response_left) || self.chosen.is_empty();
        fits.then_some(()).ok_or(End::Full)
    }

    fn add(&mut self, chosen: Chosen, left: &mut u64) {
        let size = chosen.place.len() as u64;
        *left = left.saturating_sub(size);
        self.response_left = self.response_left.saturating_sub(size);
        self.chosen.push(chosen);
    }
}

/// From which size on bodies are slices, and how many bytes of batches are copied then.
pub(super) fn copying(chosen: &[Chosen]) -> (usize, usize) {
    let copied = |slice_bytes_min| chosen.iter().map(|each| each.copied_bytes(slice_bytes_min)).sum();
    match copied(SLICE_BYTES_MIN) {
        few @ ..=COPIED_BYTES_MAX => (SLICE_BYTES_MIN, few),
        _ => (SLICE_BYTES_MIN_OF_MANY, copied(SLICE_BYTES_MIN_OF_MANY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(count: usize, size: usize) -> Vec<Chosen> {
        let batch = |_| Chosen { segment: 0, place: 0..size, base_offset: 0, append_time_ms: -1 };
        (0..count).map(batch).collect()
    }

    #[test]
    fn small_bodies_are_copied_until_they_are_many() {
        assert_eq!(copying(&batches(64, 16 << 10)), (SLICE_BYTES_MIN, 1 << 20));
        assert_eq!(copying(&batches(129, 16 << 10)), (SLICE_BYTES_MIN_OF_MANY, 129 * HEADER_BYTES));
        assert_eq!(copying(&batches(50, 1 << 20)), (SLICE_BYTES_MIN, 50 * HEADER_BYTES));
        assert_eq!(copying(&batches(4_000, 1 << 10)), (SLICE_BYTES_MIN_OF_MANY, 4_000 << 10));
    }
}
