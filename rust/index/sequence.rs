//! Giving offsets at commit: order, idempotence and log append time, decided without a database.
//!
//! The rules are those of Kafka's producer state manager: a log remembers, for each producer, its epoch and its
//! last five batches; see [`ProducerState`].

use std::collections::HashMap;

use super::extent::{BatchOutcome, CommitOutcome};
use super::producer::ProducerState;
use crate::error::{Error, Result};
use crate::segment::{Sealed, SealedBatch, SealedLog};

/// A log as its database row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogState {
    /// The row's number.
    pub log_no: i64,
    /// The first offset that can be read.
    pub log_start_offset: i64,
    /// The offset that the next record gets.
    pub next_offset: i64,
    /// The highest time of all its records so far, -1 for none.
    pub running_max_timestamp: i64,
    /// The time of its last commit, -1 for none.
    pub last_append_ms: i64,
}

/// An extent as its database row wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the columns'
pub struct ExtentRow {
    pub log_no: i64,
    pub base_offset: i64,
    pub last_offset: i64,
    pub position: i64,
    pub size: i64,
    pub max_timestamp: i64,
    pub running_max_timestamp: i64,
    pub append_time_ms: i64,
}

/// A producer's state in one log after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerRow {
    /// The log's number.
    pub log_no: i64,
    /// The producer.
    pub producer_id: i64,
    /// What to remember of it.
    pub state: ProducerState,
    /// When it was last heard of.
    pub last_ms: i64,
}

/// What one commit writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// What became of each batch.
    pub outcome: CommitOutcome,
    /// One for each run of accepted batches.
    pub extents: Vec<ExtentRow>,
    /// The logs that grew, as they are now.
    pub logs: Vec<LogState>,
    /// The producers that moved.
    pub producers: Vec<ProducerRow>,
}

/// The distinct (index of the log, producer id) of a segment's idempotent batches, in order of appearance.
pub fn distinct_producers(sealed: &Sealed) -> Vec<(usize, i64)> {
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (index, log) in sealed.logs.iter().enumerate() {
        for batch in batches_of(sealed, log) {
            if batch.producer_id >= 0 && seen.insert((index, batch.producer_id)) {
                found.push((index, batch.producer_id));
            }
        }
    }
    found
}

/// Decides the offsets of all batches of a segment and refuses those that Kafka would refuse.
///
/// `logs` stand as `sealed.logs`, None for one that is gone; `producers` as [`distinct_producers`], None where
/// nothing is remembered.
pub fn sequence(
    sealed: &Sealed,
    logs: &[Option<LogState>],
    producers: Vec<Option<ProducerState>>,
    now_ms: i64,
) -> Result<Sequenced> {
    expect_count("logs of a commit", sealed.logs.len(), logs.len())?;
    let keys = distinct_producers(sealed);
    expect_count("producers of a commit", keys.len(), producers.len())?;
    let mut work = Work::new(sealed, &keys, producers, now_ms);
    for (index, (log, state)) in sealed.logs.iter().zip(logs).enumerate() {
        match state {
            Some(state) => work.append_log(index, log, batches_of(sealed, log), *state)?,
            None => work.skip_log(log),
        }
    }
    Ok(work.finish(&keys, logs))
}

fn batches_of<'a>(sealed: &'a Sealed, log: &SealedLog) -> &'a [SealedBatch] {
    sealed.batches.get(log.batches.clone()).unwrap_or_default()
}

fn expect_count(what: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let found = i64::try_from(found).unwrap_or(i64::MAX);
    Err(Error::Invalid { what, position: 0, expected: "one entry for each of the segment's", found })
}

struct Producer {
    state: Option<ProducerState>,
    moved: bool,
}

struct Work {
    producers: HashMap<(usize, i64), Producer>,
    now_ms: i64,
    outcome: CommitOutcome,
    extents: Vec<ExtentRow>,
    logs: Vec<LogState>,
}

impl Work {
    fn new(sealed: &Sealed, keys: &[(usize, i64)], states: Vec<Option<ProducerState>>, now_ms: i64) -> Self {
        let entries = states.into_iter().map(|state| Producer { state, moved: false });
        Self {
            producers: keys.iter().copied().zip(entries).collect(),
            now_ms,
            outcome: CommitOutcome {
                batches: Vec::with_capacity(sealed.batches.len()),
                log_start_offsets: Vec::with_capacity(sealed.logs.len()),
                append_times_ms: Vec::with_capacity(sealed.logs.len()),
                append_time_ms: now_ms,
            },
            extents: Vec::with_capacity(sealed.logs.len()),
            logs: Vec::with_capacity(sealed.logs.len()),
        }
    }

    fn skip_log(&mut self, log: &SealedLog) {
        self.outcome.batches.extend(log.batches.clone().map(|_| BatchOutcome::UnknownLog));
        self.outcome.log_start_offsets.push(-1);
        self.outcome.append_times_ms.push(-1);
    }

    fn append_log(
        &mut self,
        index: usize,
        log: &SealedLog,
        batches: &[SealedBatch],
        state: LogState,
    ) -> Result<()> {
        let append_ms = self.now_ms.max(state.last_append_ms);
        let append_time_ms = if log.log_append_time { append_ms } else { -1 };
        let mut tail = Tail::new(state, append_time_ms);
        for batch in batches {
            let outcome = self.judge(index, batch, tail.state.next_offset);
            if matches!(outcome, BatchOutcome::Appended { .. }) {
                tail.append(batch)?;
            } else {
                tail.end_run();
            }
            self.outcome.batches.push(outcome);
        }
        self.outcome.log_start_offsets.push(state.log_start_offset);
        self.outcome.append_times_ms.push(append_time_ms);
        if let Some(grown) = tail.finish(&mut self.extents) {
            self.logs.push(LogState { last_append_ms: append_ms, ..grown });
        }
        Ok(())
    }

    fn judge(&mut self, index: usize, batch: &SealedBatch, next_offset: i64) -> BatchOutcome {
        let Some(producer) = self.producers.get_mut(&(index, batch.producer_id)) else {
            return BatchOutcome::Appended { base_offset: next_offset };
        };
        let state = producer.state.get_or_insert_with(|| ProducerState::unknown(batch.producer_epoch));
        let outcome = state.append(batch, next_offset);
        producer.moved |= matches!(outcome, BatchOutcome::Appended { .. });
        outcome
    }

    fn finish(mut self, keys: &[(usize, i64)], logs: &[Option<LogState>]) -> Sequenced {
        let mut rows = Vec::with_capacity(keys.len());
        for &(index, producer_id) in keys {
            let Some(producer) = self.producers.remove(&(index, producer_id)) else { continue };
            if let (true, Some(state), Some(log)) = (producer.moved, producer.state, logs[index]) {
                rows.push(ProducerRow { log_no: log.log_no, producer_id, state, last_ms: self.now_ms });
            }
        }
        Sequenced { outcome: self.outcome, extents: self.extents, logs: self.logs, producers: rows }
    }
}

/// The end of one log while batches are put behind it.
struct Tail {
    state: LogState,
    append_time_ms: i64,
    run: Option<ExtentRow>,
    closed: Vec<ExtentRow>,
}

impl Tail {
    fn new(state: LogState, append_time_ms: i64) -> Self {
        Self { state, append_time_ms, run: None, closed: Vec::new() }
    }

    fn append(&mut self, batch: &SealedBatch) -> Result<()> {
        let base_offset = self.state.next_offset;
        let next_offset = base_offset.checked_add(i64::from(batch.record_count)).ok_or(Error::Invalid {
            what: "next_offset",
            position: 0,
            expected: "room for more records in a log",
            found: base_offset,
        })?;
        let position = batch.position.cast_signed();
        if self.run.is_some_and(|run| run.position + run.size != position) {
            self.end_run();
        }
        let timestamp = if self.append_time_ms >= 0 { self.append_time_ms } else { batch.max_timestamp };
        self.state.running_max_timestamp = self.state.running_max_timestamp.max(timestamp);
        self.state.next_offset = next_offset;
        let run = self.run.get_or_insert(ExtentRow {
            log_no: self.state.log_no,
            base_offset,
            last_offset: base_offset,
            position,
            size: 0,
            max_timestamp: timestamp,
            running_max_timestamp: 0,
            append_time_ms: self.append_time_ms,
        });
        run.last_offset = next_offset - 1;
        run.size += i64::from(batch.size);
        run.max_timestamp = run.max_timestamp.max(timestamp);
        run.running_max_timestamp = self.state.running_max_timestamp;
        Ok(())
    }

    fn end_run(&mut self) {
        self.closed.extend(self.run.take());
    }

    /// Hands over the extents; the log's new state if there are any.
    fn finish(mut self, extents: &mut Vec<ExtentRow>) -> Option<LogState> {
        self.end_run();
        let grown = !self.closed.is_empty();
        extents.append(&mut self.closed);
        grown.then_some(self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::LogKey;

    fn batch(position: u64, records: i32, timestamp: i64, producer: i64, sequence: i32) -> SealedBatch {
        SealedBatch {
            position,
            size: 100,
            record_count: records,
            max_timestamp: timestamp,
            producer_id: producer,
            producer_epoch: if producer < 0 { -1 } else { 0 },
            base_sequence: sequence,
        }
    }

    fn sealed(batches: Vec<SealedBatch>, log_append_time: bool) -> Sealed {
        let key = LogKey { topic_id: [1; 16], partition: 0 };
        Sealed { logs: vec![SealedLog { key, log_append_time, batches: 0..batches.len() }], batches }
    }

    fn log(next_offset: i64, running_max_timestamp: i64, last_append_ms: i64) -> Option<LogState> {
        Some(LogState { log_no: 9, log_start_offset: 2, next_offset, running_max_timestamp, last_append_ms })
    }

    #[test]
    fn adjacent_batches_make_one_extent() -> Result<()> {
        let segment = sealed(vec![batch(64, 3, 50, -1, -1), batch(164, 2, 40, -1, -1)], false);
        let done = sequence(&segment, &[log(10, 45, 7)], vec![], 100)?;
        let wanted = ExtentRow {
            log_no: 9,
            base_offset: 10,
            last_offset: 14,
            position: 64,
            size: 200,
            max_timestamp: 50,
            running_max_timestamp: 50,
            append_time_ms: -1,
        };
        assert_eq!(done.extents, [wanted]);
        assert_eq!(done.logs, [log(15, 50, 100).unwrap()]);
        assert_eq!(done.outcome.log_start_offsets, [2]);
        Ok(())
    }

    #[test]
    fn a_refused_batch_splits_the_run() -> Result<()> {
        let batches = vec![
            batch(0, 1, 5, 7, 0),
            batch(100, 1, 9, 7, 5),
            batch(200, 1, 3, 7, 1),
            batch(300, 1, 4, -1, -1),
        ];
        let done = sequence(&sealed(batches, false), &[log(0, -1, -1)], vec![None], 1)?;
        let runs: Vec<_> =
            done.extents.iter().map(|e| (e.position, e.size, e.base_offset, e.last_offset)).collect();
        assert_eq!(runs, [(0, 100, 0, 0), (200, 200, 1, 2)]);
        assert_eq!(done.outcome.batches[1], BatchOutcome::OutOfOrderSequence);
        assert_eq!(done.extents[1].max_timestamp, 4);
        assert_eq!(done.extents[1].running_max_timestamp, 5);
        assert_eq!(done.producers.len(), 1);
        Ok(())
    }

    #[test]
    fn append_time_never_goes_back() -> Result<()> {
        let done = sequence(&sealed(vec![batch(0, 1, 5, -1, -1)], true), &[log(0, 300, 300)], vec![], 200)?;
        assert_eq!(done.outcome.append_times_ms, [300]);
        assert_eq!((done.extents[0].append_time_ms, done.extents[0].max_timestamp), (300, 300));
        assert_eq!(done.logs[0].last_append_ms, 300);
        Ok(())
    }

    #[test]
    fn a_log_that_is_gone_takes_nothing() -> Result<()> {
        let done = sequence(&sealed(vec![batch(0, 1, 5, 7, 0)], true), &[None], vec![None], 200)?;
        assert_eq!(done.outcome.batches, [BatchOutcome::UnknownLog]);
        assert_eq!(done.outcome.log_start_offsets, [-1]);
        assert!(done.extents.is_empty() && done.logs.is_empty() && done.producers.is_empty());
        Ok(())
    }

    #[test]
    fn answers_of_the_wrong_length_are_refused() {
        let segment = sealed(vec![batch(0, 1, 5, 7, 0)], false);
        assert!(sequence(&segment, &[], vec![None], 0).is_err());
        assert!(sequence(&segment, &[None], vec![], 0).is_err());
        let full = sealed(vec![batch(0, 1, 5, -1, -1)], false);
        assert!(sequence(&full, &[log(i64::MAX, 0, 0)], vec![], 0).is_err());
    }
}
