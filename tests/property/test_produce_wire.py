"""Produce on the wire: what two foreign codecs write is understood, what we answer is read by both."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_produce import codes, commit, parse, read, seal
from wire_samples import (
    NOW_MS,
    PRODUCE_VERSIONS,
    TOPIC_IDS,
    build_batch,
    mutate,
    produce_message,
)

from skylog.core import ProduceRequest, SegmentBuilder, sequence
from skylog.errors import InvalidRequest

BATCH = build_batch([b"value"])
BROKEN = BATCH[:-1] + b"?"

Answers = dict[tuple[str, int], tuple[int, int]]


@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_a_throttle_stands_in_the_answer_whenever_it_is_written(version: int) -> None:
    good, bad = (parse(produce_message(version, [("plain", [(0, batch)])])) for batch in (BATCH, BROKEN))
    for request in (good, bad):
        request.throttle(2**31 - 1)
    (committed,) = commit(seal(good))
    for response in (committed, bad.response()):
        read(response, version, throttle_time_ms=2**31 - 1)


@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_each_partition_gets_its_own_answer(version: int) -> None:
    topics = [("plain", [(2, BATCH), (0, BROKEN), (1, None), (4, BATCH), (3, b"")]), ("absent", [(0, BATCH)])]
    request = parse(produce_message(version, topics))
    assert (request.acks, request.timeout_ms, request.transactional_id) == (-1, 1500, None)
    assert (request.accepted, request.accepted_bytes, request.unchecked_bytes) == (1, len(BATCH), 0)
    (response,) = commit(seal(request))
    unknown = 100 if version >= 13 else 3
    assert codes(response, version) == [
        [(2, 0, 100), (0, 2, -1), (1, 87, -1), (4, 3, -1), (3, 87, -1)],
        [(0, unknown, -1)],
    ]
    good, broken = read(response, version).responses[0].partition_responses[:2]
    assert good.log_append_time_ms == broken.log_append_time_ms == -1
    if version >= 5:
        assert (good.log_start_offset, broken.log_start_offset) == (7, -1)
    if version >= 8:
        assert "checksum" in broken.error_message


@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_log_append_time_is_the_commits(version: int) -> None:
    (response,) = commit(seal(parse(produce_message(version, [("stamped", [(0, BATCH)])]))))
    assert read(response, version).responses[0].partition_responses[0].log_append_time_ms == NOW_MS


POSSIBLE = {
    "good": (BATCH, 0),
    "idempotent": (build_batch([b"x"] * 3, producer=(5, 0, 0)), 0),
    "packed": (build_batch([b"y" * 100] * 9, codec=1), 0),
    "broken": (BROKEN, 2),
    "short": (BATCH[:70], 87),
    "two": (BATCH + BATCH, 87),
    "null": (None, 87),
    "keyless": (build_batch([b"x"], key=None), 0),
    "large": (build_batch([bytes(200_000)]), 10),
    "future": (build_batch([b"x"], timestamp_ms=NOW_MS + 4_000_000), 32),
}


@given(
    version=st.sampled_from(PRODUCE_VERSIONS),
    topics=st.lists(
        st.tuples(
            st.sampled_from(["plain", "stamped", "compacted", "absent"]),
            st.lists(st.tuples(st.integers(-1, 5), st.sampled_from(sorted(POSSIBLE))), max_size=5),
        ),
        max_size=4,
    ),
)
def test_any_mix_of_partitions(version: int, topics: list[tuple[str, list[tuple[int, str]]]]) -> None:
    message = produce_message(
        version, [(n, [(p, POSSIBLE[kind][0]) for p, kind in parts]) for n, parts in topics]
    )
    request = parse(message)
    expected = [[(p, expect(version, n, p, kind)) for p, kind in parts] for n, parts in topics]
    assert request.accepted == sum(code == 0 for parts in expected for _, code in parts)
    response = commit(seal(request))[0] if request.accepted else request.response()
    answered = codes(response, version)
    assert [[(p, code) for p, code, _ in parts] for parts in answered] == expected
    assert [[offset >= 100 for _, _, offset in parts] for parts in answered] == [
        [code == 0 for _, code in parts] for parts in expected
    ]


def expect(version: int, topic: str, partition: int, kind: str) -> int:
    if topic == "absent":
        return 100 if version >= 13 else 3
    if partition not in range(4):
        return 3
    if kind == "keyless" and topic == "compacted":
        return 87
    if kind == "future" and topic == "stamped":
        return 0
    return POSSIBLE[kind][1]


def test_partitions_named_twice_are_appended_in_order() -> None:
    one, two, three = (build_batch([b"v"] * count) for count in (1, 2, 3))
    request = parse(produce_message(9, [("plain", [(0, one), (0, two)]), ("plain", [(0, three)])]))
    sealed = seal(request)
    assert bytes(sealed.data).count(one + two + three) == 1
    assert codes(commit(sealed)[0], 9) == [[(0, 0, 100), (0, 0, 101)], [(0, 0, 103)]]


def test_requests_are_answered_in_order_of_append_and_packed_by_log() -> None:
    first = parse(produce_message(3, [("plain", [(0, BATCH), (1, BATCH)])]))
    second = parse(produce_message(13, [("plain", [(1, BATCH)]), ("stamped", [(0, BATCH)])]))
    builder = SegmentBuilder()
    builder.append(first)
    builder.append(second)
    assert (builder.requests, builder.batches, builder.size) == (2, 4, 4 * len(BATCH))
    sealed = builder.seal(bytes(16), NOW_MS)
    assert (builder.requests, builder.batches, builder.size) == (0, 0, 0)
    plain, stamped = TOPIC_IDS["plain"], TOPIC_IDS["stamped"]
    assert sealed.logs == [(plain, 0), (plain, 1), (stamped, 0)]
    assert (sealed.requests, sealed.batches, sealed.size) == (2, 4, len(sealed.data))
    old, new = commit(sealed)
    assert codes(old, 3) == [[(0, 0, 100), (1, 0, 100)]]
    assert codes(new, 13) == [[(1, 0, 101)], [(0, 0, 100)]]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2000)), min_size=1, max_size=4), max_size=8)
)
def test_the_segment_holds_every_batch_as_it_came(requests: list[list[tuple[int, int]]]) -> None:
    batches = [[(p, build_batch([bytes([n % 251]) * n])) for p, n in request] for request in requests]
    if not batches:
        return
    sealed = seal(*(parse(produce_message(9, [("plain", parts)])) for parts in batches))
    by_log: dict[int, bytes] = {}
    for parts in batches:
        for partition, batch in parts:
            by_log[partition] = by_log.get(partition, b"") + batch
    assert [partition for _, partition in sealed.logs] == list(by_log)
    assert b"".join(by_log.values()) in bytes(sealed.data)


def test_what_repeats_or_does_not_follow() -> None:
    def batch(sequence_number: int, epoch: int = 3) -> bytes:
        return build_batch([b"x"], producer=(9, epoch, sequence_number))

    parts = [(0, batch(0)), (0, batch(1)), (0, batch(0)), (0, batch(5)), (0, batch(0, epoch=2))]
    (response,) = commit(seal(parse(produce_message(9, [("plain", parts)]))))
    assert codes(response, 9) == [[(0, 0, 100), (0, 0, 101), (0, 0, 100), (0, 45, -1), (0, 47, -1)]]


@pytest.mark.parametrize("version", [3, 12, 13])
def test_a_log_that_went_away_before_the_commit(version: int) -> None:
    sealed = seal(parse(produce_message(version, [("plain", [(0, BATCH)])])))
    (response,) = sealed.answer(sequence(sealed, [None], [], NOW_MS).result)
    assert codes(response, version) == [[(0, 100 if version >= 13 else 3, -1)]]


@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_a_segment_that_failed_fails_what_was_accepted(version: int) -> None:
    sealed = seal(parse(produce_message(version, [("plain", [(0, BATCH), (1, BROKEN)])])))
    (response,) = sealed.fail(56, "the store is away")
    assert codes(response, version) == [[(0, 56, -1), (1, 2, -1)]]
    if version >= 8:
        assert (
            read(response, version).responses[0].partition_responses[0].error_message == "the store is away"
        )


def test_acks_0_gets_no_bytes_and_an_error_closes_the_connection() -> None:
    def request(records: bytes, **more: Any) -> ProduceRequest:
        return parse(produce_message(9, [("plain", [(0, records)])], acks=0, **more))

    assert commit(seal(request(BATCH))) == [b""]
    assert request(BROKEN).response() is None
    assert seal(request(BATCH)).fail(56) == [None]
    assert request(BATCH, transactional_id="t").response() is None


@pytest.mark.parametrize("acks", [-2, 2, 32767])
def test_acks_that_are_not(acks: int) -> None:
    request = parse(produce_message(9, [("plain", [(0, BATCH), (9, None)])], acks=acks))
    assert request.accepted == 0
    assert codes(request.response(), 9) == [[(0, 21, -1), (9, 21, -1)]]


def test_transactions_are_refused_with_words() -> None:
    whole = parse(produce_message(9, [("plain", [(0, BATCH)])], transactional_id="mine"))
    assert whole.transactional_id == "mine"
    marked = build_batch([b"x"], producer=(1, 0, 0), transactional=True)
    single = parse(produce_message(9, [("plain", [(0, marked), (1, BATCH)])]))
    assert (whole.accepted, single.accepted) == (0, 1)
    for response in (whole.response(), commit(seal(single))[0]):
        part = read(response, 9).responses[0].partition_responses[0]
        assert part.error_code == 42
        assert "transactions are not supported" in part.error_message


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_compressed_batches_are_walked_later_if_there_is_much_of_them(codec: int) -> None:
    good = build_batch([b"value" * 50] * 20, codec=codec)
    keyless = build_batch([b"value" * 50] * 20, codec=codec, key=None)
    request = parse(produce_message(9, [("compacted", [(0, good), (1, keyless), (2, BATCH)])]), inline=10)
    assert (request.accepted, request.unchecked_bytes) == (3, len(good) + len(keyless))
    with pytest.raises(ValueError, match="unchecked"):
        SegmentBuilder().append(request)
    request.check(NOW_MS)
    assert (request.accepted, request.unchecked_bytes) == (2, 0)
    assert request.accepted_bytes == len(good) + len(BATCH)
    (response,) = commit(seal(request))
    assert codes(response, 9) == [[(0, 0, 100), (1, 87, -1), (2, 0, 100)]]


def test_a_request_is_taken_once() -> None:
    request, builder = parse(produce_message(9, [("plain", [(0, BATCH)])])), SegmentBuilder()
    builder.append(request)
    with pytest.raises(ValueError, match="taken before"):
        builder.append(request)
    assert builder.requests == 1


def test_what_was_refused_is_not_held_with_what_was_accepted() -> None:
    """One good batch must not keep a large frame of refused ones in memory, where no bound counts it."""
    refused = [(1, build_batch([bytes(90_000)])[:-1]) for _ in range(50)]
    message = produce_message(9, [("plain", [*refused, (0, BATCH), *refused, (2, BATCH)])])
    builder = SegmentBuilder()
    before = resident_bytes()
    for _ in range(20):
        request = parse(message)
        assert request.accepted_bytes == 2 * len(BATCH)
        assert request.held_bytes < request.accepted_bytes + 100 * 100 + 10_000
        builder.append(request)
    assert resident_bytes() - before < 60 << 20
    sealed = builder.seal(bytes(16), NOW_MS)
    assert BATCH * 20 in bytes(sealed.data)
    assert [code for _, code, _ in codes(commit(sealed)[0], 9)[0]] == [87] * 50 + [0] + [87] * 50 + [0]


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_a_rejected_request_is_done_with() -> None:
    request = parse(produce_message(9, [("plain", [(0, BATCH), (1, BROKEN)])]))
    request.reject(7, "no room")
    assert (request.accepted, request.accepted_bytes) == (0, 0)
    assert codes(request.response(), 9) == [[(0, 7, -1), (1, 2, -1)]]


def test_released_data_is_gone_but_the_answers_are_not() -> None:
    sealed = seal(parse(produce_message(9, [("plain", [(0, BATCH)])])))
    sealed.release_data()
    with pytest.raises(ValueError, match="released"):
        _ = sealed.data
    assert codes(commit(sealed)[0], 9) == [[(0, 0, 100)]]


def test_the_result_of_another_segment_is_refused() -> None:
    one = seal(parse(produce_message(9, [("plain", [(0, BATCH)])])))
    two = seal(parse(produce_message(9, [("plain", [(0, BATCH), (1, BATCH)])])))
    with pytest.raises(ValueError, match="another segment"):
        one.answer(sequence(two, [(1, 0, 0, -1, -1)] * 2, [], NOW_MS).result)


@pytest.mark.parametrize("version", [-1, 0, 1, 2, 14, 99])
def test_versions_that_are_not_served(version: int) -> None:
    message = bytearray(produce_message(9, []))
    message[2:4] = struct.pack(">h", version)
    with pytest.raises(InvalidRequest, match="version"):
        parse(bytes(message))


def test_counts_are_not_believed() -> None:
    head = produce_message(3, [])[:-4]
    for count in (2**31 - 1, 2**24, -1, -2):
        with pytest.raises(InvalidRequest, match="topics"):
            parse(head + struct.pack(">i", count) + bytes(100))
    flexible = produce_message(9, [])[:-2]
    with pytest.raises(InvalidRequest, match="topics"):
        parse(flexible + b"\xff\xff\xff\xff\x0f" + bytes(100))


def test_tags_are_passed_over() -> None:
    tags = b"\x02\x00\x03abc\x07\x00"
    plain = produce_message(9, [("plain", [(0, BATCH)])])
    assert plain.endswith(BATCH + bytes(3))
    header = 10 + len("a client")
    message = plain[:header] + tags + plain[header + 1 : -3] + tags * 3
    assert codes(commit(seal(parse(message)))[0], 9) == [[(0, 0, 100)]]


WHOLE = [
    produce_message(version, [("plain", [(0, BATCH), (1, POSSIBLE["packed"][0])]), ("stamped", [(3, BATCH)])])
    for version in PRODUCE_VERSIONS
]


@settings(max_examples=300)
@given(
    message=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.integers(8, 1 << 16), st.integers(0, 255)), max_size=6),
    end=st.integers(0, 1 << 16),
)
def test_mutated_requests_are_refused_or_answered(
    message: bytes, changes: Sequence[tuple[int, int]], end: int
) -> None:
    mutated = mutate(message, changes, end)
    version = struct.unpack_from(">h", mutated, 2)[0]
    try:
        request = parse(mutated, inline=end % 200)
    except InvalidRequest:
        return
    request.check(NOW_MS)
    response = commit(seal(request))[0] if request.accepted else request.response()
    if request.acks == 0:
        assert response in (b"", None)
    else:
        assert response
        assert struct.unpack_from(">i", response)[0] == len(response) - 4
        assert version in PRODUCE_VERSIONS


def test_mutated_requests_sometimes_still_say_something() -> None:
    """The mutation test above must not pass only because everything is refused."""
    for message in WHOLE:
        assert parse(message).accepted == 3
