//! CRC-32C, whole and in pieces.
//!
//! The checksum of long data is the crate `crc-fast`'s (carry-less multiplication where the processor has it).
//! Combining is done here: a checksum is a polynomial over GF(2), and `n` zero bytes behind it multiply it by
//! x^(8n) modulo Castagnoli's polynomial. A small table of such powers makes that a few multiplications.

use crc_fast::{CrcAlgorithm, Digest};

/// Castagnoli's polynomial, lowest bit first: x^31 stands in bit 0.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// The polynomial 1.
const ONE: u32 = 1 << 31;
/// `POWERS[k][d]` is x^(8 · d · 16^k): what `d · 16^k` zero bytes do.
static POWERS: [[u32; 16]; 16] = powers();

/// The CRC-32C of `data`.
#[inline]
pub fn crc32c(data: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(data)
}

/// The CRC-32C of what gave `initial`, followed by `data`.
pub fn crc32c_update(initial: u32, data: &[u8]) -> u32 {
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, u64::from(!initial));
    digest.update(data);
    u32::try_from(digest.finalize()).unwrap_or_default()
}

/// The CRC-32C of two pieces from those of each; O(log `second_size`), the bytes are not needed.
pub fn crc32c_combine(first: u32, second: u32, second_size: u64) -> u32 {
    crc32c_shift(first, second_size) ^ second
}

/// What `size` zero bytes behind it make of a checksum's difference.
pub fn crc32c_shift(difference: u32, size: u64) -> u32 {
    let (mut shifted, mut left) = (difference, size);
    for powers in &POWERS {
        if left == 0 {
            break;
        }
        let digit = (left & 15) as usize;
        if digit != 0 {
            shifted = multiply(shifted, powers[digit]);
        }
        left >>= 4;
    }
    shifted
}

const fn multiply(a: u32, b: u32) -> u32 {
    let (mut a, mut b, mut product, mut bit) = (a, b, 0, 0);
    while bit < 32 {
        product ^= b & 0u32.wrapping_sub(a >> 31);
        a <<= 1;
        b = (b >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(b & 1));
        bit += 1;
    }
    product
}

const fn powers() -> [[u32; 16]; 16] {
    let mut table = [[ONE; 16]; 16];
    let mut unit = ONE >> 8;
    let mut place = 0;
    while place < 16 {
        let mut digit = 1;
        while digit < 16 {
            table[place][digit] = multiply(table[place][digit - 1], unit);
            digit += 1;
        }
        unit = multiply(table[place][15], unit);
        place += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bit_by_bit(data: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for &byte in data {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(crc & 1));
            }
        }
        !crc
    }

    #[test]
    fn check_values_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b""), 0);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_processor_does_the_work_where_it_can() {
        let target = crc_fast::get_calculator_target(CrcAlgorithm::Crc32Iscsi);
        let able = std::arch::is_x86_feature_detected!("pclmulqdq");
        assert_eq!(able, !target.contains("software"), "{target}");
    }

    #[test]
    fn combining_spans_sizes_beyond_memory() {
        let size = 1u64 << 40;
        let halves = crc32c_combine(crc32c_shift(0x1234_5678, size / 2), 0, size / 2);
        assert_eq!(halves, crc32c_shift(0x1234_5678, size));
    }

    proptest! {
        #[test]
        fn pieces_make_the_whole(data in prop::collection::vec(any::<u8>(), 0..3000), cut in any::<prop::sample::Index>()) {
            let (first, second) = data.split_at(cut.index(data.len() + 1));
            let whole = bit_by_bit(&data);
            prop_assert_eq!(crc32c(&data), whole);
            prop_assert_eq!(crc32c_update(crc32c(first), second), whole);
            prop_assert_eq!(crc32c_combine(crc32c(first), crc32c(second), second.len() as u64), whole);
        }
    }
}
