"""Everything at once, for minutes: run by `make soak-store`."""

from __future__ import annotations

import os

import pytest

from clients.faulty.place import UNCACHED, Place, Trial
from clients.waiting import Deadline, monotonic
from faults import Fault, Rule

SECONDS = float(os.environ.get("SKYLOG_SOAK_SECONDS", "60"))
SEEDS = range(int(os.environ.get("SKYLOG_SOAK_SEEDS", "5")))
SUM = 0.35
"""Three requests in ten are hit."""
READS = ("get", "get_range")

_ANY = (
    Fault.SLOW_DOWN,
    Fault.INTERNAL_ERROR,
    Fault.TIME_SKEWED,
    Fault.RESET_BEFORE,
    Fault.LOST_ANSWER,
    Fault.HANG,
    Fault.HANG_ANSWER,
    Fault.LAND_LATE,
)
_UP = (*_ANY, Fault.RESET_UPLOAD)
_DOWN = (
    *_ANY,
    Fault.RESET_DOWNLOAD,
    Fault.TRUNCATE,
    Fault.CUT_SHORT,
    Fault.FLIP_DOWNLOAD,
    Fault.NOT_FOUND,
)


def _rules() -> list[Rule]:
    """Each fault may hit what those before it left, so that together they hit a little less than the sum."""
    return [
        Rule(fault=fault, kinds=kinds, probability=SUM / len(faults))
        for kinds, faults in ((("put",), _UP), (READS, _DOWN))
        for fault in faults
    ]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("client", ["obstore", "boto3"])
@pytest.mark.parametrize("seed", SEEDS)
def test_everything_at_once_for_a_while(place: Place, seed: int, client: str) -> None:
    place.proxy.seed = seed
    broker = place.serve(UNCACHED, client=client)
    trial = Trial(place, broker)
    ledger, began, rounds = place.proxy.ledger, monotonic(), 0
    since = len(ledger)
    with trial.producers() as producers:
        deadline = Deadline(SECONDS * 2 + 60, "the end of a soak")
        while monotonic() - began < SECONDS and deadline.left:
            trial.suffer(producers, *_rules(), faults=1)
            producers.go_on(100)
            rounds += 1
        producers.go_on(100)
    trial.check(producers)
    hit, made = sum(ledger.faults(since).values()), len(ledger) - since
    print(
        f"{client}, seed {seed}: {rounds} rounds, {hit} of {made} requests hit: {dict(ledger.faults(since))}"
    )
