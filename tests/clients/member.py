"""A group member in a process of its own: `python -m clients.member DRIVER MEMBERSHIP`.

Tells what happens as lines of JSON on its output; ends after SIGTERM by leaving the group.
"""

from __future__ import annotations

import json
import signal
import sys
import threading

from clients.drivers import GROUP_DRIVERS
from clients.drivers.base import Event, Membership


def _emit(event: Event) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _main() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    driver = GROUP_DRIVERS[sys.argv[1]]
    driver.follow(Membership(**json.loads(sys.argv[2])), _emit, stop.is_set)


if __name__ == "__main__":
    _main()
