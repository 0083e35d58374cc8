"""A broker in a background thread of any Python program."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from skylog.broker import Broker
from skylog.config import Config, GroupsConfig, ServerConfig
from skylog.loop import new_event_loop

T = TypeVar("T")


class EmbeddedBroker:
    """Run a broker on a free port of this machine for as long as a ``with`` block lasts.

    Parameters
    ----------
    data
        Directory for objects and the SQLite file; without one everything is in memory and gone at the end.
    config
        The whole configuration instead; its port is used as given (0 takes a free one).

    Examples
    --------
    >>> import skylog
    >>> with skylog.Broker() as broker:
    ...     broker.bootstrap_servers.startswith("127.0.0.1:")
    True
    """

    def __init__(self, data: Path | str | None = None, *, config: Config | None = None) -> None:
        self._config = config or _default_config(data)
        self._process_id = 0
        self._thread: threading.Thread | None = None
        self._ended: Future[None] = Future()
        self._broker: Broker | None = None

    def __repr__(self) -> str:
        return f"<EmbeddedBroker {self._broker!r}>"

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients, ``host:port``."""
        node = self.broker.view().self_node
        return f"{node.host}:{node.port}"

    @property
    def broker(self) -> Broker:
        """The running broker; its parts belong to its own thread."""
        if self._broker is None:
            raise RuntimeError("the broker is not running: use it in a with block, or call start()")
        return self._broker

    def start(self) -> None:
        """Start and return when the broker can be reached. Raises what the start raised."""
        if self._thread is not None:
            raise RuntimeError("the broker is running already")
        started: Future[Broker] = Future()
        self._process_id = os.getpid()
        self._loop, self._unwanted, self._ended = new_event_loop(), asyncio.Event(), Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="skylog-broker", daemon=True)
        self._thread.start()
        try:
            self._broker = started.result()
        except BaseException:
            with contextlib.suppress(Exception):
                self.stop()
            raise

    def stop(self) -> None:
        """Drain and stop; everything acknowledged is committed. A second call does nothing."""
        thread, self._thread, self._broker = self._thread, None, None
        # A fork has no copy of the thread: there is nothing to stop in it.
        if thread is not None and self._process_id == os.getpid():
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._unwanted.set)
            thread.join()
            self._ended.result()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the broker's event loop and return what it returns."""
        if self._broker is None or self._process_id != os.getpid():
            coroutine.close()
            raise RuntimeError("the broker is not running in this process")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _run(self, started: Future[Broker]) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._live(started))
        except BaseException as error:  # noqa: BLE001 - `stop` raises it
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    async def _live(self, started: Future[Broker]) -> None:
        try:
            broker = Broker(self._config)
            await broker.start()
        except BaseException as error:  # noqa: BLE001 - `start` raises it
            started.set_exception(error)
            return
        started.set_result(broker)
        try:
            await self._unwanted.wait()
        finally:
            await broker.drain()


def _default_config(data: Path | str | None) -> Config:
    """Return the embedded default on a free port; nobody wants to wait for a first rebalance here."""
    base = Config() if data is None else Config.in_directory(Path(data))
    return dataclasses.replace(
        base, server=ServerConfig(port=0), groups=GroupsConfig(initial_rebalance_delay_ms=0)
    )
