//! LZ4 frames as Kafka takes them: version 1, independent blocks, no dictionary, one frame.
//!
//! Every checksum that is there is verified, as some clients do when they read. Written here because the frame
//! reader of `lz4_flex` takes a frame without an end for a whole one.

use std::io::{self, Read};

use lz4_flex::block::{CompressTable, DecompressError, compress_into_with_table, get_maximum_output_size};
use twox_hash::XxHash32;

use super::whole::{Output, Stop};
use super::{Block, Target, invalid, put, take, take_array};

const MAGIC: u32 = 0x184d_2204;
const FLAG_VERSION_MASK: u8 = 0b1100_0000;
const FLAG_VERSION: u8 = 0b0100_0000;
const FLAG_INDEPENDENT: u8 = 1 << 5;
const FLAG_BLOCK_CHECKSUM: u8 = 1 << 4;
const FLAG_CONTENT_SIZE: u8 = 1 << 3;
const FLAG_CONTENT_CHECKSUM: u8 = 1 << 2;
const FLAG_RESERVED_OR_DICTIONARY: u8 = 0b11;
const BLOCK_UNCOMPRESSED: u32 = 1 << 31;
/// A block cannot grow more: each byte of a run's length stands for 255 bytes.
const EXPANSION_MAX: usize = 255;
/// Room for a block at first, as a multiple of its size.
const EXPANSION_LIKELY: usize = 4;
/// What Java compresses at a time.
const BLOCK_BYTES: usize = 64 << 10;
/// Before each block, and as the end of all.
const BLOCK_HEAD_BYTES: usize = 4;
/// Magic, version 1 with independent blocks and no checksums, blocks of 64 KiB, checksum of these two bytes.
const FRAME_HEAD: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, FLAG_VERSION | FLAG_INDEPENDENT, 0x40, 0x82];

/// A block as it stands in the frame.
struct Stored<'a> {
    bytes: &'a [u8],
    compressed: bool,
}

/// Reads a frame block by block.
pub struct Lz4Reader<'a> {
    input: &'a [u8],
    flags: u8,
    block_bytes_max: usize,
    content_size: Option<u64>,
    put_out: u64,
    hasher: XxHash32,
    ended: bool,
    block: Block,
}

impl<'a> Lz4Reader<'a> {
    /// Reads the frame's head.
    pub fn open(mut input: &'a [u8]) -> io::Result<Self> {
        if u32::from_le_bytes(take_array(&mut input)?) != MAGIC {
            return Err(invalid("no LZ4 frame"));
        }
        let descriptor = input;
        let [flags, block] = take_array(&mut input)?;
        check_flags(flags)?;
        let block_bytes_max = block_bytes_max(block)?;
        let content_size = if flags & FLAG_CONTENT_SIZE == 0 {
            None
        } else {
            Some(u64::from_le_bytes(take_array(&mut input)?))
        };
        let described = &descriptor[..descriptor.len() - input.len()];
        let [checksum] = take_array(&mut input)?;
        if XxHash32::oneshot(0, described).to_le_bytes()[1] != checksum {
            return Err(invalid("wrong checksum of the frame's head"));
        }
        let (hasher, block) = (XxHash32::with_seed(0), Block::default());
        Ok(Self { input, flags, block_bytes_max, content_size, put_out: 0, hasher, ended: false, block })
    }

    /// The next block, none at the frame's end.
    fn next_block(&mut self) -> io::Result<Option<Stored<'a>>> {
        if self.ended {
            return Ok(None);
        }
        let head = u32::from_le_bytes(take_array(&mut self.input)?);
        if head == 0 {
            return self.end().map(|()| None);
        }
        let size = usize::try_from(head & !BLOCK_UNCOMPRESSED).unwrap_or(usize::MAX);
        if size > self.block_bytes_max {
            return Err(invalid(format!(
                "block of {size} bytes, at most {} are allowed",
                self.block_bytes_max
            )));
        }
        let bytes = take(&mut self.input, size)?;
        if self.flags & FLAG_BLOCK_CHECKSUM != 0 {
            self.check("block", XxHash32::oneshot(0, bytes))?;
        }
        Ok(Some(Stored { bytes, compressed: head & BLOCK_UNCOMPRESSED == 0 }))
    }

    /// What the blocks that are left can become at most.
    fn plain_bytes_max(&self) -> usize {
        let (mut input, mut most) = (self.input, 0_usize);
        let checksum_bytes = if self.flags & FLAG_BLOCK_CHECKSUM == 0 { 0 } else { 4 };
        while let Ok(head) = take_array(&mut input).map(u32::from_le_bytes) {
            let size = usize::try_from(head & !BLOCK_UNCOMPRESSED).unwrap_or(usize::MAX);
            if take(&mut input, size.saturating_add(checksum_bytes)).is_err() {
                break;
            }
            most = most.saturating_add(self.block_bytes_max.min(size.saturating_mul(EXPANSION_MAX)));
        }
        most
    }

    /// Counts what a block became.
    fn count(&mut self, plain: &[u8]) {
        self.put_out += plain.len() as u64;
        if self.flags & FLAG_CONTENT_CHECKSUM != 0 {
            std::hash::Hasher::write(&mut self.hasher, plain);
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.ended = true;
        if self.flags & FLAG_CONTENT_CHECKSUM != 0 {
            self.check("content", self.hasher.finish_32())?;
        }
        if self.content_size.is_some_and(|size| size != self.put_out) {
            return Err(invalid("content of another size than the frame's head says"));
        }
        if self.input.is_empty() { Ok(()) } else { Err(invalid("bytes after the frame's end")) }
    }

    fn check(&mut self, what: &str, found: u32) -> io::Result<()> {
        let expected = u32::from_le_bytes(take_array(&mut self.input)?);
        if expected == found { Ok(()) } else { Err(invalid(format!("wrong checksum of the {what}"))) }
    }
}

fn check_flags(flags: u8) -> io::Result<()> {
    if flags & FLAG_VERSION_MASK != FLAG_VERSION || flags & FLAG_RESERVED_OR_DICTIONARY != 0 {
        return Err(invalid(format!("frame flags {flags:#04x}, expected version 1 without a dictionary")));
    }
    if flags & FLAG_INDEPENDENT == 0 {
        return Err(invalid("blocks that depend on each other, Kafka's clients cannot read them"));
    }
    Ok(())
}

fn block_bytes_max(descriptor: u8) -> io::Result<usize> {
    match descriptor {
        0x40 => Ok(64 << 10),
        0x50 => Ok(256 << 10),
        0x60 => Ok(1 << 20),
        0x70 => Ok(4 << 20),
        _ => Err(invalid(format!("block descriptor {descriptor:#04x}"))),
    }
}

impl Read for Lz4Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.block.is_empty() {
            let Some(stored) = self.next_block()? else { break };
            let mut block = std::mem::take(&mut self.block);
            let size = stored.expand(self.block_bytes_max, &mut block)?;
            block.filled(size);
            self.count(&block.bytes[..size]);
            self.block = block;
        }
        Ok(self.block.read(out))
    }
}

impl Stored<'_> {
    /// Decodes into `target`, into little room first: most Go clients announce blocks of 4 MiB, whatever they send.
    fn expand(&self, block_bytes_max: usize, target: &mut impl Target) -> io::Result<usize> {
        if !self.compressed {
            target.room(self.bytes.len()).copy_from_slice(self.bytes);
            return Ok(self.bytes.len());
        }
        let most = block_bytes_max.min(self.bytes.len().saturating_mul(EXPANSION_MAX));
        let mut size = self.bytes.len().saturating_mul(EXPANSION_LIKELY).max(BLOCK_BYTES).min(most);
        loop {
            match lz4_flex::block::decompress_into(self.bytes, target.room(size)) {
                Err(DecompressError::OutputTooSmall { .. }) if size < most => {
                    size = size.saturating_mul(EXPANSION_LIKELY).min(most);
                }
                done => return done.map_err(|error| invalid(error.to_string())),
            }
        }
    }
}

/// Decompresses all of `bytes`.
pub(super) fn decompress(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Stop> {
    let mut reader = Lz4Reader::open(bytes)?;
    out.expect(reader.plain_bytes_max(), reader.block_bytes_max);
    while let Some(stored) = reader.next_block()? {
        let size = stored.expand(reader.block_bytes_max, out)?;
        reader.count(out.fill(size)?);
    }
    Ok(())
}

/// Writes frames by LZ4's fast method.
pub(super) struct Lz4Writer {
    table: CompressTable,
    block: Vec<u8>,
}

impl Default for Lz4Writer {
    fn default() -> Self {
        Self { table: CompressTable::large(), block: vec![0; get_maximum_output_size(BLOCK_BYTES)] }
    }
}

impl Lz4Writer {
    pub(super) fn compress(&mut self, payload: &[u8], out: &mut [u8]) -> io::Result<usize> {
        let room = out.len();
        let mut rest = put(out, &FRAME_HEAD)?;
        for plain in payload.chunks(BLOCK_BYTES) {
            let size = compress_into_with_table(plain, &mut self.block, &mut self.table);
            let size = size.map_err(|error| invalid(error.to_string()))?;
            rest = if size < plain.len() {
                put_block(rest, 0, &self.block[..size])?
            } else {
                put_block(rest, BLOCK_UNCOMPRESSED, plain)?
            };
        }
        Ok(room - put(rest, &[0; BLOCK_HEAD_BYTES])?.len())
    }
}

fn put_block<'a>(out: &'a mut [u8], flag: u32, bytes: &[u8]) -> io::Result<&'a mut [u8]> {
    let size = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    put(put(out, &(size | flag).to_le_bytes())?, bytes)
}

/// What a payload of `size` bytes can become at most.
pub(super) fn bound(size: usize) -> usize {
    FRAME_HEAD.len() + size + (size.div_ceil(BLOCK_BYTES) + 1) * BLOCK_HEAD_BYTES
}
