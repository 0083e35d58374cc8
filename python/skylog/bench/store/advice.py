"""From what a store gave to how a broker on it should be set up, and what to expect. Pure.

Requests come at any moment, so one waits half an interval between PUTs in the middle, a whole one at worst,
and then for its PUT. A slower rate of PUTs makes larger segments: cheaper, and later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from skylog.bench.sizes import KIB, MIB, format_size
from skylog.bench.store.measured import Measured
from skylog.storage.prices import GB_BYTES, MONTH_S, PriceSheet

RATES: Final = (1, 2, 4, 8, 16, 32, 64)
"""PUTs a second that are looked at."""

HEADROOM: Final = 1.5
"""The store must give so many times what is asked of it."""

_SEGMENT_BYTES_MIN: Final = 64 * KIB

_RATE_ALWAYS_FINE: Final = 4
"""PUTs a second that a broker makes by default where they cost money."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the broker shall carry: bytes a second, kept for so many days."""

    bytes_per_second: float
    retention_days: float


@dataclass(frozen=True, slots=True)
class Option:
    """One way to do it, with the acknowledgement latency that is to be expected at the full rate."""

    puts_per_second: int
    segment_bytes: int
    concurrency: int
    put_p50_ms: float
    ack_p50_ms: float
    ack_p99_ms: float
    put_dollars_month: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The options, the one to take, and what does not depend on it.

    Attributes
    ----------
    best : Option or None
        None if the store did not give enough in any way that was measured.
    capacity_bytes_per_second : float
        The most that PUTs reached.
    quiet_p50_ms, quiet_p99_ms : float
        Acknowledgement where requests are so rare that each is stored at once.
    storage_dollars_month : float
        Of what is kept, once retention is reached.
    """

    demand: Demand
    options: Sequence[Option]
    best: Option | None
    capacity_bytes_per_second: float
    quiet_p50_ms: float
    quiet_p99_ms: float
    storage_dollars_month: float

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)


def advise(cells: Sequence[Measured], demand: Demand, sheet: PriceSheet) -> Advice | None:
    """Return advice from the cells of PUTs that succeeded; None if there are none."""
    puts = [each for each in cells if each.cell.kind == "put" and each.requests]
    if not puts:
        return None
    options = [each for rate in RATES if (each := _option(puts, rate, demand, sheet)) is not None]
    quiet = min(puts, key=lambda each: (each.cell.concurrency, each.cell.size))
    kept_gb = demand.bytes_per_second * demand.retention_days * 24 * 3600 / GB_BYTES
    storage_dollars = kept_gb * sheet.storage_per_gb_month
    return Advice(
        demand=demand,
        options=options,
        best=_choose(options, storage_dollars),
        capacity_bytes_per_second=max(each.bytes_per_second for each in puts),
        quiet_p50_ms=quiet.latencies.quantile(0.5),
        quiet_p99_ms=quiet.latencies.quantile(0.99),
        storage_dollars_month=storage_dollars,
    )


def explain(advice: Advice, sheet: PriceSheet) -> list[str]:
    """Return the advice in sentences."""
    wanted = f"{advice.demand.bytes_per_second / MIB:g} MiB/s"
    reached = f"{advice.capacity_bytes_per_second / MIB:,.1f} MiB/s"
    best = advice.best
    if best is None:
        return [
            f"Nothing that was measured carries {wanted} with {HEADROOM:g} times headroom: PUTs reached "
            f"{reached}. Measure larger sizes or more concurrency (--sizes, --concurrency), from a machine "
            "nearer to the store, or ask for less (--throughput)."
        ]
    quiet = f"p50 {_ms(advice.quiet_p50_ms)}, p99 {_ms(advice.quiet_p99_ms)}"
    # A burst should make a larger segment, not one more PUT.
    target = max(_SEGMENT_BYTES_MIN, 1 << (2 * best.segment_bytes - 1).bit_length())
    return [
        f"For {wanted}: segments of {format_size(best.segment_bytes)}, {best.puts_per_second} PUTs a second, "
        f"up to {best.concurrency} at a time (PUTs reached {reached} at most).",
        f"Acknowledgement to expect, commit and network apart: {quiet} where requests are rare; "
        f"p50 {_ms(best.ack_p50_ms)}, p99 {_ms(best.ack_p99_ms)} at {wanted}.",
        _money(advice, best, sheet),
        f"In the broker's configuration: [produce] segment_bytes_target = {target}, "
        f"put_rate_per_second = {best.puts_per_second}, uploads_max = {best.concurrency}.",
    ]


def _money(advice: Advice, best: Option, sheet: PriceSheet) -> str:
    total = best.put_dollars_month + advice.storage_dollars_month
    if not total:
        return (
            "The store charges nothing (price sheet none; another with --prices aws, gcp, azure or a file)."
        )
    return (
        f"A month costs ${total:,.2f}: PUTs ${best.put_dollars_month:,.2f}, {advice.demand.retention_days:g} "
        f"days kept ${advice.storage_dollars_month:,.2f} ({sheet.name}, {sheet.region}, prices of "
        f"{sheet.as_of}). Reading at the tail costs no GET."
    )


def _option(puts: Sequence[Measured], rate: int, demand: Demand, sheet: PriceSheet) -> Option | None:
    """Return what a rate of PUTs leads to; None if nothing measured carries it."""
    segment_bytes = demand.bytes_per_second / rate
    for concurrency in sorted({each.cell.concurrency for each in puts}):
        curve = sorted(
            (each for each in puts if each.cell.concurrency == concurrency), key=lambda each: each.cell.size
        )
        if segment_bytes > curve[-1].cell.size:
            continue
        given = _between(curve, segment_bytes, [each.requests_per_second for each in curve]) * segment_bytes
        if given >= HEADROOM * demand.bytes_per_second:
            return _expect(curve, rate, segment_bytes, concurrency, sheet)
    return None


def _expect(
    curve: Sequence[Measured], rate: int, segment_bytes: float, concurrency: int, sheet: PriceSheet
) -> Option:
    p50, p99 = (
        _between(curve, segment_bytes, [each.latencies.quantile(share) for each in curve])
        for share in (0.5, 0.99)
    )
    interval_ms = 1000 / rate
    uploads = sheet.request_dollars(puts=rate * MONTH_S)
    uploads += sheet.transfer_dollars(put_bytes=rate * MONTH_S * segment_bytes)
    return Option(
        puts_per_second=rate,
        segment_bytes=round(segment_bytes),
        # Slow ones overlap with those behind them.
        concurrency=max(concurrency, math.ceil(rate * p99 / 1000) + 1),
        put_p50_ms=p50,
        ack_p50_ms=interval_ms / 2 + p50,
        ack_p99_ms=interval_ms + p99,
        put_dollars_month=uploads,
    )


def _choose(options: Sequence[Option], storage_dollars: float) -> Option | None:
    """Return the slowest rate at which waiting for the PUT takes no longer than the PUT itself.

    PUTs shall not cost more than what is kept does, unless they are as rare as they always may be.
    """
    fine = [
        each
        for each in options
        if each.put_dollars_month <= storage_dollars or each.puts_per_second <= _RATE_ALWAYS_FINE
    ] or options[:1]
    if not fine:
        return None
    waits = (each for each in fine if 500 / each.puts_per_second <= each.put_p50_ms)
    return next(waits, fine[-1])


def _between(curve: Sequence[Measured], size: float, values: Sequence[float]) -> float:
    """Return the value at a size, on a straight line between the sizes that were measured."""
    sizes = [each.cell.size for each in curve]
    above = next((place for place, each in enumerate(sizes) if each >= size), len(sizes) - 1)
    if above == 0:
        return values[0]
    share = (size - sizes[above - 1]) / (sizes[above] - sizes[above - 1])
    return values[above - 1] + share * (values[above] - values[above - 1])


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"
