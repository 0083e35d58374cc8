//! A whole payload at once, at the speed of each codec's one-shot decoder.
//!
//! What such a decoder takes without a doubt is taken; the rest (several gzip members or zstd frames, odd heads,
//! broken data) is left to the [`Decoder`], which has the last word, so that both accept the same bytes. Only of
//! corrupt zstd frames the library's one-shot decoder takes a few that its streaming one refuses: its checks depend on
//! where it keeps literals and history. A batch's checksum tells.

use std::io::{self, Read};

use super::codec::Codec;
use super::{Decoder, Target, gzip, lz4, refused, snappy, zstd};
use crate::error::{Error, Result};

/// Room for the first read of what the [`Decoder`] must decide.
const READ_BYTES_MIN: usize = 64 << 10;

/// Makes `scratch` the decompressed `bytes`, or fails once they would be more than `limit` bytes.
///
/// Holds no more than `limit` bytes and one block of the codec, whatever `bytes` say; what `scratch` held is
/// overwritten, and its memory used again: it is cheapest with one scratch for many payloads. After an error its
/// content means nothing.
pub fn decompress_into(codec: Codec, bytes: &[u8], scratch: &mut Vec<u8>, limit: usize) -> Result<()> {
    let mut output = Output { bytes: scratch, filled: 0, limit };
    let done = match codec {
        Codec::None => output.put(bytes),
        Codec::Snappy => snappy::decompress(bytes, &mut output),
        Codec::Lz4 => lz4::decompress(bytes, &mut output),
        Codec::Gzip if gzip::decompress(bytes, output.bytes, limit) => return Ok(()),
        Codec::Zstd if zstd::decompress(bytes, output.bytes, limit) => return Ok(()),
        Codec::Gzip => output.read(Decoder::open(codec.bits(), bytes)?, gzip::plain_bytes_max(bytes)),
        Codec::Zstd => output.read(Decoder::open(codec.bits(), bytes)?, zstd::plain_bytes_max(bytes)),
    };
    output.bytes.truncate(output.filled);
    done.map_err(|stop| stop.into_error(codec, limit))
}

/// Gives `scratch` a capacity, before the old memory is gone no new is taken.
pub(super) fn reserve(scratch: &mut Vec<u8>, capacity: usize) {
    if scratch.capacity() < capacity {
        *scratch = Vec::new();
        scratch.reserve_exact(capacity);
    }
}

/// Why decompression ended early.
pub(super) enum Stop {
    Refused(io::Error),
    TooLarge,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Refused(error)
    }
}

impl Stop {
    fn into_error(self, codec: Codec, limit: usize) -> Error {
        match self {
            Self::Refused(error) => refused(codec.name(), &error),
            Self::TooLarge => Error::TooLarge { what: "decompressed records", position: 0, limit },
        }
    }
}

/// Bytes that are filled from the front, up to a limit.
///
/// What lies behind the filled ones is from earlier use: zeroing it again would cost a fifth of LZ4's speed.
pub(super) struct Output<'a> {
    bytes: &'a mut Vec<u8>,
    filled: usize,
    limit: usize,
}

impl Target for Output<'_> {
    fn room(&mut self, size: usize) -> &mut [u8] {
        let end = self.filled + size;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.filled..end]
    }
}

impl Output<'_> {
    /// Makes room for all that can come, of which no more than `surplus` beyond the limit, so that it need not grow.
    /// What is never written to takes no memory.
    pub(super) fn expect(&mut self, bytes_max: usize, surplus: usize) {
        reserve(self.bytes, bytes_max.min(self.limit.saturating_add(surplus)));
    }

    /// How many bytes may still come.
    pub(super) fn left(&self) -> usize {
        self.limit - self.filled
    }

    /// Says that the first `size` bytes of the room were filled.
    pub(super) fn fill(&mut self, size: usize) -> std::result::Result<&[u8], Stop> {
        if size > self.left() {
            return Err(Stop::TooLarge);
        }
        let start = self.filled;
        self.filled += size;
        Ok(&self.bytes[start..self.filled])
    }

    fn put(&mut self, bytes: &[u8]) -> std::result::Result<(), Stop> {
        if bytes.len() <= self.left() {
            self.expect(bytes.len(), 0);
            self.room(bytes.len()).copy_from_slice(bytes);
        }
        self.fill(bytes.len()).map(|_| ())
    }

    fn read(&mut self, mut decoder: Decoder<'_>, bytes_max: usize) -> std::result::Result<(), Stop> {
        // One byte more than may come shows that there are more.
        self.expect(bytes_max.saturating_add(1), 1);
        loop {
            let most = self.left().saturating_add(1);
            let size = decoder.read(self.room(READ_BYTES_MIN.min(most)))?;
            if size == 0 {
                return Ok(());
            }
            self.fill(size)?;
        }
    }
}
