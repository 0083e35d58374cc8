"""Open loop: records are due at even intervals, and latency counts from then (`skylog bench log`)."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from peers.account import Account, Sample
from peers.aims import Aim
from peers.brokers import Broker
from peers.children import Child, Failed
from peers.generators.job import told
from peers.room import MIB, Room
from peers.targets import Target

COMPARED = ("kafka-tmpfs", "skylog-memory", "kafka-disk", "skylog-file", "skylog-s3")
PARTITIONS = 16
_QUANTILES = ("p50", "p90", "p99", "p99.9")
_SIDES = {"acknowledged": "ack", "end to end": "end_to_end"}
_SETUP_S = 2.5


@dataclass(frozen=True)
class OpenLoop:
    """A rate that is a share of the capacity: 1 KiB records, 16 partitions, idempotent, one consumer.

    All targets get the same rate, by the capacity of the slowest of them; but S3, whose store shares the
    machine, has a rate of its own. The capacity is what is acknowledged while too much is asked for.
    """

    name: str
    share: float
    seconds: float = 5.0
    warm_up_s: float = 2.0
    targets: tuple[str, ...] = COMPARED
    aims: tuple[Aim, ...] = ()
    once: bool = False
    warms_up: bool = False

    @property
    def title(self) -> str:
        """For people."""
        return f"open loop at {self.share:.0%} of capacity"

    def estimate_s(self, target: Target, scale: float, rounds: int) -> float:
        """Return about how long a turn takes, its part of finding the capacity included."""
        del target
        return self.seconds * max(0.5, scale) + self.warm_up_s + _SETUP_S + 8.0 / rounds

    def measure(self, target: Target, room: Room, rounds: int) -> list[Sample]:
        """Measure one turn. Raises `Failed`."""
        del rounds
        rate = self.share * _common_capacity(target, room)
        seconds = self.seconds * max(0.5, room.scale)
        with room.ready(target) as broker:
            account = Account(broker)
            answer = _ask(broker, room, rate, seconds, self.warm_up_s)
            return [_sample(account, answer, rate)]


def _common_capacity(target: Target, room: Room) -> float:
    """Return MiB/s that this target can be asked for. Raises `Failed` where its own is not known."""
    own = _capacity(target, room)
    if not own:
        raise Failed("its capacity could not be measured")
    if target.name == "skylog-s3":
        return own
    others = (_capacity(each, room) for each in room.targets if each.name in COMPARED[:4])
    return min(own, *filter(None, others))


def _capacity(target: Target, room: Room) -> float:
    """Return MiB/s, 0 where measuring them failed."""
    if target.name not in room.capacities:
        room.say(f"{target.title}: its capacity")
        try:
            room.capacities[target.name] = _saturated(target, room)
        except Failed:
            room.capacities[target.name] = 0.0
    return room.capacities[target.name]


def _saturated(target: Target, room: Room) -> float:
    with room.ready(target) as broker:
        command = [sys.executable, "-m", "peers.capacity", broker.bootstrap, str(PARTITIONS)]
        child = Child(command, room.log("capacity"), room.seat.client_cpus)
        return float(told(child.finish(120))["mib_per_second"])


def _ask(broker: Broker, room: Room, rate: float, seconds: float, warm_up_s: float) -> dict[str, Any]:
    """Run the open loop in a process of its own; what was lost or came twice fails it."""
    log = room.log("open-loop")
    file = log.with_suffix(".json")
    command = [sys.executable, "-m", "skylog", "bench", "log", broker.bootstrap, "--rate", f"{rate:.3f}MiB/s"]
    command += ["--partitions", str(PARTITIONS), "--idempotent", "--seconds", f"{seconds:g}"]
    command += ["--warm-up", f"{warm_up_s:g}", "--json", str(file)]
    child = Child(command, log, room.seat.client_cpus)
    child.finish(60 + 10 * (seconds + warm_up_s))
    answer: dict[str, Any] = json.loads(file.read_text())
    return answer


def _sample(account: Account, answer: dict[str, Any], rate: float) -> Sample:
    sample = account.close(answer["acknowledged"] * answer["plan"]["record_bytes"])
    sample |= {"asked_mib_per_s": rate, "mb_per_s": answer["mib_per_second"] * MIB / 1e6}
    for side, name in _SIDES.items():
        of = answer["latency_ms"][side]
        sample |= {f"{name}_{quantile.replace('.', '_')}_ms": of[quantile] for quantile in _QUANTILES}
    sample["late_p99_ms"] = answer["latency_ms"]["sent"]["p99"]
    sample["load_1_min"] = os.getloadavg()[0]
    return sample
