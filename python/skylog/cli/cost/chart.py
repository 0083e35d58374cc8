"""The bills side by side, as a picture."""

from __future__ import annotations

from skylog.charts.bars import Bar, BarChart
from skylog.cli.cost.result import CostResult
from skylog.cli.cost.tables import format_dollars, headline
from skylog.cost.bill import LINES


def render_chart(result: CostResult) -> str:
    """Return an SVG document."""
    sheet = result.sheet
    bars = [
        Bar(candidate.name, candidate.detail, [line.dollars for line in candidate.bill.lines])
        for candidate in result.candidates
    ]
    subtitle = f"{sheet.name}, {sheet.region}, prices as of {sheet.as_of}; machines not included"
    return BarChart(f"A month of {headline(result)}", subtitle, LINES, bars, format_dollars).render()
