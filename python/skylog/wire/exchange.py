"""A request and its answer as handlers see them, whatever carries them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from skylog.core import Frame
from skylog.wire.rhythm import Rhythm
from skylog.wire.throttling import NO_MUTATIONS, Mutations

Body: TypeAlias = dict[str, Any]
"""A message: the official field names in snake_case; the same shape for all versions."""


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded control-plane request. Fields that the version lacks hold their defaults."""

    api_key: int
    version: int
    body: Body
    client_id: str | None
    client_host: str
    mutations: Mutations = NO_MUTATIONS
    """What counts the changes that it makes to the catalog."""


Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Body]]
"""Answers one control-plane request. May wait long (JoinGroup). `throttle_time_ms` is the dispatcher's."""


class Client(Hashable, Protocol):
    """Who asks: the same for all requests of a connection."""

    def on_gone(self, callback: Callable[[], object]) -> None:
        """Call back when the connection is lost, whoever is being answered then."""
        ...


class Reply(Protocol):
    """The place of one answer in its connection's order; `send` or `close` is called, once."""

    @property
    def client(self) -> Client:
        """Who asks."""
        ...

    def send(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Give the whole answer, length prefix included; no buffers at all means there is none (acks=0)."""
        ...

    def close(self, reason: str) -> None:
        """Close the connection instead; the reason goes to the log."""
        ...

    def hold(self) -> None:
        """Let no later request of the connection start before `release`: this one is not in its place yet."""
        ...

    def release(self) -> None:
        """End a `hold`."""
        ...

    def mute(self, milliseconds: int) -> None:
        """Let no later request of the connection start, nor read one, for so long."""
        ...

    def on_lost(self, callback: Callable[[], object]) -> None:
        """Call back if the connection is lost before the answer was given."""
        ...


RawHandler: TypeAlias = Callable[[Frame, Reply], None]
"""Answers one Produce or Fetch frame, which only Rust takes apart; returns at once."""


class Gate:
    """Back-pressure on producers: shut while more than `bytes_max` of their bytes are unanswered.

    Whoever finds it shut leaves a callback, which is called once when it opens again.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._waiting: dict[Callable[[], None], None] = {}  # in order of arrival
        self.rhythm = Rhythm()
        """Whether those who passed send on."""

    def __repr__(self) -> str:
        state = "shut" if self.shut else "open"
        return f"<Gate {state} {self._bytes}/{self._bytes_max} bytes, {len(self._waiting)} waiting>"

    @property
    def shut(self) -> bool:
        """Whether producers have to wait."""
        return self._bytes >= self._bytes_max

    @property
    def bytes_held(self) -> int:
        """Bytes taken in and not answered yet."""
        return self._bytes

    def take(self, size: int) -> None:
        """Count bytes in."""
        self._bytes += size

    def give(self, size: int) -> None:
        """Count bytes out; opens the gate when that makes room."""
        was_shut = self.shut
        self._bytes -= size
        if was_shut and not self.shut:
            waiting, self._waiting = self._waiting, {}
            for callback in waiting:
                callback()

    def wait(self, callback: Callable[[], None]) -> None:
        """Call back once when the gate opens."""
        self._waiting[callback] = None

    def leave(self, callback: Callable[[], None]) -> None:
        """Do not call back any more."""
        self._waiting.pop(callback, None)
