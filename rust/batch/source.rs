//! Where records are read from: bytes at hand, or a decoder's output through a small window.

use std::io::Read;

use crate::compression::Decoder;
use crate::error::{Error, Result};

/// Output of one compressed batch beyond which it is refused.
pub const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;
const WINDOW_BYTES_MIN: usize = 1 << 10;
const WINDOW_BYTES_MAX: usize = 32 << 10;

/// Bytes that are read once, front to back. None means that they have ended (or could not be decoded).
pub(crate) trait Source {
    /// The next byte.
    fn byte(&mut self) -> Option<u8>;
    /// Passes over `size` bytes.
    fn skip(&mut self, size: usize) -> Option<()>;
    /// Bytes read so far.
    fn position(&self) -> usize;
    /// Says why reading came to its end, if that was not simply the end.
    fn failure(&mut self) -> Option<Error>;
    /// Checks that nothing is left.
    fn end(&mut self) -> Result<()>;
}

/// Bytes at hand.
pub(crate) struct Slice<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Slice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }
}

impl Source for Slice<'_> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    #[inline]
    fn skip(&mut self, size: usize) -> Option<()> {
        if size > self.bytes.len() - self.position {
            return None;
        }
        self.position += size;
        Some(())
    }

    #[inline]
    fn position(&self) -> usize {
        self.position
    }

    fn failure(&mut self) -> Option<Error> {
        None
    }

    fn end(&mut self) -> Result<()> {
        let left = self.bytes.len() - self.position;
        if left == 0 { Ok(()) } else { Err(surplus(self.position, left)) }
    }
}

/// The output of a decoder, a window at a time.
pub(crate) struct Window<'a> {
    decoder: Decoder<'a>,
    buffer: Vec<u8>,
    next: usize,
    filled: usize,
    /// Output before the window.
    passed: usize,
    failure: Option<Error>,
}

impl<'a> Window<'a> {
    /// A window on the output of `codec` (not 0) over `bytes`.
    pub(crate) fn open(codec: u8, bytes: &'a [u8]) -> Result<Self> {
        let size = bytes.len().saturating_mul(4).clamp(WINDOW_BYTES_MIN, WINDOW_BYTES_MAX);
        let decoder = Decoder::open(codec, bytes)?;
        Ok(Self { decoder, buffer: vec![0; size], next: 0, filled: 0, passed: 0, failure: None })
    }

    #[cold]
    fn fill(&mut self) -> Option<()> {
        if self.failure.is_some() {
            return None;
        }
        self.passed += self.filled;
        (self.next, self.filled) = (0, 0);
        match self.read() {
            Ok(0) => return None,
            Ok(size) => self.filled = size,
            Err(error) => self.failure = Some(error),
        }
        if self.failure.is_some() { None } else { Some(()) }
    }

    fn read(&mut self) -> Result<usize> {
        let codec = self.decoder.name();
        let size = self.decoder.read(&mut self.buffer).map_err(|error| Error::Compression {
            codec,
            position: self.passed,
            reason: error.to_string(),
        })?;
        if size > DECOMPRESSED_BYTES_MAX - self.passed {
            let (what, limit) = ("decompressed records", DECOMPRESSED_BYTES_MAX);
            return Err(Error::TooLarge { what, position: self.passed, limit });
        }
        Ok(size)
    }
}

impl Source for Window<'_> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        if self.next == self.filled {
            self.fill()?;
        }
        let byte = self.buffer[self.next];
        self.next += 1;
        Some(byte)
    }

    #[inline]
    fn skip(&mut self, size: usize) -> Option<()> {
        let mut left = size;
        while left > self.filled - self.next {
            left -= self.filled - self.next;
            self.next = self.filled;
            self.fill()?;
        }
        self.next += left;
        Some(())
    }

    #[inline]
    fn position(&self) -> usize {
        self.passed + self.next
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn end(&mut self) -> Result<()> {
        let left = self.filled - self.next;
        if left > 0 || self.fill().is_some() {
            return Err(surplus(self.position(), self.filled - self.next));
        }
        self.failure().map_or(Ok(()), Err)
    }
}

fn surplus(position: usize, left: usize) -> Error {
    let found = i64::try_from(left).unwrap_or(i64::MAX);
    Error::Invalid { what: "bytes after the last record", position, expected: "none", found }
}
