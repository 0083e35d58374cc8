//! The few ways in which bytes can be wrong.

/// What went wrong, where, and what was expected instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end before the thing they should hold.
    #[error("{what} at position {position}: expected {needed} more bytes, found {left}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where, from the start of the buffer.
        position: usize,
        /// Bytes it takes.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A value that cannot be.
    #[error("{what} at position {position}: expected {expected}, found {found}")]
    Invalid {
        /// What was being read.
        what: &'static str,
        /// Where, from the start of the buffer.
        position: usize,
        /// What would have been right.
        expected: &'static str,
        /// What stands there.
        found: i64,
    },
    /// Bytes that do not have the shape of what they should hold.
    #[error("{what} at position {position}: malformed, or reaching beyond its end")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// Where reading stopped, from the start of the buffer.
        position: usize,
    },
    /// A checksum that does not fit its bytes.
    #[error("{what} at position {position}: checksum expected {expected:#010x}, found {found:#010x}")]
    Checksum {
        /// Whose checksum.
        what: &'static str,
        /// Where the thing starts.
        position: usize,
        /// The checksum that is written there.
        expected: u32,
        /// The checksum of the bytes.
        found: u32,
    },
    /// Compressed data that no decoder takes.
    #[error("{codec} data at position {position}: {reason}")]
    Compression {
        /// The codec's name.
        codec: &'static str,
        /// Where the compressed bytes start.
        position: usize,
        /// What the decoder said.
        reason: String,
    },
    /// Output that would pass its limit.
    #[error("{what} at position {position}: more than the limit of {limit} bytes")]
    TooLarge {
        /// What was being made.
        what: &'static str,
        /// Where its input starts.
        position: usize,
        /// The limit.
        limit: usize,
    },
    /// Something wrong with records that were decompressed.
    #[error("batch at position {position}, in its decompressed records: {error}")]
    Within {
        /// Where the batch starts.
        position: usize,
        /// What is wrong; its position is one in the decompressed records.
        error: Box<Error>,
    },
}

impl Error {
    /// The same error in bytes that stand `by` further on.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        match &mut self {
            Self::Truncated { position, .. }
            | Self::Invalid { position, .. }
            | Self::Malformed { position, .. }
            | Self::Checksum { position, .. }
            | Self::Compression { position, .. }
            | Self::TooLarge { position, .. }
            | Self::Within { position, .. } => *position = position.saturating_add(by),
        }
        self
    }

    /// The same error in the decompressed records of the batch at `position`.
    #[must_use]
    pub fn within(self, position: usize) -> Self {
        Self::Within { position, error: Box::new(self) }
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
