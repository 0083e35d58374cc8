"""Stacked bars that lie: one a row, parts told apart by colour, the sum at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skylog.charts.axis import nice_ticks
from skylog.charts.svg import COLOURS, Drawing, text_width

_WIDTH = 860.0
_MARGIN = 24.0
_BAR, _ROW = 26.0, 52.0
_ON_FILL_PX = 11
_LEGEND_LINE = 22.0
_SMALLEST_PX = 0.5
"""Narrower parts are left out of the picture; the sum beside the bar has them."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: what it is, a line of detail under it, and its parts in the order of the legend."""

    label: str
    detail: str
    parts: Sequence[float]


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars with one legend; `write` says how a value is written."""

    title: str
    subtitle: str
    legend: Sequence[str]
    bars: Sequence[Bar]
    write: Callable[[float], str]

    def render(self) -> str:
        """Return the chart as SVG. Each part shows its value under the pointer.

        Raises `ValueError` for more parts than there are colours.
        """
        if len(self.legend) > COLOURS:
            raise ValueError(f"expected at most {COLOURS} parts, found {len(self.legend)}")
        return _Layout(self).draw()


class _Layout:
    def __init__(self, chart: BarChart) -> None:
        self._chart = chart
        sums = [sum(bar.parts) for bar in chart.bars]
        self._used = [i for i in range(len(chart.legend)) if any(bar.parts[i] > 0 for bar in chart.bars)]
        self._ticks = nice_ticks(max(sums, default=0.0))
        labels = [text_width(text) for bar in chart.bars for text in (bar.label, bar.detail)]
        self._left = _MARGIN + max(labels, default=0.0) + 12
        self._right = _WIDTH - _MARGIN - max((text_width(chart.write(total)) for total in sums), default=0)
        self._lines = self._legend_lines()
        self._top = 74.0 + _LEGEND_LINE * len(self._lines)
        self._bottom = self._top + _ROW * len(chart.bars)

    def draw(self) -> str:
        chart = self._chart
        told = "; ".join(f"{bar.label}: {chart.write(sum(bar.parts))}" for bar in chart.bars)
        drawing = Drawing(_WIDTH, self._bottom + 44, chart.title, told)
        drawing.text(_MARGIN, 36, chart.title, "head")
        drawing.text(_MARGIN, 57, chart.subtitle, "faint")
        self._draw_legend(drawing)
        self._draw_axis(drawing)
        for row, bar in enumerate(chart.bars):
            self._draw_bar(drawing, bar, self._top + row * _ROW)
        return drawing.render()

    def _place(self, value: float) -> float:
        return self._left + (self._right - self._left) * value / self._ticks[-1]

    def _legend_lines(self) -> list[list[int]]:
        """Return which parts stand on which line of the legend."""
        lines: list[list[int]] = [[]]
        room = _WIDTH - 2 * _MARGIN
        for part in self._used:
            width = _key_width(self._chart.legend[part])
            if lines[-1] and room < width:
                lines.append([])
                room = _WIDTH - 2 * _MARGIN
            lines[-1].append(part)
            room -= width
        return lines

    def _draw_legend(self, drawing: Drawing) -> None:
        for row, line in enumerate(self._lines):
            x, y = _MARGIN, 76.0 + row * _LEGEND_LINE
            for part in line:
                name = self._chart.legend[part]
                drawing.rectangle(x, y, 12, 12, f"fill-{part}", radius=2)
                drawing.text(x + 18, y + 10.5, name)
                x += _key_width(name)

    def _draw_axis(self, drawing: Drawing) -> None:
        for tick in self._ticks:
            x = self._place(tick)
            drawing.line(x, self._top, x, self._bottom, "axis" if tick == 0 else "grid")
            drawing.text(x, self._bottom + 20, self._chart.write(tick), "faint", anchor="middle")

    def _draw_bar(self, drawing: Drawing, bar: Bar, top: float) -> None:
        middle = top + _ROW / 2
        drawing.text(
            self._left - 12, middle - 3 if bar.detail else middle + 5, bar.label, "strong", anchor="end"
        )
        if bar.detail:
            drawing.text(self._left - 12, middle + 14, bar.detail, "faint", anchor="end")
        done = 0.0
        for part, value in enumerate(bar.parts):
            self._draw_part(drawing, part, value, done, middle - _BAR / 2)
            done += value
        drawing.text(self._place(done) + 8, middle + 5, self._chart.write(done), "strong")

    def _draw_part(self, drawing: Drawing, part: int, value: float, done: float, y: float) -> None:
        x, width = self._place(done), self._place(done + value) - self._place(done)
        if width < _SMALLEST_PX:
            return
        written = self._chart.write(value)
        hint = f"{self._chart.legend[part]}: {written}"
        drawing.rectangle(x, y, width, _BAR, f"fill-{part}", hint=hint)
        if width > text_width(written, _ON_FILL_PX) + 10:
            drawing.text(x + width / 2, y + _BAR / 2 + 4, written, "on-fill", anchor="middle")


def _key_width(name: str) -> float:
    return 18 + text_width(name) + 22
