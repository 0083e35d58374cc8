"""How long to wait before the next attempt."""

from __future__ import annotations

from typing import Final

from skylog.clock import Entropy

FIRST_S: Final = 0.02
MAX_S: Final = 1.0
_DOUBLINGS_MAX: Final = 16


def backoff_s(attempt: int, entropy: Entropy) -> float:
    """Return the wait before retry number `attempt` (from 0): it doubles up to a second, half by chance."""
    longest = min(MAX_S, FIRST_S * 2 ** min(attempt, _DOUBLINGS_MAX))
    return entropy.uniform(longest / 2, longest)
