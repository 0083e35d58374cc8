from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.bench.sizes import GIB, KIB, MIB, format_size, parse_size, parse_sizes
from skylog.bench.store.plan import QUICK, REQUESTS_MAX, Budget, Cell, Plan
from skylog.errors import InvalidConfig


def test_objects_are_written_before_they_are_read_and_deleted_last() -> None:
    kinds = [cell.kind for cell in Plan().cells()]
    assert list(dict.fromkeys(kinds)) == ["put", "get", "range", "list", "delete"]
    assert kinds == sorted(kinds, key=["put", "get", "range", "list", "delete"].index)


def test_the_grid_spans_sizes_and_concurrencies() -> None:
    cells = set(Plan().cells())
    assert {Cell("put", 4 * KIB, 64), Cell("get", 64 * MIB, 4), Cell("delete", 0, 64)} <= cells
    assert Cell("range", 8 * MIB, 16) in cells


def test_too_much_at_once_is_left_out_but_one_at_a_time_never_is() -> None:
    cells = Plan(in_flight_bytes_max=MIB).cells()
    assert Cell("put", 64 * MIB, 1) in cells
    assert Cell("put", 64 * MIB, 4) not in cells


def test_a_single_size_has_ranges_too() -> None:
    assert Cell("range", MIB, 1) in Plan(sizes=(MIB,)).cells()


@given(
    st.sets(st.integers(1, 64 * MIB), min_size=1, max_size=5),
    st.sets(st.integers(1, 64), min_size=1, max_size=4),
    st.integers(128 * MIB, 16 * GIB),
    st.data(),
)
def test_traffic_and_time_stay_within_their_bounds(
    sizes: set[int], concurrencies: set[int], bytes_max: int, data: st.DataObject
) -> None:
    plan = Plan(sorted(sizes), sorted(concurrencies), bytes_max=bytes_max)
    cells = plan.cells()
    budget = Budget(plan, cells)
    moved, seconds = 0, 0.0
    for cell in cells:
        share = budget.take(cell)
        assert 0 <= share.requests <= REQUESTS_MAX
        done = data.draw(st.integers(0, share.requests)) * cell.size
        budget.spend(share.seconds, done)
        moved += done
        seconds += share.seconds
    assert moved <= bytes_max
    assert seconds <= plan.seconds + 1e-6


def test_what_a_cell_leaves_over_goes_to_the_others() -> None:
    cells = QUICK.cells()
    frugal, greedy = Budget(QUICK, cells), Budget(QUICK, cells)
    first = frugal.take(cells[0])
    greedy.take(cells[0])
    greedy.spend(first.seconds, first.requests * cells[0].size)
    frugal.spend(0.0, 0)
    assert frugal.take(cells[1]).seconds > greedy.take(cells[1]).seconds


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": ()}, "--sizes"),
        ({"sizes": (0,)}, "--sizes"),
        ({"concurrencies": ()}, "--concurrency"),
        ({"concurrencies": (0, 1)}, "--concurrency"),
        ({"concurrencies": (2000,)}, "--concurrency"),
        ({"seconds": 0}, "--seconds"),
        ({"bytes_max": 64 * MIB}, "--bytes-max"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidConfig, match=message):
        Plan(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("4k", 4096), ("4 KiB", 4096), ("4KB", 4096), ("1.5MiB", 3 * MIB // 2), ("2g", 2 * GIB)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "--size") == size


@pytest.mark.parametrize("text", ["", "0", "x", "-1", "1x", "1 KiB 2", "0.0001"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidConfig, match="--size: expected a size such as"):
        parse_size(text, "--size")


def test_lists_of_sizes_are_sorted_and_single() -> None:
    assert parse_sizes("1MiB,4k,1024k", "--sizes") == (4096, MIB)


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1 B"), (4096, "4 KiB"), (1536, "1.5 KiB"), (64 * MIB, "64 MiB"), (3 * 1024 * GIB, "3072 GiB")],
)
def test_sizes_written(size: int, text: str) -> None:
    assert format_size(size) == text
