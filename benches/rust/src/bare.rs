//! The codecs alone: the payload of each batch through the libraries that skylog uses, in the blocks that Kafka's
//! format asks for, contexts and memory used again, and nothing framed, checked or copied around it.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress};
use libdeflater::{CompressionLvl, Compressor as Deflater};
use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into};
use zstd::bulk::{Compressor, Decompressor};

const ZSTD_LEVEL: i32 = 3;
/// The blocks of xerial's frame.
const SNAPPY_BLOCK_BYTES: usize = 32 << 10;
/// The blocks of the LZ4 frames that Java's producer writes.
const LZ4_BLOCK_BYTES: usize = 64 << 10;

/// One codec with its contexts and its room.
pub enum Bare {
    /// Deflate without gzip's frame: libdeflate there, zlib-rs back.
    Gzip(Deflater, Box<Decompress>, Vec<u8>),
    /// Raw blocks.
    Snappy(Box<snap::raw::Encoder>, snap::raw::Decoder, Vec<u8>),
    /// Raw blocks.
    Lz4(CompressTable, Vec<u8>),
    /// One frame.
    Zstd(Box<Compressor<'static>>, Box<Decompressor<'static>>, Vec<u8>),
}

/// A payload as its compressed blocks, each with the size it had.
type Blocks = Vec<(Vec<u8>, usize)>;

impl Bare {
    /// A codec for payloads of at most `payload_bytes_max`; nothing for "none".
    pub fn open(codec: &str, payload_bytes_max: usize) -> Option<Self> {
        let room = vec![0; payload_bytes_max * 5 / 4 + 4096];
        Some(match codec {
            "gzip" => {
                Self::Gzip(Deflater::new(CompressionLvl::default()), Box::new(Decompress::new(false)), room)
            }
            "snappy" => Self::Snappy(Box::new(snap::raw::Encoder::new()), snap::raw::Decoder::new(), room),
            "lz4" => Self::Lz4(CompressTable::large(), room),
            "zstd" => Self::Zstd(
                Box::new(Compressor::new(ZSTD_LEVEL).expect("a level that exists")),
                Box::new(Decompressor::new().expect("memory for a context")),
                room,
            ),
            _ => return None,
        })
    }

    /// Bytes of a block: the whole payload where the format does not ask for less.
    fn block_bytes(&self) -> usize {
        match self {
            Self::Snappy(..) => SNAPPY_BLOCK_BYTES,
            Self::Lz4(..) => LZ4_BLOCK_BYTES,
            Self::Gzip(..) | Self::Zstd(..) => usize::MAX,
        }
    }

    /// Compresses all payloads; returns the bytes that became of them.
    pub fn compress_all(&mut self, payloads: &[Bytes]) -> usize {
        let block_bytes = self.block_bytes();
        payloads
            .iter()
            .flat_map(|payload| payload.chunks(block_bytes.min(payload.len())))
            .map(|block| self.compress(block))
            .sum()
    }

    /// The compressed blocks of all payloads.
    pub fn prepare(&mut self, payloads: &[Bytes]) -> Blocks {
        let block_bytes = self.block_bytes();
        let mut blocks = Vec::new();
        for block in payloads.iter().flat_map(|payload| payload.chunks(block_bytes.min(payload.len()))) {
            let size = self.compress(block);
            blocks.push((self.room()[..size].to_vec(), block.len()));
        }
        blocks
    }

    /// Decompresses all blocks; returns the bytes that became of them.
    pub fn decompress_all(&mut self, blocks: &Blocks) -> usize {
        blocks.iter().map(|(block, size)| self.decompress(block, *size)).sum()
    }

    fn room(&self) -> &[u8] {
        match self {
            Self::Gzip(_, _, room)
            | Self::Snappy(_, _, room)
            | Self::Zstd(_, _, room)
            | Self::Lz4(_, room) => room,
        }
    }

    fn compress(&mut self, block: &[u8]) -> usize {
        match self {
            Self::Gzip(deflater, _, room) => deflater.deflate_compress(block, room).expect("room enough"),
            Self::Snappy(encoder, _, room) => encoder.compress(block, room).expect("room enough"),
            Self::Lz4(table, room) => compress_into_with_table(block, room, table).expect("room enough"),
            Self::Zstd(compressor, _, room) => {
                compressor.compress_to_buffer(block, &mut room[..]).expect("room enough")
            }
        }
    }

    fn decompress(&mut self, block: &[u8], size: usize) -> usize {
        match self {
            Self::Gzip(_, decompress, room) => {
                decompress.reset(false);
                decompress
                    .decompress(block, room, FlushDecompress::Finish)
                    .expect("what was compressed before");
                usize::try_from(decompress.total_out()).expect("a size")
            }
            Self::Snappy(_, decoder, room) => {
                decoder.decompress(block, room).expect("what was compressed before")
            }
            Self::Lz4(_, room) => {
                decompress_into(block, &mut room[..size]).expect("what was compressed before")
            }
            Self::Zstd(_, decompressor, room) => {
                decompressor.decompress_to_buffer(block, &mut room[..]).expect("what was compressed before")
            }
        }
    }
}
