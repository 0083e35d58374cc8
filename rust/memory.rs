//! Memory for large output: touched once, handed on without a copy.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use memmap2::{Advice, MmapMut};

/// From here on memory comes straight from the system, in huge pages where it has them: with small pages the first
/// touch of each costs several times what writing to it does.
const MAPPED_BYTES_MIN: usize = 4 << 20;
/// Mappings of whole huge pages are aligned to them by the system, so that no small ones are left at their ends.
const HUGE_PAGE_BYTES: usize = 2 << 20;
/// From here on a [`Filling`] comes straight from the system, in whole small pages.
const POPULATED_BYTES_MIN: usize = 256 << 10;
const PAGE_BYTES: usize = 4 << 10;

/// Bytes of freed rooms that are kept for the next: the system clears what it gives, which takes longer than what is
/// then written to it.
const WARM_BYTES_MAX: usize = 32 << 20;

static WARM: Mutex<Warm> = Mutex::new(Warm { freed: VecDeque::new() });

/// Freed memory, the oldest first.
struct Warm {
    freed: VecDeque<MmapMut>,
}

impl Warm {
    fn bytes(&self) -> usize {
        self.freed.iter().map(|pages| pages.len()).sum()
    }

    /// The smallest pages that hold `size` bytes and are not much too large.
    fn take(&mut self, size: usize) -> Option<MmapMut> {
        let fits = |pages: &MmapMut| (size..=size.saturating_mul(2)).contains(&pages.len());
        let best = (0..self.freed.len())
            .filter(|&index| fits(&self.freed[index]))
            .min_by_key(|&index| self.freed[index].len())?;
        self.freed.remove(best)
    }

    /// Keeps pages; those that were freed first make room for them.
    fn put(&mut self, pages: MmapMut) {
        if pages.len() > WARM_BYTES_MAX {
            return;
        }
        self.freed.push_back(pages);
        while self.bytes() > WARM_BYTES_MAX {
            self.freed.pop_front();
        }
    }
}

fn warm() -> MutexGuard<'static, Warm> {
    WARM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory straight from the system, in whole pages.
struct Pages(Option<MmapMut>);

impl Pages {
    /// Huge pages, of which nothing is touched yet.
    fn huge(size: usize) -> Option<Self> {
        Self::new(size, HUGE_PAGE_BYTES, Advice::HugePage)
    }

    /// Small pages, all there at once.
    fn populated(size: usize) -> Option<Self> {
        Self::new(size, PAGE_BYTES, Advice::PopulateWrite)
    }

    fn new(size: usize, page_bytes: usize, advice: Advice) -> Option<Self> {
        let freed = warm().take(size);
        freed.or_else(|| fresh(size, page_bytes, advice)).map(|pages| Self(Some(pages)))
    }
}

fn fresh(size: usize, page_bytes: usize, advice: Advice) -> Option<MmapMut> {
    let pages = MmapMut::map_anon(size.checked_next_multiple_of(page_bytes)?).ok()?;
    // A wish only: a system that cannot do it serves small pages, one at each touch.
    let _ = pages.advise(advice);
    Some(pages)
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(pages) = self.0.take() {
            warm().put(pages);
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

/// Memory of a fixed size that may hold anything, of a room that was freed for instance. What is never written to
/// takes little memory, so it may be asked for generously.
pub struct Room(Kind);

enum Kind {
    Small(Vec<u8>),
    Mapped { pages: Pages, size: usize },
}

impl Room {
    /// Memory of `size` bytes, or None where the system has not so much.
    pub fn new(size: usize) -> Option<Self> {
        if size < MAPPED_BYTES_MIN {
            return Some(Self(Kind::Small(vec![0; size])));
        }
        Pages::huge(size).map(|pages| Self(Kind::Mapped { pages, size }))
    }

    /// Memory of `size` bytes that cannot be done without: where the system has not so much, the process ends, as with
    /// every vector.
    pub fn required(size: usize) -> Self {
        Self::new(size).unwrap_or_else(|| Self(Kind::Small(vec![0; size])))
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

/// Memory for a known number of bytes that come piece after piece and may stay for long.
///
/// All of it is touched, so what is fresh is taken from the system at once, which costs a third less than one page at a
/// time. Huge pages are not asked for: where a hypervisor takes back what is free, it takes just those, and the touch
/// of one costs ten times what its small pages do.
pub struct Filling {
    place: Place,
    size: usize,
}

enum Place {
    Small(Vec<u8>),
    Mapped { pages: Pages, filled: usize },
}

impl Filling {
    /// Memory for `size` bytes, or None where the system has not so much.
    pub fn new(size: usize) -> Option<Self> {
        let place = if size < POPULATED_BYTES_MIN {
            Place::Small(Vec::with_capacity(size))
        } else {
            Place::Mapped { pages: Pages::populated(size)?, filled: 0 }
        };
        Some(Self { place, size })
    }

    /// Takes the next bytes; what is more than was announced is left out, and `finish` says so.
    pub fn append(&mut self, piece: &[u8]) {
        match &mut self.place {
            Place::Small(bytes) => bytes.extend_from_slice(piece),
            Place::Mapped { pages, filled } => {
                if let Some(place) = pages.as_mut().get_mut(*filled..filled.saturating_add(piece.len())) {
                    place.copy_from_slice(piece);
                }
                *filled = filled.saturating_add(piece.len());
            }
        }
    }

    /// The bytes, from now on shared and unchanging; None if they are not as many as were announced.
    pub fn finish(self) -> Option<Bytes> {
        match self.place {
            Place::Small(bytes) => (bytes.len() == self.size).then(|| Bytes::from(bytes)),
            Place::Mapped { pages, filled } => {
                (filled == self.size).then(|| Bytes::from_owner(pages).slice(..filled))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_fill_memory_of_both_kinds() {
        for size in [3, POPULATED_BYTES_MIN, POPULATED_BYTES_MIN + 1, HUGE_PAGE_BYTES * 3] {
            let mut filling = Filling::new(size).unwrap();
            filling.append(&vec![1; size - 2]);
            filling.append(&[2, 3]);
            let bytes = filling.finish().unwrap();
            assert_eq!(bytes.len(), size);
            assert_eq!(&bytes[size - 3..], [1, 2, 3]);
        }
    }

    #[test]
    fn a_filling_is_only_finished_when_it_is_full() {
        for size in [3, POPULATED_BYTES_MIN] {
            for surplus in [-1, 1] {
                let mut filling = Filling::new(size).unwrap();
                filling.append(&vec![1; size.strict_add_signed(surplus)]);
                assert!(filling.finish().is_none(), "{size} bytes and {surplus}");
            }
            assert!(Filling::new(size).unwrap().finish().is_none());
        }
    }

    #[test]
    fn small_and_mapped_rooms_behave_alike() {
        for size in [0, 1, 4096, MAPPED_BYTES_MIN, MAPPED_BYTES_MIN + 1] {
            let mut room = Room::new(size).unwrap();
            assert_eq!(room.len(), size);
            room.fill(7);
            let kept = room.freeze(size / 2);
            assert_eq!(kept.len(), size / 2);
            assert!(kept.iter().all(|&byte| byte == 7));
        }
    }

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(Room::new(usize::MAX).is_none());
        assert!(Room::new(1 << 60).is_none());
    }

    #[test]
    fn what_was_freed_is_used_again_and_bounded() {
        let mut warm = Warm { freed: VecDeque::new() };
        (0..40).for_each(|_| warm.put(fresh(12 << 20, HUGE_PAGE_BYTES, Advice::HugePage).unwrap()));
        warm.put(fresh(WARM_BYTES_MAX + 1, HUGE_PAGE_BYTES, Advice::HugePage).unwrap());
        assert_eq!(warm.bytes(), 24 << 20);
        assert!(warm.take(5 << 20).is_none(), "much too large");
        warm.put(fresh(10 << 20, HUGE_PAGE_BYTES, Advice::HugePage).unwrap());
        assert_eq!(warm.bytes(), 22 << 20);
        assert_eq!(warm.take(9 << 20).unwrap().len(), 10 << 20);
        assert_eq!(warm.take(12 << 20).unwrap().len(), 12 << 20);
        assert_eq!(warm.bytes(), 0);
    }

    #[test]
    fn a_dropped_room_is_given_out_again() {
        let size = 30 << 20;
        let given_again = (0..1_000).any(|_| {
            let place = Room::new(size).unwrap().freeze(size).as_ptr();
            Room::new(size).unwrap().as_ptr() == place
        });
        assert!(given_again);
    }
}
