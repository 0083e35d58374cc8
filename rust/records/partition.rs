//! Which partition a key belongs to, as Java's producer has it.

use super::blobs::{BlobColumn, Cells};
use super::input::{InputError, RowFlaw};

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
/// What stands where a key is null.
const NO_PARTITION: i32 = -1;

/// The 32-bit MurmurHash2 with Kafka's seed.
#[inline]
pub fn murmur2(data: &[u8]) -> u32 {
    let (words, tail) = data.as_chunks::<4>();
    // The length is mixed in as the 32-bit number it is in Java.
    #[allow(clippy::cast_possible_truncation)]
    let mut hash = SEED ^ data.len() as u32;
    for word in words {
        let word = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        hash = hash.wrapping_mul(MULTIPLIER) ^ (word ^ (word >> 24)).wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        let mut last = [0; 4];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(last)).wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

/// The partition of `key` among `count`, as Java's default partitioner chooses it.
#[inline]
pub fn partition_of(key: &[u8], count: i32) -> i32 {
    (murmur2(key) & 0x7fff_ffff).cast_signed() % count.max(1)
}

/// The partition of each key among `count`, -1 for null keys.
pub fn partitions_of(keys: &BlobColumn, count: i32) -> Result<Vec<i32>, InputError> {
    let partition = |row: usize| match keys.get(row) {
        Ok(key) => Ok(key.map_or(NO_PARTITION, |key| partition_of(key, count))),
        Err(_) => Err(RowFlaw::Broken { column: "keys" }.at(row)),
    };
    (0..keys.rows()).map(partition).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BinaryArray};

    use super::*;

    #[test]
    fn hashes_are_those_of_kafkas_own_tests() {
        let hash = |text: &str| murmur2(text.as_bytes()).cast_signed();
        assert_eq!(hash("21"), -973_932_308);
        assert_eq!(hash("foobar"), -790_332_482);
        assert_eq!(hash("a-little-bit-long-string"), -985_981_536);
        assert_eq!(hash("a-little-bit-longer-string"), -1_486_304_829);
        assert_eq!(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58_897_971);
        assert_eq!(hash("abc"), 479_470_107);
    }

    #[test]
    fn null_keys_have_no_partition_and_negative_hashes_a_positive_one() {
        let keys: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&b"21"[..]), None, Some(b"abc")]));
        let keys = BlobColumn::new("keys", &keys).unwrap();
        let expected = [(-973_932_308 & i32::MAX) % 7, -1, 479_470_107 % 7];
        assert_eq!(partitions_of(&keys, 7), Ok(expected.to_vec()));
    }
}
