"""Where reading starts and stops: offsets, the ends of the log, and moments in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

import numpy as np

from skylog.bulk.cluster import Cluster, Topic
from skylog.bulk.codes import error_name, known_code
from skylog.errors import Corrupt
from skylog.wire.codes import KafkaError
from skylog.wire.exchange import Body

Position: TypeAlias = int | Literal["earliest", "latest"] | datetime | np.datetime64
"""An offset, an end of the log, or a moment: that of the first record that is not older."""

Positions: TypeAlias = Position | Mapping[int, Position]

Isolation: TypeAlias = Literal["read_uncommitted", "read_committed"]

LIST_OFFSETS: Final = 2
LATEST: Final = -1
EARLIEST: Final = -2

ISOLATION_LEVELS: Final[Mapping[str, int]] = {"read_uncommitted": 0, "read_committed": 1}

_QUERY_TIMEOUT_MS: Final = 20_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def check_positions(name: str, positions: Positions) -> None:
    """Raise `ValueError` or `TypeError`, naming the argument, for what is no position."""
    for position in positions.values() if isinstance(positions, Mapping) else [positions]:
        if not isinstance(position, bool) and isinstance(position, int | np.integer):
            if position < 0:
                raise ValueError(f"{name}: expected an offset from 0 on, found {position}")
        else:
            _timestamp(name, position)


async def resolve(
    cluster: Cluster,
    topic: str,
    partitions: Iterable[int] | None = None,
    *,
    start: Positions = "earliest",
    stop: Positions = "latest",
    isolation: Isolation = "read_uncommitted",
) -> tuple[Topic, dict[int, tuple[int, int]]]:
    """Return the topic and, for each partition with anything to read, the offsets [start, stop).

    Nothing reaches beyond the end of the log at the time of the call. One query each for the end, the start
    and the stop to every leader concerned.

    Raises
    ------
    NotFound
        There is no such topic.
    ValueError
        There is no such partition.
    """
    found = await cluster.topic(topic)
    wanted = _choose(found, partitions, start, stop)
    ends = await _offsets(cluster, topic, dict.fromkeys(wanted, LATEST), isolation)
    starts = await _positions(cluster, topic, _by_partition(start, wanted, "earliest"), ends, isolation)
    stops = await _positions(cluster, topic, _by_partition(stop, wanted, "latest"), ends, isolation)
    ranges = {each: (starts[each], min(stops[each], ends[each])) for each in wanted}
    return found, {each: (low, high) for each, (low, high) in ranges.items() if low < high}


def _choose(topic: Topic, partitions: Iterable[int] | None, *positions: Positions) -> list[int]:
    wanted = list(topic.leaders) if partitions is None else list(dict.fromkeys(partitions))
    named = [each for position in positions if isinstance(position, Mapping) for each in position]
    for partition in (*wanted, *named):
        if partition not in topic.leaders:
            raise ValueError(
                f"topic {topic.name!r}: it has {len(topic.leaders)} partitions, none is {partition!r}"
            )
    return wanted


def _by_partition(positions: Positions, wanted: list[int], default: Position) -> dict[int, Position]:
    if isinstance(positions, Mapping):
        return {partition: positions.get(partition, default) for partition in wanted}
    return dict.fromkeys(wanted, positions)


async def _positions(
    cluster: Cluster,
    topic: str,
    positions: Mapping[int, Position],
    ends: Mapping[int, int],
    isolation: Isolation,
) -> dict[int, int]:
    offsets = {each: int(at) for each, at in positions.items() if isinstance(at, int | np.integer)}
    times = {each: _timestamp("", at) for each, at in positions.items() if each not in offsets}
    asked = {each: time for each, time in times.items() if time != LATEST}
    found = await _offsets(cluster, topic, asked, isolation) if asked else {}
    # No record is that young: the end, as it was when the call began.
    return offsets | {each: found[each] if found.get(each, -1) >= 0 else ends[each] for each in times}


def _timestamp(name: str, position: object) -> int:
    """Return what ListOffsets calls a position that is not an offset."""
    if position == "earliest":
        return EARLIEST
    if position == "latest":
        return LATEST
    if isinstance(position, datetime):
        if position.tzinfo is None:
            raise ValueError(f"{name}: expected a datetime with a time zone, found {position!r}")
        # Rounded up: a record of the millisecond that the moment lies in is older than it.
        moment = -((_EPOCH - position) // timedelta(milliseconds=1))
    elif isinstance(position, np.datetime64):
        if np.isnat(position):
            raise ValueError(f"{name}: expected a moment, found NaT")
        floor = position.astype("datetime64[ms]")
        moment = int(floor.astype(np.int64)) + int(floor < position)
    else:
        raise TypeError(
            f"{name}: expected 'earliest', 'latest', an offset, a datetime with a time zone"
            f" or a mapping of partitions to such, found {position!r}"
        )
    return max(moment, 0)


async def _offsets(
    cluster: Cluster, topic: str, timestamps: Mapping[int, int], isolation: Isolation
) -> dict[int, int]:
    """Ask the leaders; again, with fresh metadata, until all of them have answered."""

    async def attempt() -> dict[int, int]:
        found = await cluster.topic(topic)
        offsets: dict[int, int] = {}
        for node in {found.leaders[partition] for partition in timestamps}:
            asked = {each: timestamps[each] for each in found.led_by(node) if each in timestamps}
            connection = await cluster.connection(node)
            answer = await connection.ask(LIST_OFFSETS, _query(topic, asked, isolation))
            offsets |= _read(topic, answer)
        if missing := timestamps.keys() - offsets.keys():
            raise Corrupt(
                f"topic {topic!r}: offsets of partitions {sorted(missing)} are missing in the answers"
            )
        return offsets

    return await cluster.retrying(attempt, f"offsets of topic {topic!r}")


def _query(topic: str, timestamps: Mapping[int, int], isolation: Isolation) -> Body:
    partitions = [{"partition_index": each, "timestamp": time} for each, time in timestamps.items()]
    return {
        "replica_id": -1,
        "isolation_level": ISOLATION_LEVELS[isolation],
        "topics": [{"name": topic, "partitions": partitions}],
        "timeout_ms": _QUERY_TIMEOUT_MS,
    }


def _read(topic: str, answer: Body) -> dict[int, int]:
    offsets = {}
    for each in (each for found in answer["topics"] for each in found["partitions"]):
        if each["error_code"]:
            code = each["error_code"]
            where = f"topic {topic!r} partition {each['partition_index']}"
            raise KafkaError(known_code(code), f"{where}: {error_name(code)}")
        offsets[each["partition_index"]] = each["offset"]
    return offsets
