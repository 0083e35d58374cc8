"""What is said of a bench of a log: rows for a table, JSON, and a page with charts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from skylog.bench.log.histogram import QUANTILES, Histogram
from skylog.bench.log.session import Outcome
from skylog.bench.machine import summarize_machine
from skylog.bench.sizes import GIB, MIB, format_size
from skylog.charts.lines import Axis, Line, LineChart
from skylog.charts.page import grid, page, paragraphs, pictures

COLUMNS: Final = ("from due to", "records", *(f"{name} ms" for name in QUANTILES), "max ms")

_MARKS: Final = {2: "p50", 10: "p90", 100: "p99", 1000: "p99.9"}
_CURVE: Final = (2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


class Report:
    """One outcome, told.

    Parameters
    ----------
    outcome : Outcome
    machine : dict of str to str
    """

    def __init__(self, outcome: Outcome, machine: dict[str, str]) -> None:
        self._outcome = outcome
        self._machine = machine

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of a table below `COLUMNS`."""
        return [_row(name, histogram) for name, histogram in self._histograms().items()]

    def notes(self) -> list[str]:
        """Return rates, the account of all records, and what it cost in processor time."""
        outcome, plan = self._outcome, self._outcome.plan
        reached = outcome.records_per_second
        notes = ["Stopped early."] if outcome.stopped else []
        notes.append(
            f"Asked for {plan.rate:,.0f} records/s ({plan.bytes_per_second / MIB:,.2f} MiB/s), acknowledged "
            f"{reached:,.0f} records/s ({reached * plan.record_bytes / MIB:,.2f} MiB/s)."
        )
        notes.append(
            f"{outcome.sent:,} records sent, {outcome.acknowledged:,} acknowledged, {outcome.received:,} "
            f"read by {plan.fan_out} consumers; {outcome.requests:,} requests, "
            f"{outcome.resent:,} batches sent again."
        )
        return [*notes, *self._account(), *self._processor()]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON takes it."""
        outcome, plan = self._outcome, self._outcome.plan
        return {
            "bench": "log",
            "bootstrap": outcome.bootstrap,
            **self._machine,
            "plan": {name: getattr(plan, name) for name in plan.__slots__},
            "latency_ms": {name: each.summary() for name, each in self._histograms().items()},
            "records_per_second": round(outcome.records_per_second, 1),
            "mib_per_second": round(outcome.records_per_second * plan.record_bytes / MIB, 3),
            **{name: getattr(outcome, name) for name in _COUNTS},
            "findings": outcome.findings,
            "client_cpu_seconds": round(outcome.client_cpu_seconds, 3),
            "broker_cpu_seconds": outcome.broker_cpu_seconds,
            "broker_cpu_seconds_per_gib": self._per_gib(outcome.broker_cpu_seconds),
            "leftover": outcome.leftover,
        }

    def to_html(self) -> str:
        """Return a page with charts that needs nothing else."""
        plan = self._outcome.plan
        about = (
            f"{plan.bytes_per_second / MIB:,.2f} MiB/s in records of {format_size(plan.record_bytes)}, "
            f"{plan.partitions} partitions, {plan.producers} producers, {plan.fan_out} consumers. "
        )
        sections = [("Latency", grid(COLUMNS, self.rows())), ("Account", paragraphs(self.notes()))]
        if drawings := self._drawings():
            sections.append(("Charts", pictures(drawings)))
        title = f"skylog bench log {self._outcome.bootstrap}"
        return page(title, about + summarize_machine(self._machine), sections)

    def _histograms(self) -> Mapping[str, Histogram]:
        outcome = self._outcome
        return {
            "sent": outcome.lateness,
            "acknowledged": outcome.acknowledgement,
            "end to end": outcome.end_to_end,
        }

    def _account(self) -> list[str]:
        outcome = self._outcome
        if outcome.findings:
            return [f"FINDING: {', '.join(outcome.findings)}."]
        if not outcome.complete:
            return ["There was no time to read everything that was sent: nothing can be said of losses."]
        return ["Nothing lost, duplicated or reordered."] if outcome.plan.fan_out else []

    def _processor(self) -> list[str]:
        outcome = self._outcome
        notes = [
            f"Processor time of this client: {outcome.client_cpu_seconds:.2f} s, "
            f"{self._per_gib(outcome.client_cpu_seconds) or 0:.2f} s for each GiB produced."
        ]
        if outcome.broker_cpu_seconds is not None:
            notes.append(
                f"Of the broker: {outcome.broker_cpu_seconds:.2f} s, "
                f"{self._per_gib(outcome.broker_cpu_seconds) or 0:.2f} s for each GiB produced."
            )
        return notes

    def _per_gib(self, seconds: float | None) -> float | None:
        produced = self._outcome.acknowledged * self._outcome.plan.record_bytes
        return None if seconds is None or not produced else round(seconds * GIB / produced, 3)

    def _drawings(self) -> list[str]:
        curves = {name: each for name, each in self._histograms().items() if each.count}
        if not curves:
            return []
        outcome = self._outcome
        acknowledged, read = outcome.acknowledged_by_second, outcome.read_by_second
        over_time = [
            Line(f"{name}, {share}", timeline.quantiles(QUANTILES[share]))
            for name, timeline in (("acknowledged", acknowledged), ("end to end", read))
            for share in ("p50", "p99")
        ]
        rates = [(second, count * outcome.plan.record_bytes / MIB) for second, count in acknowledged.counts()]
        about_rate = "MiB/s, by the second in which records were due"
        return [
            _curves(curves),
            *_by_second("Latency over time", "milliseconds", over_time),
            *_by_second("Acknowledged", about_rate, [Line("rate", rates)]),
        ]


_COUNTS: Final = (
    "sent", "acknowledged", "received", "lost", "duplicated", "reordered", "complete", "stopped",
    "requests", "resent",
)  # fmt: skip


def _curves(histograms: Mapping[str, Histogram]) -> str:
    lines = [
        Line(name, [(one_in, max(each.quantile(1 - 1 / one_in), 1e-2)) for one_in in _CURVE])
        for name, each in histograms.items()
    ]
    x = Axis(lambda one_in: _MARKS.get(round(one_in), f"1 in {one_in:g}"), log=True, marks=tuple(_MARKS))
    return LineChart(
        "Latency by percentile", "milliseconds from the moment a record was due", "share of records within",
        x, Axis(_number, log=True), lines,
    ).render()  # fmt: skip


def _by_second(title: str, subtitle: str, lines: Sequence[Line]) -> list[str]:
    drawn = [line for line in lines if line.points]
    if not drawn:
        return []
    return [LineChart(title, subtitle, "seconds", Axis(_number), Axis(_number), drawn).render()]


def _row(name: str, histogram: Histogram) -> tuple[str, ...]:
    quantiles = (_number(histogram.quantile(share)) for share in QUANTILES.values())
    return (name, f"{histogram.count:,}", *quantiles, _number(histogram.max_ms))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
