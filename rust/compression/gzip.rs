//! Gzip of whole payloads: libdeflate compresses, twice as fast as zlib and a little smaller; zlib-rs decompresses,
//! which is written in Rust and, unlike libdeflate's safe interface, says where a member ended.

use std::cell::RefCell;
use std::io;

use crc_fast::{CrcAlgorithm, checksum};
use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{CompressionLvl, Compressor};

use super::invalid;
use super::whole::reserve;

/// What Kafka calls the default level.
pub(super) const LEVEL_DEFAULT: i32 = -1;
/// Identification, the deflate method, and no optional field in the head.
const HEAD_START: [u8; 4] = [0x1f, 0x8b, 8, 0];
/// A member's head without optional fields.
const HEAD_BYTES: usize = 10;
/// Checksum and size.
const TRAILER_BYTES: usize = 8;
/// Deflate cannot grow more: 258 bytes from two bits.
const EXPANSION_MAX: usize = 1032;

thread_local! {
    static INFLATER: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

/// Compresses payloads into one member each.
pub(super) struct GzipWriter(Compressor);

impl GzipWriter {
    /// A writer at a level of 1 to 9.
    pub(super) fn new(level: Option<i32>) -> Self {
        let level = level.and_then(|level| CompressionLvl::new(level).ok()).unwrap_or_default();
        Self(Compressor::new(level))
    }

    pub(super) fn compress(&mut self, payload: &[u8], out: &mut [u8]) -> io::Result<usize> {
        self.0.gzip_compress(payload, out).map_err(|error| invalid(error.to_string()))
    }
}

/// Stored blocks of at least 5,000 bytes take 5 more each, head and trailer 18; this is a little generous.
pub(super) fn bound(size: usize) -> usize {
    size + size / 512 + 64
}

/// What `bytes` can become at most.
pub(super) fn plain_bytes_max(bytes: &[u8]) -> usize {
    bytes.len().saturating_mul(EXPANSION_MAX)
}

/// Decompresses what is one plain member of the size its trailer says; false for all else, without a verdict.
pub(super) fn decompress(bytes: &[u8], out: &mut Vec<u8>, limit: usize) -> bool {
    let Some((body, crc, size)) = plain_member(bytes) else { return false };
    if size > limit.min(plain_bytes_max(body)) {
        return false;
    }
    reserve(out, size);
    out.resize(size, 0);
    inflate(body, out) && checksum(CrcAlgorithm::Crc32IsoHdlc, out) == u64::from(crc)
}

/// Deflated bytes, checksum and size of a member without optional fields.
fn plain_member(bytes: &[u8]) -> Option<(&[u8], u32, usize)> {
    let body_and_trailer = bytes.get(HEAD_BYTES..).filter(|_| bytes.starts_with(&HEAD_START))?;
    let (body, trailer) = body_and_trailer.split_last_chunk::<TRAILER_BYTES>()?;
    let [a, b, c, d, size @ ..] = *trailer;
    let size = usize::try_from(u32::from_le_bytes(size)).ok()?;
    Some((body, u32::from_le_bytes([a, b, c, d]), size))
}

/// Fills `out` from all of `body`.
fn inflate(body: &[u8], out: &mut [u8]) -> bool {
    let mut inflater = INFLATER.take().unwrap_or_else(|| Decompress::new(false));
    inflater.reset(false);
    let status = inflater.decompress(body, out, FlushDecompress::Finish);
    let (taken, made) = (inflater.total_in(), inflater.total_out());
    // A thread that is ending keeps nothing.
    let _ = INFLATER.try_with(|place| place.replace(Some(inflater)));
    matches!(status, Ok(Status::StreamEnd)) && taken == body.len() as u64 && made == out.len() as u64
}
