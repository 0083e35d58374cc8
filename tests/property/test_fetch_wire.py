"""Fetch on the wire: a foreign codec's requests are understood, two read the answers, limits are KIP-74's."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.protocol.consumer.fetch import FetchResponse as KafkaFetchResponse
from kafka.record.memory_records import MemoryRecords
from wire_logs import Log, Logs, offsets
from wire_samples import (
    FETCH_VERSIONS,
    NOW_MS,
    TOPIC_IDS,
    as_frame,
    build_batch,
    fetch_message,
    mutate,
    read_response,
    topic_id,
    topic_table,
)

from skylog.core import (
    FetchPlan,
    FetchRequest,
    Located,
    WaitList,
    parse_fetch,
)
from skylog.errors import InvalidRequest

TOPICS = topic_table()
BIG = 1 << 30


def parse(message: bytes) -> FetchRequest:
    return parse_fetch(as_frame(message), TOPICS)


def one(version: int = 12, offset: int = 0, **fields: Any) -> FetchRequest:
    return parse(fetch_message(version, [("plain", [{"partition": 0, "fetch_offset": offset}])], **fields))


def read(buffers: Sequence[bytes | memoryview], version: int) -> Any:
    """Return a response as kafka-python reads it, once kio has agreed."""
    by_kafka, by_kio = read_response(b"".join(buffers), KafkaFetchResponse, "fetch", version)
    for mine, other in zip(by_kafka.responses, by_kio.responses, strict=True):
        assert (mine.topic_id.bytes == other.topic_id.bytes) if version >= 13 else (mine.topic == other.topic)
        for part, same in zip(mine.partitions, other.partitions, strict=True):
            assert (part.partition_index, part.error_code) == (same.partition_index, same.error_code.value)
            assert (part.high_watermark, bytes(part.records)) == (same.high_watermark, bytes(same.records))
            assert part.last_stable_offset == same.last_stable_offset == part.high_watermark
            assert list(part.aborted_transactions) == list(same.aborted_transactions) == []
    return by_kafka


def partitions(response: Any) -> list[Any]:
    return [part for topic in response.responses for part in topic.partitions]


def small_logs() -> Logs:
    logs = Logs()
    logs.commit([(("plain", 0), build_batch([b"v"] * 2), 2), (("plain", 1), build_batch([b"w"]), 1)])
    logs.commit([(("stamped", 0), build_batch([b"s"] * 3), 3), (("plain", 0), build_batch([b"x"] * 3), 3)])
    return logs


def serve(logs: Logs, request: FetchRequest, wanted: Sequence[tuple[Log, int]], version: int) -> Any:
    plan = FetchPlan(request, logs.locate(wanted), BIG, BIG)
    return read(plan.assemble(logs.load(plan)), version)


@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_fields_are_understood(version: int) -> None:
    topics = [
        ("stamped", [{"partition": 3, "fetch_offset": 5, "partition_max_bytes": 99}]),
        ("absent", [{"partition": 0, "fetch_offset": 0}]),
        (
            "plain",
            [{"partition": p, "fetch_offset": 2**40, "partition_max_bytes": 2**31 - 1} for p in (0, 4, 1)],
        ),
    ]
    request = parse(
        fetch_message(
            version,
            topics,
            forgotten=[("plain", [1, 2, 3])] if version >= 7 else [],
            isolation_level=1,
            min_bytes=3,
            max_bytes=1000,
            rack_id="rack" if version >= 11 else "",
            session_epoch=0 if version >= 7 else -1,
        )
    )
    assert (request.max_wait_ms, request.min_bytes, request.max_bytes) == (500, 3, 1000)
    assert (request.isolation_level, request.partitions) == (1, 5)
    assert (request.session_id, request.session_epoch) == (0, 0 if version >= 7 else -1)
    plain, stamped = TOPIC_IDS["plain"], TOPIC_IDS["stamped"]
    assert request.positions.rows() == [(stamped, 3, 5, 99), (plain, 0, 2**40, 1000), (plain, 1, 2**40, 1000)]


@pytest.mark.parametrize("version", FETCH_VERSIONS)
@pytest.mark.parametrize(("session_id", "epoch", "kept"), [(0, -1, 0), (77, 0, 0), (77, 5, 77)])
def test_a_throttled_answer_holds_nothing_else_and_keeps_a_session(
    version: int, session_id: int, epoch: int, kept: int
) -> None:
    fields = {"session_id": session_id, "session_epoch": epoch} if version >= 7 else {}
    request = parse(fetch_message(version, [("plain", [{"partition": 0, "fetch_offset": 1}])], **fields))
    answer, _ = read_response(request.throttled_response(1234), KafkaFetchResponse, "fetch", version)
    assert (answer.throttle_time_ms, list(answer.responses)) == (1234, [])
    if version >= 7:
        assert (answer.error_code, answer.session_id) == (0, kept)


@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_each_partition_gets_its_own_answer(version: int) -> None:
    logs = small_logs()
    topics = [
        ("plain", [{"partition": 0, "fetch_offset": 1}, {"partition": 9, "fetch_offset": 0}]),
        ("absent", [{"partition": 0, "fetch_offset": 0}]),
        ("stamped", [{"partition": 0, "fetch_offset": 0}, {"partition": 1, "fetch_offset": 1}]),
        ("plain", [{"partition": 1, "fetch_offset": 1}]),
    ]
    wanted = [(("plain", 0), 1), (("stamped", 0), 0), (("stamped", 1), 1), (("plain", 1), 1)]
    response = serve(logs, parse(fetch_message(version, topics)), wanted, version)
    assert [(p.partition_index, p.error_code, p.high_watermark) for p in partitions(response)] == [
        (0, 0, 5),
        (9, 3, -1),
        (0, 100 if version >= 13 else 3, -1),
        (0, 0, 3),
        (1, 1, -1),
        (1, 0, 1),
    ]
    assert [offsets(part.records) for part in partitions(response)] == [
        [0, 1, 2, 3, 4],
        [],
        [],
        [0, 1, 2],
        [],
        [],
    ]
    if version >= 7:
        assert (response.error_code, response.session_id) == (0, 0)
    if version >= 11:
        assert {part.preferred_read_replica for part in partitions(response)} == {-1}


def test_log_append_time_is_stamped_with_a_checksum_that_holds() -> None:
    request = parse(fetch_message(12, [("stamped", [{"partition": 0, "fetch_offset": 0}])]))
    (part,) = partitions(serve(small_logs(), request, [(("stamped", 0), 0)], 12))
    batch = MemoryRecords(bytes(part.records)).next_batch()
    assert batch.validate_crc()
    assert (batch.timestamp_type, batch.max_timestamp) == (1, NOW_MS)


def test_heads_carry_offset_and_epoch_and_nothing_else_changes() -> None:
    logs = small_logs()
    (part,) = partitions(serve(logs, one(), [(("plain", 0), 0)], 12))
    expected = b""
    for base, _, batch in logs.batches["plain", 0]:
        expected += struct.pack(">q", base) + batch[8:12] + bytes(4) + batch[16:]
    assert bytes(part.records) == expected


@pytest.mark.parametrize("size", [100, 20_000, 33_000, 90_000])
def test_bodies_of_any_size_arrive(size: int) -> None:
    logs = Logs()
    batches = [build_batch([bytes([n]) * size]) for n in range(5)]
    logs.commit([(("plain", 0), batch, 1) for batch in batches])
    plan = FetchPlan(one(), logs.locate([(("plain", 0), 0)]), BIG, BIG)
    buffers = plan.assemble(logs.load(plan))
    (part,) = partitions(read(buffers, 12))
    assert offsets(part.records) == list(range(5))
    assert all(batch[61:] in bytes(part.records) for batch in batches)
    assert (len(buffers) == 1) == (size < 32_000)


@pytest.mark.parametrize(
    ("epoch", "code"), [(-1, 0), (0, 0), (1, 75), (2**31 - 1, 75), (-2, 74), (-(2**31), 74)]
)
def test_leader_epochs(epoch: int, code: int) -> None:
    message = fetch_message(
        9, [("plain", [{"partition": 0, "fetch_offset": 0, "current_leader_epoch": epoch}])]
    )
    request, logs = parse(message), small_logs()
    wanted = [(("plain", 0), 0)] if code == 0 else []
    (part,) = partitions(serve(logs, request, wanted, 9))
    assert part.error_code == code
    assert bool(part.records) == (code == 0)


@pytest.mark.parametrize(("offset", "code"), [(-1, 1), (1, 1), (2, 0), (5, 0), (6, 1), (2**63 - 1, 1)])
def test_offsets_out_of_range(offset: int, code: int) -> None:
    logs, request = small_logs(), one(offset=offset, min_bytes=1)
    plan = FetchPlan(request, logs.locate([(("plain", 0), offset)], log_start=2), BIG, BIG)
    (part,) = partitions(read(plan.assemble(logs.load(plan)), 12))
    assert part.error_code == code
    assert plan.must_answer == (offset != 5)
    assert (plan.available_bytes > 0) == (offset == 2)


def test_what_no_session_took_up_is_not_served() -> None:
    for session, epoch in ((0, 1), (7, 1), (7, 100), (7, -2)):
        request = one(session_id=session, session_epoch=epoch)
        plan = FetchPlan(request, small_logs().locate([(("plain", 0), 0)]), BIG, BIG)
        assert plan.must_answer
        assert plan.windows == []
        response = read(plan.assemble([]), 12)
        assert (response.error_code, response.session_id, response.responses) == (70, 0, [])
    for session, epoch in ((0, -1), (0, 0), (7, -1), (7, 0)):
        response = serve(small_logs(), one(session_id=session, session_epoch=epoch), [(("plain", 0), 0)], 12)
        assert (response.error_code, response.session_id) == (0, 0)


@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_error_responses(version: int) -> None:
    request = parse(
        fetch_message(version, [("plain", [{"partition": p, "fetch_offset": 0} for p in (0, 3)])])
    )
    response = read([request.error_response(-1)], version)
    if version >= 7:
        assert (response.error_code, response.responses) == (-1, [])
    else:
        assert [(part.partition_index, part.error_code) for part in partitions(response)] == [
            (0, -1),
            (3, -1),
        ]


def test_a_fetch_waits_only_for_bytes_that_can_come() -> None:
    logs = small_logs()
    size = sum(len(batch) for _, _, batch in logs.batches["plain", 0])

    def must_answer(**fields: Any) -> bool:
        return FetchPlan(one(**fields), logs.locate([(("plain", 0), 0)]), BIG, BIG).must_answer

    assert must_answer(min_bytes=0)
    assert must_answer(min_bytes=-1)
    assert must_answer(min_bytes=size)
    assert not must_answer(min_bytes=size + 1)
    assert must_answer(min_bytes=size + 1, max_bytes=size)
    assert FetchPlan(parse(fetch_message(12, [])), logs.locate([]), BIG, BIG).must_answer
    gone = Located.from_rows([None], [], [])
    assert FetchPlan(one(min_bytes=9), gone, BIG, BIG).must_answer
    assert partitions(read(FetchPlan(one(), gone, BIG, BIG).assemble([]), 12))[0].error_code == 3


def test_what_is_loaded_is_bounded_but_for_the_first_segment() -> None:
    logs = Logs()
    for _ in range(4):
        logs.commit([(("plain", 0), build_batch([bytes(1000)]), 1)])
    sizes = [len(segment) for segment in logs.segments]
    located = logs.locate([(("plain", 0), 0)])
    for load, count in ((0, 1), (sizes[0], 1), (sum(sizes[:3]), 3), (sum(sizes[:3]) - 1, 2), (BIG, 4)):
        plan = FetchPlan(one(), located, BIG, load)
        assert [window[:2] for window in plan.windows] == [(str(n), sizes[n]) for n in range(count)]
        (part,) = partitions(read(plan.assemble(logs.load(plan)), 12))
        assert offsets(part.records) == list(range(count))


LOGS = [("plain", 0), ("plain", 1), ("stamped", 0), ("stamped", 2)]


@settings(deadline=None)
@given(
    segments=st.lists(
        st.lists(
            st.tuples(st.sampled_from(LOGS), st.integers(1, 3), st.sampled_from([10, 500, 33_000])),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    ),
    asked=st.lists(st.tuples(st.sampled_from(LOGS), st.floats(0, 1), st.integers(-1, 100_000)), max_size=5),
    max_bytes=st.integers(-1, 200_000),
    response_bytes_max=st.integers(0, 200_000),
    version=st.sampled_from(FETCH_VERSIONS),
)
def test_limits_are_kept(
    segments: list[list[tuple[Log, int, int]]],
    asked: list[tuple[Log, float, int]],
    max_bytes: int,
    response_bytes_max: int,
    version: int,
) -> None:
    """Against a naive reading of KIP-74: request order, whole batches, the first one whatever its size."""
    logs = Logs()
    for batches in segments:
        logs.commit([(log, build_batch([bytes(size)] * count), count) for log, count, size in batches])
    wanted = [(log, round(place * logs.ends.get(log, 0))) for log, place, _ in asked]
    topics = [
        (log[0], [{"partition": log[1], "fetch_offset": offset, "partition_max_bytes": limit}])
        for (log, offset), (_, _, limit) in zip(wanted, asked, strict=True)
    ]
    request = parse(fetch_message(version, topics, max_bytes=max_bytes))
    plan = FetchPlan(request, logs.locate(wanted), response_bytes_max, BIG)
    assert len({window[0] for window in plan.windows}) == len(plan.windows)
    response = read(plan.assemble(logs.load(plan)), version)
    left, sent = min(max(max_bytes, 0), response_bytes_max), 0
    for part, (log, offset), (_, _, limit) in zip(partitions(response), wanted, asked, strict=True):
        whole = [len(batch) for _, last, batch in logs.batches.get(log, []) if last >= offset]
        most = longest(whole, min(max(limit, 0), max(left - sent, 0)), free_first=sent == 0)
        assert len(part.records) <= most
        if sent == 0 and whole:
            assert len(part.records) >= whole[0]
        sent += len(part.records)
        bases = [base for base, last, _ in logs.batches.get(log, []) if last >= offset]
        found = offsets(part.records)
        assert found == list(range(bases[0], bases[0] + len(found))) if found else True
    assert sent <= plan.available_bytes


def longest(sizes: list[int], limit: int, *, free_first: bool) -> int:
    taken = 0
    for size in sizes:
        if taken + size > limit and not (free_first and taken == 0):
            break
        taken += size
    return taken


def test_a_fetch_fills_its_limit() -> None:
    """The test above says no more than the limit; this one that it is not less than it could be."""
    logs = Logs()
    for _ in range(3):
        logs.commit([(("plain", p), build_batch([bytes(1000)]), 1) for p in (0, 1, 0, 1)])
    size = len(logs.batches["plain", 0][0][2])
    asked = [{"partition": p, "fetch_offset": 0, "partition_max_bytes": 4 * size} for p in (1, 0)]
    request = parse(fetch_message(12, [("plain", asked)], max_bytes=7 * size + 5))
    parts = partitions(serve(logs, request, [(("plain", 1), 0), (("plain", 0), 0)], 12))
    assert [len(part.records) for part in parts] == [4 * size, 3 * size]


def test_a_segment_that_cannot_be_read() -> None:
    logs = small_logs()
    wanted = [(("plain", 0), 0), (("stamped", 0), 0)]
    topics = [(log[0], [{"partition": log[1], "fetch_offset": 0}]) for log, _ in wanted]
    plan = FetchPlan(parse(fetch_message(12, topics)), logs.locate(wanted), BIG, BIG)
    assert [window[0] for window in plan.windows] == ["0", "1"]
    plain, stamped = partitions(read(plan.assemble([(logs.segments[0], 0, True), None]), 12))
    assert (plain.error_code, offsets(plain.records)) == (0, [0, 1])
    assert (stamped.error_code, stamped.high_watermark, bytes(stamped.records)) == (56, -1, b"")
    plain, stamped = partitions(read(plan.assemble([None, (logs.segments[1], 0, True)]), 12))
    assert (plain.error_code, bytes(plain.records)) == (56, b"")
    assert (stamped.error_code, offsets(stamped.records)) == (0, [0, 1, 2])


def test_segments_and_positions_of_another_plan_are_refused() -> None:
    logs = small_logs()
    plan = FetchPlan(one(), logs.locate([(("plain", 0), 0)]), BIG, BIG)
    with pytest.raises(ValueError, match="another plan"):
        plan.assemble([])
    with pytest.raises(ValueError, match="another request"):
        FetchPlan(one(), logs.locate([]), BIG, BIG)


@settings(max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 1 << 16),
)
def test_a_damaged_segment_spoils_only_its_partitions(changes: list[tuple[int, int]], cut: int) -> None:
    logs = small_logs()
    damaged = bytearray(logs.segments[1])
    for place, value in changes:
        damaged[place % len(damaged)] = value
    if cut % 3 == 0:
        damaged = damaged[: cut % len(damaged)]
    logs.segments[1] = bytes(damaged)
    wanted = [(("plain", 1), 0), (("plain", 0), 0), (("stamped", 0), 0)]
    topics = [(log[0], [{"partition": log[1], "fetch_offset": 0}]) for log, _ in wanted]
    plan = FetchPlan(parse(fetch_message(12, topics)), logs.locate(wanted), BIG, BIG)
    whole, spoilt, stamped = partitions(read(plan.assemble(logs.load(plan)), 12))
    assert offsets(whole.records) == [0]
    assert spoilt.error_code == 0
    assert struct.unpack_from(">q", bytes(spoilt.records))[0] == 0
    assert stamped.error_code in (0, 56)


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 255)), max_size=3),
    size=st.sampled_from([10, 33_000]),
)
def test_of_bytes_not_verified_nothing_that_was_changed_is_delivered(
    changes: list[tuple[int, int]], size: int
) -> None:
    logs = Logs()
    logs.commit([(("plain", p), build_batch([bytes([n]) * size]), 1) for n in range(3) for p in (0, 1)])
    damaged = bytearray(logs.segments[0])
    for place, value in changes:
        damaged[place % len(damaged)] ^= value
    wanted = [(("plain", 1), 0), (("plain", 0), 1)]
    topics = [("plain", [{"partition": p, "fetch_offset": offset} for (_, p), offset in wanted])]
    plan = FetchPlan(parse(fetch_message(12, topics)), logs.locate(wanted), BIG, BIG)
    ((_, _, start, length),) = plan.windows
    part = (memoryview(bytes(damaged))[start : start + length], start, False)
    flaws = plan.find_flaws([part])
    found = partitions(read(plan.assemble([part]), 12))
    complete = True
    for answer, (log, offset) in zip(found, wanted, strict=True):
        batches = [(base, batch) for base, last, batch in logs.batches[log] if last >= offset]
        expected = [struct.pack(">q", base) + batch[8:12] + bytes(4) + batch[16:] for base, batch in batches]
        records = bytes(answer.records)
        assert b"".join(expected).startswith(records)
        assert any(records == b"".join(expected[:count]) for count in range(len(expected) + 1))
        assert answer.error_code == (0 if records else 56)
        complete &= len(records) == sum(map(len, expected))
    assert complete or flaws
    assert all(index == 0 and "position" in what for index, what in flaws)
    if part[0] == logs.segments[0][start : start + length]:
        assert complete
        assert not flaws


def test_what_is_wanted_of_a_segment_is_the_hull_of_its_extents() -> None:
    logs = Logs()
    logs.commit([(("plain", p), build_batch([bytes(1000)]), 1) for p in (0, 1, 2)])
    size = len(logs.batches["plain", 0][0][2])
    for asked, window in (([1], (size, size)), ([2, 0], (0, 3 * size)), ([1, 2], (size, 2 * size))):
        wanted = [(("plain", p), 0) for p in asked]
        topics = [("plain", [{"partition": p, "fetch_offset": 0} for p in asked])]
        plan = FetchPlan(parse(fetch_message(12, topics)), logs.locate(wanted), BIG, BIG)
        ((key, object_size, position, length),) = plan.windows
        assert (key, object_size, position - 40, length) == ("0", len(logs.segments[0]), *window)
        assert plan.ends == [(TOPIC_IDS["plain"], p, 0, 1) for p in asked]
        assert logs.locate(wanted).windows() == plan.windows


def test_of_large_objects_only_the_blocks_that_are_touched_count_against_what_may_be_read() -> None:
    logs = Logs()
    for _ in range(4):
        logs.commit([(("plain", p), build_batch([bytes(1000)]), 1) for p in range(4)])
    located = logs.locate([(("plain", 0), 0)])
    for block, load, count in ((1024, 4096, 2), (1024, 8192, 4), (512, 512, 1), (1 << 20, 8192, 1)):
        assert len(FetchPlan(one(), located, BIG, load, block).windows) == count, (block, load)


def test_a_buffer_that_may_change_is_refused() -> None:
    logs = small_logs()
    plan = FetchPlan(one(), logs.locate([(("plain", 0), 0)]), BIG, BIG)
    parts = [(bytearray(part[0]), part[1], True) for part in logs.load(plan) if part]
    with pytest.raises(ValueError, match="read-only"):
        plan.assemble(parts)


WHOLE = [
    fetch_message(
        version,
        [
            ("plain", [{"partition": 0, "fetch_offset": 1}]),
            ("stamped", [{"partition": 2, "fetch_offset": 0}]),
        ],
        forgotten=[("plain", [1, 2])] if version >= 7 else [],
    )
    for version in FETCH_VERSIONS
]


@settings(max_examples=300)
@given(
    message=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6),
    end=st.integers(0, 1 << 16),
)
def test_mutated_requests_are_refused_or_answered(
    message: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    mutated = mutate(message, changes, end)
    try:
        request = parse(mutated)
    except InvalidRequest:
        return
    logs, names = small_logs(), {identity: name for name, identity in TOPIC_IDS.items()}
    wanted = [((names[row[0]], row[1]), row[2]) for row in request.positions.rows()]
    plan = FetchPlan(request, logs.locate(wanted), BIG, BIG)
    answer = b"".join(plan.assemble(logs.load(plan)))
    assert struct.unpack_from(">i", answer)[0] == len(answer) - 4


def test_counts_are_not_believed() -> None:
    head = fetch_message(4, [])[:-4]
    for count in (2**31 - 1, 2**24, -1, -2):
        with pytest.raises(InvalidRequest, match="topics"):
            parse(head + struct.pack(">i", count) + bytes(100))


@pytest.mark.parametrize("version", [-1, 0, 3, 19])
def test_versions_that_are_not_served(version: int) -> None:
    message = bytearray(fetch_message(9, []))
    message[2:4] = struct.pack(">h", version)
    with pytest.raises(InvalidRequest, match="version"):
        parse(bytes(message))


def test_tags_are_passed_over() -> None:
    """What followers and newer versions add: cluster id, replica state, directory id, watermark."""
    plain = fetch_message(17, [("plain", [{"partition": 0, "fetch_offset": 1}])])
    tags = b"\x02\x00\x03abc\x07\x00"
    header = 10 + len("a client")
    # After the partition's limit: its tags, the topic's, nothing forgotten, no rack, the request's tags.
    assert plain.endswith(b"\x00\x10\x00\x00" + b"\x00\x00\x01\x01\x00")
    message = plain[:header] + tags + plain[header + 1 : -5] + tags + tags + b"\x01\x01" + tags
    assert parse(message).positions.rows() == [(topic_id("plain"), 0, 1, 1 << 20)]


def test_commits_wake_who_waits_for_them() -> None:
    logs, waits = Logs(), WaitList()
    waits.park(1, one())
    waits.park(
        2, parse(fetch_message(12, [("stamped", [{"partition": p, "fetch_offset": 0} for p in (0, 1)])]))
    )
    waits.park(3, parse(fetch_message(12, [("absent", [{"partition": 0, "fetch_offset": 0}])])))
    assert len(waits) == 3
    both = logs.commit([(("plain", 0), build_batch([b"x"]), 1), (("stamped", 1), build_batch([b"x"]), 1)])
    other = logs.commit([(("plain", 1), build_batch([b"x"]), 1)])
    assert (waits.wake(both), waits.wake(other)) == ([1, 2], [])
    assert waits.wake_topic(TOPIC_IDS["stamped"]) == [2]
    waits.remove(1)
    assert (waits.wake(both), len(waits)) == ([2], 2)
