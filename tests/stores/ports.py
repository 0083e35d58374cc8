"""Free ports on 127.0.0.1."""

from __future__ import annotations

import os
import socket

_OFFSET = 10_000
_LOWEST, _HIGHEST = 10_240, 32_767
"""Below what the kernel gives to outgoing connections, and with the offset below 65,536."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def free_port_pairs(count: int) -> list[int]:
    """`count` different ports p so that p and p + 10,000 are both free now."""
    found: list[int] = []
    while len(found) < count:
        port = _LOWEST + int.from_bytes(os.urandom(4)) % (_HIGHEST - _LOWEST)
        if port not in found and _is_free(port) and _is_free(port + _OFFSET):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
