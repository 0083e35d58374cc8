//! Memory for large output: touched once, handed on without a copy.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use memmap2::{Advice, MmapMut};

/// From here on memory comes straight from the system, in huge pages where it has them: with small pages the first
/// touch of each costs several times what writing to it does.
const MAPPED_BYTES_MIN: usize = 4 << 20;
/// Mappings of whole huge pages are aligned to them by the system, so that no small ones are left at their ends.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Zeroed memory of a fixed size. What is never written to takes no memory, so it may be asked for generously.
pub struct Room(Kind);

enum Kind {
    Small(Vec<u8>),
    Mapped { pages: MmapMut, size: usize },
}

impl Room {
    /// Memory of `size` bytes.
    pub fn new(size: usize) -> Self {
        let whole = size.checked_next_multiple_of(HUGE_PAGE_BYTES).filter(|_| size >= MAPPED_BYTES_MIN);
        let pages = whole.and_then(|whole| MmapMut::map_anon(whole).ok());
        let Some(pages) = pages else { return Self(Kind::Small(vec![0; size])) };
        // A wish only: a system without huge pages serves small ones.
        let _ = pages.advise(Advice::HugePage);
        Self(Kind::Mapped { pages, size })
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
            Kind::Mapped { pages, size } => &pages[..*size],
        }
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Kind::Small(bytes) => bytes,
            Kind::Mapped { pages, size } => &mut pages[..*size],
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
}
