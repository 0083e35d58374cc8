"""skylog beside classic clusters, and what changes when one thing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from skylog.cost.bill import Bill, bill_of
from skylog.cost.classic import ClassicSetup, classic_usage
from skylog.cost.diskless import SegmentFlow, diskless_usage, segment_flow
from skylog.cost.usage import Usage
from skylog.cost.workload import Workload
from skylog.storage.prices import PriceSheet

TIERED_LOCAL_S = 6 * 3_600

CLASSIC_SETUPS = {
    "follower fetching, tiered storage": ClassicSetup(
        follower_fetching=True, local_retention_s=TIERED_LOCAL_S
    ),
    "follower fetching": ClassicSetup(follower_fetching=True),
    "as it comes": ClassicSetup(),
}
"""From the cheapest to the dearest."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to run the load: what it is, its amounts and its bill."""

    name: str
    detail: str
    usage: Usage
    bill: Bill


@dataclass(frozen=True, slots=True)
class Variation:
    """The load with one field changed."""

    value: Any
    flow: SegmentFlow
    bill: Bill
    classic_dollars: float
    """The cheapest classic cluster under the same load."""


def compare(workload: Workload, sheet: PriceSheet, usage: Usage | None = None) -> list[Candidate]:
    """Return skylog (with `usage` where it was observed) and the classic clusters."""
    ours = diskless_usage(workload) if usage is None else usage
    return [Candidate("skylog", "", ours, bill_of(ours, sheet)), *_classics(workload, sheet)]


def vary(workload: Workload, field: str, values: Sequence[Any], sheet: PriceSheet) -> list[Variation]:
    """Return what each of `values` for `field` of `Workload` would make."""
    return [_variation(value, replace(workload, **{field: value}), sheet) for value in values]


def _variation(value: Any, workload: Workload, sheet: PriceSheet) -> Variation:
    return Variation(
        value=value,
        flow=segment_flow(workload),
        bill=bill_of(diskless_usage(workload), sheet),
        classic_dollars=min(classic.bill.dollars for classic in _classics(workload, sheet)),
    )


def _classics(workload: Workload, sheet: PriceSheet) -> list[Candidate]:
    return [
        Candidate("classic Kafka", detail, usage, bill_of(usage, sheet))
        for detail, setup in CLASSIC_SETUPS.items()
        for usage in [classic_usage(workload, setup)]
    ]
