"""Consumer groups: living ones with two members each, and stored ones that nobody is in."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from brokers import Broker, starts
from client import (
    DESCRIBE_GROUPS,
    HEARTBEAT,
    JOIN_GROUP,
    LIST_GROUPS,
    METADATA,
    OFFSET_COMMIT,
    SYNC_GROUP,
    Body,
    Client,
    Crowd,
    create_topics,
    request,
)
from figures import FLAT, LINEAR, Curve, Measure, Setting, Step, sample, timed

from skylog.wire import codec

TOPIC, PARTITIONS = "events", 8
INFLIGHT = 16
MEMBERS = 2
ROUND_REQUESTS = 2_000
JOIN, SYNC, COMMIT = 3, 2, 7


@dataclass(frozen=True)
class Member:
    """Somebody in a group, on a connection of its own."""

    group_id: str
    member_id: str
    generation: int
    leader: str

    def heartbeat(self) -> bytes:
        """Return its sign of life."""
        return request(HEARTBEAT, 3, self._who())

    def commit(self) -> bytes:
        """Return its offsets of all partitions."""
        partitions = [{"partition_index": n, "committed_offset": 42} for n in range(PARTITIONS)]
        topics = [{"name": TOPIC, "partitions": partitions}]
        who = {"group_id": self.group_id, "member_id": self.member_id}
        return request(
            OFFSET_COMMIT, COMMIT, {**who, "generation_id_or_member_epoch": self.generation, "topics": topics}
        )

    def sync(self, members: Sequence[str]) -> bytes:
        """Return its SyncGroup, with everybody's assignment if it leads."""
        given = members if self.member_id == self.leader else ()
        assignments = [{"member_id": name, "assignment": bytes(64)} for name in given]
        return request(SYNC_GROUP, SYNC, {**self._who(), "assignments": assignments})

    def _who(self) -> Body:
        return {
            "group_id": self.group_id,
            "generation_id": self.generation,
            "member_id": self.member_id,
        }


def run(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Let groups form on a fresh broker at each step."""
    for n in steps:
        with (
            TemporaryDirectory(dir=setting.directory) as name,
            Broker(Path(name)) as broker,
            Client(broker.port) as admin,
            Crowd() as crowd,
        ):
            create_topics(admin, [TOPIC], PARTITIONS)
            crowd.grow(broker.port, MEMBERS * n)
            crowd.each([request(METADATA, 9, {"topics": [{"name": TOPIC}]})] * MEMBERS * n, INFLIGHT)
            yield Step(n, _measure(setting, broker, admin, crowd, n))


def _measure(setting: Setting, broker: Broker, admin: Client, crowd: Crowd, n: int) -> dict[str, float]:
    before_mib, before_s, began = broker.resident_mib(), broker.cpu_s(), time.perf_counter()
    members = _form(crowd, n)
    values = {
        "join and sync, CPU a member": 1e6 * (broker.cpu_s() - before_s) / len(members),
        "join and sync, time a group": 1e6 * (time.perf_counter() - began) / n,
        "resident, a group": 1024 * (broker.resident_mib() - before_mib) / n,
    }
    values["heartbeat of each in turn, CPU"] = _in_turn(broker, crowd, [each.heartbeat() for each in members])
    values["commit of each in turn, CPU"] = _in_turn(broker, crowd, [each.commit() for each in members])
    one, heartbeat, commit = crowd.clients[0], members[0].heartbeat(), members[0].commit()
    values |= sample(broker, lambda: one.call(heartbeat), setting.seconds / 2).named("heartbeat")
    values |= sample(broker, lambda: one.call(commit), setting.seconds).named("commit of 8 offsets")
    return values | _administration(setting, broker, admin)


def _form(crowd: Crowd, n: int) -> list[Member]:
    """Let two members join each group, the second while the first waits for it to come again."""
    firsts = _joined(crowd, [_join(group, "") for group in range(n)], range(n))
    seconds = range(n, MEMBERS * n)
    for place, group in zip(seconds, range(n), strict=True):
        crowd.clients[place].socket.sendall(_join(group, ""))
    again = [_join(group, firsts[group].member_id) for group in range(n)]
    answers = crowd.gather(dict(enumerate(again)), MEMBERS * n)
    members = [_member(place % n, answers[place]) for place in range(MEMBERS * n)]
    syncs = {
        place: member.sync([members[place % n].member_id, members[place % n + n].member_id])
        for place, member in enumerate(members)
    }
    for answer in crowd.gather(syncs, MEMBERS * n).values():
        _accepted(SYNC_GROUP, SYNC, answer)
    return members


def _joined(crowd: Crowd, frames: Sequence[bytes], places: range) -> list[Member]:
    answers = crowd.each(frames, INFLIGHT)
    return [_member(place, answer) for place, answer in zip(places, answers, strict=True)]


def _join(group: int, member_id: str) -> bytes:
    protocols = [{"name": "range", "metadata": bytes(48)}]
    timeouts = {"session_timeout_ms": 300_000, "rebalance_timeout_ms": 300_000}
    who = {"group_id": f"consumers-{group:05d}", "member_id": member_id, "protocol_type": "consumer"}
    return request(JOIN_GROUP, JOIN, {**who, **timeouts, "protocols": protocols})


def _member(group: int, answer: bytes) -> Member:
    body = _accepted(JOIN_GROUP, JOIN, answer)
    return Member(f"consumers-{group:05d}", body["member_id"], body["generation_id"], body["leader"])


def _accepted(api_key: int, version: int, answer: bytes) -> Body:
    body = codec.decode_response(api_key, version, answer)[1]
    if body["error_code"]:
        raise SystemExit(f"api key {api_key} failed: {body}")
    return body


def _in_turn(broker: Broker, crowd: Crowd, frames: Sequence[bytes]) -> float:
    rounds = max(1, ROUND_REQUESTS // len(frames))
    crowd.each(frames, INFLIGHT)
    before_s = broker.cpu_s()
    for _ in range(rounds):
        crowd.each(frames, INFLIGHT)
    return 1e6 * (broker.cpu_s() - before_s) / (rounds * len(frames))


def _administration(setting: Setting, broker: Broker, admin: Client) -> dict[str, float]:
    everything = request(LIST_GROUPS, 4, {})
    one = request(DESCRIBE_GROUPS, 5, {"groups": ["consumers-00000"]})
    listed = sample(broker, lambda: admin.call(everything), setting.seconds / 2)
    described = sample(broker, lambda: admin.call(one), setting.seconds / 2)
    return listed.named("ListGroups") | described.named("DescribeGroups of one")


def run_stored(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Store groups that nobody is in, each with an offset in each partition; then start a broker on them."""
    for n in steps:
        with TemporaryDirectory(dir=setting.directory) as name:
            _store(Path(name), n)
            yield Step(n, _measure_stored(setting, Path(name)))


def _store(data: Path, n: int) -> None:
    with Broker(data) as broker, Client(broker.port) as client:
        create_topics(client, [TOPIC], PARTITIONS)
    with sqlite3.connect(data / "coordinator.db") as connection:
        names = [f"consumers-{number:05d}" for number in range(n)]
        connection.executemany("INSERT INTO groups VALUES (?, 'consumer', 1)", [(name,) for name in names])
        connection.executemany(
            "INSERT INTO group_offsets VALUES (?, 1, ?, 42, -1, '', 1700000000000)",
            ((name, partition) for name in names for partition in range(PARTITIONS)),
        )
        connection.execute("ANALYZE")
    connection.close()


def _measure_stored(setting: Setting, data: Path) -> dict[str, float]:
    values = starts(data, TOPIC)
    commit = Member("consumers-00000", "", -1, "").commit()
    with Broker(data) as broker, Client(broker.port) as admin:
        committed = sample(broker, lambda: admin.call(commit), setting.seconds)
        return values | committed.named("commit of 8 offsets") | _administration(setting, broker, admin)


ADMINISTRATION = [*timed("ListGroups", LINEAR), *timed("DescribeGroups of one")]

CURVE = Curve(
    name="groups",
    title="Consumer groups of two members",
    counted="groups",
    measures=[
        Measure("join and sync, CPU a member", "µs", FLAT, charted=True),
        Measure("join and sync, time a group", "µs", FLAT),
        Measure("resident, a group", "KiB", FLAT, charted=True),
        Measure("heartbeat of each in turn, CPU", "µs", FLAT, charted=True),
        Measure("commit of each in turn, CPU", "µs", FLAT, charted=True),
        *timed("heartbeat"),
        *timed("commit of 8 offsets"),
        *ADMINISTRATION,
    ],
    steps=(1, 10, 100, 300, 1_000),
    quick_steps=(10, 300),
    run=run,
)

STORED_CURVE = Curve(
    name="stored-groups",
    title="Stored groups that nobody is in",
    counted="stored groups",
    measures=[
        Measure("start", "ms", LINEAR),
        Measure("start, CPU", "ms", LINEAR, charted=True),
        Measure("resident after the start", "MiB", LINEAR, charted=True),
        *timed("commit of 8 offsets"),
        *ADMINISTRATION,
    ],
    steps=(1, 100, 1_000, 10_000),
    quick_steps=(100, 10_000),
    run=run_stored,
)
