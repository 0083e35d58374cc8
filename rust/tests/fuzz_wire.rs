//! Mutated frames against framing, Produce and Fetch: no panic, and no more memory than a small multiple.
#![allow(unsafe_code)] // the allocator that counts
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // a test, also outside of its functions

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use skylog_core::batch::validate::TopicRules;
use skylog_core::index::{Extent, Located, LocatedLog, SegmentRef};
use skylog_core::segment::Layout;
use skylog_core::wire::assemble::{Piece, assemble, error_response, respond};
use skylog_core::wire::builder::{Builder, SharedProduce};
use skylog_core::wire::fetch::Fetch;
use skylog_core::wire::frames::{Frame, FrameBytes, Reader, Room, Rooms};
use skylog_core::wire::loaded::{Loaded, find_flaws};
use skylog_core::wire::plan::{Limits, Plan};
use skylog_core::wire::produce::Produce;
use skylog_core::wire::select::select;
use skylog_core::wire::sessions::{SessionLimits, Sessions};
use skylog_core::wire::topics::{Topic, TopicTable};

#[allow(dead_code)]
mod counting;
#[allow(dead_code)]
mod samples;

use counting::{Counting, peak};
use samples::Sample;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A small multiple: error texts and first growth of vectors are the constant.
fn allowed(frame_bytes: usize) -> usize {
    16 * frame_bytes + 64 * 1024
}

const TOPIC_ID: [u8; 16] = [7; 16];
const NOW_MS: i64 = 2_000;

fn topics() -> TopicTable {
    let rules = TopicRules {
        batch_bytes_max: 1 << 20,
        log_append_time: false,
        compacted: false,
        timestamp_before_ms_max: i64::MAX,
        timestamp_after_ms_max: i64::MAX,
    };
    let table = TopicTable::default();
    table.put(Topic { id: TOPIC_ID, name: b"t".as_slice().into(), partitions: 3, rules });
    table
}

/// Writes messages, plain or flexible, with nothing of the crate in it.
struct Put {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Put {
    fn request(api_key: i16, version: i16, flexible: bool) -> Self {
        let mut put = Self { bytes: Vec::new(), flexible };
        put.raw(&api_key.to_be_bytes())
            .raw(&version.to_be_bytes())
            .raw(&[0, 0, 0, 9, 0, 2, b'm', b'e'])
            .tags();
        put
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn size(&mut self, size: usize, plain_bytes: usize) -> &mut Self {
        if !self.flexible {
            return self.raw(&(size as u64).to_be_bytes()[8 - plain_bytes..]);
        }
        let mut rest = size + 1;
        while rest > 0x7f {
            self.bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.raw(&[rest.to_le_bytes()[0]])
    }

    fn tags(&mut self) -> &mut Self {
        if self.flexible { self.raw(&[0]) } else { self }
    }
}

/// A topic's name and its partitions with their batches.
type Produced = [(Vec<u8>, Vec<(i32, Vec<u8>)>)];
/// A topic's name and its partitions with offset and limit.
type Fetched = [(Vec<u8>, Vec<(i32, i64, i32)>)];

fn produce_frame(version: i16, acks: i16, topics: &Produced) -> Vec<u8> {
    let mut put = Put::request(0, version, version >= 9);
    let no_transaction: &[u8] = if version >= 9 { &[0] } else { &[0xff, 0xff] };
    put.raw(no_transaction).raw(&acks.to_be_bytes()).raw(&[0, 0, 3, 232]).size(topics.len(), 4);
    for (name, partitions) in topics {
        if version >= 13 {
            put.raw(&TOPIC_ID)
        } else {
            put.size(name.len(), 2).raw(name)
        };
        put.size(partitions.len(), 4);
        for (index, records) in partitions {
            put.raw(&index.to_be_bytes()).size(records.len(), 4).raw(records).tags();
        }
        put.tags();
    }
    put.tags();
    put.bytes
}

/// The number and the epoch of a fetch's session, and whether it forgets what it asks for.
type Session = (i32, i32, bool);

const NO_SESSION: Session = (0, -1, false);

fn fetch_frame(version: i16, (id, epoch, forgets): Session, topics: &Fetched) -> Vec<u8> {
    let mut put = Put::request(1, version, version >= 12);
    let replica: &[u8] = if version < 15 { &[0xff; 4] } else { &[] };
    put.raw(replica).raw(&[0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]);
    let session = [id.to_be_bytes(), epoch.to_be_bytes()].concat();
    put.raw(if version >= 7 { &session } else { &[] }).size(topics.len(), 4);
    for (name, partitions) in topics {
        if version >= 13 {
            put.raw(&TOPIC_ID)
        } else {
            put.size(name.len(), 2).raw(name)
        };
        put.size(partitions.len(), 4);
        for (index, offset, limit) in partitions {
            put.raw(&index.to_be_bytes()).raw(if version >= 9 { &[0; 4] } else { &[] });
            put.raw(&offset.to_be_bytes()).raw(if version >= 12 { &[255; 4] } else { &[] });
            put.raw(if version >= 5 { &[255; 8] } else { &[] }).raw(&limit.to_be_bytes()).tags();
        }
        put.tags();
    }
    if version >= 7 {
        put_forgotten(&mut put, version, if forgets { topics } else { &[] });
    }
    if version >= 11 {
        put.size(0, 2);
    }
    put.tags();
    put.bytes
}

fn put_forgotten(put: &mut Put, version: i16, topics: &Fetched) {
    put.size(topics.len(), 4);
    for (name, partitions) in topics {
        if version >= 13 {
            put.raw(&TOPIC_ID)
        } else {
            put.size(name.len(), 2).raw(name)
        };
        put.size(partitions.len(), 4);
        for (index, _, _) in partitions {
            put.raw(&index.to_be_bytes());
        }
        put.tags();
    }
}

fn some_batch() -> impl Strategy<Value = Vec<u8>> {
    let packed = (0u8..5, prop_oneof![Just((-1, -1, -1)), Just((5, 0, 0))])
        .prop_map(|(codec, producer)| Sample { codec, producer, ..Sample::default() }.bytes());
    prop_oneof![8 => packed, 1 => vec(any::<u8>(), 0..100), 1 => Just(Vec::new())]
}

fn some_produce() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![4 => Just(b"t".to_vec()), 1 => vec(any::<u8>(), 0..4)];
    let topics = vec((name, vec((-1i32..5, some_batch()), 0..4)), 0..4);
    (3i16..14, -1i16..3, topics).prop_map(|(version, acks, topics)| produce_frame(version, acks, &topics))
}

fn some_fetch() -> impl Strategy<Value = Vec<u8>> {
    let versions = prop_oneof![2 => 4i16..19, 1 => Just(12), 1 => Just(17)];
    let epochs = prop_oneof![2 => Just(-1), 2 => Just(0), 4 => 1i32..6, 1 => any::<i32>()];
    let session = (prop_oneof![1 => Just(0), 6 => 1i32..4], epochs, prop::bool::weighted(0.3));
    let name = prop_oneof![4 => Just(b"t".to_vec()), 1 => vec(any::<u8>(), 0..4)];
    let topics = vec((name, vec((-1i32..5, -1i64..20, any::<i32>()), 0..4)), 0..4);
    (versions, session, topics).prop_map(|(version, session, topics)| fetch_frame(version, session, &topics))
}

/// Bytes set, a stretch doubled or taken out, an end cut off.
#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Double(usize, usize),
    Remove(usize, usize),
    Cut(usize),
}

fn some_damage() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<usize>();
    let one = prop_oneof![
        8 => (place, prop_oneof![Just(0), Just(1), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()])
            .prop_map(|(place, value)| Damage::Set(place, value)),
        1 => (place, 0usize..40).prop_map(|(place, size)| Damage::Double(place, size)),
        1 => (place, 0usize..40).prop_map(|(place, size)| Damage::Remove(place, size)),
        1 => place.prop_map(Damage::Cut),
    ];
    vec(one, 0..6)
}

/// Key and version stay what they are, so that all versions stay under test.
fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for each in damage {
        let last = bytes.len() - 1;
        let stretch = |place: usize, size: usize| {
            let start = 4 + place % (last - 3);
            start..(start + size).min(bytes.len())
        };
        match *each {
            Damage::Set(place, value) => bytes[4 + place % (last - 3)] = value,
            Damage::Double(place, size) => {
                let range = stretch(place, size);
                let copy = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, copy);
            }
            Damage::Remove(place, size) => drop(bytes.drain(stretch(place, size))),
            Damage::Cut(place) => bytes.truncate(12 + place % (last - 3)),
        }
        bytes.resize(bytes.len().max(12), 0);
    }
    bytes
}

fn prefix(answer: &[u8]) -> usize {
    u32::from_be_bytes(answer[..4].try_into().unwrap()) as usize
}

/// All that a request goes through until its answer.
fn run_produce(bytes: &[u8]) {
    let (table, Ok(frame)) = (topics(), Frame::copy(bytes)) else { return };
    let (parsed, used) = peak(|| Produce::parse(frame, &table.read(), NOW_MS));
    assert!(used <= allowed(bytes.len()), "{used} bytes for a frame of {}", bytes.len());
    let Ok(mut request) = parsed else { return };
    request.check(NOW_MS);
    assert_eq!(request.unchecked_bytes(), 0);
    let accepted = (request.accepted_count(), request.accepted_bytes());
    let (shared, mut builder) = (SharedProduce::new(request), Builder::default());
    assert!(builder.append(&shared));
    assert_eq!((builder.batches(), builder.size()), accepted);
    let inputs = builder.inputs();
    let layout = Layout::plan(&inputs, [1; 16], NOW_MS).unwrap();
    let mut written = 0;
    layout.write(&inputs, |piece| written += piece.len()).unwrap();
    assert_eq!(written, layout.size());
    let waiting = builder.into_waiting(layout.slots());
    let (answers, used) = peak(|| waiting.fail(56, Some("away")));
    assert!(used <= allowed(bytes.len()), "{used} bytes for the answer to a frame of {}", bytes.len());
    if let Some(Some(answer)) = answers.first().filter(|_| shared.lock().acks != 0) {
        assert_eq!(prefix(answer), answer.len() - 4);
    }
}

fn run_fetch(bytes: &[u8]) {
    let (table, Ok(frame)) = (topics(), Frame::copy(bytes)) else { return };
    let (parsed, used) = peak(|| Fetch::parse(&frame, &table.read()));
    assert!(used <= allowed(bytes.len()), "{used} bytes for a frame of {}", bytes.len());
    let Ok(request) = parsed else { return };
    let located = Located { logs: vec![None; request.positions.len()], segments: Vec::new() };
    let limits = Limits { response_bytes_max: 1 << 20, load_bytes_max: 1 << 20, block_bytes: 1 << 16 };
    let (answer, used) = peak(|| assemble(&Plan::new(Arc::new(request), &located, limits), &[]).copied);
    assert!(used <= allowed(bytes.len()), "{used} bytes for the answer to a frame of {}", bytes.len());
    assert_eq!(prefix(&answer), answer.len() - 4);
}

/// Requests one after another through the same sessions. What they hold of earlier requests, they hold again in
/// an answer.
fn run_sessions(frames: &[Vec<u8>]) {
    let table = topics();
    let mut sessions = Sessions::new(SessionLimits { sessions_max: 2, weight_max: 64 });
    let limits = Limits { response_bytes_max: 1 << 20, load_bytes_max: 1 << 20, block_bytes: 1 << 16 };
    let mut received = 0;
    for bytes in frames {
        received += bytes.len();
        let Ok(frame) = Frame::copy(bytes) else { continue };
        let Ok(request) = Fetch::parse(&frame, &table.read()) else { continue };
        let request = Arc::new(request);
        let (answer, used) = peak(|| {
            if let Some(code) = sessions.begin(&request, &table.read(), NOW_MS) {
                return error_response(&request, code);
            }
            let asked = sessions.look(&request, &table.read(), NOW_MS);
            let located = Located { logs: vec![None; asked.positions.len()], segments: Vec::new() };
            let plan = Plan::new(asked, &located, limits);
            let selected = select(&plan, &[]);
            match sessions.answer(&plan.request, &selected.outcomes(&plan), &table.read(), NOW_MS, 2) {
                Ok(id) => respond(&plan, &[], &selected, id).copied,
                Err(code) => error_response(&request, code),
            }
        });
        assert!(used <= allowed(received), "{used} bytes after frames of {received}");
        assert_eq!(prefix(&answer), answer.len() - 4);
        assert!(sessions.len() <= 2 && sessions.weight() <= 64);
    }
}

/// Rooms for tests: plain vectors.
struct Vectors;

struct VectorRoom {
    bytes: Vec<u8>,
    missing: usize,
}

impl Room for VectorRoom {
    fn missing(&self) -> usize {
        self.missing
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.missing -= bytes.len();
        self.bytes.extend_from_slice(bytes);
    }

    fn finish(self) -> FrameBytes {
        FrameBytes::Large(Arc::new(self.bytes))
    }
}

impl Rooms for Vectors {
    type Room = VectorRoom;

    fn open(&self, size: usize) -> VectorRoom {
        VectorRoom { bytes: Vec::new(), missing: size }
    }
}

proptest! {
    #[test]
    fn produce_takes_any_damage(frame in some_produce(), damage in some_damage()) {
        run_produce(&damaged(frame, &damage));
    }

    #[test]
    fn fetch_takes_any_damage(frame in some_fetch(), damage in some_damage()) {
        run_fetch(&damaged(frame, &damage));
    }

    #[test]
    fn sessions_take_any_damage(
        frames in vec((some_fetch(), prop_oneof![2 => Just(Vec::new()), 1 => some_damage()]), 1..12),
    ) {
        run_sessions(&frames.into_iter().map(|(frame, damage)| damaged(frame, &damage)).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_at_all(
        key in any::<bool>(), version in 3i16..19, body in vec(any::<u8>(), 0..600),
    ) {
        let mut frame = Put::request(0, version, false).bytes;
        frame.extend(body);
        if key { run_produce(&frame) } else { run_fetch(&frame) }
    }

    #[test]
    fn framing_does_not_depend_on_the_pieces(
        bodies in vec(prop_oneof![4 => 0usize..40, 1 => 0usize..70_000], 0..8), steps in vec(1usize..30_000, 1..20),
    ) {
        let frames: Vec<_> = bodies.iter().map(|&size| {
            let mut frame = Put::request(3, 1, false).bytes;
            frame.resize(frame.len() + size, 5);
            frame
        }).collect();
        let stream: Vec<u8> = frames.iter().flat_map(|frame| {
            [&u32::try_from(frame.len()).unwrap().to_be_bytes(), &frame[..]].concat()
        }).collect();
        let (mut reader, mut whole, mut rest) = (Reader::new(Vectors, 100_000), Vec::new(), &stream[..]);
        for step in steps.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(rest.len().min(*step));
            reader.take(now, &mut whole).unwrap();
            rest = later;
        }
        prop_assert_eq!(reader.pending(), 0);
        prop_assert_eq!(whole.iter().map(|frame| frame.bytes.to_vec()).collect::<Vec<_>>(), frames);
    }

    #[test]
    fn framing_takes_any_bytes(stream in vec(any::<u8>(), 0..400), step in 1usize..50) {
        let (mut reader, mut whole) = (Reader::new(Vectors, 10_000), Vec::new());
        let result = stream.chunks(step).try_for_each(|bytes| reader.take(bytes, &mut whole));
        prop_assert!(result.is_err() || reader.pending() <= stream.len());
    }

    /// Whatever index and store say, a response is well formed and holds batches that were asked for.
    #[test]
    fn assembly_takes_any_extents(
        batches in vec((1usize..4, 0usize..3), 1..5),
        damage in vec((any::<usize>(), any::<u8>()), 0..4),
        extents in vec((-2i64..12, -2i64..12, 0u64..3, 0u64..600, 0u64..600, -1i64..2), 0..6),
        true_extent in any::<bool>(),
        offset in -1i64..12,
        limits in (0u64..2_000, 0u64..2_000),
        version in 4i16..19,
        missing in any::<bool>(),
        (is_verified, block_bits) in (any::<bool>(), 0u32..20),
    ) {
        let mut segment: Vec<u8> = batches.iter().flat_map(|&(records, size)| {
            let record = samples::SampleRecord { value: Some(vec![1; 30_000 * size]), ..Default::default() };
            Sample { records: vec![record; records], ..Sample::default() }.bytes()
        }).collect();
        let size = segment.len();
        for (place, value) in damage {
            segment[place % size] = value;
        }
        let count: usize = batches.iter().map(|(records, _)| records).sum();
        let mut found: Vec<_> = extents.iter().map(|&(base_offset, last_offset, segment, position, size, time)| {
            Extent { base_offset, last_offset, segment, position, size, append_time_ms: time }
        }).collect();
        if true_extent {
            let last_offset = i64::try_from(count).unwrap() - 1;
            let whole = Extent {
                base_offset: 0, last_offset, segment: 0, position: 0, size: size as u64, append_time_ms: -1,
            };
            found.insert(0, whole);
        }
        let frame = Frame::copy(&fetch_frame(version, NO_SESSION, &[(b"t".to_vec(), vec![(1, offset, 100_000)])])).unwrap();
        let request = Arc::new(Fetch::parse(&frame, &topics().read()).unwrap());
        let log = LocatedLog { log_start_offset: 0, high_watermark: 12, extents: found };
        let part = SegmentRef { key: "k".into(), size: size as u64 };
        let located = Located { logs: vec![Some(log)], segments: vec![part.clone(), part] };
        let limits = Limits {
            response_bytes_max: limits.0 * 100, load_bytes_max: limits.1 * 100, block_bytes: 1 << block_bits,
        };
        let plan = Plan::new(request, &located, limits);
        let segments: Vec<_> = plan.windows.iter().enumerate().map(|(index, window)| {
            let end = usize::try_from(window.end).unwrap().min(size);
            let start = usize::try_from(window.start).unwrap().min(end);
            let loaded = Loaded { bytes: &segment[start..end], position: start as u64, is_verified };
            (index == 0 || !missing).then_some(loaded)
        }).collect();
        let flaws = find_flaws(&plan, &segments);
        prop_assert!(flaws.iter().all(|flaw| !is_verified && segments[flaw.segment].is_some()));
        let response = assemble(&plan, &segments);
        let pieces: usize = response.pieces.iter().map(|piece| match piece {
            Piece::Copied(place) => response.copied[place.clone()].len(),
            Piece::Body { segment, place } => segments[*segment].unwrap().bytes[place.clone()].len(),
        }).sum();
        prop_assert_eq!(prefix(&response.copied), pieces - 4);
    }
}

/// The cheapest entries that a frame can be crowded with.
#[test]
fn crowded_frames_cost_a_small_multiple() {
    for count in [100, 10_000, 100_000] {
        for version in [3, 8, 9, 13] {
            run_produce(&produce_frame(version, -1, &vec![(Vec::new(), Vec::new()); count]));
            run_produce(&produce_frame(version, -1, &[(b"t".to_vec(), vec![(0, Vec::new()); count])]));
            run_produce(&produce_frame(
                version,
                5,
                &vec![(b"t".to_vec(), vec![(0, Vec::new()); 3]); count / 4],
            ));
        }
        for version in [4, 7, 12, 13, 18] {
            run_fetch(&fetch_frame(version, NO_SESSION, &vec![(Vec::new(), Vec::new()); count]));
            run_fetch(&fetch_frame(version, NO_SESSION, &[(b"t".to_vec(), vec![(0, 0, 0); count])]));
            run_fetch(&fetch_frame(
                version,
                NO_SESSION,
                &vec![(b"t".to_vec(), vec![(7, 0, 0); 3]); count / 4],
            ));
        }
    }
}

#[test]
fn more_topics_and_partitions_than_anyone_needs_are_refused() {
    let (table, many) = (topics(), 1 << 18);
    for (topics, partitions, good) in [(1, many - 1, true), (1, many + 1, false), (many + 1, 0, false)] {
        let frame = produce_frame(9, -1, &vec![(b"t".to_vec(), vec![(0, Vec::new()); partitions]); topics]);
        assert_eq!(Produce::parse(Frame::copy(&frame).unwrap(), &table.read(), NOW_MS).is_ok(), good);
        let frame = fetch_frame(12, NO_SESSION, &vec![(b"t".to_vec(), vec![(0, 0, 0); partitions]); topics]);
        assert_eq!(Fetch::parse(&Frame::copy(&frame).unwrap(), &table.read()).is_ok(), good);
    }
}

/// Topics without partitions take three bytes each: no more may be asked of what is left.
#[test]
fn the_smallest_topics_are_not_taken_for_missing_bytes() {
    let table = topics();
    for version in 3..14 {
        let frame = produce_frame(version, -1, &vec![(Vec::new(), Vec::new()); 50]);
        assert!(
            Produce::parse(Frame::copy(&frame).unwrap(), &table.read(), NOW_MS).is_ok(),
            "Produce v{version}"
        );
    }
    for version in 4..19 {
        let frame = fetch_frame(version, NO_SESSION, &vec![(Vec::new(), Vec::new()); 50]);
        assert!(Fetch::parse(&Frame::copy(&frame).unwrap(), &table.read()).is_ok(), "Fetch v{version}");
    }
}

/// What the other tests damage is taken whole, in every version.
#[test]
fn undamaged_frames_are_accepted() {
    let table = topics();
    let batch = Sample::default().bytes();
    for version in 3..14 {
        let frame =
            produce_frame(version, -1, &[(b"t".to_vec(), vec![(0, batch.clone()), (2, batch.clone())])]);
        let request = Produce::parse(Frame::copy(&frame).unwrap(), &table.read(), NOW_MS).unwrap();
        assert_eq!(request.accepted_count(), 2, "Produce v{version}");
    }
    for version in 4..19 {
        let frame = fetch_frame(version, NO_SESSION, &[(b"t".to_vec(), vec![(0, 3, 9), (2, 4, 9)])]);
        let request = Fetch::parse(&Frame::copy(&frame).unwrap(), &table.read()).unwrap();
        assert_eq!(
            request.positions.iter().map(|p| p.offset).collect::<Vec<_>>(),
            [3, 4],
            "Fetch v{version}"
        );
    }
}
