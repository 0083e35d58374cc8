"""What goes wrong, for which requests, how often: drawn from a seed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random  # noqa: TID251 - seeded
from typing import Any

from faults.operations import Operation
from skylog.storage.delay import Latency


class Fault(StrEnum):
    """What a store, or the network before it, does wrong."""

    SLOW_DOWN = "slow_down"
    """503 SlowDown; nothing reaches the store."""
    INTERNAL_ERROR = "internal_error"
    """500 InternalError; nothing reaches the store."""
    TIME_SKEWED = "time_skewed"
    """403 RequestTimeTooSkewed, with a Date `skew_s` off."""
    NOT_FOUND = "not_found"
    """404 NoSuchKey, whatever the store has."""
    RESET_BEFORE = "reset_before"
    """Reset when the head was read."""
    RESET_UPLOAD = "reset_upload"
    """Reset when the store has half of the request's body."""
    RESET_DOWNLOAD = "reset_download"
    """Reset when the client has half of the answer's body; an answer without a body is lost."""
    LOST_ANSWER = "lost_answer"
    """The store did it and answered; the client gets a reset."""
    HANG = "hang"
    """The request is taken, nothing reaches the store, no answer ever comes."""
    HANG_ANSWER = "hang_answer"
    """The store did it and answered; the client hears nothing."""
    LAND_LATE = "land_late"
    """No answer comes; when the client has gone, and `late_s` later, the request reaches the store."""
    TRUNCATE = "truncate"
    """Half of the answer's body, and a Content-Length that agrees."""
    CUT_SHORT = "cut_short"
    """Half of the answer's body, then an orderly end, against the Content-Length."""
    FLIP_DOWNLOAD = "flip_download"
    """One bit of the answer's body is wrong."""
    FLIP_UPLOAD = "flip_upload"
    """One bit of the request's body is wrong when it reaches the store."""
    SHIFT_DATE = "shift_date"
    """The answer's Date is `skew_s` off."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault, or one latency, for the requests that it fits.

    Parameters
    ----------
    fault, latency
        One of them. Latency runs from the request's head to the answer's, the store's own time included;
        of several that fit, the first holds. Of several faults, the first that is drawn.
    kinds
        Kinds of operations; all without any.
    key
        Pattern of keys (`fnmatch`), without the bucket.
    probability
        Of each request that fits.
    run
        How many requests that fit are hit in a row once one is drawn: a storm.
    times
        How many requests are hit in all; without one there is no end.
    first_of_key
        Only the first so many requests of each key are hit: 404 right after a PUT.
    skew_s, late_s
        See `Fault`.
    """

    fault: Fault | None = None
    latency: Latency | None = None
    kinds: tuple[str, ...] = ()
    key: str = "*"
    probability: float = 1.0
    run: int = 1
    times: int | None = None
    first_of_key: int | None = None
    skew_s: float = 3600.0
    late_s: float = 0.5

    def __post_init__(self) -> None:
        if (self.fault is None) == (self.latency is None):
            raise ValueError(f"expected a fault or a latency, found {self.fault!r} and {self.latency!r}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Rule:
        """Return a rule from JSON: ``{"fault": "slow_down", "kinds": ["put"], "probability": 0.1}``."""
        changed = dict(values)
        if "fault" in changed:
            changed["fault"] = Fault(changed["fault"])
        if "latency" in changed:
            changed["latency"] = Latency(**changed["latency"])
        return cls(**{**changed, "kinds": tuple(changed.get("kinds", ()))})

    def fits(self, operation: Operation) -> bool:
        """Tell whether it speaks of a request."""
        return (not self.kinds or operation.kind in self.kinds) and fnmatchcase(operation.key, self.key)


def s3_latencies() -> tuple[Rule, ...]:
    """Return latencies as S3 has them: PUT of 4 to 8 MiB p50 100 ms, p99 400; the others p50 30, p99 200."""
    slow, quick = Latency(100, 400), Latency(30, 200)
    return (Rule(latency=slow, kinds=("put", "multipart")), Rule(latency=quick))


class SeededEntropy:
    """Randomness that a seed repeats."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def random_bytes(self, size: int) -> bytes:
        """Return `size` bytes."""
        return self._random.randbytes(size)

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return self._random.uniform(low, high)


class _Armed:
    """A rule at work: what it has done so far."""

    def __init__(self, rule: Rule, seed: str) -> None:
        self.rule = rule
        self.entropy = SeededEntropy(seed)
        self._left = math.inf if rule.times is None else rule.times
        self._run_left = 0
        self._seen: Counter[str] = Counter()

    def hits(self, operation: Operation) -> bool:
        rule = self.rule
        if not rule.fits(operation) or self._left <= 0 or not self._early(operation.key):
            return False
        if self._run_left == 0:
            self._run_left = rule.run if self.entropy.uniform(0, 1) < rule.probability else 0
        hit = self._run_left > 0
        self._run_left -= hit
        self._left -= hit
        return hit

    def _early(self, key: str) -> bool:
        if self.rule.first_of_key is None:
            return True
        self._seen[key] += 1
        return self._seen[key] <= self.rule.first_of_key


@dataclass(frozen=True, slots=True)
class Fate:
    """What was drawn for one request. `bit` in parts of its body, from 0 to 1."""

    rule: Rule | None = None
    delay_s: float = 0.0
    bit: float = 0.0

    @property
    def fault(self) -> Fault | None:
        """The fault, if one was drawn."""
        return None if self.rule is None else self.rule.fault


class RuleBook:
    """All rules at work; each has randomness of its own, so that one more does not change the others."""

    def __init__(self, rules: Sequence[Rule], seed: int) -> None:
        armed = [_Armed(rule, f"{seed}:{number}") for number, rule in enumerate(rules)]
        self._faults = [each for each in armed if each.rule.fault is not None]
        self._latencies = [each for each in armed if each.rule.latency is not None]

    def draw(self, operation: Operation) -> Fate:
        """Decide what happens to a request."""
        faulty = next((each for each in self._faults if each.hits(operation)), None)
        slow = next((each for each in self._latencies if each.hits(operation)), None)
        latency = slow and slow.rule.latency
        return Fate(
            None if faulty is None else faulty.rule,
            latency.draw_ms(slow.entropy) / 1000 if slow and latency else 0.0,
            faulty.entropy.uniform(0, 1) if faulty else 0.0,
        )
