"""A request and its answer as handlers see them, whatever carries them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from skylog.core import Frame

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


Handler: TypeAlias = Callable[[Request], Awaitable[Body]]
"""Answers one control-plane request. May wait long (JoinGroup). `throttle_time_ms` may be left out."""


class Reply(Protocol):
    """The place of one answer in its connection's order; exactly one of the two is called, once."""

    def send(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Give the whole answer, length prefix included; no buffers at all means there is none (acks=0)."""
        ...

    def close(self, reason: str) -> None:
        """Close the connection instead; the reason goes to the log."""
        ...


RawHandler: TypeAlias = Callable[[Frame, Reply], None]
"""Answers one Produce or Fetch frame, which only Rust takes apart; returns at once."""
