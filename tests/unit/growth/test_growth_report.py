"""What the growth bench says of its figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

MODULES = ("figures", "report")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benches/growth"))
    for name in MODULES:
        # Other benches have modules of the same names.
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield SimpleNamespace(**{name: import_module(name) for name in MODULES})
    for name in MODULES:
        sys.modules.pop(name, None)


def steps_of(bench: Any, **values: dict[int, float]) -> list[Any]:
    numbers = sorted({n for each in values.values() for n in each})
    return [
        bench.figures.Step(n, {name: each[n] for name, each in values.items() if n in each}) for n in numbers
    ]


def test_the_exponent_is_that_of_the_upper_end(bench: Any) -> None:
    steps = steps_of(
        bench,
        flat={1: 7, 100: 7, 1_000: 7},
        linear={1: 50, 100: 100, 1_000: 1_000},
        square={1: 900, 100: 1, 1_000: 100},
        short={1_000: 3},
        zero={1: 1, 100: 0, 1_000: 0},
    )
    exponents = {name: bench.figures.exponent(steps, name) for name in steps[-1].values}
    assert exponents.pop("short") is None
    assert exponents.pop("zero") is None
    assert exponents == pytest.approx({"flat": 0, "linear": 1, "square": 2})


def test_what_grows_faster_than_it_may_is_marked(bench: Any) -> None:
    steps = steps_of(bench, cost={100: 1, 1_000: 10})
    for allowed, told in ((0.0, True), (0.75, True), (1.0, False), (None, False)):
        measure = bench.figures.Measure("cost", "µs", allowed)
        assert bench.figures.is_defect(measure, steps) is told


def test_tables_stand_between_their_marks_and_nothing_else_changes(bench: Any, tmp_path: Path) -> None:
    measures = [bench.figures.Measure("cost", "µs", 0.0), bench.figures.Measure("other", "ms", 1.0)]
    curve = bench.figures.Curve(
        "things", "Many things", "things", measures, (1, 10), (1,), lambda *_: iter(())
    )
    machine = {
        "processor": "P",
        "cores": 2,
        "system": "S",
        "python": "3",
        "date": "today",
        "commit": "abc",
        "load_before": 0.1,
    }
    rows = [{"n": 100, "values": {"cost": 1.0}}, {"n": 1_000, "values": {"cost": 10.0}}]
    page = tmp_path / "page.md"
    page.write_text(f"before\n{bench.report.START}\nold\n{bench.report.END}\nafter\n")
    results = {"machine": machine, "seconds": 7, "curves": {"things": rows}}
    for _ in range(2):
        bench.report.write(page, results, {"things": curve})
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("### Many things") == 1
    assert "| cost, µs | 1.00 | 10.0 | **1.00** | 0 |" in text
    assert "other" not in text
    page.write_text("no marks")
    with pytest.raises(SystemExit, match="no place for the tables"):
        bench.report.write(page, results, {"things": curve})
