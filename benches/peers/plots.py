"""The results as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peers.report import Results, number
from peers.targets import PAIRS
from skylog.charts.bars import Bar, BarChart
from skylog.charts.lines import Axis, Line, LineChart

_PICTURES = {"skylog-memory": "peers-memory.svg", "skylog-file": "peers-disk.svg"}
_LATENCY = "peers-latency.svg"
_ONE_IN = {2: "p50", 10: "p90", 100: "p99", 1000: "p99.9"}


def write(directory: Path, results: Results) -> list[Path]:
    """Draw what there are figures for; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = {_PICTURES[ours]: _costs(results, ours) for ours in _PICTURES}
    drawn[_LATENCY] = _latencies(results)
    paths = []
    for name, text in drawn.items():
        if text:
            (directory / name).write_text(text)
            paths.append(directory / name)
    return paths


def _costs(results: Results, ours: str) -> str:
    """Draw the loads that have an aim."""
    aimed = [load for load in results.loads if any(aim["target"] == ours for aim in load["aims"])]
    bars = [bar for load in aimed for bar in _pair(results, load, ours)]
    if not bars:
        return ""
    title = f"{results.titles[PAIRS[ours]]} and {results.titles[ours]}"
    about = "CPU seconds of the broker for each GiB of record values; medians"
    return BarChart(title, about, ("user", "system"), bars, number).render()


def _pair(results: Results, load: dict[str, Any], ours: str) -> list[Bar]:
    bars = []
    for name in (PAIRS[ours], ours):
        parts = [results.median(load, name, figure) for figure in ("user_s_per_gib", "system_s_per_gib")]
        if None in parts:
            return []
        bars.append(Bar(load["title"] if name == PAIRS[ours] else "", results.titles[name], parts))
    return bars


def _latencies(results: Results) -> str:
    loads = results.with_figure("ack_p50_ms")
    if not loads:
        return ""
    load = loads[-1]
    lines = [_line(results, load, name) for name in results.titles if results.samples(load, name)]
    x = Axis(lambda one_in: _ONE_IN[round(one_in)], log=True, marks=tuple(_ONE_IN))
    about = f"{load['title']}: milliseconds from due to read by a consumer"
    return LineChart(
        "End to end", about, "share of records within", x, Axis(number, log=True), lines
    ).render()


def _line(results: Results, load: dict[str, Any], name: str) -> Line:
    points = []
    for one_in, share in _ONE_IN.items():
        value = results.median(load, name, f"end_to_end_{share.replace('.', '_')}_ms")
        if value:
            points.append((float(one_in), value))
    return Line(results.titles[name], points)
