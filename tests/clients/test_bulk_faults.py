"""Bulk work over networks that break and brokers that die: nothing lost, nothing doubled, order kept."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

import skylog
from clients.conftest import FOREIGN, Serve
from clients.proxy import CuttingProxy
from clients.topics import create_topic
from skylog import bulk
from skylog.config import Config, ServerConfig
from skylog.errors import InvalidRequest, Unavailable
from skylog.wire.frames import FETCH, PRODUCE

pytestmark = pytest.mark.skipif(bool(FOREIGN), reason="needs a broker that advertises the proxy")

PARTITIONS = 3
ROWS = 20_000


class HalvingProxy(CuttingProxy):
    """Breaks connections in the middle of requests: the broker gets one half."""

    async def forward_request(self, data: bytes, upstream: asyncio.StreamWriter, doomed: set[int]) -> None:
        if self.chosen(data):
            upstream.write(struct.pack(">i", len(data)) + data[: len(data) // 2])
            await upstream.drain()
            raise ConnectionError("cut in the middle of a request")
        await super().forward_request(data, upstream, doomed)


class SwallowingProxy(CuttingProxy):
    """Loses requests: nobody ever answers them, the connection stays."""

    async def forward_request(self, data: bytes, upstream: asyncio.StreamWriter, doomed: set[int]) -> None:
        if not self.chosen(data):
            await super().forward_request(data, upstream, doomed)


class TlsProxy(CuttingProxy):
    """Takes TLS from clients and speaks plain text to the broker."""

    def __init__(self, directory: Path) -> None:
        super().__init__(cuts=0, api_key=PRODUCE)
        self.certificate, key = directory / "certificate.pem", directory / "key.pem"
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=proxy"
        places = ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(
            [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", *places],
            check=True,
            capture_output=True,
        )
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.tls.load_cert_chain(self.certificate, key)


@contextmanager
def _behind(proxy: CuttingProxy) -> Iterator[str]:
    """Run a broker that clients reach through the proxy only."""
    with proxy:
        server = ServerConfig(port=0, advertised_host=proxy.host, advertised_port=proxy.port)
        with skylog.Broker(config=Config(server=server)) as embedded:
            proxy.forward_to(("127.0.0.1", embedded.broker.port))
            yield proxy.bootstrap


def _tables(count: int = ROWS, rows: int = 500) -> Iterator[pa.Table]:
    for start in range(0, count, rows):
        numbers = range(start, min(start + rows, count))
        place = pa.array([number % PARTITIONS for number in numbers], pa.int32())
        yield pa.table({"value": [b"%d" % number for number in numbers], "place": place})


def _require_each_once(bootstrap: str, topic: str, count: int = ROWS) -> None:
    fetched = bulk.fetch(bootstrap, topic)
    for partition in range(PARTITIONS):
        rows = fetched.filter(pa.compute.equal(fetched.column("partition"), partition))
        expected = [b"%d" % number for number in range(partition, count, PARTITIONS)]
        assert rows.column("value").to_pylist() == expected
        assert rows.column("offset").to_pylist() == list(range(len(expected)))


@pytest.mark.parametrize("kind", [CuttingProxy, HalvingProxy])
def test_each_row_is_written_once_through_connections_that_break(kind: type[CuttingProxy]) -> None:
    with _behind(kind(cuts=8, api_key=PRODUCE)) as bootstrap:
        topic = create_topic(bootstrap, "lossy", partitions=PARTITIONS)
        produced = bulk.produce(
            bootstrap,
            topic,
            _tables(),
            key=None,
            partition="place",
            max_batch_bytes=2000,
            request_bytes=5000,
        )
        assert produced.records == ROWS
        assert produced.retries >= 8
        _require_each_once(bootstrap, topic)


def test_each_record_is_read_once_through_answers_that_get_lost() -> None:
    proxy = CuttingProxy(cuts=5, api_key=FETCH)
    with _behind(proxy) as bootstrap:
        topic = create_topic(bootstrap, "lossy", partitions=PARTITIONS)
        bulk.produce(bootstrap, topic, _tables(), key=None, partition="place", max_batch_bytes=2000)
        table = pa.Table.from_batches(list(bulk.iter_fetch(bootstrap, topic, response_bytes=20_000)))
        assert proxy.cuts_left == 0
        assert table.num_rows == ROWS
        _require_each_once(bootstrap, topic)


def test_requests_that_nobody_answers_end_in_an_error_that_says_what_is_in_doubt() -> None:
    with _behind(SwallowingProxy(cuts=1000, api_key=PRODUCE)) as bootstrap:
        topic = create_topic(bootstrap, "silent", partitions=PARTITIONS)
        with pytest.raises(Unavailable, match=r"partition \d: \d+ records .*within 1 s, whether .*unknown"):
            bulk.produce(bootstrap, topic, _tables(), key=None, partition="place", timeout_s=1)
    with _behind(SwallowingProxy(cuts=1000, api_key=FETCH)) as bootstrap:
        topic = create_topic(bootstrap, "silent", partitions=PARTITIONS)
        bulk.produce(bootstrap, topic, _tables(), key=None, partition="place")
        with pytest.raises(Unavailable, match=r"partition \d offsets 0 to \d+: nothing came"):
            bulk.fetch(bootstrap, topic, timeout_s=1)


def test_each_row_is_written_once_while_the_broker_is_killed(serve: Serve) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap, "killed", partitions=PARTITIONS)

    def tables() -> Iterator[pa.Table]:
        for number, table in enumerate(_tables()):
            if number in {10, 25}:
                broker.kill()
                broker.start()
            yield table

    produced = bulk.produce(
        broker.bootstrap,
        topic,
        tables(),
        key=None,
        partition="place",
        max_batch_bytes=2000,
        buffer_bytes=100_000,
    )
    assert produced.records == ROWS
    _require_each_once(broker.bootstrap, topic)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls(tmp_path: Path) -> None:
    proxy = TlsProxy(tmp_path)
    trusting = ssl.create_default_context(cafile=proxy.certificate)
    with _behind(proxy) as bootstrap:
        produced = bulk.produce(bootstrap, "secret", _tables(), key=None, ssl=trusting)
        assert produced.records == ROWS
        assert bulk.fetch(bootstrap, "secret", ssl=trusting).num_rows == ROWS
        with pytest.raises(InvalidRequest, match="give an ssl context that trusts it"):
            bulk.fetch(bootstrap, "secret", ssl=ssl.create_default_context())
        with pytest.raises(Unavailable, match=r"does it want TLS \(ssl=…\)"):
            bulk.fetch(bootstrap, "secret", timeout_s=1)
