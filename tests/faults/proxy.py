"""A proxy before an S3-like store that is slow and goes wrong as it is told.

It speaks HTTP/1.1 on both sides, request by request: connections are kept, bodies are sized, chunked or last
to the end, ``Expect: 100-continue`` is answered. `Host` is passed on as it came, so signatures stay good for
a store that takes the `Host` it is sent, or that knows its public address (SeaweedFS: ``-s3.externalUrl``).

In a test::

    with FaultProxy(("127.0.0.1", 8333), seed=1) as proxy:
        proxy.use(Rule(fault=Fault.SLOW_DOWN, kinds=("put",), probability=0.3), *s3_latencies())
        ...  # a client of proxy.endpoint
        assert proxy.ledger.count("put") == 10

Alone (in ``tests``)::

    python -m faults --upstream 127.0.0.1:8333 --listen 127.0.0.1:9000 --latency s3 --rules FILE --seed 1
    curl -X PUT --data '[{"fault": "lost_answer", "kinds": ["put"], "times": 2}]' 127.0.0.1:9000/.faults/rules
    curl 127.0.0.1:9000/.faults/counts

Rules, faults and their parameters: `faults.rules`. What arrived: `faults.ledger`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Self

from faults.exchange import Exchange
from faults.http import Framing, Head, read_head
from faults.ledger import Entry, Ledger
from faults.operations import Operation
from faults.peers import Client, Upstream, reset
from faults.rules import Rule, RuleBook
from skylog.clock import Clock, SystemClock

CONTROL = "/.faults/"


class FaultProxy:
    """A proxy in a thread of its own for as long as a ``with`` block lasts.

    Parameters
    ----------
    upstream
        Host and port of the store; may be set later.
    seed
        Of all that is drawn.
    listen
        Where to listen; port 0 takes a free one.
    """

    def __init__(
        self,
        upstream: tuple[str, int] = ("", 0),
        *,
        seed: int = 0,
        listen: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.upstream = upstream
        self.ledger = Ledger()
        self.errors: list[BaseException] = []
        """What failed in the proxy itself: a test that sees any is worth nothing."""
        self.seed = seed
        self._listen = listen
        self._book = RuleBook((), seed)
        self._clock: Clock = SystemClock()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready: Future[int] = Future()
        self._serving: set[asyncio.Task[Any] | None] = set()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._listen[0], self._ready.result(10)

    @property
    def endpoint(self) -> str:
        """The URL for clients."""
        return "http://{}:{}".format(*self.address)

    def use(self, *rules: Rule) -> None:
        """Go by these rules from now on, and by no others."""
        self._book = RuleBook(rules, self.seed)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._accept())

    async def _accept(self) -> None:
        try:
            server = await self._loop.create_server(lambda: Client(self._serve), *self._listen)
        except OSError as error:
            self._ready.set_exception(error)
            return
        self._ready.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for task in list(self._serving):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in self._serving if task), return_exceptions=True)

    async def _serve(self, client: Client) -> None:
        self._serving.add(asyncio.current_task())
        upstream = Upstream(self.upstream)
        try:
            await self._requests(client, upstream)
            client.writer.close()
        except (OSError, EOFError, asyncio.CancelledError):  # one end is gone, or the proxy ends: all do
            reset(client.writer)
        except Exception as error:  # noqa: BLE001 - the test asks for it
            self.errors.append(error)
            reset(client.writer)
        finally:
            upstream.close()
            self._serving.discard(asyncio.current_task())

    async def _requests(self, client: Client, upstream: Upstream) -> None:
        while (head := await read_head(client.reader)) is not None:
            if not await self._request(head, client, upstream):
                return

    async def _request(self, head: Head, client: Client, upstream: Upstream) -> bool:
        method, target, _ = head.start.split(" ", 2)
        if target.startswith(CONTROL):
            return await self._control(f"{method} {target.removeprefix(CONTROL)}", head, client)
        operation = Operation.of(head)
        fate = self._book.draw(operation)
        entry = Entry(operation, fate.fault)
        self.ledger.add(entry)
        return await Exchange(head, entry, fate, client=client, upstream=upstream, clock=self._clock).run()

    async def _control(self, wanted: str, head: Head, client: Client) -> bool:
        body = b"".join([piece async for piece in Framing.of_request(head).read(client.reader)])
        status, answer = "200 OK", self._counts()
        if wanted == "PUT rules":
            try:
                self.use(*rules_from_json(body))
            except (ValueError, TypeError) as error:
                status, answer = "400 Bad Request", {"error": str(error)}
        elif wanted != "GET counts":
            status, answer = "404 Not Found", {"error": "there are PUT rules and GET counts"}
        data = json.dumps(answer).encode() + b"\n"
        client.writer.write(
            b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(data), data)
        )
        with suppress(ConnectionError):
            await client.writer.drain()
        return not head.closes

    def _counts(self) -> dict[str, object]:
        ledger = self.ledger
        return {"requests": ledger.kinds(), "statuses": ledger.statuses(), "faults": ledger.faults()}


def rules_from_json(data: bytes | str) -> Sequence[Rule]:
    """Return the rules of a JSON list; `ValueError` or `TypeError` for what is none."""
    return [Rule.from_mapping(values) for values in json.loads(data)]
