"""How far a partition was read."""

from __future__ import annotations

import pytest

from clients.batches import build_batch
from skylog.bulk.cursor import EMPTY_ANSWERS_MAX, Cursor, whole_batches
from skylog.errors import Corrupt

FIRST = build_batch([b"a", b"b"], base_offset=40)
SECOND = build_batch([b"c"] * 5, base_offset=50)


def test_the_next_offset_lies_behind_the_last_whole_batch() -> None:
    assert whole_batches(memoryview(FIRST + SECOND)) == (len(FIRST) + len(SECOND), 55)


@pytest.mark.parametrize("cut", [1, len(SECOND) - 61, len(SECOND) - 60, len(SECOND) - 1])
def test_a_cut_batch_is_left_for_the_next_answer(cut: int) -> None:
    assert whole_batches(memoryview((FIRST + SECOND)[:-cut])) == (len(FIRST), 42)


def test_nothing_whole_is_no_offset() -> None:
    assert whole_batches(memoryview(FIRST[:-1])) == (0, -1)


@pytest.mark.parametrize("wrong", [{"length": 3}, {"length": -5}, {"last_offset_delta": -1}])
def test_lengths_that_no_batch_has_are_corrupt(wrong: dict[str, int]) -> None:
    with pytest.raises(Corrupt, match="position 0"):
        whole_batches(memoryview(build_batch([b"x"], **wrong)))


def test_compaction_may_leave_nothing_before_the_end() -> None:
    cursor = Cursor(0, 7, 9)
    for _ in range(EMPTY_ANSWERS_MAX - 1):
        cursor.note_empty(9)
    assert not cursor.done
    cursor.note_empty(9)
    assert cursor.done


def test_an_end_that_is_not_reached_yet_is_waited_for() -> None:
    cursor = Cursor(0, 7, 9)
    for _ in range(10 * EMPTY_ANSWERS_MAX):
        cursor.note_empty(8)
    assert not cursor.done


def test_data_in_between_starts_the_count_anew() -> None:
    cursor = Cursor(0, 5, 9)
    for position in (6, 7, 8):
        cursor.note_empty(9)
        cursor.note_empty(9)
        cursor.advance(position)
    assert not cursor.done
