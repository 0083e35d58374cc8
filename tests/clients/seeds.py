"""Randomness that a failed run can repeat: the seed is printed and can be set."""

from __future__ import annotations

import os
from random import Random, SystemRandom  # noqa: TID251


def seeded(name: str) -> Random:
    """Return randomness from SKYLOG_TEST_SEED, or from a new seed; either is printed."""
    seed = os.environ.get("SKYLOG_TEST_SEED") or str(SystemRandom().getrandbits(32))
    print(f"{name}: repeat with SKYLOG_TEST_SEED={seed}")
    return Random(f"{name}:{seed}")


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{SystemRandom().getrandbits(48):012x}"
