"""What is said of a bench of a store: rows for a table, JSON, and a page with charts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from skylog.bench.machine import summarize_machine
from skylog.bench.sizes import MIB, format_size
from skylog.bench.store.advice import Advice, explain
from skylog.bench.store.measured import SHARES, Measured
from skylog.bench.store.session import Outcome
from skylog.charts.lines import Axis, Line, LineChart
from skylog.charts.page import grid, page, paragraphs, pictures
from skylog.storage.metered import StoreUsage
from skylog.storage.prices import PriceSheet

COLUMNS: Final = (
    "request", "size", "at a time", "requests", "failed", "requests/s", "MiB/s",
    *(f"{name} ms" for name in SHARES), "max ms",
)  # fmt: skip

OPTION_COLUMNS: Final = ("PUTs/s", "segment", "at a time", "ack p50 ms", "ack p99 ms", "PUTs, $/month")

_NAMES: Final = {"put": "PUT", "get": "GET", "range": "ranged GET", "list": "LIST", "delete": "DELETE"}


class Report:
    """One outcome with its money and its advice.

    Parameters
    ----------
    outcome : Outcome
    usage : StoreUsage
        Of the store, cleaning up included.
    sheet : PriceSheet
    advice : Advice, optional
        Where there were PUTs to draw it from.
    machine : dict of str to str
    """

    def __init__(
        self,
        outcome: Outcome,
        usage: StoreUsage,
        sheet: PriceSheet,
        advice: Advice | None,
        machine: dict[str, str],
    ) -> None:
        self._outcome = outcome
        self._usage = usage
        self._sheet = sheet
        self._advice = advice
        self._machine = machine

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of a table below `COLUMNS`."""
        return [_row(each) for each in self._outcome.cells]

    def option_rows(self) -> list[tuple[str, ...]]:
        """Return the cells of a table below `OPTION_COLUMNS`."""
        return [
            (
                str(each.puts_per_second),
                format_size(each.segment_bytes),
                str(each.concurrency),
                _number(each.ack_p50_ms),
                _number(each.ack_p99_ms),
                f"{each.put_dollars_month:,.2f}",
            )
            for each in (self._advice.options if self._advice else ())
        ]

    def notes(self) -> list[str]:
        """Return what went wrong or was left out, and what all of it cost."""
        outcome, usage = self._outcome, self._usage
        notes = ["Stopped early."] if outcome.stopped else []
        notes += [
            f"{each.cell}: {each.failed:,} failed, first {each.first_error}" for each in _failed(outcome)
        ]
        reasons = dict.fromkeys(reason for _, reason in outcome.left_out if reason != "stopped")
        for reason in reasons:
            cells = ", ".join(str(cell) for cell, why in outcome.left_out if why == reason)
            notes.append(f"Left out, {reason}: {cells}.")
        notes.append(
            f"{usage.puts:,} PUTs, {usage.gets:,} GETs, {usage.lists:,} LISTs, {usage.deletes:,} DELETEs in "
            f"{outcome.seconds:.0f} s cost ${usage.dollars(self._sheet):.4f} "
            f"({self._sheet.name}, prices of {self._sheet.as_of})."
        )
        return [*notes, outcome.leftover] if outcome.leftover else notes

    def advice(self) -> list[str]:
        """Return the recommendation in sentences."""
        return explain(self._advice, self._sheet) if self._advice else ["No PUT succeeded: no advice."]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON takes it."""
        outcome = self._outcome
        return {
            "bench": "store",
            "store": outcome.url,
            **self._machine,
            "seconds": round(outcome.seconds, 3),
            "stopped": outcome.stopped,
            "cells": [each.to_json() for each in outcome.cells],
            "left_out": [{"cell": str(cell), "reason": reason} for cell, reason in outcome.left_out],
            "usage": asdict(self._usage),
            "dollars": self._usage.dollars(self._sheet),
            "prices": {"sheet": self._sheet.name, "as_of": str(self._sheet.as_of)},
            "advice": self._advice.to_json() if self._advice else None,
            "recommendation": self.advice(),
            "leftover": outcome.leftover,
        }

    def to_html(self) -> str:
        """Return a page with charts that needs nothing else."""
        sections = [("Recommendation", paragraphs(self.advice()))]
        if options := self.option_rows():
            sections.append(("By rate of PUTs", grid(OPTION_COLUMNS, options, numbers_from=0)))
        if drawings := self._drawings():
            sections.append(("Charts", pictures(drawings)))
        sections.append(("Everything", grid(COLUMNS, self.rows())))
        sections.append(("Notes", paragraphs(self.notes())))
        about = summarize_machine(self._machine)
        return page(f"skylog bench store {self._outcome.url}", about, sections)

    def _drawings(self) -> list[str]:
        drawings = []
        for kind in ("put", "get", "range"):
            cells = [each for each in self._outcome.cells if each.cell.kind == kind and each.requests]
            if cells:
                drawings += _pair(_NAMES[kind], cells)
        return drawings


def _pair(name: str, cells: Sequence[Measured]) -> list[str]:
    """Return latency by size and throughput by concurrency."""
    sizes = sorted({each.cell.size for each in cells})
    concurrencies = sorted({each.cell.concurrency for each in cells})[:4]
    latency = [
        Line(f"{share}, {many} at a time", [(each.cell.size, _shown(each, quantile)) for each in some])
        for many in concurrencies
        for share, quantile in (("p50", 0.5), ("p99", 0.99))
        if (some := [each for each in cells if each.cell.concurrency == many])
    ]
    by_size = LineChart(
        f"{name}: latency by size",
        "milliseconds",
        "bytes of the request",
        Axis(format_size, log=True, marks=sizes),
        Axis(_number, log=True),
        latency,
    )
    return [by_size.render(), _throughput(name, cells, sizes[-8:]).render()]


def _throughput(name: str, cells: Sequence[Measured], sizes: Sequence[int]) -> LineChart:
    many = sorted({each.cell.concurrency for each in cells})
    lines = [
        Line(
            format_size(size),
            [
                (each.cell.concurrency, max(each.bytes_per_second / MIB, 1e-3))
                for each in cells
                if each.cell.size == size
            ],
        )
        for size in sizes
    ]
    x, y = Axis(_number, log=True, marks=many), Axis(_number, log=True)
    return LineChart(f"{name}: throughput", "MiB/s", "requests at a time", x, y, lines)


def _shown(measured: Measured, share: float) -> float:
    return max(measured.latencies.quantile(share), 1e-2)


def _row(measured: Measured) -> tuple[str, ...]:
    cell = measured.cell
    percentiles = (measured.percentile_ms(share) for share in SHARES.values())
    return (
        _NAMES[cell.kind],
        format_size(cell.size) if cell.size else "",
        str(cell.concurrency),
        f"{measured.requests:,}",
        f"{measured.failed:,}",
        _number(measured.requests_per_second),
        _number(measured.bytes_per_second / MIB) if cell.size else "",
        *("–" if each is None else _number(each) for each in percentiles),
        _number(measured.latencies.max_ms),
    )


def _failed(outcome: Outcome) -> list[Measured]:
    return [each for each in outcome.cells if each.failed]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
