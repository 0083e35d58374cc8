//! Zstandard frames, decoded with one context a thread: a new one costs more than a small batch.
//!
//! Frames that Java writes do not say how large their content is; how many blocks they have bounds it.

use std::cell::RefCell;
use std::io::{self, Read};

use ::zstd::zstd_safe::{
    CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective, compress_bound, decompress_bound,
    find_frame_compressed_size, get_error_name, get_frame_content_size,
};

use super::invalid;
use super::whole::reserve;

/// A context that has grown beyond this (a frame may ask for a window of 128 MiB) is not kept.
const KEPT_CONTEXT_BYTES_MAX: usize = 4 << 20;
/// How a frame starts, little end first; its descriptor and, in most, the window's size follow.
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
const DESCRIPTOR_SINGLE_SEGMENT: u8 = 1 << 5;
/// A larger window is refused by every decoder that was not told otherwise.
const WINDOW_BYTES_MAX: u64 = 1 << 27;

thread_local! {
    static CONTEXT: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

/// Reads one or more frames.
pub struct ZstdReader<'a> {
    input: &'a [u8],
    context: Option<DCtx<'static>>,
    between_frames: bool,
    /// What the frame says that it holds, and what it has given so far.
    content_size: Option<u64>,
    put_out: u64,
}

impl<'a> ZstdReader<'a> {
    /// A reader of all of `input`.
    pub fn open(input: &'a [u8]) -> io::Result<Self> {
        if input.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Self { input, context: Some(context()?), between_frames: true, content_size: None, put_out: 0 })
    }

    /// Looks at a frame's head: whether the library does depends on the room it is given.
    fn begin_frame(&mut self) -> io::Result<()> {
        if let Some(size) = window_bytes(self.input).filter(|&size| size > WINDOW_BYTES_MAX) {
            return Err(invalid(format!("window of {size} bytes, at most {WINDOW_BYTES_MAX} are allowed")));
        }
        self.content_size = get_frame_content_size(self.input).ok().flatten();
        self.put_out = 0;
        Ok(())
    }

    fn end_frame(&self) -> io::Result<()> {
        if self.content_size.is_some_and(|size| size != self.put_out) {
            return Err(invalid("content of another size than the frame's head says"));
        }
        Ok(())
    }

    /// One step of the decoder: what it put out, after taking what it liked of the input.
    fn step(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.between_frames {
            self.begin_frame()?;
        }
        let context = self.context.as_mut().ok_or(io::ErrorKind::InvalidInput)?;
        let mut input = InBuffer::around(self.input);
        let mut output = OutBuffer::around(out);
        let hint = context.decompress_stream(&mut output, &mut input);
        let hint = hint.map_err(|code| invalid(get_error_name(code)))?;
        let (taken, made) = (input.pos(), output.pos());
        self.input = &self.input[taken..];
        self.put_out += made as u64;
        self.between_frames = hint == 0;
        if self.between_frames {
            self.end_frame()?;
        }
        if taken == 0 && made == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(made) }
    }
}

impl Read for ZstdReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut made = 0;
        while made == 0 && !out.is_empty() && !(self.between_frames && self.input.is_empty()) {
            made = self.step(out)?;
        }
        Ok(made)
    }
}

impl Drop for ZstdReader<'_> {
    fn drop(&mut self) {
        if let Some(context) = self.context.take() {
            keep(context);
        }
    }
}

fn context() -> io::Result<DCtx<'static>> {
    CONTEXT.take().or_else(DCtx::try_create).ok_or(io::ErrorKind::OutOfMemory.into())
}

fn keep(mut context: DCtx<'static>) {
    if context.sizeof() <= KEPT_CONTEXT_BYTES_MAX && context.reset(ResetDirective::SessionOnly).is_ok() {
        // A thread that is ending keeps nothing.
        let _ = CONTEXT.try_with(|place| place.replace(Some(context)));
    }
}

/// Decompresses what is one frame with a window of the usual sizes; false for all else, without a verdict.
pub(super) fn decompress(bytes: &[u8], out: &mut Vec<u8>, limit: usize) -> bool {
    let usual = window_bytes(bytes).is_some_and(|size| size <= WINDOW_BYTES_MAX);
    if !usual || find_frame_compressed_size(bytes) != Ok(bytes.len()) {
        return false;
    }
    let Ok(mut context) = context() else { return false };
    reserve(out, plain_bytes_max(bytes).min(limit));
    out.clear();
    let done = context.decompress(out, bytes).is_ok();
    keep(context);
    done && out.len() <= limit
}

/// What `bytes` can become at most, as far as can be told from the heads of their blocks.
pub(super) fn plain_bytes_max(bytes: &[u8]) -> usize {
    decompress_bound(bytes).ok().and_then(|bound| usize::try_from(bound).ok()).unwrap_or(usize::MAX)
}

/// The window that a frame asks for.
fn window_bytes(bytes: &[u8]) -> Option<u64> {
    let [descriptor, window, ..] = bytes.strip_prefix(&MAGIC)? else { return None };
    if descriptor & DESCRIPTOR_SINGLE_SEGMENT != 0 {
        return get_frame_content_size(bytes).ok()?;
    }
    let base = 1_u64 << (10 + (window >> 3));
    Some(base + (base >> 3) * u64::from(window & 7))
}

/// Compresses payloads into one frame each, with one context.
pub(super) struct ZstdWriter(CCtx<'static>);

impl ZstdWriter {
    /// A writer at a level that the library has.
    pub(super) fn new(level: Option<i32>) -> Self {
        let mut context = CCtx::create();
        // The library takes every level that `Codec::levels` allows.
        let _ = level.map(|level| context.set_parameter(CParameter::CompressionLevel(level)));
        Self(context)
    }

    pub(super) fn compress(&mut self, payload: &[u8], out: &mut [u8]) -> io::Result<usize> {
        self.0.compress2(out, payload).map_err(|code| invalid(get_error_name(code)))
    }
}

/// What a payload of `size` bytes can become at most.
pub(super) fn bound(size: usize) -> usize {
    compress_bound(size)
}
