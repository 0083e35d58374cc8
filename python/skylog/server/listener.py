"""The listening socket and the life of its connections."""

from __future__ import annotations

import asyncio
import errno

from skylog.clock import Clock, wait_until
from skylog.config import ServerConfig
from skylog.core import Scratch
from skylog.errors import InvalidConfig
from skylog.server.connection import Connection, Starter
from skylog.wire.exchange import Gate
from skylog.wire.throttling import NO_THROTTLE, Throttle

BACKLOG = 1024


class Listener:
    """Accepts connections and lets them go."""

    def __init__(
        self, config: ServerConfig, starter: Starter, gate: Gate, throttle: Throttle = NO_THROTTLE
    ) -> None:
        self._config = config
        self._starter = starter
        self._gate = gate
        self._throttle = throttle
        self._scratch = Scratch()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._sweep_later: asyncio.TimerHandle | None = None

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
        self._plan_sweep()
        return int(self._server.sockets[0].getsockname()[1])

    def refuse(self) -> None:
        """Accept no more connections and take no more requests."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.drain()

    @property
    def idle(self) -> bool:
        """Whether every request in flight is answered."""
        return all(connection.idle for connection in self._connections)

    async def close(self, clock: Clock, seconds_max: float) -> None:
        """Close all connections after what was written has gone out, or when `seconds_max` have passed."""
        if self._server is not None:
            self._server.close()
        if self._sweep_later is not None:
            self._sweep_later.cancel()
        for connection in tuple(self._connections):
            connection.close()
        if not await wait_until(lambda: not self._connections, clock, seconds_max):
            for connection in tuple(self._connections):
                connection.abort()
            await wait_until(lambda: not self._connections, clock, seconds_max)

    def _plan_sweep(self) -> None:
        seconds = self._config.idle_ms_max / 1000
        self._sweep_later = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        """Close what is idle, or half open, or never read: after one to two times `idle_ms_max`."""
        for connection in tuple(self._connections):
            connection.close_if_idle()
        self._plan_sweep()

    def _connection(self) -> Connection:
        return Connection(
            self._config,
            self._scratch,
            self._starter,
            self._gate,
            self._connections,
            throttle=self._throttle,
        )

    def _explain(self, error: OSError) -> str:
        address = f"{self._config.host}:{self._config.port}"
        if error.errno == errno.EADDRINUSE:
            return f"{address} is in use: stop what listens there, or choose another with --listen HOST:PORT"
        return (
            f"cannot listen on {address}: {error.strerror or error}; choose another with --listen HOST:PORT"
        )
