//! What was loaded of a plan's segments, and whether it is sound.

use crate::batch::header::{BatchHeader, CRC_START, MAGIC};
use crate::batch::{Batches, HEADER_BYTES};
use crate::crc::crc32c;
use crate::error::{Error, Result};
use crate::index::Extent;
use crate::wire::plan::Plan;

/// The loaded part of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Loaded<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The first one's place in the object.
    pub position: u64,
    /// Whether every checksum in it is known to hold.
    pub is_verified: bool,
}

impl<'a> Loaded<'a> {
    /// The bytes from a place in the object on and where among the loaded they start; None if not all of them are there.
    pub fn part(&self, position: u64, size: u64) -> Option<(usize, &'a [u8])> {
        let from = usize::try_from(position.checked_sub(self.position)?).ok()?;
        let end = from.checked_add(usize::try_from(size).ok()?)?;
        Some((from, self.bytes.get(from..end)?))
    }
}

/// Something wrong with what was loaded of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Index into the plan's segments.
    pub segment: usize,
    /// What is wrong; its position is one in the object.
    pub error: Error,
}

/// Walks all chosen extents in segments not verified yet: the first flaw of each segment that has one.
pub fn find_flaws(plan: &Plan, segments: &[Option<Loaded<'_>>]) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> = Vec::new();
    for extent in &plan.extents {
        let Ok(segment) = usize::try_from(extent.segment) else { continue };
        let Some(loaded) = segments.get(segment).copied().flatten().filter(|loaded| !loaded.is_verified)
        else {
            continue;
        };
        if flaws.iter().all(|flaw| flaw.segment != segment)
            && let Err(error) = check_extent(&loaded, extent)
        {
            flaws.push(Flaw { segment, error });
        }
    }
    flaws
}

fn check_extent(loaded: &Loaded<'_>, extent: &Extent) -> Result<()> {
    let position = usize::try_from(extent.position).unwrap_or(usize::MAX);
    let (from, bytes) = loaded.part(extent.position, extent.size).ok_or(Error::Truncated {
        what: "extent",
        position,
        needed: usize::try_from(extent.size).unwrap_or(usize::MAX),
        left: loaded.bytes.len(),
    })?;
    debug_assert!(from <= loaded.bytes.len());
    check_batches(bytes, extent).map_err(|error| error.shifted(position))
}

/// Batches are whole and sound and their records as many as the extent says.
fn check_batches(bytes: &[u8], extent: &Extent) -> Result<()> {
    let mut next_offset = extent.base_offset;
    for batch in Batches::new(bytes) {
        let (position, header, batch) = batch?;
        check_batch(&header, batch, position)?;
        next_offset = next_offset.saturating_add(i64::from(header.last_offset_delta)).saturating_add(1);
    }
    if next_offset != extent.last_offset.saturating_add(1) {
        let expected = "to end where the index says";
        return Err(Error::Invalid {
            what: "offsets of an extent",
            position: 0,
            expected,
            found: next_offset,
        });
    }
    Ok(())
}

/// Whether a batch has the bytes that its producer's broker took.
pub(super) fn check_batch(header: &BatchHeader, batch: &[u8], position: usize) -> Result<()> {
    if header.magic != MAGIC {
        let found = i64::from(header.magic);
        return Err(Error::Invalid { what: "magic", position: position + 16, expected: "2", found });
    }
    debug_assert!(batch.len() >= HEADER_BYTES);
    let (expected, found) = (header.crc, crc32c(&batch[CRC_START..]));
    if expected != found {
        return Err(Error::Checksum { what: "batch", position, expected, found });
    }
    Ok(())
}
