"""What may be sent when, through failures in any order."""

from __future__ import annotations

import random  # noqa: TID251 - the seed is fixed
from collections.abc import Sequence

import pytest

from clients.batches import build_batch
from skylog.bulk.window import Outgoing, Window


def _item(sequence: int = 0, records: int = 1) -> Outgoing:
    batch = build_batch([b"x"] * records, producer_id=7, epoch=0, sequence=sequence)
    return Outgoing(0, memoryview(batch), lambda _: None)


def _window(count: int, size: int = 5) -> tuple[Window, list[Outgoing]]:
    """Return a window to a partition that knows the producer, and what waits in it."""
    window, first, *items = Window(0, size), *(_item(number) for number in range(count + 1))
    for item in (first, *items):
        window.add(item)
    window.send(first)
    window.succeed(first, 0)
    return window, items


def _send_all(window: Window) -> list[Outgoing]:
    sent = []
    while (item := window.peek()) is not None:
        window.send(item)
        sent.append(item)
    return sent


def test_no_more_goes_out_than_brokers_remember() -> None:
    window, items = _window(7)
    assert _send_all(window) == items[:5]
    window.succeed(items[1], 11)
    assert window.peek() is None  # the oldest is what counts: it may have to be sent again
    window.succeed(items[0], 10)
    assert _send_all(window) == items[5:]


def test_the_first_batch_of_all_goes_alone() -> None:
    window = Window(0, 5)
    items = [_item(number) for number in range(3)]
    for item in items:
        window.add(item)
    assert _send_all(window) == items[:1]
    window.fail(items[0])
    assert _send_all(window) == items[:1]
    window.succeed(items[0], 0)
    assert _send_all(window) == items[1:]


def test_after_a_failure_nothing_goes_out_until_all_is_answered() -> None:
    window, items = _window(6)
    _send_all(window)
    window.fail(items[0])
    assert window.peek() is None
    for item in items[1:5]:
        window.fail(item)
    assert window.peek() is items[0]


def test_what_failed_goes_out_again_one_at_a_time_and_in_order() -> None:
    window, items = _window(6)
    _send_all(window)
    for item, failed in zip(items, [True, False, True, False, False], strict=False):
        window.fail(item) if failed else window.succeed(item, 0)
    assert _send_all(window) == [items[0]]
    window.succeed(items[0], 0)
    assert _send_all(window) == [items[2], items[5]]


def test_a_gap_is_the_fault_of_a_batch_that_failed_before() -> None:
    window, items = _window(3)
    _send_all(window)
    window.fail(items[0])
    assert window.behind_failure(items[1])
    assert not window.behind_failure(items[0])
    window.fail(items[1])
    window.fail(items[2])
    window.send(items[0])
    window.succeed(items[0], 0)
    assert not window.behind_failure(items[1])


def test_last_offset_is_that_of_the_last_record() -> None:
    window = Window(0, 5)
    item = _item(records=3)
    window.add(item)
    window.send(item)
    window.succeed(item, 40)
    assert window.last_offset == 42
    assert window.empty


@pytest.mark.parametrize("cut", [0, 60, 61, -1])
def test_bytes_that_are_no_whole_batch_are_refused(cut: int) -> None:
    batch = build_batch([b"x" * 100])
    with pytest.raises(ValueError, match="whole record batch"):
        Outgoing(0, memoryview(batch)[:cut], lambda _: None)


class _Log:
    """A partition as Kafka keeps it: five remembered sequences, gaps refused, any sequence taken at first."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def append(self, sequence: int) -> bool:
        if sequence in self.written[-5:]:
            return True
        if self.written and sequence != self.written[-1] + 1:
            return False
        self.written.append(sequence)
        return True


def _answer(chance: random.Random, window: Window, log: _Log, flying: Sequence[Outgoing]) -> None:
    """Answer all that flies, with lost requests, lost answers and refusals."""
    for item in flying:
        lost = chance.random() < 0.3
        written = not lost and log.append(item.base_sequence)
        if written and chance.random() > 0.3:
            window.succeed(item, item.base_sequence)
        else:
            # Not the broker, nor anybody else, may say that a gap is there when all before it is written.
            assert lost or written or window.behind_failure(item)
            window.fail(item)


@pytest.mark.parametrize("seed", range(50))
def test_through_any_failures_each_batch_is_written_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    window, log, flying = Window(0, 5), _Log(), []
    for number in range(40):
        window.add(_item(number))
    while not window.empty:
        flying += _send_all(window)
        count = chance.randint(1, len(flying))
        _answer(chance, window, log, flying[:count])
        flying = flying[count:]
    assert log.written == list(range(40))
