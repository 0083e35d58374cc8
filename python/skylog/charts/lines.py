"""Lines over two axes, each linear from 0 or logarithmic; every point shows its values under the pointer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skylog.charts.axis import log_ticks, nice_ticks
from skylog.charts.svg import COLOURS, Drawing, text_width

_WIDTH, _PLOT_HEIGHT = 640.0, 260.0
_MARGIN = 24.0
_LEGEND_TOP, _LEGEND_LINE = 76.0, 22.0
_BELOW = 58.0


@dataclass(frozen=True, slots=True)
class Line:
    """A name and its points (x, y) in order."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """How values become places; without `marks` round ones are chosen. Logarithmic ones are more than 0."""

    write: Callable[[float], str]
    log: bool = False
    marks: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines with one legend; the subtitle says what `y` is, `below` what `x` is, both with their unit."""

    title: str
    subtitle: str
    below: str
    x: Axis
    y: Axis
    lines: Sequence[Line]

    def render(self) -> str:
        """Return the chart as SVG.

        Raises `ValueError` for more lines than there are colours, for no point at all, and for one that a
        logarithmic axis cannot show.
        """
        if len(self.lines) > COLOURS:
            raise ValueError(f"expected at most {COLOURS} lines, found {len(self.lines)}")
        if not any(line.points for line in self.lines):
            raise ValueError(f"chart {self.title!r}: expected at least one point")
        return _Layout(self).draw()


class _Scale:
    """One axis with its ends: values become pixels."""

    def __init__(self, axis: Axis, values: Sequence[float], start: float, stop: float) -> None:
        if axis.log and min(values) <= 0:
            raise ValueError(f"a logarithmic axis: expected values above 0, found {min(values)}")
        self._log = axis.log
        self.marks = list(axis.marks or _ticks(axis, values))
        self._low, self._high = self._at(min(self.marks)), self._at(max(self.marks))
        self._start, self._stop = start, stop

    def place(self, value: float) -> float:
        share = (self._at(value) - self._low) / ((self._high - self._low) or 1.0)
        return self._start + share * (self._stop - self._start)

    def _at(self, value: float) -> float:
        return math.log(value) if self._log else value


class _Layout:
    def __init__(self, chart: LineChart) -> None:
        self._chart = chart
        points = [point for line in chart.lines for point in line.points]
        self._legend = _legend_lines([line.name for line in chart.lines])
        self._top = _LEGEND_TOP + _LEGEND_LINE * len(self._legend) + 6
        self._bottom = self._top + _PLOT_HEIGHT
        self._up = _Scale(chart.y, [y for _, y in points], self._bottom, self._top)
        self._left = _MARGIN + max(text_width(chart.y.write(mark)) for mark in self._up.marks) + 8
        self._right = _WIDTH - _MARGIN - 12
        self._across = _Scale(chart.x, [x for x, _ in points], self._left, self._right)

    def draw(self) -> str:
        chart = self._chart
        told = "; ".join(f"{line.name}: {self._tell(line)}" for line in chart.lines)
        drawing = Drawing(_WIDTH, self._bottom + _BELOW, chart.title, told)
        drawing.text(_MARGIN, 36, chart.title, "head")
        drawing.text(_MARGIN, 57, chart.subtitle, "faint")
        self._draw_legend(drawing)
        self._draw_axes(drawing)
        for number, line in enumerate(chart.lines):
            self._draw_line(drawing, line, number)
        return drawing.render()

    def _tell(self, line: Line) -> str:
        return ", ".join(f"{self._chart.x.write(x)} {self._chart.y.write(y)}" for x, y in line.points)

    def _draw_legend(self, drawing: Drawing) -> None:
        for row, names in enumerate(self._legend):
            x, y = _MARGIN, _LEGEND_TOP + row * _LEGEND_LINE
            for number, name in names:
                drawing.rectangle(x, y, 12, 12, f"fill-{number}", radius=2)
                drawing.text(x + 18, y + 10.5, name)
                x += _key_width(name)

    def _draw_axes(self, drawing: Drawing) -> None:
        for mark in self._up.marks:
            y = self._up.place(mark)
            drawing.line(self._left, y, self._right, y)
            drawing.text(self._left - 8, y + 4, self._chart.y.write(mark), "faint", anchor="end")
        for mark in self._across.marks:
            x = self._across.place(mark)
            drawing.line(x, self._top, x, self._bottom)
            drawing.text(x, self._bottom + 20, self._chart.x.write(mark), "faint", anchor="middle")
        middle = (self._left + self._right) / 2
        drawing.text(middle, self._bottom + 42, self._chart.below, "faint", anchor="middle")

    def _draw_line(self, drawing: Drawing, line: Line, number: int) -> None:
        places = [(self._across.place(x), self._up.place(y)) for x, y in line.points]
        drawing.polyline(places, f"stroke-{number}")
        for (x, y), (left, top) in zip(line.points, places, strict=True):
            hint = f"{line.name}: {self._chart.x.write(x)}, {self._chart.y.write(y)}"
            drawing.circle(left, top, 3, f"fill-{number}", hint=hint)


def _ticks(axis: Axis, values: Sequence[float]) -> list[float]:
    return log_ticks(min(values), max(values)) if axis.log else nice_ticks(max(values))


def _legend_lines(names: Sequence[str]) -> list[list[tuple[int, str]]]:
    lines: list[list[tuple[int, str]]] = [[]]
    room = _WIDTH - 2 * _MARGIN
    for number, name in enumerate(names):
        if lines[-1] and room < _key_width(name):
            lines.append([])
            room = _WIDTH - 2 * _MARGIN
        lines[-1].append((number, name))
        room -= _key_width(name)
    return lines


def _key_width(name: str) -> float:
    return 18 + text_width(name) + 22
