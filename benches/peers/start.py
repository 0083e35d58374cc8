"""What a broker costs before anybody uses it: start to first answer, memory and processor time idle."""

from __future__ import annotations

import time
from dataclasses import dataclass

from peers.account import Sample
from peers.aims import Aim, aims
from peers.room import Room
from peers.targets import Target

_IDLE_S = 4.0


@dataclass(frozen=True)
class Start:
    """New brokers without any topic."""

    name: str = "start"
    title: str = "start, and idle"
    targets: tuple[str, ...] = ("kafka-disk", "skylog-file")
    aims: tuple[Aim, ...] = aims(file=0.15, figure="start_s") + aims(file=0.3, figure="idle_resident_mb")
    once: bool = False
    warms_up: bool = False

    def estimate_s(self, target: Target, scale: float, rounds: int) -> float:
        """Return about how long a turn takes."""
        del scale, rounds
        return _IDLE_S + (7.0 if target.is_kafka else 1.0)

    def measure(self, target: Target, room: Room, rounds: int) -> list[Sample]:
        """Measure one turn. Raises `Failed`."""
        del rounds
        with room.new(target) as broker:
            sample = {"start_s": broker.start(), "start_cpu_s": broker.cpu().total}
            time.sleep(_IDLE_S / 2)
            before = broker.cpu()
            time.sleep(_IDLE_S / 2)
            idle = (broker.cpu() - before).total / (_IDLE_S / 2)
            return [sample | {"idle_cpu_share": idle, "idle_resident_mb": broker.resident_mb()}]
