//! Snappy, raw or in the frame of xerial's library, which Java clients write.

use std::io::{self, Read};

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::whole::{Output, Stop};
use super::{Block, Target, invalid, put, take, take_array};

/// How xerial's frame starts; two 32-bit versions follow.
const XERIAL_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_VERSIONS_BYTES: usize = 8;
/// Version 1, readable from version 1 on.
const XERIAL_VERSIONS: [u8; XERIAL_VERSIONS_BYTES] = [0, 0, 0, 1, 0, 0, 0, 1];
/// What Java compresses at a time.
const BLOCK_BYTES: usize = 32 << 10;
/// The size before each block.
const SIZE_BYTES: usize = 4;
/// A block's own size and the tag of a literal, at most.
const LITERAL_BYTES_MAX: usize = 6;
/// A literal whose size less one stands in the next two bytes.
const LITERAL_TAG: u8 = 61 << 2;
/// A block cannot grow more: the densest element copies 64 bytes and takes 3.
const EXPANSION_MAX: usize = 22;

/// Reads one raw block, or xerial's frame block by block.
#[derive(Default)]
pub struct SnappyReader<'a> {
    input: &'a [u8],
    framed: bool,
    decoder: Decoder,
    block: Block,
}

impl<'a> SnappyReader<'a> {
    /// A reader of all of `input`.
    pub fn open(mut input: &'a [u8]) -> io::Result<Self> {
        let framed = input.starts_with(&XERIAL_MAGIC);
        if framed {
            take(&mut input, XERIAL_MAGIC.len() + XERIAL_VERSIONS_BYTES)?;
        }
        Ok(Self { input, framed, ..Self::default() })
    }

    /// The next block and the size it says it has.
    fn next_block(&mut self) -> io::Result<Option<(&'a [u8], usize)>> {
        if self.input.is_empty() {
            return Ok(None);
        }
        let compressed = if self.framed { self.next_framed()? } else { std::mem::take(&mut self.input) };
        let size = decompress_len(compressed).map_err(|error| invalid(error.to_string()))?;
        if size > compressed.len().saturating_mul(EXPANSION_MAX) {
            return Err(invalid(format!("{} bytes cannot become {size}", compressed.len())));
        }
        Ok(Some((compressed, size)))
    }

    /// What the blocks say they become.
    fn plain_bytes_max(&self) -> usize {
        let mut reader = Self { input: self.input, framed: self.framed, ..Self::default() };
        let sizes = std::iter::from_fn(|| reader.next_block().ok().flatten().map(|(_, size)| size));
        sizes.fold(0, usize::saturating_add)
    }

    fn next_framed(&mut self) -> io::Result<&'a [u8]> {
        let size = u32::from_be_bytes(take_array(&mut self.input)?);
        take(&mut self.input, usize::try_from(size).unwrap_or(usize::MAX))
    }
}

impl Read for SnappyReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.block.is_empty() {
            let Some((compressed, size)) = self.next_block()? else { break };
            let size = expand(&mut self.decoder, compressed, self.block.room(size))?;
            self.block.filled(size);
        }
        Ok(self.block.read(out))
    }
}

fn expand(decoder: &mut Decoder, compressed: &[u8], room: &mut [u8]) -> io::Result<usize> {
    decoder.decompress(compressed, room).map_err(|error| invalid(error.to_string()))
}

/// Decompresses all of `bytes`.
pub(super) fn decompress(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Stop> {
    let mut reader = SnappyReader::open(bytes)?;
    out.expect(reader.plain_bytes_max(), 0);
    while let Some((compressed, size)) = reader.next_block()? {
        if size > out.left() {
            return Err(Stop::TooLarge);
        }
        let size = expand(&mut reader.decoder, compressed, out.room(size))?;
        out.fill(size)?;
    }
    Ok(())
}

/// Writes xerial's frame.
pub(super) struct SnappyWriter {
    encoder: Encoder,
    block: Vec<u8>,
}

impl Default for SnappyWriter {
    fn default() -> Self {
        Self { encoder: Encoder::new(), block: vec![0; max_compress_len(BLOCK_BYTES)] }
    }
}

impl SnappyWriter {
    pub(super) fn compress(&mut self, payload: &[u8], out: &mut [u8]) -> io::Result<usize> {
        let room = out.len();
        let mut rest = put(put(out, &XERIAL_MAGIC)?, &XERIAL_VERSIONS)?;
        for plain in payload.chunks(BLOCK_BYTES) {
            let size =
                self.encoder.compress(plain, &mut self.block).map_err(|error| invalid(error.to_string()))?;
            rest = put_block(rest, plain, &self.block[..size])?;
        }
        Ok(room - rest.len())
    }
}

/// A block, as one literal where compressing has made it larger than that.
fn put_block<'a>(out: &'a mut [u8], plain: &[u8], compressed: &[u8]) -> io::Result<&'a mut [u8]> {
    if compressed.len() <= plain.len() + LITERAL_BYTES_MAX {
        return put(put_size(out, compressed.len())?, compressed);
    }
    let (head, head_bytes) = literal_head(plain.len());
    let rest = put_size(out, head_bytes + plain.len())?;
    put(put(rest, &head[..head_bytes])?, plain)
}

fn put_size(out: &mut [u8], size: usize) -> io::Result<&mut [u8]> {
    put(out, &u32::try_from(size).map_err(io::Error::other)?.to_be_bytes())
}

/// The head of a block of fewer than 64 KiB that is one literal: its size, a tag, and its size less one again.
fn literal_head(size: usize) -> ([u8; LITERAL_BYTES_MAX], usize) {
    let (mut head, mut used, mut left) = ([0; LITERAL_BYTES_MAX], 0, size);
    while left > 0x7f {
        head[used] = left.to_le_bytes()[0] | 0x80;
        left >>= 7;
        used += 1;
    }
    let [low, high, ..] = size.saturating_sub(1).to_le_bytes();
    head[used..used + 4].copy_from_slice(&[left.to_le_bytes()[0], LITERAL_TAG, low, high]);
    (head, used + 4)
}

/// What a payload of `size` bytes can become at most.
pub(super) fn bound(size: usize) -> usize {
    let blocks = size.div_ceil(BLOCK_BYTES);
    XERIAL_MAGIC.len() + XERIAL_VERSIONS_BYTES + size + blocks * (SIZE_BYTES + LITERAL_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_compressing_would_blow_up_is_one_literal() {
        for size in [1, 60, 127, 128, 300, 16_383, 16_384, BLOCK_BYTES] {
            let plain: Vec<u8> = (0..size).map(|index| index.to_le_bytes()[0]).collect();
            let mut out = vec![0; SIZE_BYTES + LITERAL_BYTES_MAX + size];
            let left = put_block(&mut out, &plain, &vec![0; size + LITERAL_BYTES_MAX + 1]).unwrap().len();
            let written = out.len() - left;
            assert_eq!(Decoder::new().decompress_vec(&out[SIZE_BYTES..written]).unwrap(), plain);
        }
    }
}
