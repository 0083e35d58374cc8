"""How many files and sockets this process may have open; each connection is one."""

from __future__ import annotations

import logging
from contextlib import suppress

log = logging.getLogger("skylog")

OTHERS_MAX = 512
"""What a broker opens beside its clients' connections: those to the store, files of objects, the database."""


def raise_open_files(connections_max: int) -> None:
    """Raise the soft limit to the hard one, as Java does by itself, and warn where that is too little.

    Beyond the limit the system closes new connections at once, and nobody is told.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # where a hard limit is said to be none, the kernel may have its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and most < connections_max + OTHERS_MAX:
        log.warning(
            "at most %d files may be open, too few for %d connections (server.connections_max) and the"
            " store: raise the hard limit to %d or more (ulimit -Hn, LimitNOFILE= of systemd)",
            most,
            connections_max,
            connections_max + OTHERS_MAX,
        )
