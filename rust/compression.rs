//! The codecs of record batches: whole payloads at once, and readers that hold one block or window at a time.
//!
//! [`Compressor`] writes what Java's producer writes, [`decompress_into`] reads whole payloads up to a limit, a
//! [`Decoder`] reads them piece by piece.
//!
//! What a reader holds is bounded by its input: a snappy or lz4 block by what its compressed bytes can become at
//! most, the windows of gzip and zstd by their formats (32 KiB, and up to 128 MiB of which only what was put out
//! is ever touched). The total is bounded by whoever reads.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

mod codec;
mod compressor;
mod gzip;
mod lz4;
mod snappy;
#[cfg(test)]
mod tests;
mod whole;
mod zstd;

pub use codec::{Codec, LevelError};
pub use compressor::Compressor;
pub use whole::decompress_into;

/// The codec bits of a batch that is not compressed.
pub const NONE: u8 = 0;
/// The codec bits of zstd.
pub const ZSTD: u8 = 4;

/// A decoder of one compressed payload; reads nothing at its end, once all input was used up.
pub enum Decoder<'a> {
    /// RFC 1952, one or more members.
    Gzip(Box<MultiGzDecoder<&'a [u8]>>),
    /// One raw block, or xerial's frame of blocks.
    Snappy(snappy::SnappyReader<'a>),
    /// An LZ4 frame of independent blocks.
    Lz4(lz4::Lz4Reader<'a>),
    /// One or more zstd frames.
    Zstd(zstd::ZstdReader<'a>),
}

impl<'a> Decoder<'a> {
    /// A decoder for the codec bits of a batch header.
    pub fn open(codec: u8, bytes: &'a [u8]) -> Result<Self> {
        let opened = match codec {
            1 => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(bytes)))),
            2 => snappy::SnappyReader::open(bytes).map(Self::Snappy),
            3 => lz4::Lz4Reader::open(bytes).map(Self::Lz4),
            ZSTD => zstd::ZstdReader::open(bytes).map(Self::Zstd),
            _ => Err(invalid("not a codec that can be read")),
        };
        opened.map_err(|error| refused(codec_name(codec), &error))
    }

    /// The codec's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Gzip(_) => codec_name(1),
            Self::Snappy(_) => codec_name(2),
            Self::Lz4(_) => codec_name(3),
            Self::Zstd(_) => codec_name(ZSTD),
        }
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(out),
            Self::Snappy(decoder) => decoder.read(out),
            Self::Lz4(decoder) => decoder.read(out),
            Self::Zstd(decoder) => decoder.read(out),
        }
    }
}

/// What the codec bits of a batch header mean.
pub fn codec_name(codec: u8) -> &'static str {
    Codec::from_bits(codec).map_or("unknown codec", Codec::name)
}

fn refused(codec: &'static str, error: &io::Error) -> Error {
    Error::Compression { codec, position: 0, reason: error.to_string() }
}

fn invalid(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

/// Where blocks are decoded to.
trait Target {
    /// Room of `size` bytes for the next block.
    fn room(&mut self, size: usize) -> &mut [u8];
}

/// A decoded block that is handed out piece by piece.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    next: usize,
    end: usize,
}

impl Block {
    fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// Says that the first `size` bytes of the room were filled.
    fn filled(&mut self, size: usize) {
        (self.next, self.end) = (0, size);
    }

    fn read(&mut self, out: &mut [u8]) -> usize {
        let size = out.len().min(self.end - self.next);
        out[..size].copy_from_slice(&self.bytes[self.next..self.next + size]);
        self.next += size;
        size
    }
}

impl Target for Block {
    fn room(&mut self, size: usize) -> &mut [u8] {
        if self.bytes.len() < size {
            whole::reserve(&mut self.bytes, size);
            self.bytes.resize(size, 0);
        }
        &mut self.bytes[..size]
    }
}

/// The next `size` bytes of `input`, which moves on.
fn take<'a>(input: &mut &'a [u8], size: usize) -> io::Result<&'a [u8]> {
    let (taken, left) = input.split_at_checked(size).ok_or(io::ErrorKind::UnexpectedEof)?;
    *input = left;
    Ok(taken)
}

fn take_array<const N: usize>(input: &mut &[u8]) -> io::Result<[u8; N]> {
    let mut array = [0; N];
    array.copy_from_slice(take(input, N)?);
    Ok(array)
}

/// Copies `bytes` to the front of `out`; what is left of it.
fn put<'a>(out: &'a mut [u8], bytes: &[u8]) -> io::Result<&'a mut [u8]> {
    let (place, left) = out.split_at_mut_checked(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
    place.copy_from_slice(bytes);
    Ok(left)
}
