//! Decoding what holds batches of many logs: segments, and answers to Fetch requests.

use std::collections::HashMap;
use std::sync::Arc;

use super::aborted::Aborted;
use super::decode::{Decoder, Input, Progress};
use super::filling::Log;
use crate::error::{Error, Result};
use crate::segment::Segment;
use crate::wire::fetched::{FetchAnswer, FetchedPartition, FetchedTopic};

impl Decoder {
    /// Decodes all logs of a whole segment, in the order of its body.
    pub fn read_segment(&mut self, input: &Input<'_>) -> Result<()> {
        let segment = Segment::parse(input.bytes)?;
        for entry in segment.logs() {
            let (partition, topic_id) = (entry.key.partition, entry.key.topic_id);
            self.set_log(Log { partition, topic_id, ..Log::default() }, Aborted::default());
            let end = entry.position + entry.size;
            if let Progress::Cut(position, needed) = self.read(input, entry.position..end, usize::MAX)? {
                return Err(Error::Truncated { what: "batch", position, needed, left: end - position });
            }
        }
        Ok(())
    }

    /// Decodes all partitions of an answer that was parsed out of `input`, in its order.
    ///
    /// The last batch of a partition may be cut, as brokers may do. With `committed` its aborted transactions
    /// are left out; the broker has seen to it that none is open.
    pub fn read_answer(&mut self, input: &Input<'_>, answer: &FetchAnswer, committed: bool) -> Result<()> {
        let mut topics = HashMap::new();
        for partition in &answer.partitions {
            let aborted = if committed { Aborted::new(&partition.aborted) } else { Aborted::default() };
            self.set_log(log(input.bytes, partition, &mut topics), aborted);
            self.read(input, partition.records.clone(), usize::MAX)?;
        }
        Ok(())
    }
}

fn log(bytes: &[u8], fetched: &FetchedPartition, topics: &mut HashMap<usize, Arc<str>>) -> Log {
    let partition = fetched.index;
    match &fetched.topic {
        FetchedTopic::Id(topic_id) => Log { partition, topic_id: *topic_id, ..Log::default() },
        FetchedTopic::Name(place) => {
            let name = || String::from_utf8_lossy(bytes.get(place.clone()).unwrap_or_default()).into();
            let topic = Arc::clone(topics.entry(place.start).or_insert_with(name));
            Log { partition, topic, ..Log::default() }
        }
    }
}
