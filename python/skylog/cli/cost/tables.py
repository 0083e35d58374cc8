"""The result for people: what a month costs, line by line, side by side, and if something changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from skylog.cli.console import format_bytes, format_count, table
from skylog.cli.cost.knobs import KNOBS
from skylog.cli.cost.result import CostResult, WhatIf
from skylog.cli.units import format_duration
from skylog.cost.bill import LINES, Bill, Line
from skylog.cost.comparison import Candidate

SHORT_S = 600
"""An observation that is shorter says little of a month."""

_GROUPS = {
    "requests": ("PUT", "GET", "LIST", "DELETE"),
    "storage": ("storage",),
    "traffic": ("store traffic", "between zones"),
}
"""Of the bill's lines, so that a what-if fits 80 columns."""


def format_dollars(dollars: float) -> str:
    """Return an amount with as many digits as it deserves.

    >>> format_dollars(12345.6), format_dollars(12.3), format_dollars(0.0004), format_dollars(0)
    ('$12,346', '$12.30', '$0.0004', '$0')
    """
    if dollars == 0 or dollars >= 100:
        return f"${dollars:,.0f}"
    return f"${dollars:,.2f}" if dollars >= 0.1 else f"${dollars:.2g}"


def show(result: CostResult, out: Console) -> None:
    """Print all of it."""
    out.print(f"[bold]A month of {escape(headline(result))}[/bold]")
    out.print(f"  prices    {escape(_describe_prices(result))}")
    for source in result.sheet.sources:
        out.print(f"            {escape(source)}")
    out.print(f"  segments  {escape(_describe_segments(result))}")
    if result.observed is not None:
        _show_observation(result, out)
    ours = result.candidates[0]
    out.print(_lines_table(ours))
    out.print(_comparison_table(result))
    out.print(escape(_verdict(result)))
    out.print("Not counted on any side: machines, the coordinator's database, taxes, discounts, free tiers.")
    for question in result.what_ifs:
        out.print()
        out.print(_what_if_table(question))


def headline(result: CostResult) -> str:
    """Return the load in a line."""
    workload = result.workload
    readers = format_count(round(workload.fan_out), "group", "groups")
    if workload.fan_out != round(workload.fan_out):
        readers = f"{workload.fan_out:g} groups"
    zones = format_count(workload.zones, "zone", "zones")
    return (
        f"{format_bytes(workload.produce_bytes_per_second)}/s, kept {format_duration(workload.retention_s)}, "
        f"read by {readers}, in {zones}"
    )


def _describe_prices(result: CostResult) -> str:
    sheet = result.sheet
    known = f"{sheet.name}, {sheet.region}, as of {sheet.as_of}"
    return f"{known}; check them at" if sheet.sources else known


def _describe_segments(result: CostResult) -> str:
    flow, brokers = result.flow, format_count(result.workload.broker_count, "broker", "brokers")
    if result.observed is not None:
        puts = result.observed.puts / result.observed.seconds * result.workload.broker_count
        size = result.observed.put_bytes / result.observed.puts if result.observed.puts else 0
        return f"{brokers}, {puts:,.3g} PUTs/s of {format_bytes(size)}, as observed"
    return (
        f"{brokers}, {flow.puts_per_second:,.3g} PUTs/s of {format_bytes(flow.bytes_each)}, "
        f"{flow.count:,.0f} objects\n            "
        f"a batch waits for its seal up to {format_duration(flow.wait_ms_max / 1000)}"
    )


def _show_observation(result: CostResult, out: Console) -> None:
    assert result.observed is not None
    seconds = result.observed.seconds
    out.print(f"  observed  {format_duration(seconds)} of one broker, taken as the mean of a month")
    if seconds < SHORT_S:
        out.print(
            f"            [yellow]that is short: let it run for {format_duration(SHORT_S)} and more[/yellow]"
        )


def _lines_table(candidate: Candidate) -> Table:
    rows = [
        (line.name, _format_amount(line), _unit_price(line), format_dollars(line.dollars))
        for line in candidate.bill.lines
        if line.amount
    ]
    total = ("total", "", "", format_dollars(candidate.bill.dollars))
    return _numbers_right(table(("skylog", "a month", "each", "dollars"), [*rows, total]))


def _format_amount(line: Line) -> str:
    digits = 0 if line.amount >= 100 else 2
    return f"{line.amount:,.{digits}f} {line.unit}"


def _unit_price(line: Line) -> str:
    return "free" if line.unit_dollars == 0 else f"${line.unit_dollars:.3g}"


def _comparison_table(result: CostResult) -> Table:
    names = [f"{c.name}, {c.detail}" if c.detail else c.name for c in result.candidates]
    rows = [
        (name, *(_dollars_or_dash(candidate.bill.line(name)) for candidate in result.candidates))
        for name in _lines_used([candidate.bill for candidate in result.candidates])
    ]
    total = ("total", *(format_dollars(candidate.bill.dollars) for candidate in result.candidates))
    return _numbers_right(table(("a month", *names), [*rows, total]))


def _dollars_or_dash(line: Line) -> str:
    return format_dollars(line.dollars) if line.amount else "–"


def _verdict(result: CostResult) -> str:
    ours, *classics = (candidate.bill.dollars for candidate in result.candidates)
    if not min(classics):
        return "A classic cluster costs nothing either: there is nothing to compare."
    return (
        f"skylog costs {ours / min(classics):.0%} of the cheapest classic cluster "
        f"and {ours / max(classics):.0%} of the dearest."
    )


def _what_if_table(question: WhatIf) -> Table:
    show_value = KNOBS[question.name].show
    used = _lines_used([answer.bill for answer in question.variations])
    groups = {name: lines for name, lines in _GROUPS.items() if set(lines) & set(used)}
    waits = len({answer.flow.wait_ms_max for answer in question.variations}) > 1
    rows = [
        (
            show_value(answer.value),
            f"{answer.flow.puts_per_second:,.3g}",
            format_bytes(answer.flow.bytes_each),
            *([format_duration(answer.flow.wait_ms_max / 1000)] if waits else []),
            *(format_dollars(_sum(answer.bill, lines)) for lines in groups.values()),
            format_dollars(answer.bill.dollars),
            format_dollars(answer.classic_dollars),
        )
        for answer in question.variations
    ]
    columns = ("value", "PUTs/s", "segment", *(["waits"] if waits else []), *groups, "total", "classic")
    title = f"What if {question.name} were (classic: the cheapest of the above)"
    return _numbers_right(table(columns, rows, title=title))


def _sum(bill: Bill, names: Sequence[str]) -> float:
    return sum(bill.line(name).dollars for name in names)


def _lines_used(bills: list[Bill]) -> list[str]:
    return [name for name in LINES if any(bill.line(name).dollars for bill in bills)]


def _numbers_right(made: Table) -> Table:
    for column in made.columns[1:]:
        column.justify = "right"
    return made
