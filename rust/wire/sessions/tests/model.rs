//! A client that applies a session's answers, beside full fetches of the same partitions.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Append(u8, i32),
    Trim(u8, i32),
    Delete(u8),
    Create(u8),
    /// Partitions asked for from an offset, partitions forgotten, room for records.
    Fetch(Vec<(bool, i32, i64)>, Vec<(bool, i32)>, usize),
    /// A fetch that is looked at and given up.
    GiveUp,
}

fn some_event() -> impl Strategy<Value = Event> {
    let log = (1u8..3, 0..PARTITIONS);
    let asked = proptest::collection::vec((any::<bool>(), -1..PARTITIONS + 1, -1i64..4), 0..4);
    let forgotten = proptest::collection::vec((any::<bool>(), -1..PARTITIONS + 1), 0..3);
    prop_oneof![
        4 => log.clone().prop_map(|(topic, partition)| Event::Append(topic, partition)),
        1 => log.prop_map(|(topic, partition)| Event::Trim(topic, partition)),
        1 => (1u8..3).prop_map(Event::Delete),
        2 => (1u8..3).prop_map(Event::Create),
        6 => (asked, forgotten, 0usize..4).prop_map(|(a, f, room)| Event::Fetch(a, f, room)),
        1 => Just(Event::GiveUp),
    ]
}

fn name_of(first: bool) -> &'static str {
    if first { "a" } else { "b" }
}

proptest! {
    /// Whatever happens, a client that applies the answers knows what a full fetch would tell it.
    #[test]
    fn a_client_of_a_session_knows_what_a_full_fetch_would_say(
        events in proptest::collection::vec(some_event(), 1..60),
    ) {
        let mut world = World::new(SessionLimits { sessions_max: 1, weight_max: 100 });
        let mut held: BTreeMap<(String, i32), i64> = BTreeMap::new();
        held.insert(("a".into(), 0), 0);
        let (id, mut epoch, mut generation) = (world.open(&[("a", 0, 0)], 0), 1, [1u8, 2]);
        for event in events {
            match event {
                Event::Append(topic, partition) => {
                    let key = log(generation[usize::from(topic) - 1], partition);
                    if world.logs.contains_key(&key) {
                        world.append(key);
                    }
                }
                Event::Trim(topic, partition) => {
                    let key = log(generation[usize::from(topic) - 1], partition);
                    if let Some(bounds) = world.logs.get_mut(&key) {
                        bounds.0 = bounds.1;
                    }
                    world.sessions.wake_topic(key.topic_id);
                }
                Event::Delete(topic) => {
                    let identity = [generation[usize::from(topic) - 1]; 16];
                    world.logs.retain(|key, _| key.topic_id != identity);
                    world.table.remove(&identity);
                    world.sessions.wake_topic(identity);
                }
                Event::Create(topic) => {
                    let index = usize::from(topic) - 1;
                    if world.table.read().by_id(&[generation[index]; 16]).is_none() {
                        generation[index] += 2;
                        put_topic(&world.table, generation[index], name_of(topic == 1));
                        world.logs.extend((0..PARTITIONS).map(|p| (log(generation[index], p), (0, 0))));
                    }
                }
                Event::GiveUp => {
                    let request = request(&world.table, id, epoch, &[]);
                    if world.sessions.begin(&request, &world.table.read(), 0).is_none() {
                        world.sessions.look(&request, &world.table.read(), 0);
                    }
                    epoch += 1;
                }
                Event::Fetch(asked, forgotten, room) => {
                    let asked: Vec<_> = asked.into_iter().map(|(a, p, at)| (name_of(a), p, at)).collect();
                    let forgotten: Vec<_> = forgotten.into_iter().map(|(a, p)| (name_of(a), p)).collect();
                    let request = forgetting(request(&world.table, id, epoch, &asked), &forgotten);
                    held.extend(asked.iter().map(|(name, p, at)| (((*name).to_owned(), *p), *at)));
                    for (name, partition) in forgotten {
                        held.remove(&(name.to_owned(), partition));
                        world.view.remove(&(name.to_owned(), partition));
                    }
                    let code = world.sessions.begin(&request, &world.table.read(), 0);
                    if held.is_empty() {
                        prop_assert_eq!(code, Some(codes::NONE));
                        prop_assert!(world.sessions.watchers.is_empty());
                        return Ok(());
                    }
                    prop_assert_eq!(code, None);
                    epoch += 1;
                    let World { sessions, table, logs, view, .. } = &mut world;
                    let answered = serve(sessions, table, logs, &request, room, view, (0, 99)).unwrap().1;
                    let wanted: Vec<_> = held.iter().map(|((name, p), at)| (&**name, *p, *at)).collect();
                    let full = super::request(table, 0, EPOCH_FINAL, &wanted);
                    let mut known = View::new();
                    let all = serve(sessions, table, logs, &full, usize::MAX, &mut known, (0, 99)).unwrap().1;
                    prop_assert_eq!(&*view, &known);
                    let full_of = all.iter().filter(|part| part.2).count();
                    prop_assert_eq!(answered.iter().filter(|part| part.2).count(), full_of.min(room));
                    let held = &sessions.held[&id].session;
                    let behind = known.iter().filter(|(name, (code, _, end))| {
                        *code != codes::NONE || wanted.iter().any(|w| (w.0, w.1) == (&*name.0, name.1) && w.2 < *end)
                    });
                    prop_assert_eq!(held.due(), behind.count(), "nothing at rest is looked at");
                }
            }
        }
    }
}
