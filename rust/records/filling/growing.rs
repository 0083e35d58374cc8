//! The memory of one column while it is filled.

use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer};

use crate::memory::Room;

/// From here on a column lies in huge pages.
const ROOM_BYTES_MIN: usize = 4 << 20;

/// Numbers that are written as the machine holds them.
pub(in crate::records) trait Native: ArrowNativeType {
    /// Their bytes, an array.
    type Bytes: AsRef<[u8]>;
    /// The number's bytes.
    fn bytes(self) -> Self::Bytes;
}

macro_rules! native {
    ($($kind:ty)*) => {$(
        impl Native for $kind {
            type Bytes = [u8; size_of::<$kind>()];

            #[inline]
            fn bytes(self) -> Self::Bytes {
                self.to_ne_bytes()
            }
        }
    )*};
}
native!(u8 i16 i32 i64 u128);

/// Values that are appended: a vector while there are few, huge pages from then on.
pub(in crate::records) enum Growing<T: Native> {
    Small(Vec<T>),
    Large { room: Room, filled: usize },
}

impl<T: Native> Growing<T> {
    /// Memory for about `count` values, of which none is touched yet.
    pub(super) fn with_capacity(count: usize) -> Self {
        let size = count.saturating_mul(size_of::<T>());
        if size < ROOM_BYTES_MIN {
            return Self::Small(Vec::with_capacity(count));
        }
        // Where the system has not so much, it has to do with what is really needed.
        Room::new(size).map_or_else(|| Self::Small(Vec::new()), |room| Self::Large { room, filled: 0 })
    }

    /// Bytes that are filled.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Small(values) => size_of_val(values.as_slice()),
            Self::Large { filled, .. } => *filled,
        }
    }

    /// Appends all of `values`.
    #[inline]
    pub(super) fn extend(&mut self, values: impl ExactSizeIterator<Item = T>) {
        self.reserve(values.len().saturating_mul(size_of::<T>()));
        match self {
            Self::Small(small) => small.extend(values),
            Self::Large { room, filled } => {
                let size = values.len() * size_of::<T>();
                let places = room[*filled..*filled + size].chunks_exact_mut(size_of::<T>());
                places.zip(values).for_each(|(place, value)| place.copy_from_slice(value.bytes().as_ref()));
                *filled += size;
            }
        }
    }

    /// Makes sure that `size` bytes more have a place.
    fn reserve(&mut self, size: usize) {
        let needed = self.bytes().saturating_add(size);
        let (held, small) = match self {
            Self::Small(values) => (values.capacity() * size_of::<T>(), true),
            Self::Large { room, .. } => (room.len(), false),
        };
        if needed > held && (!small || needed >= ROOM_BYTES_MIN) {
            self.grow(needed, held.saturating_mul(2));
        }
    }

    /// Moves on into a larger room.
    #[cold]
    fn grow(&mut self, needed: usize, wanted: usize) {
        let mut grown = Room::new(needed.max(wanted)).unwrap_or_else(|| Room::required(needed));
        let filled = self.bytes();
        match self {
            Self::Small(values) => {
                let places = grown.chunks_exact_mut(size_of::<T>());
                places.zip(values).for_each(|(place, value)| place.copy_from_slice(value.bytes().as_ref()));
            }
            Self::Large { room, filled } => grown[..*filled].copy_from_slice(&room[..*filled]),
        }
        *self = Self::Large { room: grown, filled };
    }

    /// All that was appended.
    pub(super) fn finish(self) -> Buffer {
        match self {
            Self::Small(mut values) => {
                values.shrink_to_fit();
                Buffer::from_vec(values)
            }
            Self::Large { room, filled } => Buffer::from(room.freeze(filled)),
        }
    }

    /// All that was appended, as numbers.
    pub(super) fn finish_values(self) -> ScalarBuffer<T> {
        ScalarBuffer::from(self.finish())
    }
}

impl Growing<u8> {
    /// Appends pieces that have `size` bytes together.
    #[inline]
    pub(super) fn append<'a>(&mut self, size: usize, pieces: impl Iterator<Item = &'a [u8]>) {
        self.reserve(size);
        match self {
            Self::Small(small) => pieces.for_each(|piece| small.extend_from_slice(piece)),
            Self::Large { room, filled } => {
                let mut left = &mut room[*filled..*filled + size];
                for piece in pieces {
                    let (place, rest) = left.split_at_mut(piece.len());
                    place.copy_from_slice(piece);
                    left = rest;
                }
                *filled += size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_from_a_vector_into_larger_and_larger_rooms() {
        let mut growing = Growing::with_capacity(10);
        let mut expected = Vec::new();
        for round in 0..40 {
            let values = (0..round * 5_000).map(|value| i64::from(value) << 20 | i64::from(round));
            growing.extend(values.clone());
            expected.extend(values);
            assert_eq!(growing.bytes(), expected.len() * 8);
        }
        assert!(matches!(growing, Growing::Large { .. }));
        assert_eq!(growing.finish_values(), expected);
    }

    #[test]
    fn pieces_follow_each_other_in_both_kinds_of_memory() {
        for capacity in [0, ROOM_BYTES_MIN] {
            let mut growing = Growing::with_capacity(capacity);
            growing.append(5, [&b"ab"[..], b"", b"cde"].into_iter());
            growing.append(1, [&b"f"[..]].into_iter());
            assert_eq!(growing.finish().as_slice(), b"abcdef");
        }
    }
}
