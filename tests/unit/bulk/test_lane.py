"""What goes into one request."""

from __future__ import annotations

from clients.batches import build_batch
from skylog.bulk.lane import Lane
from skylog.bulk.window import Outgoing, Window

BATCH = build_batch([b"x" * 1000])


def _window(partition: int, batches: int) -> Window:
    window = Window(partition, 5, first_alone=False)
    for _ in range(batches):
        window.add(Outgoing(partition, memoryview(BATCH), lambda _: None))
    return window


def _lane(request_bytes: int, *windows: Window) -> Lane:
    lane = Lane(1, 5, request_bytes)
    for window in windows:
        lane.offer(window)
    return lane


def _partitions(lane: Lane) -> list[int]:
    return [window.partition for window, _ in lane.take()]


def test_a_request_holds_one_batch_of_each_partition() -> None:
    lane = _lane(1 << 20, _window(0, 3), _window(1, 1), _window(2, 2))
    assert [_partitions(lane) for _ in range(4)] == [[0, 1, 2], [0, 2], [0], []]


def test_a_request_is_not_larger_than_it_may_be_and_partitions_take_turns() -> None:
    lane = _lane(2 * len(BATCH), _window(0, 2), _window(1, 2), _window(2, 2))
    assert [_partitions(lane) for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]
    assert not lane.wants


def test_a_batch_beyond_the_limit_goes_alone() -> None:
    lane = _lane(10, _window(0, 1), _window(1, 1))
    assert [_partitions(lane), _partitions(lane)] == [[0], [1]]


def test_what_is_withdrawn_does_not_go() -> None:
    lane = _lane(1 << 20, _window(0, 1), _window(1, 1))
    lane.withdraw(0)
    assert _partitions(lane) == [1]
    assert not lane.wants


def test_requests_in_flight_are_bounded() -> None:
    lane = _lane(1 << 20, _window(0, 1))
    lane.in_flight = 5
    assert not lane.wants
