//! The newest extents of all logs in memory: what readers at the tail ask for, answered without a database.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::extent::{Extent, Located, LocatedLog, LogPosition, SegmentRef};
use super::sequence::ExtentRow;
use crate::segment::LogKey;

/// One log: its bounds, and its extents from `floor` on without a gap.
#[derive(Debug)]
struct Log {
    log_no: i64,
    log_start_offset: i64,
    next_offset: i64,
    floor: i64,
    extents: VecDeque<Extent>,
    /// How many of its oldest arrivals have no extent any more.
    trimmed: usize,
}

#[derive(Debug)]
struct Held {
    segment: SegmentRef,
    extents: usize,
}

/// A read model that is fed after each commit; the oldest extents leave when too many have arrived.
#[derive(Debug)]
pub struct ExtentIndex {
    extents_max: usize,
    logs: HashMap<LogKey, Log>,
    keys: HashMap<i64, LogKey>,
    /// All logs, those of one topic side by side.
    sorted: BTreeSet<LogKey>,
    segments: HashMap<u64, Held>,
    /// The log of each extent in order of arrival; entries of removed logs and trimmed extents are skipped.
    arrivals: VecDeque<i64>,
    /// Arrivals of logs that are removed.
    gone: usize,
    held: usize,
}

impl ExtentIndex {
    /// An empty index that keeps at most `extents_max` extents.
    pub fn new(extents_max: usize) -> Self {
        Self {
            extents_max,
            logs: HashMap::new(),
            keys: HashMap::new(),
            sorted: BTreeSet::new(),
            segments: HashMap::new(),
            arrivals: VecDeque::new(),
            gone: 0,
            held: 0,
        }
    }

    /// Extents in memory.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Whether no extent is in memory.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Segments that the extents in memory lie in.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Adds a log, or moves its bounds if it is there already.
    pub fn put_log(&mut self, log_no: i64, key: LogKey, log_start_offset: i64, next_offset: i64) {
        if let Some(log) = self.logs.get_mut(&key).filter(|log| log.log_no == log_no) {
            log.log_start_offset = log_start_offset;
            return;
        }
        self.remove_log(&key);
        let extents = VecDeque::new();
        let log = Log { log_no, log_start_offset, next_offset, floor: next_offset, extents, trimmed: 0 };
        self.logs.insert(key, log);
        self.keys.insert(log_no, key);
        self.sorted.insert(key);
    }

    /// Moves the start of a log forward and forgets the extents that end before it.
    pub fn trim(&mut self, key: &LogKey, log_start_offset: i64) {
        let Some(log) = self.logs.get_mut(key) else { return };
        log.log_start_offset = log.log_start_offset.max(log_start_offset);
        let count = log.extents.partition_point(|extent| extent.last_offset < log.log_start_offset);
        let gone: Vec<u64> = log.extents.drain(..count).map(|extent| extent.segment).collect();
        log.trimmed += count;
        self.held -= count;
        gone.into_iter().for_each(|segment| self.release(segment));
    }

    /// Forgets all logs of a topic.
    pub fn remove_topic(&mut self, topic_id: [u8; 16]) {
        let end = |partition| LogKey { topic_id, partition };
        let keys: Vec<LogKey> = self.sorted.range(end(i32::MIN)..=end(i32::MAX)).copied().collect();
        for key in &keys {
            self.remove_log(key);
        }
        // Only when that is most of them: many small topics may go one after the other.
        if 2 * self.gone > self.arrivals.len() {
            let known = &self.keys;
            self.arrivals.retain(|log_no| known.contains_key(log_no));
            self.gone = 0;
        }
    }

    fn remove_log(&mut self, key: &LogKey) {
        let Some(log) = self.logs.remove(key) else { return };
        self.sorted.remove(key);
        self.keys.remove(&log.log_no);
        self.held -= log.extents.len();
        self.gone += log.extents.len() + log.trimmed;
        for extent in &log.extents {
            self.release(extent.segment);
        }
    }

    fn release(&mut self, segment_no: u64) {
        if let Some(held) = self.segments.get_mut(&segment_no) {
            held.extents -= 1;
            if held.extents == 0 {
                self.segments.remove(&segment_no);
            }
        }
    }

    /// Makes a commit's extents visible; those of logs that are gone by now are left out.
    pub fn apply(&mut self, rows: &[ExtentRow], segment_no: u64, segment: &SegmentRef) {
        for row in rows {
            self.push(row, segment_no, segment);
        }
        while self.arrivals.len() > self.extents_max {
            self.evict();
        }
    }

    fn push(&mut self, row: &ExtentRow, segment_no: u64, segment: &SegmentRef) {
        let Some(log) = self.keys.get(&row.log_no).and_then(|key| self.logs.get_mut(key)) else { return };
        if row.base_offset != log.next_offset {
            // Not what follows: forget rather than answer with a gap.
            let stale = std::mem::take(&mut log.extents);
            log.floor = row.base_offset;
            log.trimmed = 0;
            self.held -= stale.len();
            let log_no = row.log_no;
            self.arrivals.retain(|arrived| *arrived != log_no);
            stale.iter().for_each(|extent| self.release(extent.segment));
        }
        let Some(log) = self.keys.get(&row.log_no).and_then(|key| self.logs.get_mut(key)) else { return };
        log.next_offset = row.last_offset + 1;
        log.extents.push_back(Extent {
            base_offset: row.base_offset,
            last_offset: row.last_offset,
            segment: segment_no,
            position: row.position.cast_unsigned(),
            size: row.size.cast_unsigned(),
            append_time_ms: row.append_time_ms,
        });
        self.held += 1;
        self.arrivals.push_back(row.log_no);
        let entry = self.segments.entry(segment_no);
        entry.or_insert_with(|| Held { segment: segment.clone(), extents: 0 }).extents += 1;
    }

    fn evict(&mut self) {
        let Some(log_no) = self.arrivals.pop_front() else { return };
        let Some(log) = self.keys.get(&log_no).and_then(|key| self.logs.get_mut(key)) else {
            self.gone = self.gone.saturating_sub(1);
            return;
        };
        if log.trimmed > 0 {
            log.trimmed -= 1;
            return;
        }
        let Some(extent) = log.extents.pop_front() else { return };
        log.floor = extent.last_offset + 1;
        self.held -= 1;
        self.release(extent.segment);
    }

    /// The number of a log.
    pub fn log_no(&self, key: &LogKey) -> Option<i64> {
        self.logs.get(key).map(|log| log.log_no)
    }

    /// (log start offset, next offset) of a log.
    pub fn bounds(&self, key: &LogKey) -> Option<(i64, i64)> {
        self.logs.get(key).map(|log| (log.log_start_offset, log.next_offset))
    }

    /// Answers all positions from memory, or None if one lies below what is here. With `extents_max` extents in
    /// all the rest gets just its first one.
    pub fn find(&self, positions: &[LogPosition], extents_max: usize) -> Option<Located> {
        let mut located = Located { logs: Vec::with_capacity(positions.len()), segments: Vec::new() };
        let mut places = HashMap::new();
        let mut room = extents_max;
        for position in positions {
            let found = match self.logs.get(&position.key) {
                Some(log) => Some(self.find_one(log, position, room.max(1), &mut located, &mut places)?),
                None => None,
            };
            room = room.saturating_sub(found.as_ref().map_or(0, |log| log.extents.len()));
            located.logs.push(found);
        }
        Some(located)
    }

    fn find_one(
        &self,
        log: &Log,
        wanted: &LogPosition,
        extents_max: usize,
        located: &mut Located,
        places: &mut HashMap<u64, u64>,
    ) -> Option<LocatedLog> {
        let (log_start_offset, high_watermark) = (log.log_start_offset, log.next_offset);
        let mut found = LocatedLog { log_start_offset, high_watermark, extents: Vec::new() };
        if wanted.offset < log_start_offset || wanted.offset >= high_watermark {
            return Some(found);
        }
        if wanted.offset < log.floor {
            return None;
        }
        let first = log.extents.partition_point(|extent| extent.last_offset < wanted.offset);
        let mut size = 0u64;
        for extent in log.extents.range(first..).take(extents_max) {
            if size >= wanted.bytes_max && size > 0 {
                break;
            }
            size = size.saturating_add(extent.size);
            let segment = *places.entry(extent.segment).or_insert_with(|| {
                located.segments.extend(self.segments.get(&extent.segment).map(|held| held.segment.clone()));
                located.segments.len() as u64 - 1
            });
            found.extents.push(Extent { segment, ..*extent });
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: [u8; 16] = [1; 16];

    fn key(partition: i32) -> LogKey {
        LogKey { topic_id: TOPIC, partition }
    }

    fn row(log_no: i64, base_offset: i64, last_offset: i64) -> ExtentRow {
        ExtentRow {
            log_no,
            base_offset,
            last_offset,
            position: 64,
            size: 100,
            max_timestamp: 0,
            running_max_timestamp: 0,
            append_time_ms: -1,
        }
    }

    fn at(partition: i32, offset: i64, bytes_max: u64) -> LogPosition {
        LogPosition { key: key(partition), offset, bytes_max }
    }

    fn filled(extents_max: usize) -> ExtentIndex {
        let mut index = ExtentIndex::new(extents_max);
        index.put_log(1, key(0), 0, 0);
        index.put_log(2, key(1), 0, 10);
        for number in 0..4 {
            let segment = SegmentRef { key: format!("s{number}").into(), size: 1000 };
            let base = i64::try_from(number).unwrap() * 10;
            index.apply(&[row(1, base, base + 9), row(2, base + 10, base + 19)], number, &segment);
        }
        index
    }

    fn bases(located: &Located, place: usize) -> Vec<i64> {
        let log = located.logs[place].as_ref().unwrap();
        log.extents.iter().map(|extent| extent.base_offset).collect()
    }

    #[test]
    fn finds_from_the_extent_that_holds_the_offset() {
        let index = filled(100);
        let located = index.find(&[at(0, 15, 250), at(1, 49, 1), at(9, 0, 1)], 100).unwrap();
        assert_eq!(bases(&located, 0), [10, 20, 30]);
        assert_eq!(bases(&located, 1), [40]);
        assert_eq!(located.logs[2], None);
        let keys: Vec<_> = located.segments.iter().map(|segment| &*segment.key).collect();
        assert_eq!(keys, ["s1", "s2", "s3"]);
        assert_eq!(located.logs[1].as_ref().unwrap().extents[0].segment, 2);
    }

    #[test]
    fn bounds_and_limits_stop_the_search() {
        let index = filled(100);
        let located = index.find(&[at(0, 0, 0), at(0, 40, 9), at(0, 41, 9), at(0, -1, 9)], 2).unwrap();
        assert_eq!(bases(&located, 0), [0]);
        assert!((1..4).all(|place| bases(&located, place).is_empty()));
        let located = index.find(&[at(0, 0, 1 << 40), at(1, 10, 1 << 40), at(0, 30, 1)], 2).unwrap();
        assert_eq!(
            [bases(&located, 0), bases(&located, 1), bases(&located, 2)],
            [vec![0, 10], vec![10], vec![30]]
        );
    }

    #[test]
    fn says_nothing_below_its_floor() {
        let index = filled(4);
        assert_eq!((index.len(), index.segments()), (4, 2));
        assert_eq!(bases(&index.find(&[at(0, 20, 1 << 40)], 9).unwrap(), 0), [20, 30]);
        assert_eq!(index.find(&[at(0, 20, 1), at(0, 19, 1)], 9), None);
        assert_eq!(index.find(&[at(1, 9, 1)], 9), None, "it lies below where the log was loaded");
    }

    #[test]
    fn a_removed_topic_leaves_nothing() {
        let mut index = filled(100);
        index.remove_topic(TOPIC);
        assert_eq!((index.len(), index.segments(), index.arrivals.len()), (0, 0, 0));
        index.apply(&[row(1, 40, 49)], 9, &SegmentRef { key: "late".into(), size: 1 });
        assert_eq!((index.len(), index.segments()), (0, 0));
        assert_eq!(index.find(&[at(0, 0, 1)], 1).unwrap().logs, [None]);
    }

    #[test]
    fn topics_that_go_one_by_one_are_not_each_looked_for_in_all_that_arrived() {
        let topic = |number| LogKey { topic_id: [number; 16], partition: 0 };
        let segment = SegmentRef { key: "s".into(), size: 1 };
        let mut index = ExtentIndex::new(8);
        for number in 1..=8u8 {
            index.put_log(number.into(), topic(number), 0, 0);
            index.apply(&[row(number.into(), 0, 9)], number.into(), &segment);
        }
        for number in 1..=4u8 {
            index.remove_topic([number; 16]);
            assert_eq!((index.len(), index.arrivals.len()), (8 - usize::from(number), 8));
        }
        index.apply(&[row(5, 10, 19)], 9, &segment);
        assert_eq!((index.len(), index.arrivals.len(), index.gone), (5, 8, 3), "one that is gone gave way");
        index.remove_topic([5; 16]);
        assert_eq!((index.len(), index.segments(), index.arrivals.len(), index.gone), (3, 3, 3, 0));
        assert!((6..=8u8).all(|number| index.bounds(&topic(number)) == Some((0, 10))));
        assert!(index.sorted.len() == index.logs.len() && index.keys.len() == index.logs.len());
    }

    #[test]
    fn a_trimmed_log_starts_later_and_never_earlier() {
        let mut index = filled(100);
        index.trim(&key(0), 15);
        index.trim(&key(0), 3);
        index.trim(&key(9), 3);
        assert_eq!(index.bounds(&key(0)), Some((15, 40)));
        assert_eq!((index.len(), index.segments()), (7, 4));
        let located = index.find(&[at(0, 14, 1 << 40), at(0, 15, 1 << 40)], 9).unwrap();
        assert_eq!([bases(&located, 0), bases(&located, 1)], [vec![], vec![10, 20, 30]]);
        index.trim(&key(0), 40);
        index.trim(&key(1), 20);
        assert_eq!((index.len(), index.segments()), (3, 3));
    }

    #[test]
    fn what_was_trimmed_takes_no_other_extent_along_when_it_leaves() {
        let mut index = filled(8);
        index.trim(&key(0), 20);
        assert_eq!((index.len(), index.arrivals.len()), (6, 8));
        let segment = SegmentRef { key: "s4".into(), size: 1000 };
        index.apply(&[row(1, 40, 49), row(2, 50, 59)], 4, &segment);
        assert_eq!((index.len(), index.arrivals.len()), (7, 8));
        assert_eq!(bases(&index.find(&[at(0, 20, 1 << 40)], 9).unwrap(), 0), [20, 30, 40]);
        assert_eq!(index.find(&[at(1, 19, 1)], 9), None, "the oldest one that was left");
        for number in 5..50 {
            index.apply(&[row(1, 10 * number, 10 * number + 9)], 4, &segment);
            index.trim(&key(0), 10 * number + 10);
        }
        assert_eq!((index.len(), index.arrivals.len()), (0, 8), "what comes and goes takes no room");
        assert_eq!(index.bounds(&key(0)), Some((500, 500)));
    }

    #[test]
    fn a_gap_raises_the_floor() {
        let mut index = filled(100);
        index.apply(&[row(1, 50, 59)], 9, &SegmentRef { key: "s9".into(), size: 1 });
        assert_eq!((index.len(), index.arrivals.len()), (5, 5));
        assert_eq!(index.find(&[at(0, 49, 1)], 1), None);
        assert_eq!(index.bounds(&key(0)), Some((0, 60)));
    }
}
