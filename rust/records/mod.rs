//! Columns and record batches: what turns one into the other, with Arrow's arrays on the one side and Kafka's
//! bytes on the other.

mod aborted;
mod builders;
mod checks;
mod columns;
mod decode;
mod explain;
mod inspect;
mod logs;
mod payload;
mod rows;
mod verify;
mod walk;

pub use aborted::Aborted;
pub use builders::Log;
pub use columns::{BinaryKind, Column, schema};
pub use decode::{Decoder, Input, Options, Progress};
pub use inspect::{ROW_BYTES, inspect};
pub use verify::verify;
