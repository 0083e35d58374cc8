//! Parked fetches by log, so that a commit wakes just the ones it serves.

use std::collections::{BTreeSet, HashMap};

use crate::segment::LogKey;

/// Who waits for which log. All that is asked is O(answer · log n).
#[derive(Default)]
pub struct WaitList {
    by_log: BTreeSet<(LogKey, u64)>,
    by_token: HashMap<u64, Box<[LogKey]>>,
}

impl WaitList {
    /// Parks a fetch of these logs; a token that is parked already moves.
    pub fn park(&mut self, token: u64, logs: impl Iterator<Item = LogKey>) {
        self.remove(token);
        let logs: Box<[_]> = logs.collect();
        self.by_log.extend(logs.iter().map(|log| (*log, token)));
        self.by_token.insert(token, logs);
    }

    /// Forgets a fetch, if it is parked.
    pub fn remove(&mut self, token: u64) {
        for log in self.by_token.remove(&token).unwrap_or_default() {
            self.by_log.remove(&(log, token));
        }
    }

    /// Who waits for any of these logs, each once; they stay parked.
    pub fn wake(&self, logs: impl Iterator<Item = LogKey>) -> Vec<u64> {
        distinct(logs.flat_map(|log| self.between((log, 0), (log, u64::MAX))).collect())
    }

    /// Who waits for any partition of a topic, each once; they stay parked.
    pub fn wake_topic(&self, topic_id: [u8; 16]) -> Vec<u64> {
        let end = |partition| LogKey { topic_id, partition };
        distinct(self.between((end(i32::MIN), 0), (end(i32::MAX), u64::MAX)).collect())
    }

    /// How many are parked.
    pub fn len(&self) -> usize {
        self.by_token.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.by_token.is_empty()
    }

    fn between(&self, first: (LogKey, u64), last: (LogKey, u64)) -> impl Iterator<Item = u64> {
        self.by_log.range(first..=last).map(|(_, token)| *token)
    }
}

fn distinct(mut tokens: Vec<u64>) -> Vec<u64> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(topic: u8, partition: i32) -> LogKey {
        LogKey { topic_id: [topic; 16], partition }
    }

    #[test]
    fn a_commit_wakes_those_it_serves_and_each_once() {
        let mut waits = WaitList::default();
        waits.park(1, [log(1, 0), log(1, 1)].into_iter());
        waits.park(2, [log(1, 1), log(1, 1)].into_iter());
        waits.park(3, [log(2, 0)].into_iter());
        assert_eq!(waits.wake([log(1, 0), log(1, 1)].into_iter()), [1, 2]);
        assert_eq!(waits.wake([log(1, 0)].into_iter()), [1]);
        assert!(waits.wake([log(3, 0)].into_iter()).is_empty());
        assert_eq!(waits.wake_topic([1; 16]), [1, 2]);
        assert!(waits.wake_topic([9; 16]).is_empty());
    }

    #[test]
    fn who_leaves_is_not_woken_and_leaves_nothing_behind() {
        let mut waits = WaitList::default();
        waits.park(1, [log(1, 0)].into_iter());
        waits.park(1, [log(2, 0)].into_iter());
        assert!(waits.wake([log(1, 0)].into_iter()).is_empty());
        assert_eq!(waits.len(), 1);
        waits.remove(1);
        waits.remove(1);
        assert!(waits.is_empty() && waits.by_log.is_empty());
    }
}
