use std::collections::BTreeMap;

use super::*;
use crate::batch::validate::TopicRules;
use crate::wire::fetch::{Asked, EPOCH_FINAL, EPOCH_INITIAL, Forgotten, TopicPart, judge};
use crate::wire::session::SWEEP_MS;
use crate::wire::topics::{Topic, TopicTable};

mod model;

const PARTITIONS: i32 = 6;
const LIMITS: SessionLimits = SessionLimits { sessions_max: 3, weight_max: 100 };

fn put_topic(table: &TopicTable, id: u8, name: &str) {
    let rules = TopicRules {
        batch_bytes_max: 1,
        log_append_time: false,
        compacted: false,
        timestamp_before_ms_max: 0,
        timestamp_after_ms_max: 0,
    };
    table.put(Topic { id: [id; 16], name: name.as_bytes().into(), partitions: PARTITIONS, rules });
}

fn table() -> TopicTable {
    let table = TopicTable::default();
    put_topic(&table, 1, "a");
    put_topic(&table, 2, "b");
    table
}

/// A request by name for (topic, partition, offset), as the parser makes it.
fn request(
    table: &TopicTable,
    session_id: i32,
    session_epoch: i32,
    asked: &[(&str, i32, i64)],
) -> Arc<Fetch> {
    let mut request = Fetch {
        version: 12,
        correlation_id: 1,
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 1000,
        isolation_level: 0,
        session_id,
        session_epoch,
        code: codes::NONE,
        names: Vec::new(),
        topics: Vec::new(),
        parts: Vec::new(),
        positions: Vec::new(),
        forgotten: Forgotten::default(),
        told: None,
    };
    for (name, partition, offset) in asked {
        let topic = add_name(&mut request, name);
        let asked = Asked { offset: *offset, bytes_max: 100, leader_epoch: -1 };
        let fate = judge(table.read().by_name(name.as_bytes()).map(|topic| &**topic), false, *partition, -1);
        request.add_part(*partition, asked, &fate);
        let partitions_end = u32::try_from(request.parts.len()).unwrap();
        request.topics.push(TopicPart { partitions_end, ..topic });
    }
    Arc::new(request)
}

fn add_name(request: &mut Fetch, name: &str) -> TopicPart {
    let start = u32::try_from(request.names.len()).unwrap();
    request.names.extend_from_slice(name.as_bytes());
    TopicPart { name: start..u32::try_from(request.names.len()).unwrap(), partitions_end: 0 }
}

fn forgetting(mut request: Arc<Fetch>, forgotten: &[(&str, i32)]) -> Arc<Fetch> {
    let changed = Arc::make_mut(&mut request);
    for (name, partition) in forgotten {
        let topic = add_name(changed, name);
        changed.forgotten.partitions.push(*partition);
        let partitions_end = u32::try_from(changed.forgotten.partitions.len()).unwrap();
        changed.forgotten.topics.push(TopicPart { partitions_end, ..topic });
    }
    request
}

fn log(topic: u8, partition: i32) -> LogKey {
    LogKey { topic_id: [topic; 16], partition }
}

/// Logs as (log start offset, high watermark).
type Logs = BTreeMap<LogKey, (i64, i64)>;
/// What a client knows: code, log start offset, high watermark.
type View = BTreeMap<(String, i32), (Code, i64, i64)>;
/// The partitions of an answer, and whether they have records.
type Answered = Vec<(String, i32, bool)>;
/// The session's number with them.
type Served = Result<(i32, Answered), Code>;

fn outcome(request: &Fetch, index: usize, logs: &Logs, room: &mut usize) -> Outcome {
    let part = &request.parts[index];
    let error = |code| Outcome { code, high_watermark: -1, log_start_offset: -1, size: 0 };
    let Some(position) = Some(part).filter(|part| part.code == codes::NONE) else { return error(part.code) };
    let key = request.positions[position.position as usize].key;
    let Some((start, end)) = logs.get(&key).copied() else { return error(codes::UNKNOWN_TOPIC_OR_PARTITION) };
    if !(start..=end).contains(&part.asked.offset) {
        return error(codes::OFFSET_OUT_OF_RANGE);
    }
    let has_records = part.asked.offset < end && *room > 0;
    *room -= usize::from(has_records);
    let size = usize::from(has_records);
    Outcome { code: codes::NONE, high_watermark: end, log_start_offset: start, size }
}

fn names(request: &Fetch) -> Vec<(String, i32)> {
    let named = |(name, parts): (&[u8], &[crate::wire::fetch::Part])| {
        let name = String::from_utf8(name.to_vec()).unwrap();
        parts.iter().map(|part| (name.clone(), part.index)).collect::<Vec<_>>()
    };
    request.by_topic().flat_map(named).collect()
}

/// Looks, plans with room for the records of so many partitions, answers.
fn serve(
    sessions: &mut Sessions,
    table: &TopicTable,
    logs: &Logs,
    request: &Arc<Fetch>,
    mut room: usize,
    view: &mut View,
    (now_ms, seed): (i64, u32),
) -> Served {
    let asked = sessions.look(request, &table.read(), now_ms);
    let outcomes: Vec<_> =
        (0..asked.parts.len()).map(|index| outcome(&asked, index, logs, &mut room)).collect();
    let id = sessions.answer(&asked, &outcomes, &table.read(), now_ms, seed)?;
    let mut answered = Vec::new();
    for (index, (name, outcome)) in names(&asked).into_iter().zip(&outcomes).enumerate() {
        if asked.told.as_ref().is_none_or(|told| outcome.is_news(&told[index])) {
            view.insert(name.clone(), (outcome.code, outcome.log_start_offset, outcome.high_watermark));
            answered.push((name.0, name.1, outcome.size > 0));
        }
    }
    Ok((id, answered))
}

struct World {
    sessions: Sessions,
    table: TopicTable,
    logs: Logs,
    view: View,
    seed: u32,
}

impl World {
    fn new(limits: SessionLimits) -> Self {
        let logs = (1..3).flat_map(|topic| (0..PARTITIONS).map(move |p| (log(topic, p), (0, 0)))).collect();
        Self { sessions: Sessions::new(limits), table: table(), logs, view: View::new(), seed: 99 }
    }

    fn open(&mut self, asked: &[(&str, i32, i64)], now_ms: i64) -> i32 {
        let request = request(&self.table, 0, EPOCH_INITIAL, asked);
        assert_eq!(self.sessions.begin(&request, &self.table.read(), now_ms), None);
        self.answer(&request, now_ms).unwrap().0
    }

    fn answer(&mut self, request: &Arc<Fetch>, now_ms: i64) -> Served {
        serve(&mut self.sessions, &self.table, &self.logs, request, 2, &mut self.view, (now_ms, self.seed))
    }

    fn go_on(&mut self, request: &Arc<Fetch>, now_ms: i64) -> Result<Answered, Code> {
        let refused = self.sessions.begin(request, &self.table.read(), now_ms);
        match refused {
            Some(code) => Err(code),
            None => self.answer(request, now_ms).map(|(_, answered)| answered),
        }
    }

    fn next(&mut self, id: i32, epoch: i32) -> Result<Answered, Code> {
        self.go_on(&request(&self.table, id, epoch, &[]), 0)
    }

    fn append(&mut self, key: LogKey) -> Vec<u64> {
        self.logs.get_mut(&key).unwrap().1 += 1;
        self.sessions.wake([key].into_iter())
    }
}

#[test]
fn only_news_is_looked_at_and_answered() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0), ("a", 1, 0), ("b", 0, 0)], 0);
    assert!(id > 0);
    assert_eq!(world.next(id, 1), Ok(vec![]));
    assert_eq!(world.sessions.held[&id].session.due(), 0);
    world.append(log(1, 1));
    world.append(log(2, 5));
    assert_eq!(world.sessions.held[&id].session.due(), 1);
    assert_eq!(world.next(id, 2), Ok(vec![("a".into(), 1, true)]));
    assert_eq!(world.next(id, 3), Ok(vec![("a".into(), 1, true)]), "it was not read yet");
    let read = request(&world.table, id, 4, &[("a", 1, 1)]);
    assert_eq!(world.go_on(&read, 0), Ok(vec![]));
    assert_eq!(world.sessions.held[&id].session.due(), 0);
}

#[test]
fn what_gave_records_goes_to_the_end() {
    let mut world = World::new(LIMITS);
    (0..5).for_each(|partition| drop(world.append(log(1, partition))));
    let asked: Vec<_> = (0..5).map(|partition| ("a", partition, 0)).collect();
    let id = world.open(&asked, 0);
    let with_records = |answered: Answered| -> Vec<i32> {
        answered.into_iter().filter(|(_, _, has_records)| *has_records).map(|part| part.1).collect()
    };
    let found: Vec<_> = (1..6).map(|epoch| with_records(world.next(id, epoch).unwrap())).collect();
    assert_eq!(found, [[2, 3], [4, 0], [1, 2], [3, 4], [0, 1]]);
}

#[test]
fn what_is_committed_while_an_answer_is_prepared_is_not_lost() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0)], 0);
    assert_eq!(world.next(id, 1), Ok(vec![]));
    let request = request(&world.table, id, 2, &[]);
    assert_eq!(world.sessions.begin(&request, &world.table.read(), 0), None);
    world.sessions.wake([log(1, 0)].into_iter());
    let asked = world.sessions.look(&request, &world.table.read(), 0);
    let mut room = 9;
    let outcomes = [outcome(&asked, 0, &world.logs, &mut room)];
    world.append(log(1, 0));
    assert_eq!(world.sessions.answer(&asked, &outcomes, &world.table.read(), 0, 0), Ok(id));
    assert_eq!(world.next(id, 3), Ok(vec![("a".into(), 0, true)]));
}

#[test]
fn what_is_committed_before_a_session_stands_is_not_lost() {
    let mut world = World::new(LIMITS);
    let request = request(&world.table, 0, EPOCH_INITIAL, &[("a", 0, 0)]);
    let asked = world.sessions.look(&request, &world.table.read(), 0);
    let mut room = 9;
    let outcomes = [outcome(&asked, 0, &world.logs, &mut room)];
    world.append(log(1, 0));
    let id = world.sessions.answer(&asked, &outcomes, &world.table.read(), 0, 5).unwrap();
    assert_eq!(world.next(id, 1), Ok(vec![("a".into(), 0, true)]));
}

#[test]
fn what_nobody_told_of_is_found_by_the_next_sweep() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0)], 0);
    assert_eq!(world.next(id, 1), Ok(vec![]));
    world.logs.insert(log(1, 0), (0, 3));
    assert_eq!(world.next(id, 2), Ok(vec![]));
    let request = request(&world.table, id, 3, &[]);
    assert_eq!(world.go_on(&request, SWEEP_MS), Ok(vec![("a".into(), 0, true)]));
}

#[test]
fn sessions_are_refused_as_kafka_does() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0)], 0);
    assert_eq!(world.next(id, 1), Ok(vec![]));
    assert_eq!(world.next(id, 1), Err(codes::INVALID_FETCH_SESSION_EPOCH));
    assert_eq!(world.next(id, -2), Err(codes::INVALID_FETCH_SESSION_EPOCH));
    assert_eq!(world.next(id + 1, -2), Err(codes::FETCH_SESSION_ID_NOT_FOUND));
    let mut by_id = request(&world.table, id, 2, &[]);
    Arc::make_mut(&mut by_id).version = 13;
    assert_eq!(world.go_on(&by_id, 0), Err(codes::FETCH_SESSION_TOPIC_ID_ERROR));
    assert_eq!(world.next(id, 2), Ok(vec![]), "an error does not move it on");
    let closing = request(&world.table, id, EPOCH_FINAL, &[("a", 0, 0)]);
    assert_eq!(world.sessions.begin(&closing, &world.table.read(), 0), None);
    assert_eq!(world.answer(&closing, 0), Ok((0, vec![("a".into(), 0, false)])));
    assert!(world.sessions.is_empty() && world.sessions.watchers.is_empty());
    assert_eq!(world.next(id, 3), Err(codes::FETCH_SESSION_ID_NOT_FOUND));
}

#[test]
fn a_session_of_no_partitions_ends_when_nothing_is_added() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[], 0);
    assert_eq!(world.next(id, 1), Err(codes::NONE));
    let id = world.open(&[], 0);
    let adding = request(&world.table, id, 1, &[("a", 0, 0)]);
    assert_eq!(world.go_on(&adding, 0), Ok(vec![("a".into(), 0, false)]));
    let forgetting = forgetting(request(&world.table, id, 2, &[]), &[("a", 0), ("a", 9), ("zz", 1)]);
    assert_eq!(world.go_on(&forgetting, 0), Err(codes::NONE));
    assert!(world.sessions.is_empty() && world.sessions.watchers.is_empty());
    assert_eq!(world.sessions.weight(), 0);
}

#[test]
fn the_epoch_after_the_last_is_the_first() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0)], 0);
    let held = world.sessions.held.get_mut(&id).unwrap();
    while held.session.epoch() < 3 {
        held.session.advance();
    }
    assert_eq!((next_epoch(i32::MAX), next_epoch(i32::MAX - 1)), (1, i32::MAX));
    assert_eq!(world.next(id, 3), Ok(vec![]));
}

#[test]
fn a_later_fetch_of_the_session_ends_the_one_that_waits() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0)], 0);
    let first = request(&world.table, id, 1, &[]);
    assert_eq!(world.sessions.begin(&first, &world.table.read(), 0), None);
    assert!(world.sessions.park(1, &first));
    let second = request(&world.table, id, 2, &[]);
    assert_eq!(world.sessions.begin(&second, &world.table.read(), 0), None);
    assert!(world.sessions.park(2, &second));
    assert_eq!(world.append(log(2, 0)), [1], "whatever it is that is committed");
    assert_eq!(world.answer(&first, 0), Err(codes::INVALID_FETCH_SESSION_EPOCH));
    world.sessions.leave(1);
    assert_eq!(world.append(log(1, 0)), [2]);
    assert_eq!(world.answer(&second, 0), Ok((id, vec![("a".into(), 0, true)])));
    world.sessions.leave(2);
    assert!(world.append(log(1, 0)).is_empty() && world.sessions.parked.is_empty());
}

#[test]
fn a_parked_fetch_whose_session_is_closed_is_woken_by_the_next_commit() {
    let mut world = World::new(LIMITS);
    let id = world.open(&[("a", 0, 0)], 0);
    let waiting = request(&world.table, id, 1, &[]);
    assert_eq!(world.sessions.begin(&waiting, &world.table.read(), 0), None);
    assert!(world.sessions.park(7, &waiting));
    let closing = request(&world.table, id, EPOCH_FINAL, &[]);
    assert_eq!(world.sessions.begin(&closing, &world.table.read(), 0), None);
    assert_eq!(world.append(log(1, 0)), [7]);
    assert_eq!(world.answer(&waiting, 0), Err(codes::FETCH_SESSION_ID_NOT_FOUND));
    world.sessions.leave(7);
    assert!(world.append(log(1, 0)).is_empty());
}

#[test]
fn who_is_idle_goes_first_then_who_is_smaller_and_old() {
    let mut world = World::new(LIMITS);
    let (one, two) = ([("a", 0, 0)], [("a", 0, 0), ("a", 1, 0)]);
    let (small, large) = (world.open(&one, 0), world.open(&two, 0));
    let third = world.open(&two, 1);
    assert_eq!(world.open(&two, 2), 0, "all are young");
    let touch = |world: &mut World, id, epoch, now_ms| {
        let request = request(&world.table, id, epoch, &[]);
        world.go_on(&request, now_ms).map(drop)
    };
    let later = EVICTION_MS + 1;
    for (id, epoch) in [(small, 1), (large, 1), (third, 1)] {
        touch(&mut world, id, epoch, later).unwrap();
    }
    assert_eq!(world.open(&one, later), 0, "none is smaller");
    world.seed = 1001; // or it would get the number of the one that goes
    let fourth = world.open(&two, later);
    assert!(fourth > 0, "the small one goes");
    assert_eq!(touch(&mut world, small, 2, later), Err(codes::FETCH_SESSION_ID_NOT_FOUND));
    touch(&mut world, large, 2, later + 5).unwrap();
    let idle = later + EVICTION_MS;
    assert_eq!(world.open(&one, idle), 0, "nobody is idle for so long yet");
    assert!(world.open(&one, idle + 1) > 0, "the third is");
    assert_eq!(touch(&mut world, third, 2, idle + 1), Err(codes::FETCH_SESSION_ID_NOT_FOUND));
    assert_eq!(world.sessions.len(), 3);
}

#[test]
fn partitions_of_all_sessions_are_bounded() {
    let mut world = World::new(SessionLimits { sessions_max: 100, weight_max: 6 });
    let id = world.open(&[("a", 0, 0), ("a", 1, 0)], 0);
    assert_eq!(world.open(&[("a", 0, 0), ("a", 1, 0), ("b", 0, 0)], 0), 0);
    let growing = request(&world.table, id, 1, &[("a", 2, 0), ("a", 3, 0), ("a", 4, 0)]);
    assert!(world.go_on(&growing, 0).is_ok());
    assert_eq!(world.sessions.weight(), 6);
    let growing = request(&world.table, id, 2, &[("a", 5, 0)]);
    assert_eq!(world.go_on(&growing, 0), Err(codes::FETCH_SESSION_ID_NOT_FOUND));
    assert!(world.sessions.is_empty() && world.sessions.watchers.is_empty());
    let long = "n".repeat(250);
    assert_eq!(world.open(&[("a", 0, 0), (&long, 0, 0)], 0), 0, "no topic has such a name");
    assert!(world.sessions.watchers.is_empty());
}

#[test]
fn numbers_are_never_given_twice() {
    let mut world = World::new(LIMITS);
    let ids: Vec<_> = (0..3).map(|_| world.open(&[("a", 0, 0)], 0)).collect();
    assert_eq!(ids, [49, 50, 51]);
    assert_eq!((world.sessions.unused_id(0), world.sessions.unused_id(u32::MAX)), (1, i32::MAX));
}
