"""Requests over bare sockets: one client that waits, and crowds of them."""

from __future__ import annotations

import resource
import select
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

from skylog.wire import codec

Body = dict[str, Any]

METADATA, CREATE_TOPICS, DELETE_TOPICS = 3, 19, 20
OFFSET_COMMIT, JOIN_GROUP, HEARTBEAT, SYNC_GROUP = 8, 11, 12, 14
DESCRIBE_GROUPS, LIST_GROUPS = 15, 16
WAIT_S = 60.0
SCRATCH_BYTES = 4096
"""At first: crowds have thousands of them."""


class ClosedError(Exception):
    """The broker closed the connection."""


def raise_file_limit() -> int:
    """Allow this process, and those it starts, as many open files as it may have; return how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Client:
    """One connection with one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, api_key: int, version: int, body: Body) -> Body:
        """Encode, send, wait, decode."""
        return codec.decode_response(api_key, version, self.call(request(api_key, version, body)))[1]

    def call(self, frame: bytes) -> memoryview:
        """Send a whole frame and return the answer's, without its length; valid until the next call."""
        self.socket.sendall(frame)
        return self.receive()

    def receive(self) -> memoryview:
        """Return the next answer."""
        size = struct.unpack(">i", self._exactly(4))[0]
        return self._exactly(size)

    def _exactly(self, size: int) -> memoryview:
        if size > len(self._scratch):
            self._scratch = memoryview(bytearray(2 * size))
        room = self._scratch[:size]
        filled = 0
        while filled < size:
            got = self.socket.recv_into(room[filled:])
            if not got:
                raise ClosedError
            filled += got
        return room


def request(api_key: int, version: int, body: Body) -> bytes:
    """Return a whole request frame."""
    return codec.encode_request(api_key, version, 1, body, "growth")


class Crowd:
    """Many clients, driven by one thread."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self._poller = select.epoll()
        self._by_fd: dict[int, tuple[Client, int]] = {}

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.socket.close()
        self._poller.close()

    def grow(self, port: int, count: int) -> None:
        """Connect until there are `count`."""
        while len(self.clients) < count:
            self.clients.append(Client(port))
            self.watch(self.clients[-1], len(self.clients) - 1)

    def watch(self, client: Client, index: int) -> None:
        """Take the answers of one more client, known by `index`."""
        self._by_fd[client.socket.fileno()] = client, index
        self._poller.register(client.socket.fileno(), select.EPOLLIN)

    def each(self, frames: Sequence[bytes], inflight: int) -> list[bytes]:
        """Send one frame on each of the first connections, a few at a time; return the answers."""
        answers: dict[int, bytes] = {}
        sent = 0
        while len(answers) < len(frames):
            while sent < len(frames) and sent - len(answers) < inflight:
                self.clients[sent].socket.sendall(frames[sent])
                sent += 1
            self._take(answers)
        return [answers[index] for index in range(len(frames))]

    def gather(self, frames: Mapping[int, bytes], count: int) -> dict[int, bytes]:
        """Send frames by client, take answers meanwhile, until `count` clients have one."""
        answers: dict[int, bytes] = {}
        for index, frame in frames.items():
            self.clients[index].socket.sendall(frame)
            self._take(answers, seconds_max=0)
        while len(answers) < count:
            self._take(answers)
        return answers

    def _take(self, answers: dict[int, bytes], seconds_max: float = WAIT_S) -> None:
        answers.update((index, bytes(answer)) for index, answer, _ in self.ready(seconds_max))

    def ready(self, seconds_max: float = WAIT_S) -> list[tuple[int, memoryview, float]]:
        """Wait for answers; return each with its client and the moment it was read."""
        events = self._poller.poll(seconds_max)
        if not events and seconds_max:
            raise TimeoutError(f"no answer within {WAIT_S:.0f} s")
        found = []
        for fd, _ in events:
            client, index = self._by_fd[fd]
            found.append((index, client.receive(), time.perf_counter()))
        return found


def create_topics(client: Client, names: Sequence[str], partitions: int) -> None:
    """Create topics, some hundred a request."""
    for start in range(0, len(names), 500):
        topics = [
            {"name": name, "num_partitions": partitions, "replication_factor": 1}
            for name in names[start : start + 500]
        ]
        answer = client.ask(CREATE_TOPICS, 5, {"topics": topics, "timeout_ms": 60_000})
        refused = [topic for topic in answer["topics"] if topic["error_code"]]
        if refused:
            raise SystemExit(f"topic not created: {refused[0]}")


def delete_topic(client: Client, name: str) -> None:
    """Delete one topic."""
    answer = client.ask(DELETE_TOPICS, 5, {"topic_names": [name], "timeout_ms": 60_000})
    if answer["responses"][0]["error_code"]:
        raise SystemExit(f"topic not deleted: {answer}")
