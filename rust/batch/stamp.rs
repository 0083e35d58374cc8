//! Fields of a batch header that the broker sets, with the CRC kept true without the payload.

use super::header::{CRC_START, HEADER_BYTES};
use crate::crc::{crc32c, crc32c_shift};

const LEADER_EPOCH: std::ops::Range<usize> = 12..16;
const CRC: std::ops::Range<usize> = 17..21;
const MAX_TIMESTAMP: std::ops::Range<usize> = 35..43;
/// The low byte of the attributes.
const ATTRIBUTES_LOW: usize = 22;
const LOG_APPEND_TIME: u8 = 1 << 3;

/// Sets base offset and leader epoch; the CRC does not cover them.
pub fn stamp_head(head: &mut [u8; HEADER_BYTES], base_offset: i64, leader_epoch: i32) {
    head[..8].copy_from_slice(&base_offset.to_be_bytes());
    head[LEADER_EPOCH].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Marks the batch of `batch_size` bytes as one with log append time and gives it that time.
///
/// Clients take the maximum timestamp for all records of such a batch; base timestamp and deltas stay.
pub fn stamp_append_time(head: &mut [u8; HEADER_BYTES], batch_size: usize, append_time_ms: i64) {
    restamp(head, batch_size, |head| {
        head[ATTRIBUTES_LOW] |= LOG_APPEND_TIME;
        head[MAX_TIMESTAMP].copy_from_slice(&append_time_ms.to_be_bytes());
    });
}

/// Sets the maximum timestamp of the batch of `batch_size` bytes.
pub fn stamp_max_timestamp(head: &mut [u8; HEADER_BYTES], batch_size: usize, max_timestamp: i64) {
    restamp(head, batch_size, |head| head[MAX_TIMESTAMP].copy_from_slice(&max_timestamp.to_be_bytes()));
}

/// CRC is linear: the change of the header, moved over the payload's length, is the change of the checksum.
fn restamp(head: &mut [u8; HEADER_BYTES], batch_size: usize, change: impl FnOnce(&mut [u8; HEADER_BYTES])) {
    let before = crc32c(&head[CRC_START..]);
    change(head);
    let difference = before ^ crc32c(&head[CRC_START..]);
    let payload = batch_size.saturating_sub(HEADER_BYTES) as u64;
    let mut stored = [0; 4];
    stored.copy_from_slice(&head[CRC]);
    let crc = u32::from_be_bytes(stored) ^ crc32c_shift(difference, payload);
    head[CRC].copy_from_slice(&crc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::BatchHeader;

    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let crc = crc32c(&bytes[CRC_START..]);
        bytes[CRC].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn stamped(bytes: &[u8], stamp: impl FnOnce(&mut [u8; HEADER_BYTES], usize)) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let size = bytes.len();
        stamp(bytes.first_chunk_mut().unwrap(), size);
        bytes
    }

    proptest! {
        #[test]
        fn every_stamp_keeps_the_checksum(
            bytes in prop::collection::vec(any::<u8>(), HEADER_BYTES..5000), time: i64, offset: i64, epoch: i32,
        ) {
            let bytes = sealed(bytes);
            let changed = stamped(&bytes, |head, size| stamp_append_time(head, size, time));
            prop_assert_eq!(&changed, &sealed(changed.clone()));
            let header = BatchHeader::parse(&changed).unwrap();
            prop_assert_eq!((header.max_timestamp, header.attributes & 8), (time, 8));
            prop_assert_eq!(&changed[HEADER_BYTES..], &bytes[HEADER_BYTES..]);

            let changed = stamped(&bytes, |head, size| stamp_max_timestamp(head, size, time));
            prop_assert_eq!(&changed, &sealed(changed.clone()));
            prop_assert_eq!(BatchHeader::parse(&changed).unwrap().max_timestamp, time);

            let changed = stamped(&bytes, |head, _| stamp_head(head, offset, epoch));
            prop_assert_eq!(&changed, &sealed(changed.clone()));
            let header = BatchHeader::parse(&changed).unwrap();
            prop_assert_eq!((header.base_offset, header.partition_leader_epoch), (offset, epoch));
        }
    }
}
