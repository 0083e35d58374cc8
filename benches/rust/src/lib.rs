//! What the criterion bench measures: the record batches of skylog, of two other crates, and the bare codecs.

pub mod bare;
pub mod input;
pub mod kafka_protocol;
pub mod ours;
pub mod rskafka;

/// Kafka's own bound of a batch.
pub const BATCH_BYTES_MAX: usize = 1_048_588;

/// The codecs in the order of their bits.
pub const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
