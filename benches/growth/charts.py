"""Results as charts: each measure as a multiple of what it was at the first step, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import Curve, Step
from report import number, steps_of

from skylog.charts.lines import Axis, Line, LineChart
from skylog.charts.svg import COLOURS


def write(directory: Path, results: Mapping[str, Any], curves: Mapping[str, Curve]) -> None:
    """Write one chart a curve, whatever was there before."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, rows in results["curves"].items():
        chart = _chart(curves[name], steps_of(rows))
        (directory / f"growth-{name}.svg").write_text(chart.render())


def _chart(curve: Curve, steps: Sequence[Step]) -> LineChart:
    found = [_line(measure.name, steps) for measure in curve.measures if measure.charted]
    return LineChart(
        title=curve.title,
        subtitle=f"times the value at the first step ({steps[0].n:,}); a straight rise of one is linear",
        below=curve.counted,
        x=Axis(lambda value: f"{value:,.0f}", log=True, marks=[step.n for step in steps]),
        y=Axis(lambda value: f"{number(value)}×", log=True),
        lines=[line for line in found if line.points][:COLOURS],
    )


def _line(name: str, steps: Sequence[Step]) -> Line:
    points = [(step.n, step.values[name]) for step in steps if step.values.get(name, 0) > 0]
    return Line(name, [(n, value / points[0][1]) for n, value in points])
