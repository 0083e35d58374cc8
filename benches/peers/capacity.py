"""How much a broker acknowledges while the open loop asks for more than anybody can do.

    python -m peers.capacity HOST:PORT PARTITIONS

The same client as the open loop's, one consumer beside it; never more than `OUTSTANDING_BYTES` on their way,
so that what is acknowledged is not held up by what was sent too early.
"""

from __future__ import annotations

import asyncio
import json
import sys

from skylog.bench.log.plan import Plan
from skylog.bench.log.session import Outcome, Session
from skylog.clock import SystemClock, SystemEntropy
from skylog.loop import new_event_loop

MIB = 1 << 20
OUTSTANDING_BYTES = 64 * MIB
_ASKED_BYTES_PER_SECOND = 2048 * MIB
_SECONDS, _WARM_UP_S = 3.0, 1.0


async def saturate(bootstrap: str, partitions: int) -> Outcome:
    """Ask for too much, for a few seconds."""
    plan = Plan(
        rate=_ASKED_BYTES_PER_SECOND / 1024,
        partitions=partitions,
        idempotent=True,
        in_flight=5,
        seconds=_SECONDS,
        warm_up_seconds=_WARM_UP_S,
        outstanding_bytes_max=OUTSTANDING_BYTES,
    )
    clock, stop = SystemClock(), asyncio.Event()
    loop = asyncio.get_running_loop()
    begun = False

    def progress(what: str, *_: object) -> None:
        nonlocal begun
        if what == "sending" and not begun:
            begun = True
            loop.call_later(_SECONDS + _WARM_UP_S, stop.set)

    session = Session(bootstrap, plan, stop, clock=clock, entropy=SystemEntropy(), progress=progress)
    return await session.run()


def main() -> None:
    """Print what was acknowledged."""
    bootstrap, partitions = sys.argv[1:]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        outcome = runner.run(saturate(bootstrap, int(partitions)))
    print(json.dumps({"mib_per_second": outcome.records_per_second * 1024 / MIB}))


if __name__ == "__main__":
    main()
