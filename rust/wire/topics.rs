//! What parsing must know of topics.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::batch::validate::TopicRules;

/// One topic, replaced whole when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its identity.
    pub id: [u8; 16],
    /// Its name.
    pub name: Box<[u8]>,
    /// How many partitions it has.
    pub partitions: i32,
    /// What it asks of batches.
    pub rules: TopicRules,
}

impl Topic {
    /// Whether it has this partition.
    pub fn has(&self, partition: i32) -> bool {
        (0..self.partitions).contains(&partition)
    }
}

/// Topics by name and by identity.
#[derive(Default)]
pub struct Topics {
    by_name: HashMap<Box<[u8]>, Arc<Topic>>,
    by_id: HashMap<[u8; 16], Arc<Topic>>,
    version: u64,
}

impl Topics {
    /// The topic of this name.
    pub fn by_name(&self, name: &[u8]) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// The topic of this identity.
    pub fn by_id(&self, id: &[u8; 16]) -> Option<&Arc<Topic>> {
        self.by_id.get(id)
    }

    /// The topic of this identity or name.
    pub fn find(&self, name: &[u8], by_id: bool) -> Option<&Arc<Topic>> {
        if by_id { name.first_chunk().and_then(|id| self.by_id(id)) } else { self.by_name(name) }
    }

    /// Another one after each change.
    pub fn version(&self) -> u64 {
        self.version
    }

    fn put(&mut self, topic: Topic) {
        self.remove(&topic.id);
        self.version += 1;
        let topic = Arc::new(topic);
        self.by_name.insert(topic.name.clone(), Arc::clone(&topic));
        self.by_id.insert(topic.id, topic);
    }

    fn remove(&mut self, id: &[u8; 16]) {
        let Some(topic) = self.by_id.remove(id) else { return };
        self.version += 1;
        // The name may by now belong to a topic that was created anew.
        if self.by_name.get(&topic.name).is_some_and(|named| named.id == *id) {
            self.by_name.remove(&topic.name);
        }
    }
}

/// Topics, shared by all connections. Changes are rare and short, so readers hardly ever wait.
#[derive(Default)]
pub struct TopicTable(RwLock<Topics>);

impl TopicTable {
    /// The topics as they are now. Not to be held while waiting for anything.
    pub fn read(&self) -> RwLockReadGuard<'_, Topics> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds or replaces a topic.
    pub fn put(&self, topic: Topic) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).put(topic);
    }

    /// Forgets a topic, if it is there.
    pub fn remove(&self, id: &[u8; 16]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.read().by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: u8, name: &str, partitions: i32) -> Topic {
        let rules = TopicRules {
            batch_bytes_max: 1,
            log_append_time: false,
            compacted: false,
            timestamp_before_ms_max: 0,
            timestamp_after_ms_max: 0,
        };
        Topic { id: [id; 16], name: name.as_bytes().into(), partitions, rules }
    }

    #[test]
    fn a_topic_created_anew_keeps_its_name_when_the_old_one_goes() {
        let table = TopicTable::default();
        table.put(topic(1, "t", 1));
        table.put(topic(2, "t", 2));
        table.remove(&[1; 16]);
        assert_eq!(table.read().by_name(b"t").map(|topic| topic.id), Some([2; 16]));
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_topic_is_replaced_whole() {
        let table = TopicTable::default();
        table.put(topic(1, "t", 1));
        table.put(topic(1, "u", 3));
        assert!(table.read().by_name(b"t").is_none());
        assert_eq!(table.read().by_id(&[1; 16]).map(|topic| topic.partitions), Some(3));
    }
}
