"""What ours may cost at most, as a part of what the peer costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Aim:
    """`figure` of target over the same of its peer is at most `most`."""

    target: str
    most: float
    figure: str = "cpu_s_per_gib"


def aims(
    memory: float | None = None, file: float | None = None, figure: str = "cpu_s_per_gib"
) -> tuple[Aim, ...]:
    """Return the aims of the memory store and of the file store, those that there are."""
    wanted = {"skylog-memory": memory, "skylog-file": file}
    return tuple(Aim(target, most, figure) for target, most in wanted.items() if most is not None)
