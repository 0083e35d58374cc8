"""What became of one item of a request: Kafka's code and a sentence for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from skylog.errors import InvalidRequest, SkylogError
from skylog.wire.codes import ErrorCode, code_of

Verdict: TypeAlias = tuple[ErrorCode, str | None]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

ITEMS_MAX = 100_000
"""Items of one request that are answered: a row of an answer takes far more room than its item did."""


def bounded(items: Sequence[T], what: str) -> Sequence[T]:
    """Return `items`. Raises `InvalidRequest`, which closes the connection, if there are too many."""
    if len(items) > ITEMS_MAX:
        raise InvalidRequest(f"{what}: expected at most {ITEMS_MAX}, found {len(items)}")
    return items


def verdict(outcome: object, conflict: ErrorCode | None = None) -> Verdict:
    """Return the code and message of an outcome: of an error its own, of all else none."""
    if not isinstance(outcome, SkylogError):
        return ErrorCode.NONE, None
    return code_of(outcome, conflict), str(outcome)


def repeated(values: Iterable[K]) -> set[K]:
    """Return the values that stand more than once."""
    return {value for value, count in Counter(values).items() if count > 1}
