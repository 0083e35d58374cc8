"""The way to one broker: which partitions have something to send, and how much is on its way."""

from __future__ import annotations

from collections import deque

from skylog.bulk.connection import Connection
from skylog.bulk.window import Outgoing, Window


class Lane:
    """Partitions that one node leads, served in turn.

    Parameters
    ----------
    node : int
    in_flight_max : int
        Requests without an answer at most.
    request_bytes : int
        Batches are put into one request until they reach this; the first goes in whatever its size.
    """

    def __init__(self, node: int, in_flight_max: int, request_bytes: int) -> None:
        self.node = node
        self.connection: Connection | None = None
        self.connecting = False
        self.in_flight = 0
        self._in_flight_max = in_flight_max
        self._request_bytes = request_bytes
        self._ready: dict[int, Window] = {}

    def __repr__(self) -> str:
        return f"<Lane to node {self.node}: {self.in_flight} in flight, {len(self._ready)} partitions ready>"

    @property
    def connected(self) -> Connection | None:
        """The connection, if it is open."""
        return None if self.connection is None or self.connection.closed else self.connection

    @property
    def wants(self) -> bool:
        """Whether a request could go out."""
        return bool(self._ready) and self.in_flight < self._in_flight_max

    def offer(self, window: Window) -> None:
        """Note that a partition may have something to send."""
        if window.peek() is not None:
            self._ready[window.partition] = window

    def withdraw(self, partition: int) -> None:
        """Send nothing more of a partition until it is offered again."""
        self._ready.pop(partition, None)

    def take(self) -> list[tuple[Window, Outgoing]]:
        """Return the next request: at most one batch of a partition, since brokers take no more of one.

        Partitions that have more to send go to the end of the line.
        """
        taken: list[tuple[Window, Outgoing]] = []
        size = 0
        again: deque[Window] = deque()
        while self._ready and size < self._request_bytes:
            partition = next(iter(self._ready))
            window = self._ready[partition]
            item = window.peek()
            if item is not None and taken and size + len(item.batch) > self._request_bytes:
                break
            del self._ready[partition]
            if item is not None:
                window.send(item)
                taken.append((window, item))
                size += len(item.batch)
                again.append(window)
        for window in again:
            self.offer(window)
        return taken
