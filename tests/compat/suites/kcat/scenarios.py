"""What is done with kcat, one function a scenario; an `AssertionError` says what is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from clients.waiting import now_ms
from compat.suites.kcat.program import PARTITIONS, Kcat, numbered

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def lists_brokers_and_topics(kcat: Kcat) -> None:
    kcat.produce(["one"])
    text = kcat.run("-L")
    assert "1 brokers:" in text, text
    assert f'topic "{kcat.topic}" with {PARTITIONS} partitions' in text, text


def lists_as_json(kcat: Kcat) -> None:
    kcat.produce(["one"])
    (topic,) = json.loads(kcat.run("-L", "-J", "-t", kcat.topic))["topics"]
    assert topic["topic"] == kcat.topic
    leaders = {row["partition"]: row["leader"] for row in topic["partitions"]}
    assert sorted(leaders) == list(range(PARTITIONS))
    assert set(leaders.values()) != {-1}


def produces_and_consumes(codec: str, kcat: Kcat) -> None:
    lines = numbered(5_000)
    kcat.produce(lines, "-z", codec)
    assert kcat.consume() == lines


def produces_idempotently(kcat: Kcat) -> None:
    lines = numbered(5_000)
    kcat.produce(lines, "-X", "enable.idempotence=true")
    assert kcat.consume() == lines


def produces_with_acks(acks: int, kcat: Kcat) -> None:
    kcat.produce(["first"])
    kcat.produce(["second"], "-X", f"acks={acks}")
    # With 0 nothing says when it is there.
    found = kcat.run("-C", "-q", "-t", kcat.topic, "-p", "0", "-o", "beginning", "-c", "2")
    assert found.splitlines() == ["first", "second"]


def keys_and_empty_values(kcat: Kcat) -> None:
    kcat.produce(["a=1", "b=", "=3"], "-K", "=")
    assert kcat.consume("-f", "%K:%k %S:%s\n") == ["1:a 1:1", "1:b 0:", "0: 1:3"]


def tombstones(kcat: Kcat) -> None:
    kcat.produce(["a=1", "a="], "-K", "=", "-Z")
    assert kcat.consume("-f", "%k %S\n") == ["a 1", "a -1"]


def one_key_for_all(kcat: Kcat) -> None:
    kcat.produce(["1", "2"], "-k", "same")
    assert kcat.consume("-f", "%k=%s\n") == ["same=1", "same=2"]


def headers(kcat: Kcat) -> None:
    kcat.produce(["1"], "-H", "a=1", "-H", "a=2", "-H", "b")
    assert kcat.consume("-f", "%h\n") == ["a=1,a=2,b=NULL"]


def spreads_over_partitions(kcat: Kcat) -> None:
    lines = numbered(300)
    # Without it the client stays with one partition for as long as it sends at once.
    scattered = ["-X", "sticky.partitioning.linger.ms=0"]
    kcat.produce(lines, *scattered, partition=-1)
    found = kcat.run("-C", "-q", "-e", "-t", kcat.topic, "-o", "beginning", "-f", "%p %s\n").splitlines()
    assert sorted(line.split(" ", 1)[1] for line in found) == sorted(lines)
    assert {line.split(" ", 1)[0] for line in found} == {str(number) for number in range(PARTITIONS)}


def a_key_stays_in_its_partition(kcat: Kcat) -> None:
    lines = [f"key{number % 10}:{number}" for number in range(200)]
    kcat.run("-P", "-t", kcat.topic, "-K", ":", stdin="\n".join(lines).encode())
    found = kcat.run("-C", "-q", "-e", "-t", kcat.topic, "-o", "beginning", "-f", "%k %p\n").splitlines()
    assert len(found) == 200
    assert len(set(found)) == 10


def starts_at_an_offset(kcat: Kcat) -> None:
    kcat.produce(numbered(10))
    assert kcat.consume(start="7") == numbered(10)[7:]


def starts_before_the_end(kcat: Kcat) -> None:
    kcat.produce(numbered(10))
    assert kcat.consume(start="-4") == numbered(10)[6:]


def starts_at_the_end(kcat: Kcat) -> None:
    kcat.produce(numbered(10))
    assert kcat.consume(start="end") == []


def starts_beyond_the_end(kcat: Kcat) -> None:
    kcat.produce(numbered(10))
    lines = kcat.consume("-X", "auto.offset.reset=earliest", start="1000")
    assert lines == numbered(10)


def counts_offsets_from_zero(kcat: Kcat) -> None:
    kcat.produce(numbered(100), "-z", "lz4")
    kcat.produce(numbered(100), "-z", "zstd")
    assert kcat.consume("-f", "%o\n") == [str(number) for number in range(200)]


def stops_after_a_count(kcat: Kcat) -> None:
    kcat.produce(numbered(10))
    assert kcat.consume("-c", "3") == numbered(3)


def starts_and_stops_at_times(kcat: Kcat) -> None:
    kcat.produce(["early"])
    middle = int(kcat.consume("-f", "%T\n")[0]) + 1
    while now_ms() <= middle:
        pass
    kcat.produce(["late"])
    end = int(kcat.consume("-f", "%T\n")[1]) + 1
    assert kcat.consume(start=f"s@{middle}") == ["late"]
    window = ["-o", "s@0", "-o", f"e@{middle}"]
    found = kcat.run("-C", "-q", "-e", "-t", kcat.topic, "-p", "0", *window)
    assert found.splitlines() == ["early"]
    assert kcat.consume(start=f"s@{end}") == []


def times_are_those_of_sending(kcat: Kcat) -> None:
    before = now_ms()
    kcat.produce(numbered(3))
    after = now_ms()
    assert all(before <= int(time) <= after for time in kcat.consume("-f", "%T\n"))


def queries_offsets_by_time(kcat: Kcat) -> None:
    kcat.produce(numbered(5))
    time = int(kcat.consume("-f", "%T\n")[0])
    assert [kcat.query(0, asked) for asked in (-2, 0, time)] == [0, 0, 0]
    assert kcat.query(0, -1) == 5
    assert kcat.query(0, time + 3_600_000) == -1


def json_envelopes(kcat: Kcat) -> None:
    kcat.produce(["k=v"], "-K", "=", "-H", "h=1", partition=1)
    (line,) = kcat.consume("-J", partition=1)
    record = json.loads(line)
    expected = {"topic": kcat.topic, "partition": 1, "offset": 0, "key": "k", "payload": "v"}
    assert record.items() >= expected.items(), record
    assert record["headers"] == ["h", "1"]


def delimiters(kcat: Kcat) -> None:
    options = ["-P", "-t", kcat.topic, "-p", "0", "-D", "|"]
    kcat.run(*options, stdin=b"two\nlines|another")
    assert kcat.consume("-f", "[%s]") == ["[two", "lines][another]"]


def binary_values(kcat: Kcat) -> None:
    number = (7).to_bytes(4, "big", signed=True)
    kcat.run("-P", "-t", kcat.topic, "-p", "0", "-D", "|", stdin=number)
    assert kcat.consume("-s", "value=>i") == ["7"]


def large_records(kcat: Kcat) -> None:
    value = "x" * 900_000
    kcat.produce([value, "small", value], "-z", "none")
    assert kcat.consume("-f", "%S\n") == ["900000", "5", "900000"]


def too_large_records_are_refused(kcat: Kcat) -> None:
    kcat.produce(["small"])
    where = ["-P", "-t", kcat.topic, "-p", "0", "-X", "message.max.bytes=3000000"]
    _, _, errors = kcat.attempt(*where, stdin=b"x" * 2_000_000)
    assert "Message size too large" in errors, errors
    assert kcat.consume() == ["small"]


def an_unknown_partition_is_refused(kcat: Kcat) -> None:
    kcat.produce(["one"])
    _, _, errors = kcat.attempt("-P", "-t", kcat.topic, "-p", "1000", stdin=b"x")
    assert "Unknown partition" in errors, errors


def a_group_reads_all_and_goes_on_where_it_was(kcat: Kcat) -> None:
    lines = numbered(50)
    kcat.produce(lines)
    read = partial(kcat.run, "-G", kcat.group, "-q", "-e", "-X", "auto.offset.reset=earliest", kcat.topic)
    assert read().splitlines() == lines
    assert read() == ""
    kcat.produce(["one more"])
    assert read().splitlines() == ["one more"]


def a_group_reads_several_topics(kcat: Kcat) -> None:
    kcat.produce(["one"])
    first, kcat.topic = kcat.topic, f"{kcat.topic}-second"
    kcat.produce(["two"])
    options = ["-G", kcat.group, "-q", "-e", "-X", "auto.offset.reset=earliest"]
    found = kcat.run(*options, first, kcat.topic)
    assert sorted(found.splitlines()) == ["one", "two"]
    matched = kcat.run("-G", f"{kcat.group}-pattern", *options[2:], f"^{first}.*")
    assert sorted(matched.splitlines()) == ["one", "two"]


def reads_committed(kcat: Kcat) -> None:
    kcat.produce(numbered(10))
    assert kcat.consume("-X", "isolation.level=read_committed") == numbered(10)


def produces_in_a_transaction(kcat: Kcat) -> None:
    kcat.produce(numbered(10), "-X", f"transactional.id={kcat.group}")
    assert kcat.consume("-X", "isolation.level=read_committed") == numbered(10)


Scenario = Callable[[Kcat], None]

SCENARIOS: dict[str, Scenario] = {
    **{
        scenario.__name__: scenario
        for scenario in (
            lists_brokers_and_topics,
            lists_as_json,
            produces_idempotently,
            keys_and_empty_values,
            tombstones,
            one_key_for_all,
            headers,
            spreads_over_partitions,
            a_key_stays_in_its_partition,
            starts_at_an_offset,
            starts_before_the_end,
            starts_at_the_end,
            starts_beyond_the_end,
            counts_offsets_from_zero,
            stops_after_a_count,
            starts_and_stops_at_times,
            times_are_those_of_sending,
            queries_offsets_by_time,
            json_envelopes,
            delimiters,
            binary_values,
            large_records,
            too_large_records_are_refused,
            an_unknown_partition_is_refused,
            a_group_reads_all_and_goes_on_where_it_was,
            a_group_reads_several_topics,
            reads_committed,
            produces_in_a_transaction,
        )
    },
    **{f"produces_and_consumes_{codec}": partial(produces_and_consumes, codec) for codec in CODECS},
    **{f"produces_with_acks_{acks}": partial(produces_with_acks, acks) for acks in (-1, 0, 1)},
}
