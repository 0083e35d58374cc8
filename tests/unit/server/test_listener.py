"""The listening socket: what it accepts, and how long it keeps what does nothing."""

from __future__ import annotations

import asyncio
import socket

from skylog.config import ServerConfig
from skylog.core import Frame
from skylog.server.connection import Slot
from skylog.server.listener import Listener
from skylog.wire.exchange import Gate
from virtual import VirtualClock, in_virtual_time


class NoRequests:
    def start(self, frame: Frame, reply: Slot) -> None:
        raise AssertionError("nobody asks for anything")


@in_virtual_time
async def test_connections_that_do_nothing_are_closed_in_time_and_new_ones_are_not() -> None:
    config = ServerConfig(port=0, idle_ms_max=600_000)
    listener = Listener(config, NoRequests(), Gate(1000))
    port = await listener.open()
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"\0\0\1")
        await asyncio.sleep(610)  # noqa: TID251 - virtual time
        assert listener.connections == 2
        with socket.create_connection(("127.0.0.1", port)):
            await asyncio.sleep(600)  # noqa: TID251 - virtual time
            assert listener.connections == 1
            await asyncio.sleep(600)  # noqa: TID251 - virtual time
            assert listener.connections == 0
    await listener.close(VirtualClock(), 1)
