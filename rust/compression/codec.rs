//! The codecs by name, by their bits in a batch's attributes, and with the levels they have.

use std::fmt;
use std::ops::RangeInclusive;

use ::zstd::zstd_safe::{max_c_level, min_c_level};

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy, in xerial's frame when written here.
    Snappy,
    /// An LZ4 frame.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    /// Every codec, at the place of its bits.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec of a batch whose attributes have these codec bits.
    pub fn from_bits(bits: u8) -> Option<Self> {
        Self::ALL.get(usize::from(bits)).copied()
    }

    /// The codec of this name, as Kafka's configuration calls it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// Its bits in a batch's attributes.
    pub const fn bits(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// Its name, as Kafka's configuration calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The levels that can be asked for, where there are any.
    ///
    /// LZ4 is compressed by its fast method alone: what its slow one saves, zstd saves better in a fraction of the
    /// time.
    pub fn levels(self) -> Option<RangeInclusive<i32>> {
        match self {
            Self::Gzip => Some(1..=9),
            Self::Zstd => Some(min_c_level()..=max_c_level()),
            Self::None | Self::Snappy | Self::Lz4 => None,
        }
    }

    /// Checks a level against those there are.
    pub(super) fn check_level(self, level: i32) -> Result<(), LevelError> {
        let allowed = self.levels();
        if allowed.as_ref().is_some_and(|levels| levels.contains(&level)) {
            return Ok(());
        }
        Err(LevelError { codec: self, level, allowed })
    }
}

/// A compression level that a codec does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelError {
    /// The codec.
    pub codec: Codec,
    /// What was asked for.
    pub level: i32,
    /// What could be asked for.
    pub allowed: Option<RangeInclusive<i32>>,
}

impl fmt::Display for LevelError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (codec, level) = (self.codec.name(), self.level);
        match &self.allowed {
            Some(levels) => {
                write!(
                    out,
                    "level of {codec}: expected {} to {}, found {level}",
                    levels.start(),
                    levels.end()
                )
            }
            None => write!(out, "level of {codec}: expected none, it has no levels, found {level}"),
        }
    }
}

impl std::error::Error for LevelError {}
