"""What became of one item of a request: Kafka's code and a sentence for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeAlias, TypeVar

from skylog.errors import SkylogError
from skylog.wire.codes import ErrorCode, code_of

Verdict: TypeAlias = tuple[ErrorCode, str | None]

K = TypeVar("K", bound=Hashable)


def verdict(outcome: object, conflict: ErrorCode | None = None) -> Verdict:
    """Return the code and message of an outcome: of an error its own, of all else none."""
    if not isinstance(outcome, SkylogError):
        return ErrorCode.NONE, None
    return code_of(outcome, conflict), str(outcome)


def repeated(values: Iterable[K]) -> set[K]:
    """Return the values that stand more than once."""
    return {value for value, count in Counter(values).items() if count > 1}
