//! Framing: a stream of length-prefixed requests, cut where they end.

use std::ops::{Deref, Range};
use std::sync::Arc;

use super::fields::plain_size;
use crate::cursor::Cursor;
use crate::error::{Error, Result};

/// Bytes of the length in front of every request.
pub const PREFIX_BYTES: usize = 4;
/// The shortest header: key, version, correlation id, null client id.
pub const HEADER_BYTES_MIN: usize = 10;
/// Up to here a frame that arrives in pieces is gathered in a plain vector and copied once more.
const SMALL_BYTES_MAX: usize = 16 * 1024;

/// The bytes of one request, shared by all who hold a part of it.
#[derive(Clone)]
pub enum FrameBytes {
    /// Copied out of the scratch into an allocation of its own size.
    Small(Arc<[u8]>),
    /// Received straight into memory of its own.
    Large(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Deref for FrameBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Small(bytes) => bytes,
            Self::Large(bytes) => (**bytes).as_ref(),
        }
    }
}

impl std::fmt::Debug for FrameBytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FrameBytes({})", self.len())
    }
}

/// Memory for one frame that does not fit the scratch.
pub trait Room {
    /// Bytes still missing.
    fn missing(&self) -> usize;
    /// Takes at most `missing` bytes.
    fn extend(&mut self, bytes: &[u8]);
    /// Gives the frame away; nothing may be missing.
    fn finish(self) -> FrameBytes;
}

/// Where rooms come from.
pub trait Rooms {
    /// What it hands out.
    type Room: Room;
    /// Memory for exactly `size` bytes. Must not touch it: the size is only a claim so far.
    fn open(&self, size: usize) -> Self::Room;
}

/// The header that all requests have in common, and where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which kind of request.
    pub api_key: i16,
    /// In which version.
    pub api_version: i16,
    /// What the answer has to repeat.
    pub correlation_id: i32,
    /// Where the client's name stands, if it has one.
    pub client_id: Option<Range<usize>>,
    /// Where the header ends up to and with the client's name.
    pub body_position: usize,
}

impl Header {
    /// Reads the header at the start of a frame.
    pub fn parse(frame: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(frame);
        let api_key = cursor.read_i16("api_key")?;
        let api_version = cursor.read_i16("api_version")?;
        let correlation_id = cursor.read_i32("correlation_id")?;
        let client_id = read_client_id(&mut cursor)?;
        Ok(Self { api_key, api_version, correlation_id, client_id, body_position: cursor.position() })
    }
}

fn read_client_id(cursor: &mut Cursor<'_>) -> Result<Option<Range<usize>>> {
    let (what, position) = ("client_id", cursor.position());
    let Some(size) = plain_size(position, cursor.read_i16(what)?.into(), what)? else {
        return Ok(None);
    };
    let start = cursor.position();
    cursor.take(size, what)?;
    Ok(Some(start..start + size))
}

/// One whole request.
#[derive(Clone, Debug)]
pub struct Frame {
    /// All of it but the length prefix.
    pub bytes: FrameBytes,
    /// Its header.
    pub header: Header,
}

impl Frame {
    /// Reads the header of `bytes`.
    pub fn new(bytes: FrameBytes) -> Result<Self> {
        let header = Header::parse(&bytes)?;
        Ok(Self { bytes, header })
    }

    /// A frame with a copy of `bytes`.
    pub fn copy(bytes: &[u8]) -> Result<Self> {
        Self::new(FrameBytes::Small(Arc::from(bytes)))
    }
}

enum Partial<R> {
    Small { bytes: Vec<u8>, missing: usize },
    Large(R),
}

impl<R: Room> Partial<R> {
    fn missing(&self) -> usize {
        match self {
            Self::Small { missing, .. } => *missing,
            Self::Large(room) => room.missing(),
        }
    }

    fn extend(&mut self, more: &[u8]) {
        match self {
            Self::Small { bytes, missing } => {
                bytes.extend_from_slice(more);
                *missing -= more.len();
            }
            Self::Large(room) => room.extend(more),
        }
    }

    fn finish(self) -> FrameBytes {
        match self {
            Self::Small { bytes, .. } => FrameBytes::Small(Arc::from(bytes)),
            Self::Large(room) => room.finish(),
        }
    }
}

/// Cuts what one connection receives into frames.
pub struct Reader<R: Rooms> {
    rooms: R,
    frame_bytes_max: usize,
    prefix: [u8; PREFIX_BYTES],
    prefix_held: usize,
    partial: Option<Partial<R::Room>>,
    partial_size: usize,
}

impl<R: Rooms> Reader<R> {
    /// A reader at the start of a stream.
    pub fn new(rooms: R, frame_bytes_max: usize) -> Self {
        Self { rooms, frame_bytes_max, prefix: [0; 4], prefix_held: 0, partial: None, partial_size: 0 }
    }

    /// Takes received bytes and adds the frames that they complete. After an error the stream is lost.
    pub fn take(&mut self, mut bytes: &[u8], frames: &mut Vec<Frame>) -> Result<()> {
        while !bytes.is_empty() {
            bytes = match &mut self.partial {
                Some(partial) => {
                    let taken = partial.missing().min(bytes.len());
                    partial.extend(&bytes[..taken]);
                    self.complete(frames)?;
                    &bytes[taken..]
                }
                None => self.start(bytes, frames)?,
            };
        }
        Ok(())
    }

    /// The room of the frame in the making if more than `scratch_size` bytes are missing: worth to receive there.
    pub fn room(&mut self, scratch_size: usize) -> Option<&mut R::Room> {
        match &mut self.partial {
            Some(Partial::Large(room)) if room.missing() > scratch_size => Some(room),
            _ => None,
        }
    }

    /// Moves the frame in the making to `frames` if nothing of it is missing.
    pub fn complete(&mut self, frames: &mut Vec<Frame>) -> Result<()> {
        if let Some(partial) = self.partial.take_if(|partial| partial.missing() == 0) {
            frames.push(Frame::new(partial.finish())?);
        }
        Ok(())
    }

    /// Bytes held of the frame that is not whole yet, its prefix included.
    pub fn pending(&self) -> usize {
        match &self.partial {
            Some(partial) => PREFIX_BYTES + self.partial_size - partial.missing(),
            None => self.prefix_held,
        }
    }

    fn start<'a>(&mut self, bytes: &'a [u8], frames: &mut Vec<Frame>) -> Result<&'a [u8]> {
        let (prefix, rest) = bytes.split_at(bytes.len().min(PREFIX_BYTES - self.prefix_held));
        self.prefix[self.prefix_held..][..prefix.len()].copy_from_slice(prefix);
        self.prefix_held += prefix.len();
        if self.prefix_held < PREFIX_BYTES {
            return Ok(rest);
        }
        let size = self.frame_size()?;
        self.prefix_held = 0;
        if let Some((frame, rest)) = rest.split_at_checked(size) {
            frames.push(Frame::copy(frame)?);
            return Ok(rest);
        }
        self.partial_size = size;
        self.partial = Some(match size {
            ..=SMALL_BYTES_MAX => Partial::Small { bytes: Vec::with_capacity(size), missing: size },
            _ => Partial::Large(self.rooms.open(size)),
        });
        Ok(rest)
    }

    fn frame_size(&self) -> Result<usize> {
        let found = i32::from_be_bytes(self.prefix);
        let (what, position) = ("frame length", 0);
        let invalid = |expected| Error::Invalid { what, position, expected, found: found.into() };
        let size = usize::try_from(found).map_err(|_| invalid("a positive length"))?;
        if size < HEADER_BYTES_MIN {
            return Err(invalid("at least a header of 10 bytes"));
        }
        if size > self.frame_bytes_max {
            return Err(Error::TooLarge { what, position, limit: self.frame_bytes_max });
        }
        Ok(size)
    }
}
