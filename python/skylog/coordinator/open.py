"""From a URL to a coordinator.

==========================  ===========================================================
``sqlite::memory:``         gone with the process
``sqlite:///path/file.db``  a file of this broker alone (the path as it stands)
==========================  ===========================================================
"""

from __future__ import annotations

from skylog.clock import Clock, Entropy, SystemEntropy
from skylog.coordinator.base import Coordinator
from skylog.coordinator.sqlite import MEMORY, SqliteCoordinator
from skylog.errors import InvalidConfig

EXPECTED = "expected sqlite::memory: or sqlite:///absolute/path/file.db"


def open_coordinator(url: str, clock: Clock, entropy: Entropy | None = None) -> Coordinator:
    """Build the coordinator that `url` names; its `open` has still to be called.

    Raises
    ------
    InvalidConfig
        For a scheme or a path that does not exist; the message says what does.
    """
    scheme, _, rest = url.partition(":")
    if scheme != "sqlite":
        raise InvalidConfig(f"coordinator: {EXPECTED}, found {url.partition('@')[2] or url!r}")
    return SqliteCoordinator(_path(url, rest), clock, entropy or SystemEntropy())


def _path(url: str, rest: str) -> str:
    if rest == MEMORY:
        return rest
    if not rest.startswith("///") or rest.endswith("/") or "\0" in rest:
        raise InvalidConfig(f"coordinator: {EXPECTED}, found {url!r}")
    return rest[2:]
