//! Snappy, raw or in the frame of xerial's library, which Java clients write.

use std::io::{self, Read};

use super::{Block, invalid, take, take_array};

/// How xerial's frame starts; two 32-bit versions follow.
const XERIAL_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_VERSIONS_BYTES: usize = 8;
/// A block cannot grow more: the densest element copies 64 bytes and takes 3.
const EXPANSION_MAX: usize = 22;

/// Reads one raw block, or xerial's frame block by block.
pub struct SnappyReader<'a> {
    input: &'a [u8],
    framed: bool,
    decoder: snap::raw::Decoder,
    block: Block,
}

impl<'a> SnappyReader<'a> {
    /// A reader of all of `input`.
    pub fn open(mut input: &'a [u8]) -> io::Result<Self> {
        let framed = input.starts_with(&XERIAL_MAGIC);
        if framed {
            take(&mut input, XERIAL_MAGIC.len() + XERIAL_VERSIONS_BYTES)?;
        }
        Ok(Self { input, framed, decoder: snap::raw::Decoder::new(), block: Block::default() })
    }

    fn next_block(&mut self) -> io::Result<()> {
        let compressed = if self.framed { self.next_framed()? } else { std::mem::take(&mut self.input) };
        let size = snap::raw::decompress_len(compressed).map_err(|error| invalid(error.to_string()))?;
        if size > compressed.len().saturating_mul(EXPANSION_MAX) {
            return Err(invalid(format!("{} bytes cannot become {size}", compressed.len())));
        }
        let room = self.block.room(size);
        let size = self.decoder.decompress(compressed, room).map_err(|error| invalid(error.to_string()))?;
        self.block.filled(size);
        Ok(())
    }

    fn next_framed(&mut self) -> io::Result<&'a [u8]> {
        let size = u32::from_be_bytes(take_array(&mut self.input)?);
        take(&mut self.input, usize::try_from(size).unwrap_or(usize::MAX))
    }
}

impl Read for SnappyReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.block.is_empty() && !self.input.is_empty() {
            self.next_block()?;
        }
        Ok(self.block.read(out))
    }
}
