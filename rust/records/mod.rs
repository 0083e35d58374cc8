//! Columns and record batches: what turns one into the other, with Arrow's arrays on the one side and Kafka's
//! bytes on the other.
//!
//! To batches: a [`Block`] is records column by column. An [`Encoder`] makes batches of any number of blocks in one
//! output, a [`Builder`] one batch after another of what is appended to it, a [`Scatter`] the batches of many
//! partitions at once; all three are thin users of one writer. Offsets, indexes and lengths inside the columns are
//! held against the buffers they point into: columns that lie give an [`InputError`].
//!
//! To columns: a [`Decoder`]; [`inspect`] and [`verify`] look without decoding.

mod aborted;
mod blobs;
mod block;
mod builder;
mod checks;
mod columns;
mod decode;
mod encode;
mod explain;
mod filling;
mod headers;
mod input;
mod inspect;
mod logs;
mod options;
mod partition;
mod payload;
mod rows;
mod scatter;
mod seal;
mod timestamps;
mod verify;
mod walk;
mod writer;

pub use aborted::Aborted;
pub use blobs::BlobColumn;
pub use block::Block;
pub use builder::Builder;
pub use columns::{BinaryKind, Column, schema};
pub use decode::{Decoder, Input, Options, Progress};
pub use encode::{Encoded, Encoder, Place};
pub use filling::Log;
pub use headers::HeaderColumn;
pub use input::{InputError, RowFlaw};
pub use inspect::{ROW_BYTES, inspect};
pub use options::{BatchOptions, Producer};
pub use partition::{murmur2, partition_of, partitions_of};
pub use scatter::{Piece, Scatter};
pub use seal::BatchEntry;
pub use timestamps::Timestamps;
pub use verify::{verify, verify_records};
pub use writer::{Header, Record};
