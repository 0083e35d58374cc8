"""A broker in a background thread of any Python program."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Coroutine
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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
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
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._run, name="skylog-broker", daemon=True)
        self._thread.start()
        broker = Broker(self._config)
        try:
            self.call(broker.start())
        except BaseException:
            self.call(broker.drain())
            self._end_thread()
            raise
        self._broker = broker

    def stop(self) -> None:
        """Drain and stop; everything acknowledged is committed. A second call does nothing."""
        broker, self._broker = self._broker, None
        if broker is not None:
            self.call(broker.drain())
            self._end_thread()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the broker's event loop and return what it returns."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _end_thread(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self.call(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None


def _default_config(data: Path | str | None) -> Config:
    """Return the embedded default on a free port; nobody wants to wait for a first rebalance here."""
    base = Config() if data is None else Config.in_directory(Path(data))
    return dataclasses.replace(
        base, server=ServerConfig(port=0), groups=GroupsConfig(initial_rebalance_delay_ms=0)
    )
