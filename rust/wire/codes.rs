//! Kafka's error codes, and which of them this crate's findings mean.

use crate::batch::validate::Reject;
use crate::index::BatchOutcome;

/// A Kafka error code.
pub type Code = i16;

/// No error.
pub const NONE: Code = 0;
/// The offset lies below the log's start or beyond its end.
pub const OFFSET_OUT_OF_RANGE: Code = 1;
/// Lengths or checksum of a batch are wrong.
pub const CORRUPT_MESSAGE: Code = 2;
/// No topic of that name, or no such partition.
pub const UNKNOWN_TOPIC_OR_PARTITION: Code = 3;
/// The batch is larger than the topic takes.
pub const MESSAGE_TOO_LARGE: Code = 10;
/// Acks other than -1, 0, 1.
pub const INVALID_REQUIRED_ACKS: Code = 21;
/// A record's time lies outside the topic's bounds.
pub const INVALID_TIMESTAMP: Code = 32;
/// The request asks for what is not served. Clients fail the records at once, without a retry and without taking
/// it for a lack of rights.
pub const INVALID_REQUEST: Code = 42;
/// A sequence number does not follow.
pub const OUT_OF_ORDER_SEQUENCE_NUMBER: Code = 45;
/// A newer epoch of the producer is known.
pub const INVALID_PRODUCER_EPOCH: Code = 47;
/// What is stored cannot be read.
pub const KAFKA_STORAGE_ERROR: Code = 56;
/// A fetch that continues a session that is not there.
pub const FETCH_SESSION_ID_NOT_FOUND: Code = 70;
/// A fetch that continues a session elsewhere than where it is.
pub const INVALID_FETCH_SESSION_EPOCH: Code = 71;
/// The client's leader epoch is older than ours.
pub const FENCED_LEADER_EPOCH: Code = 74;
/// The client's leader epoch is newer than ours.
pub const UNKNOWN_LEADER_EPOCH: Code = 75;
/// A codec that is unknown, or unknown to the request's version.
pub const UNSUPPORTED_COMPRESSION_TYPE: Code = 76;
/// A batch that is whole but not as a producer may send it.
pub const INVALID_RECORD: Code = 87;
/// No topic of that identity.
pub const UNKNOWN_TOPIC_ID: Code = 100;
/// A session that named topics by name is continued by their identities, or the other way round.
pub const FETCH_SESSION_TOPIC_ID_ERROR: Code = 106;

/// What a refused batch is told.
pub fn of_reject(reject: &Reject) -> Code {
    match reject {
        Reject::Corrupt(_) => CORRUPT_MESSAGE,
        Reject::InvalidRecord(_) => INVALID_RECORD,
        Reject::TooLarge { .. } => MESSAGE_TOO_LARGE,
        Reject::UnsupportedCompression(_) => UNSUPPORTED_COMPRESSION_TYPE,
        Reject::InvalidTimestamp(_) => INVALID_TIMESTAMP,
        Reject::Records(faults) if faults.is_of_time() => INVALID_TIMESTAMP,
        Reject::Records(_) => INVALID_RECORD,
    }
}

/// What a batch that was committed, or not, is told.
pub fn of_outcome(outcome: &BatchOutcome, by_id: bool) -> Code {
    match outcome {
        BatchOutcome::Appended { .. } | BatchOutcome::Duplicate { .. } => NONE,
        BatchOutcome::OutOfOrderSequence => OUT_OF_ORDER_SEQUENCE_NUMBER,
        BatchOutcome::InvalidProducerEpoch => INVALID_PRODUCER_EPOCH,
        BatchOutcome::UnknownLog => unknown_topic(by_id),
    }
}

/// What is said of a topic that does not exist.
pub fn unknown_topic(by_id: bool) -> Code {
    if by_id { UNKNOWN_TOPIC_ID } else { UNKNOWN_TOPIC_OR_PARTITION }
}
