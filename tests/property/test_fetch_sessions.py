"""Fetch sessions against a naive oracle: a session's client knows what a full fetch would tell it."""

import struct
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from kafka.protocol.consumer.fetch import FetchResponse
from wire_logs import BIG, Log, Logs, offsets
from wire_samples import TOPIC_IDS, as_frame, build_batch, fetch_message, mutate, topic_table

from skylog.core import FetchPlan, FetchRequest, FetchSessions, parse_fetch
from skylog.errors import InvalidRequest

NAMES = ("plain", "stamped")
PARTITIONS = range(5)
"""The last one does not exist."""
UNKNOWN_TOPIC, UNKNOWN_ID = 3, 100
Key = tuple[str | bytes, int]
"""A partition as a client names it: by name or by identity."""


@dataclass
class Client:
    """A consumer: where it is in each partition, what it was told of each, its session."""

    version: int
    places: dict[Key, int] = field(default_factory=dict)
    view: dict[Key, tuple[int, int, int]] = field(default_factory=dict)
    sent: dict[Key, int] = field(default_factory=dict)
    """What the session knows."""
    session: int = 0
    epoch: int = 0

    def key(self, name: str, partition: int, identities: dict[str, bytes]) -> Key:
        """Return how it names a partition; one by identity may name a topic that is gone."""
        return (identities.get(name, bytes([9] * 16)) if self.version >= 13 else name, partition)

    def message(self, max_bytes: int) -> bytes:
        """Return the next request."""
        news = {key: place for key, place in self.places.items() if self.sent.get(key) != place}
        return fetch_message(
            self.version,
            [(name, [{"partition": p, "fetch_offset": place}]) for (name, p), place in news.items()],
            forgotten=[(name, [p]) for name, p in self.sent.keys() - self.places.keys()],
            session_id=self.session,
            session_epoch=self.epoch,
            max_bytes=max_bytes,
        )

    def start_anew(self) -> None:
        """Open a session with the next fetch, whatever it had before."""
        self.session = self.epoch = 0
        self.sent.clear()
        self.view.clear()

    def take(self, answer: Any) -> bool:
        """Apply an answer; False if the session is no more."""
        if answer.error_code:
            assert answer.error_code in (70, 71)
            assert answer.responses == []
            self.start_anew()
            return False
        self.sent = dict(self.places)
        if not answer.session_id:
            self.start_anew()
        elif self.session:
            assert answer.session_id == self.session
        self.session = answer.session_id
        self.epoch = self.epoch + 1 if answer.session_id else 0
        for topic in answer.responses:
            for part in topic.partitions:
                name = topic.topic_id.bytes if self.version >= 13 else topic.topic
                found = (part.error_code, part.high_watermark, part.log_start_offset)
                self.view[name, part.partition_index] = found
        for key in self.view.keys() - self.places.keys():
            del self.view[key]
        return True

    def read(self, answer: Any) -> None:
        """Take the records of an answer, which must go on where it is."""
        for topic in answer.responses:
            for part in topic.partitions:
                key = (topic.topic_id.bytes if self.version >= 13 else topic.topic, part.partition_index)
                found = offsets(part.records or b"")
                if not found:
                    continue
                assert found == list(range(found[0], found[-1] + 1))
                assert found[0] <= self.places[key] <= found[-1], "whole batches, from the one it is in"
                self.places[key] = found[-1] + 1


class SessionMachine(RuleBasedStateMachine):
    """Two clients with sessions, one by name, one by identity, a third that takes their places."""

    @initialize(slots=st.integers(1, 3))
    def start(self, slots: int) -> None:
        self.table = topic_table()
        self.logs = Logs(table=self.table, identities={name: TOPIC_IDS[name] for name in NAMES})
        self.sessions = FetchSessions(self.table, slots, 60)
        self.clients = [Client(12), Client(17), Client(7)]
        self.generation = 20
        self.now_ms = self.seed = 0

    @rule(
        batches=st.lists(
            st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.integers(1, 2)), min_size=1, max_size=4
        )
    )
    def commit(self, batches: list[tuple[str, int, int]]) -> None:
        known = [
            ((name, partition), build_batch([b"v" * 50] * count), count)
            for name, partition, count in batches
            if name in self.logs.identities
        ]
        if known:
            self.sessions.wake(self.logs.commit(known))

    @rule(name=st.sampled_from(NAMES), partition=st.integers(0, 3), place=st.floats(0, 1))
    def trim(self, name: str, partition: int, place: float) -> None:
        """Move a log's start to that of a batch, or to its end."""
        starts = [base for base, _, _ in self.logs.batches.get((name, partition), [])]
        starts.append(self.logs.ends.get((name, partition), 0))
        start = starts[round(place * (len(starts) - 1))]
        if name in self.logs.identities and start > self.logs.starts.get((name, partition), 0):
            self.logs.starts[name, partition] = start
            self.sessions.wake_topic(self.logs.identities[name])

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        identity = self.logs.identities.pop(name, None)
        if identity is None:
            return
        for held in (self.logs.extents, self.logs.batches, self.logs.ends, self.logs.starts):
            for log in [log for log in held if log[0] == name]:
                del held[log]
        self.table.remove(identity)
        self.sessions.wake_topic(identity)

    @rule(name=st.sampled_from(NAMES))
    def create(self, name: str) -> None:
        if name in self.logs.identities:
            return
        self.generation += 1
        identity = self.logs.identities[name] = bytes([self.generation] * 16)
        rules = {"batch_bytes_max": 100_000, "log_append_time": False, "compacted": False}
        self.table.put(
            identity, name, 4, **rules, timestamp_before_ms_max=2**63 - 1, timestamp_after_ms_max=3_600_000
        )

    @rule(
        who=st.integers(0, 2),
        name=st.sampled_from(NAMES),
        partitions=st.lists(st.sampled_from(PARTITIONS), min_size=1, max_size=4),
        place=st.integers(0, 2),
    )
    def subscribe(self, who: int, name: str, partitions: list[int], place: int) -> None:
        client = self.clients[who]
        for partition in partitions:
            client.places[client.key(name, partition, self.logs.identities)] = place

    @rule(who=st.integers(0, 2), place=st.floats(0, 1))
    def unsubscribe(self, who: int, place: float) -> None:
        keys = list(self.clients[who].places)
        for key in keys[round(place * len(keys)) :]:
            del self.clients[who].places[key]

    @rule(who=st.integers(0, 2), max_bytes=st.sampled_from([1, 150, 400, BIG]), reads=st.booleans())
    def fetch(self, who: int, max_bytes: int, reads: bool) -> None:
        """Fetch; the client then knows all that a full fetch would say."""
        client = self.clients[who]
        answer = self.ask(client, client.message(max_bytes))
        asked = dict(client.places)
        if not client.take(answer):
            return
        if client.session:
            assert client.view == self.full_view(client.version, asked)
        if reads:
            client.read(answer)
            self.reset(client)

    @rule(who=st.integers(0, 2), looked=st.booleans())
    def lose(self, who: int, looked: bool) -> None:
        """Lose a request on its way, or when it is half answered."""
        client = self.clients[who]
        request = self.parse(client.message(BIG))
        if self.sessions.begin(request, self.now_ms) is None and looked:
            self.sessions.look(request, self.now_ms)

    @rule(who=st.integers(0, 2))
    def lose_answer(self, who: int) -> None:
        self.ask(self.clients[who], self.clients[who].message(BIG))

    @rule()
    def pass_time(self) -> None:
        self.now_ms += 130_000

    @precondition(lambda self: hasattr(self, "clients"))
    @invariant()
    def bounded(self) -> None:
        assert len(self.sessions) <= 3
        assert self.sessions.partitions <= 60

    def teardown(self) -> None:
        """All records are read in the end, a batch at a time, whoever else has some."""
        for client in getattr(self, "clients", []):
            left = 2 * sum(len(batches) for batches in self.logs.batches.values()) + 8
            while self.behind(client) and left:
                answer = self.ask(client, client.message(1))
                if client.take(answer):
                    client.read(answer)
                    self.reset(client)
                left -= 1
            assert not self.behind(client)

    def behind(self, client: Client) -> list[Key]:
        found = self.full_view(client.version, client.places)
        return [
            key for key, place in client.places.items() if found[key][0] in (0, 1) and place < found[key][1]
        ]

    def reset(self, client: Client) -> None:
        """Go to where the log starts, as consumers do whose offset is out of range."""
        for key, (code, _, _) in self.full_view(client.version, client.places).items():
            if code == 1:
                log = self.log_of(key)
                client.places[key] = self.logs.starts.get(log, 0) if log else 0

    def log_of(self, key: Key) -> Log | None:
        names = {identity: name for name, identity in self.logs.identities.items()}
        name = names.get(key[0]) if isinstance(key[0], bytes) else key[0]
        return (name, key[1]) if name in self.logs.identities else None

    def full_view(self, version: int, places: dict[Key, int]) -> dict[Key, tuple[int, int, int]]:
        """Return (code, high watermark, log start) of each partition as rules of the protocol have it."""
        view = {}
        for (name, partition), place in places.items():
            log = self.log_of((name, partition))
            if log is None or partition == PARTITIONS[-1]:
                known = log is not None or version < 13
                view[name, partition] = (UNKNOWN_TOPIC if known else UNKNOWN_ID, -1, -1)
                continue
            start, end = self.logs.starts.get(log, 0), self.logs.ends.get(log, 0)
            inside = start <= place <= end
            view[name, partition] = (0, end, start) if inside else (1, -1, -1)
        return view

    def parse(self, message: bytes) -> FetchRequest:
        return parse_fetch(as_frame(message), self.table)

    def ask(self, client: Client, message: bytes) -> Any:
        request = self.parse(message)
        code = self.sessions.begin(request, self.now_ms)
        if code is not None:
            return decoded([request.error_response(code)], client.version)
        return decoded(self.answer(request), client.version)

    def answer(self, request: FetchRequest) -> list[bytes | memoryview]:
        asked = self.sessions.look(request, self.now_ms)
        names = {identity: name for name, identity in self.logs.identities.items()}
        wanted = [
            ((names[topic], partition) if topic in names else None, offset)
            for topic, partition, offset, _ in asked.positions.rows()
        ]
        plan = FetchPlan(asked, self.logs.locate(wanted), BIG, BIG)
        self.seed += 2
        return self.sessions.answer(plan, self.logs.load(plan), self.now_ms, self.seed)


def decoded(buffers: list[Any], version: int) -> Any:
    response = b"".join(buffers)
    assert struct.unpack_from(">i", response)[0] == len(response) - 4
    return FetchResponse.decode(response[9 if version >= 12 else 8 :], version=version)


TestSessions = SessionMachine.TestCase
TestSessions.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


SESSION = [
    fetch_message(
        version,
        [("plain", [{"partition": p, "fetch_offset": 0} for p in (0, 1, 7)]), ("stamped", [])],
        forgotten=[("plain", [2]), ("stamped", [0])],
        session_id=1,
        session_epoch=epoch,
    )
    for version in (7, 12, 13, 18)
    for epoch in (0, 1, 1, 2, -1)
]


@settings(max_examples=300, deadline=None)
@given(
    messages=st.lists(
        st.tuples(
            st.sampled_from(SESSION),
            st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=3),
            st.sampled_from([1, 2, 3]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_mutated_requests_are_refused_or_answered(
    messages: list[tuple[bytes, list[tuple[int, int]], int]],
) -> None:
    machine = SessionMachine()
    machine.start(3)
    for message, changes, end in messages:
        try:
            request = machine.parse(mutate(message, changes, end))
        except InvalidRequest:
            continue
        code = machine.sessions.begin(request, 0)
        answer = b"".join([request.error_response(code)] if code is not None else machine.answer(request))
        assert struct.unpack_from(">i", answer)[0] == len(answer) - 4
        machine.bounded()
