"""What is counted for whom stays within bounds."""

from __future__ import annotations

from skylog.quotas.meters import Meters
from skylog.quotas.windows import WindowedRate, Windows


def meters(meters_max: int = 100) -> Meters[WindowedRate]:
    return Meters(lambda: WindowedRate(Windows(11, 1)), meters_max)


def test_each_scope_has_its_own_meter_and_keeps_it() -> None:
    held = meters()
    held.of("a", 0).add(5, 0)
    held.of("b", 0).add(7, 0)
    assert (held.of("a", 1).total(1), held.of("b", 1).total(1)) == (5, 7)


def test_who_is_quiet_for_all_windows_is_forgotten() -> None:
    held = meters()
    for number in range(50):
        held.of(number, number / 10).add(1, number / 10)
    held.of("late", 13).add(1, 13)
    assert len(held) == 50 - 21 + 1  # 0.0 to 2.0 s are 11 s ago


def test_beyond_the_bound_the_longest_quiet_one_goes() -> None:
    held = meters(3)
    for scope in ("a", "b", "c"):
        held.of(scope, 0).add(5, 0)
    held.of("a", 0.1)
    held.of("d", 0.2).add(5, 0.2)
    assert len(held) == 3
    assert held.of("a", 0.3).total(0.3) == 5
    assert held.of("b", 0.3).total(0.3) == 0, "it was forgotten"
