"""The one directory that tools are shown for all partitions: the object store's address."""

from __future__ import annotations

from skylog.config import Config


def log_dir(config: Config) -> str:
    """Return its name: the store's address without the parameters, which say how to talk to it."""
    return config.store.partition("?")[0]
