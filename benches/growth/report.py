"""Results as tables: for the terminal and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import Curve, Measure, Step, exponent, is_defect

START, END = "<!-- growth: start (benches/growth writes this) -->", "<!-- growth: end -->"


def number(value: float | None) -> str:
    """Return three significant digits, never an exponent."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3}f}"


def steps_of(rows: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Return steps as JSON keeps them."""
    return [Step(row["n"], dict(row["values"])) for row in rows]


def lines(curve: Curve, steps: Sequence[Step], strong: str = "") -> list[list[str]]:
    """Return head and rows: a row a measure, a column a step, then the exponent and what it may be."""
    head = [curve.counted, *(f"{step.n:,}" for step in steps), "exponent", "may be"]
    return [head, *(_line(measure, steps, strong) for measure in curve.measures if _known(measure, steps))]


def _known(measure: Measure, steps: Sequence[Step]) -> bool:
    return any(measure.name in step.values for step in steps)


def _line(measure: Measure, steps: Sequence[Step], strong: str) -> list[str]:
    slope = exponent(steps, measure.name)
    mark = strong if is_defect(measure, steps) else ""
    told = "–" if slope is None else f"{mark}{slope:.2f}{mark}"
    cells = [number(step.values.get(measure.name)) for step in steps]
    return [
        f"{measure.name}, {measure.unit}",
        *cells,
        told,
        "–" if measure.allowed is None else f"{measure.allowed:g}",
    ]


def terminal(curve: Curve, steps: Sequence[Step]) -> str:
    """Return the table in columns; '!' stands at exponents that are too large."""
    rows = lines(curve, steps, "!")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  " + "  ".join(f"{cell:{'<' if i == 0 else '>'}{widths[i]}}" for i, cell in enumerate(row))
        for row in rows
    )


def write(page: Path, results: Mapping[str, Any], curves: Mapping[str, Curve]) -> None:
    """Put the tables between their marks in a page."""
    text = page.read_text()
    before, _, rest = text.partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{page} has no place for the tables: {START} … {END}")
    parts = [_about(results)]
    for name, rows in results["curves"].items():
        parts += [f"### {curves[name].title}", f"![{curves[name].title}](images/growth-{name}.svg)"]
        parts.append(_markdown(curves[name], steps_of(rows)))
    page.write_text(f"{before}{START}\n\n{chr(10).join(f'{part}{chr(10)}' for part in parts)}\n{END}{after}")


def _about(results: Mapping[str, Any]) -> str:
    about = results["machine"]
    return (
        f"{about['processor']}, {about['cores']} cores, {about['system']}, CPython {about['python']}; "
        f"{about['date']}, commit {about['commit']}, load {about['load_before']} before, "
        f"{results['seconds']} s in all."
    )


def _markdown(curve: Curve, steps: Sequence[Step]) -> str:
    head, *rows = lines(curve, steps, "**")
    table = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    notes = [f"{measure.name}: {measure.note}" for measure in curve.measures if measure.note]
    told = "".join(f"\n\n{note}" for note in notes)
    return "\n".join(f"| {' | '.join(row)} |" for row in table) + told
