"""A response as Rust wrote it, given to whoever waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skylog.wire.exchange import Reply


def give(reply: Reply, response: bytes | None) -> None:
    """Send a response. With acks=0 there is none, and a failure is told by closing the connection."""
    if response is None:
        reply.close("a request with acks=0 failed")
    else:
        reply.send([response] if response else [])
