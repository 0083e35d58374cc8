"""A month from what a broker has counted so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from skylog.cost.usage import Usage
from skylog.cost.workload import Workload
from skylog.errors import InvalidRequest
from skylog.storage.prices import MONTH_S


@dataclass(frozen=True, slots=True)
class Observation:
    """Requests and bytes of one broker over `seconds`."""

    seconds: float
    puts: float
    put_bytes: float
    gets: float
    get_bytes: float
    lists: float
    deletes: float

    @classmethod
    def from_report(cls, report: object, where: str) -> Observation:
        """Return what a report of ``skylog serve`` says; it may say more.

        Raises `InvalidRequest` for what is none or was written before anything could be observed; the
        message names `where` and the field.
        """
        if not isinstance(report, Mapping):
            raise InvalidRequest(f"{where}: expected the report of a broker, found {report!r:.60}")
        seen = cls(**{field.name: _count(report, field.name, where) for field in fields(cls)})
        if seen.seconds <= 0:
            raise InvalidRequest(f"{where}: seconds: nothing was observed yet; send the broker SIGUSR1 later")
        return seen

    def workload(self, base: Workload) -> Workload:
        """Return `base` with the observed throughput, which is that of compressed bytes."""
        produced = self.put_bytes / self.seconds * base.broker_count
        return replace(base, produce_bytes_per_second=produced, compression=1.0)

    def usage(self, workload: Workload) -> Usage:
        """Return a month in which every broker of `workload` goes on as this one did."""
        month = workload.broker_count * MONTH_S / self.seconds
        return Usage(
            puts=self.puts * month,
            gets=self.gets * month,
            lists=self.lists * month,
            deletes=self.deletes * month,
            put_bytes=self.put_bytes * month,
            get_bytes=self.get_bytes * month,
            stored_bytes=workload.retained_bytes,
        )


def _count(report: Mapping[str, Any], name: str, where: str) -> float:
    found = report.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < math.inf:
        raise InvalidRequest(f"{where}: {name}: expected a number, 0 or more, found {found!r}")
    return float(found)
