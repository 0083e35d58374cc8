"""All that one run of ``skylog cost`` found out, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skylog.cost.bill import Bill
from skylog.cost.comparison import Candidate, Variation
from skylog.cost.diskless import SegmentFlow
from skylog.cost.observed import Observation
from skylog.cost.workload import Workload
from skylog.storage.prices import MONTH_S, PriceSheet


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One question and its answers; `name` is an option's."""

    name: str
    variations: Sequence[Variation]


@dataclass(frozen=True, slots=True)
class CostResult:
    """The load, by which prices, and what came of it; `observed` where it was not given."""

    workload: Workload
    sheet: PriceSheet
    flow: SegmentFlow
    candidates: Sequence[Candidate]
    what_ifs: Sequence[WhatIf]
    observed: Observation | None = None

    def document(self) -> dict[str, Any]:
        """Return it as JSON takes it; the names are those of the model's fields."""
        return {
            "prices": {
                **asdict(self.sheet),
                "as_of": self.sheet.as_of.isoformat(),
                "sources": list(self.sheet.sources),
            },
            "month_seconds": MONTH_S,
            "workload": asdict(self.workload),
            "observed": None if self.observed is None else asdict(self.observed),
            "segments": asdict(self.flow),
            "candidates": [_candidate(candidate) for candidate in self.candidates],
            "what_if": [_what_if(question) for question in self.what_ifs],
        }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "detail": candidate.detail,
        "usage": asdict(candidate.usage),
        **_bill(candidate.bill),
    }


def _what_if(question: WhatIf) -> dict[str, Any]:
    answers = [
        {
            "value": answer.value,
            "segments": asdict(answer.flow),
            **_bill(answer.bill),
            "classic_dollars": answer.classic_dollars,
        }
        for answer in question.variations
    ]
    return {"name": question.name, "variations": answers}


def _bill(bill: Bill) -> dict[str, Any]:
    lines = [asdict(line) | {"dollars": line.dollars} for line in bill.lines]
    return {"dollars": bill.dollars, "lines": lines}
