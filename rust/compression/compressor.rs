//! Payloads of whole batches, compressed as Java's producer does it.

use super::codec::{Codec, LevelError};
use super::{gzip, lz4, refused, snappy, zstd};
use crate::error::{Error, Result};

/// Compresses payload after payload, with contexts that are made once.
///
/// It takes from some 40 KiB (lz4) to a few MiB (zstd at high levels): share one between builders that take turns.
pub struct Compressor {
    codec: Codec,
    writer: Writer,
}

enum Writer {
    Copy,
    Gzip(gzip::GzipWriter),
    Snappy(Box<snappy::SnappyWriter>),
    Lz4(Box<lz4::Lz4Writer>),
    Zstd(zstd::ZstdWriter),
}

impl Compressor {
    /// A compressor at a level of its codec, by default the codec's own. As in Kafka, gzip's -1 is its default too.
    pub fn new(codec: Codec, level: Option<i32>) -> std::result::Result<Self, LevelError> {
        let level = level.filter(|&level| codec != Codec::Gzip || level != gzip::LEVEL_DEFAULT);
        level.map_or(Ok(()), |level| codec.check_level(level))?;
        let writer = match codec {
            Codec::None => Writer::Copy,
            Codec::Gzip => Writer::Gzip(gzip::GzipWriter::new(level)),
            Codec::Snappy => Writer::Snappy(Box::default()),
            Codec::Lz4 => Writer::Lz4(Box::default()),
            Codec::Zstd => Writer::Zstd(zstd::ZstdWriter::new(level)),
        };
        Ok(Self { codec, writer })
    }

    /// The codec it writes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// What a payload of `size` bytes can become at most. Grows with `size`.
    pub fn bound(&self, size: usize) -> usize {
        match &self.writer {
            Writer::Copy => size,
            Writer::Gzip(_) => gzip::bound(size),
            Writer::Snappy(_) => snappy::bound(size),
            Writer::Lz4(_) => lz4::bound(size),
            Writer::Zstd(_) => zstd::bound(size),
        }
    }

    /// Compresses `payload` into the front of `out`, which has room for [`bound`](Self::bound), and says how many
    /// bytes that took.
    pub fn compress(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize> {
        let limit = out.len();
        if limit < self.bound(payload.len()) {
            return Err(Error::TooLarge { what: "compressed records", position: 0, limit });
        }
        let written = match &mut self.writer {
            Writer::Copy => {
                out[..payload.len()].copy_from_slice(payload);
                Ok(payload.len())
            }
            Writer::Gzip(writer) => writer.compress(payload, out),
            Writer::Snappy(writer) => writer.compress(payload, out),
            Writer::Lz4(writer) => writer.compress(payload, out),
            Writer::Zstd(writer) => writer.compress(payload, out),
        };
        written.map_err(|error| refused(self.codec.name(), &error))
    }
}
