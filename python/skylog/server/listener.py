"""The listening socket and the life of its connections."""

from __future__ import annotations

import asyncio
import errno

from skylog.clock import Clock
from skylog.config import ServerConfig
from skylog.core import Scratch
from skylog.errors import InvalidConfig
from skylog.server.connection import Connection, Starter
from skylog.wire.exchange import Gate

BACKLOG = 1024
SETTLE_STEP_S = 0.005


class Listener:
    """Accepts connections and lets them go."""

    def __init__(self, config: ServerConfig, starter: Starter, gate: Gate) -> None:
        self._config = config
        self._starter = starter
        self._gate = gate
        self._scratch = Scratch()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        return f"<Listener {self._config.host}:{self._config.port} {len(self._connections)} connections>"

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._connections)

    async def open(self) -> int:
        """Listen; return the port. Raises `InvalidConfig` when the address cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._connection, self._config.host, self._config.port, backlog=BACKLOG
            )
        except OSError as error:
            raise InvalidConfig(self._explain(error)) from error
        return int(self._server.sockets[0].getsockname()[1])

    def refuse(self) -> None:
        """Accept no more connections and take no more requests."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.drain()

    async def settle(self, clock: Clock, seconds_max: float) -> bool:
        """Wait until every request in flight is answered; False when `seconds_max` passed first."""
        deadline = clock.monotonic() + seconds_max
        while not all(connection.idle for connection in self._connections):
            if clock.monotonic() >= deadline:
                return False
            await clock.sleep(SETTLE_STEP_S)
        return True

    async def close(self) -> None:
        """Close all connections after what was written has gone out."""
        for connection in tuple(self._connections):
            connection.close()
        if self._server is not None:
            self._server.close()

    def _connection(self) -> Connection:
        return Connection(self._config, self._scratch, self._starter, self._gate, self._connections)

    def _explain(self, error: OSError) -> str:
        address = f"{self._config.host}:{self._config.port}"
        if error.errno == errno.EADDRINUSE:
            return f"{address} is in use: stop what listens there, or choose another with --listen HOST:PORT"
        return (
            f"cannot listen on {address}: {error.strerror or error}; choose another with --listen HOST:PORT"
        )
