//! Bounds-checked reads: no count is believed before the bytes behind it are seen.

use crate::error::{Error, Result};

/// A place in a byte slice; every read checks and moves on.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

macro_rules! read_fixed {
    ($($(#[$doc:meta])* $name:ident -> $kind:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, what: &'static str) -> Result<$kind> {
            Ok(<$kind>::from_be_bytes(self.array(what)?))
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Starts at `position`, or at the end if that lies behind it.
    pub fn at(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position: position.min(bytes.len()) }
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// The next `size` bytes.
    pub fn take(&mut self, size: usize, what: &'static str) -> Result<&'a [u8]> {
        if size > self.left() {
            let (position, left) = (self.position, self.left());
            return Err(Error::Truncated { what, position, needed: size, left });
        }
        let taken = &self.bytes[self.position..self.position + size];
        self.position += size;
        Ok(taken)
    }

    /// The next `N` bytes by value.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        let mut value = [0; N];
        value.copy_from_slice(self.take(N, what)?);
        Ok(value)
    }

    read_fixed! {
        /// A signed byte.
        read_i8 -> i8;
        /// A big-endian 16-bit integer.
        read_i16 -> i16;
        /// A big-endian 32-bit integer.
        read_i32 -> i32;
        /// A big-endian 64-bit integer.
        read_i64 -> i64;
        /// An unsigned big-endian 32-bit integer.
        read_u32 -> u32;
    }

    /// An unsigned varint of at most 32 bits.
    pub fn read_uvarint(&mut self, what: &'static str) -> Result<u32> {
        let start = self.position;
        let value = self.read_varbits(what, 5)?;
        u32::try_from(value).map_err(|_| Error::Invalid {
            what,
            position: start,
            expected: "a varint of 32 bits",
            found: value.cast_signed(),
        })
    }

    /// A zigzag varint of at most 32 bits.
    pub fn read_varint(&mut self, what: &'static str) -> Result<i32> {
        let value = self.read_uvarint(what)?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A zigzag varint of at most 64 bits.
    pub fn read_varlong(&mut self, what: &'static str) -> Result<i64> {
        let value = self.read_varbits(what, 10)?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn read_varbits(&mut self, what: &'static str, bytes_max: u32) -> Result<u64> {
        let start = self.position;
        let mut value = 0u64;
        for index in 0..bytes_max {
            let [byte] = self.array(what)?;
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        let found = i64::from(bytes_max);
        Err(Error::Invalid { what, position: start, expected: "a varint that ends in time", found })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::put_varint;

    #[test]
    fn fixed_widths_are_big_endian() {
        let bytes: Vec<u8> = (0xf0..=0xff).chain(0..8).collect();
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(cursor.read_i8("i8"), Ok(-0x10));
        assert_eq!(cursor.read_i16("i16"), Ok(-0x0e0e));
        assert_eq!(cursor.read_i32("i32"), Ok(-0x0c0b_0a0a));
        assert_eq!(cursor.read_i64("i64"), Ok(-0x0807_0605_0403_0202));
        assert_eq!(cursor.read_u32("u32"), Ok(0xff00_0102));
        assert_eq!((cursor.position(), cursor.left()), (19, 5));
        let short = Error::Truncated { what: "i64", position: 19, needed: 8, left: 5 };
        assert_eq!(cursor.read_i64("i64"), Err(short));
        assert_eq!(cursor.position(), 19);
    }

    #[test]
    fn a_start_beyond_the_end_is_the_end() {
        assert_eq!(Cursor::at(b"abc", 7).left(), 0);
        assert_eq!(Cursor::at(b"abc", 1).take(2, "rest"), Ok(&b"bc"[..]));
    }

    #[test]
    fn varints_end_in_time() {
        let read = |bytes: &[u8]| Cursor::new(bytes).read_uvarint("count");
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX));
        assert!(matches!(read(&[0xff, 0xff, 0xff, 0xff, 0x10]), Err(Error::Invalid { .. })));
        assert!(matches!(read(&[0x80; 5]), Err(Error::Invalid { .. })));
        assert!(matches!(read(&[0x80; 4]), Err(Error::Truncated { .. })));
        let read = |bytes: &[u8]| Cursor::new(bytes).read_varlong("delta");
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Ok(i64::MIN));
        assert!(matches!(read(&[0xff; 10]), Err(Error::Invalid { .. })));
        assert!(matches!(
            read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]),
            Err(Error::Invalid { .. })
        ));
    }

    proptest! {
        #[test]
        fn signed_varints_round_trip(long: i64, short: i32, count: u32) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, long);
            put_varint(&mut bytes, i64::from(short));
            let counted = bytes.len();
            put_varint(&mut bytes, i64::from(count >> 1) ^ -i64::from(count & 1));
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.read_varlong("long"), Ok(long));
            prop_assert_eq!(cursor.read_varint("short"), Ok(short));
            prop_assert_eq!(cursor.position(), counted);
            prop_assert_eq!(cursor.read_uvarint("count"), Ok(count));
            prop_assert_eq!(cursor.left(), 0);
        }
    }
}
