"""The results of the records bench as charts."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from record_report import OURS, SIZES, Cases, Row, number

CONTENDERS = ("skylog", "bare codec", "kafka-protocol", "rskafka", "Java", "aiokafka", "kafka-python", "kio")
CODECS = ("gzip", "snappy", "lz4", "zstd")
INK, PALE, ACCENT, REFERENCE = "#7d8590", "#7d859044", "#d9730d", "#b7bdc6"
"""Grey that reads on white and on black; one colour for ours."""
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "skylog",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "xtick.color": INK,
    "ytick.color": INK,
}

Case = tuple[str, int, str]


def write(directory: Path, rows: list[Row]) -> None:
    """Write the charts, whatever was there before."""
    directory.mkdir(parents=True, exist_ok=True)
    cases = Cases(rows)
    ways = ("encode", "decode")
    uncompressed = [[(way, size, "none") for size in (100, 1024, 10240)] for way in ways]
    compressed = [[(way, 1024, codec) for codec in CODECS] for way in ways]
    with mpl.rc_context(STYLE):
        _draw(cases, uncompressed, directory / "records-uncompressed.svg")
        _draw(cases, compressed, directory / "records-codecs.svg")


def _draw(cases: Cases, grid: list[list[Case]], path: Path) -> None:
    figure, axes = pyplot.subplots(
        len(grid), len(grid[0]), figsize=(10, 5.4), sharex=True, sharey=True, layout="constrained"
    )
    contenders = [
        name for name in CONTENDERS if any(_rate(cases, case, name) for line in grid for case in line)
    ]
    for panels, line in zip(axes, grid, strict=True):
        for panel, case in zip(panels, line, strict=True):
            _panel(panel, cases, case, contenders)
    _label(figure)
    figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def _panel(panel: Axes, cases: Cases, case: Case, contenders: list[str]) -> None:
    rates = [_rate(cases, case, name) for name in contenders]
    colours = [
        ACCENT if name == "skylog" else REFERENCE if name == "bare codec" else INK for name in contenders
    ]
    panel.barh(contenders, [rate or 0 for rate in rates], color=colours, height=0.62)
    for place, rate in enumerate(rates):
        if rate:
            panel.annotate(
                number(rate), (rate, place), (3, 0), textcoords="offset points", va="center", fontsize=8
            )
    direction, record_bytes, codec = case
    panel.set_title(
        f"{direction}, {SIZES[record_bytes]}" + ("" if codec == "none" else f", {codec}"), fontsize=9.5
    )
    panel.set_xscale("log")
    panel.set_xlim(0.002, 100)
    panel.set_ylim(len(contenders) - 0.4, -0.6)
    panel.grid(axis="x", color=PALE, linewidth=0.5)
    panel.set_axisbelow(True)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.minorticks_off()
    panel.xaxis.set_major_formatter("{x:g}")
    panel.tick_params(length=0)


def _label(figure: Figure) -> None:
    figure.supxlabel("GB of values per CPU second, one core, logarithmic", fontsize=9)


def _rate(cases: Cases, case: Case, contender: str) -> float | None:
    return cases.rate(*case, OURS[case[0]] if contender == "skylog" else contender)
