//! Memory for large output: touched once, handed on without a copy.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use memmap2::{Advice, MmapMut};

/// From here on memory comes straight from the system, in huge pages where it has them: with small pages the first
/// touch of each costs several times what writing to it does.
const MAPPED_BYTES_MIN: usize = 4 << 20;
/// Mappings of whole huge pages are aligned to them by the system, so that no small ones are left at their ends.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Bytes of freed rooms that are kept for the next: the system clears what it gives, which takes longer than what is
/// then written to it.
const WARM_BYTES_MAX: usize = 64 << 20;
/// Larger rooms are too rare to be kept.
const KEPT_BYTES_MAX: usize = 32 << 20;

static WARM: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Memory straight from the system, in whole huge pages.
struct Pages(Option<MmapMut>);

impl Pages {
    fn fresh(size: usize) -> Option<Self> {
        let pages = MmapMut::map_anon(size.checked_next_multiple_of(HUGE_PAGE_BYTES)?).ok()?;
        // A wish only: a system without huge pages serves small ones.
        let _ = pages.advise(Advice::HugePage);
        Some(Self(Some(pages)))
    }

    /// Freed ones of this size.
    fn warm(size: usize) -> Option<Self> {
        let size = size.checked_next_multiple_of(HUGE_PAGE_BYTES)?;
        let mut warm = WARM.lock().unwrap_or_else(PoisonError::into_inner);
        let index = warm.iter().position(|pages| pages.len() == size)?;
        Some(Self(Some(warm.swap_remove(index))))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let Some(pages) = self.0.take().filter(|pages| pages.len() <= KEPT_BYTES_MAX) else { return };
        let mut warm = WARM.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = warm.iter().map(|pages| pages.len()).sum();
        if kept + pages.len() <= WARM_BYTES_MAX {
            warm.push(pages);
        }
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl AsMut<[u8]> for Pages {
    fn as_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

/// Zeroed memory of a fixed size. What is never written to takes no memory, so it may be asked for generously.
pub struct Room(Kind);

enum Kind {
    Small(Vec<u8>),
    Mapped { pages: Pages, size: usize },
}

impl Room {
    /// Memory of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self::of(size, if size < MAPPED_BYTES_MIN { None } else { Pages::fresh(size) })
    }

    /// Memory of `size` bytes that may hold anything, for who writes all of what it freezes: warm if there is some of
    /// a room that was freed. None where the system has not so much.
    pub fn reused(size: usize) -> Option<Self> {
        if size < MAPPED_BYTES_MIN {
            return Some(Self::new(size));
        }
        let pages = Pages::warm(size).or_else(|| Pages::fresh(size))?;
        Some(Self::of(size, Some(pages)))
    }

    fn of(size: usize, pages: Option<Pages>) -> Self {
        Self(pages.map_or_else(|| Kind::Small(vec![0; size]), |pages| Kind::Mapped { pages, size }))
    }

    /// The first `size` bytes, from now on shared and unchanging.
    pub fn freeze(self, size: usize) -> Bytes {
        match self.0 {
            Kind::Small(mut bytes) => {
                bytes.truncate(size);
                Bytes::from(bytes)
            }
            Kind::Mapped { pages, size: own } => Bytes::from_owner(pages).slice(..size.min(own)),
        }
    }
}

impl Deref for Room {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Small(bytes) => bytes,
            Kind::Mapped { pages, size } => &pages.as_ref()[..*size],
        }
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Kind::Small(bytes) => bytes,
            Kind::Mapped { pages, size } => &mut pages.as_mut()[..*size],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_mapped_rooms_behave_alike() {
        for size in [0, 1, 4096, MAPPED_BYTES_MIN, MAPPED_BYTES_MIN + 1] {
            let mut room = Room::new(size);
            assert_eq!(room.len(), size);
            assert!(room.iter().all(|&byte| byte == 0));
            room.fill(7);
            let kept = room.freeze(size / 2);
            assert_eq!(kept.len(), size / 2);
            assert!(kept.iter().all(|&byte| byte == 7));
        }
    }

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(Room::reused(usize::MAX).is_none());
        assert!(Room::reused(1 << 60).is_none());
    }

    #[test]
    fn what_was_freed_is_used_again_and_bounded() {
        drop((0..40).map(|_| Room::reused(12 << 20)).collect::<Vec<_>>());
        drop(Room::reused(KEPT_BYTES_MAX + 1));
        let mut warm = WARM.lock().unwrap();
        let kept: usize = warm.iter().map(|pages| pages.len()).sum();
        assert!(kept > WARM_BYTES_MAX / 2 && kept <= WARM_BYTES_MAX, "{kept}");
        assert!(warm.iter().all(|pages| pages.len() <= KEPT_BYTES_MAX));
        warm.clear();
        drop(warm);

        let size = 10 << 20;
        let mut room = Room::reused(size).unwrap();
        room.fill(7);
        let bytes = room.freeze(size);
        let place = bytes.as_ptr();
        drop(bytes);
        assert!(Room::new(size).iter().all(|&byte| byte == 0));
        let room = Room::reused(size - 5).unwrap();
        assert_eq!((room.as_ptr(), room.len(), room[0]), (place, size - 5, 7));
    }
}
