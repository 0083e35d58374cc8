"""Requests on their way into the pipeline: checked on a thread where that is much work."""

from __future__ import annotations

from oracle.batch import Record, encode
from producing import NotingReply, answered, frame, line
from sealing import TIME_MS
from virtual import in_virtual_time

GZIP = 1


def compressed(value: bytes = b"v" * 1000) -> bytes:
    return encode([Record(TIME_MS, None, value, ())] * 50, codec=GZIP)


@in_virtual_time
async def test_a_request_on_a_thread_is_held_and_counted_until_it_is_in_its_place() -> None:
    async with line(inline_check_bytes_max=1) as built:
        first = built.produce(compressed())
        assert first.held, "others of its connection wait"
        assert built.gate.bytes_held > 0
        await answered([first])
        assert (first.held, first.outcome) == (False, (0, 0))


@in_virtual_time
async def test_a_check_that_fails_in_an_unknown_way_closes_its_connection() -> None:
    async with line(inline_check_bytes_max=1) as built:
        built.handler._clock = BrokenClock()  # type: ignore[assignment]
        failed = built.produce(compressed())
        await answered([failed])
        assert failed.closed == "internal error"
        assert not failed.held


class BrokenClock:
    """Works once: for the parser."""

    def __init__(self) -> None:
        self._times = [TIME_MS]

    def now_ms(self) -> int:
        return self._times.pop()


@in_virtual_time
async def test_a_request_that_is_malformed_closes_its_connection() -> None:
    async with line() as built:
        bad = NotingReply(0, built.order)
        built.handler(frame(b"\0\0\0\x08\0\0\0\1\xff\xff\xff\xff\xff\xff"), bad)
        assert bad.closed
