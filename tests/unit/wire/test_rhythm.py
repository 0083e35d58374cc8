"""Whether producers are about to send more, told by what they had unanswered before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skylog.wire.rhythm import WINDOW_REQUESTS, Pace, Rhythm


def rounds(pace: Pace, requests: int, times: int = 1) -> None:
    """Send so many at once and answer them, again and again."""
    for _ in range(times):
        for _ in range(requests):
            pace.sent()
        pace.answered(requests)


def test_a_client_with_fewer_requests_than_usual_is_about_to_send_more() -> None:
    rhythm = Rhythm()
    pace = Pace(rhythm)
    rounds(pace, 5)
    for _ in range(4):
        pace.sent()
        assert not rhythm.awaited
    pace.sent()
    assert rhythm.awaited


def test_a_client_that_sends_one_at_a_time_waits_from_the_first() -> None:
    rhythm = Rhythm()
    pace = Pace(rhythm)
    rounds(pace, 1, 10)
    pace.sent()
    assert rhythm.awaited


def test_who_has_nothing_unanswered_is_not_waited_for() -> None:
    rhythm = Rhythm()
    busy, idle = Pace(rhythm), Pace(rhythm)
    rounds(idle, 5)
    rounds(busy, 2)
    busy.sent()
    assert not rhythm.awaited
    busy.sent()
    assert rhythm.awaited


def test_one_of_many_is_enough_to_be_waited_for() -> None:
    rhythm = Rhythm()
    paces = [Pace(rhythm) for _ in range(3)]
    for pace in paces:
        rounds(pace, 2)
        pace.sent()
        pace.sent()
    assert rhythm.awaited
    paces[1].answered(1)
    assert not rhythm.awaited
    paces[1].gone()
    assert rhythm.awaited


def test_what_was_usual_is_forgotten_after_two_windows() -> None:
    rhythm = Rhythm()
    pace = Pace(rhythm)
    rounds(pace, 5)
    rounds(pace, 1, 2 * WINDOW_REQUESTS)
    pace.sent()
    assert rhythm.awaited


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=300))
def test_the_count_is_that_of_the_connections(steps: list[tuple[int, int]]) -> None:
    """Whatever happens in whatever order, nobody is counted twice or left behind."""
    rhythm = Rhythm()
    paces, unanswered = [Pace(rhythm) for _ in range(3)], [0, 0, 0]
    for index, action in steps:
        if action < 2:
            paces[index].sent()
            unanswered[index] += 1
        elif unanswered[index]:
            taken = 1 if action == 2 else unanswered[index]
            paces[index].answered(taken)
            unanswered[index] -= taken
        assert 0 <= rhythm.expecting <= sum(count > 0 for count in unanswered)
    for pace in paces:
        pace.gone()
    assert rhythm.awaited
