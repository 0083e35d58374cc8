//! Zstandard frames, decoded with one context a thread: a new one costs more than a small batch.

use std::cell::RefCell;
use std::io::{self, Read};

use ::zstd::zstd_safe::{DCtx, InBuffer, OutBuffer, ResetDirective, get_error_name};

use super::invalid;

/// A context that has grown beyond this (a frame may ask for a window of 128 MiB) is not kept.
const KEPT_CONTEXT_BYTES_MAX: usize = 4 << 20;

thread_local! {
    static CONTEXT: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

/// Reads one or more frames.
pub struct ZstdReader<'a> {
    input: &'a [u8],
    context: Option<DCtx<'static>>,
    between_frames: bool,
}

impl<'a> ZstdReader<'a> {
    /// A reader of all of `input`.
    pub fn open(input: &'a [u8]) -> io::Result<Self> {
        if input.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let context = CONTEXT.take().or_else(DCtx::try_create).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { input, context: Some(context), between_frames: true })
    }

    /// One step of the decoder: what it put out, after taking what it liked of the input.
    fn step(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let context = self.context.as_mut().ok_or(io::ErrorKind::InvalidInput)?;
        let mut input = InBuffer::around(self.input);
        let mut output = OutBuffer::around(out);
        let hint = context.decompress_stream(&mut output, &mut input);
        let hint = hint.map_err(|code| invalid(get_error_name(code)))?;
        let (taken, made) = (input.pos(), output.pos());
        self.input = &self.input[taken..];
        self.between_frames = hint == 0;
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
        let kept = self.context.take().filter(|context| context.sizeof() <= KEPT_CONTEXT_BYTES_MAX);
        let reset =
            |mut context: DCtx<'static>| context.reset(ResetDirective::SessionOnly).ok().map(|_| context);
        if let Some(context) = kept.and_then(reset) {
            // A thread that is ending keeps nothing.
            let _ = CONTEXT.try_with(|place| place.replace(Some(context)));
        }
    }
}
