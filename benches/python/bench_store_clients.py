"""CPU time of S3 clients: boto3 as it comes, boto3 and obstore as skylog sets them up.

    python benches/python/bench_store_clients.py              against a sink that keeps nothing
    python benches/python/bench_store_clients.py --seaweedfs  against a real server on this machine

Each client runs in a process of its own, 8 requests at a time, interleaved over --rounds; medians and ranges.
Only the client's CPU time (user and system) counts, all its threads included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from store_sink import OBJECT_BYTES, Sink  # noqa: E402

BUCKET = "bench"
AT_ONCE = 8
RANGE_BYTES = 64 * 1024
GIB = 1 << 30
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret"}
ELSEWHERE = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

CLIENTS = {
    "boto3": "boto3 as it comes",
    "boto3-configured": "boto3 as skylog sets it up",
    "obstore": "obstore as skylog sets it up",
}


class PlainBoto3:
    """boto3 with its defaults, on threads; path style is all that a server without DNS needs."""

    def __init__(self, endpoint: str) -> None:
        import boto3
        from botocore.config import Config

        config = Config(s3={"addressing_style": "path"}, max_pool_connections=AT_ONCE)
        self._client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
        self._pool = ThreadPoolExecutor(AT_ONCE)

    async def put(self, key: str, data: bytes) -> None:
        await self._run(lambda: self._client.put_object(Bucket=BUCKET, Key=key, Body=data))

    async def get(self, key: str) -> bytes:
        return await self.get_range(key, 0, OBJECT_BYTES)

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        wanted = f"bytes={position}-{position + size - 1}"
        return await self._run(lambda: self._read(key, wanted))

    def _read(self, key: str, wanted: str) -> bytes:
        with closing(self._client.get_object(Bucket=BUCKET, Key=key, Range=wanted)["Body"]) as body:
            data: bytes = body.read()
        return data

    async def _run(self, call: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def build(name: str, endpoint: str) -> Any:
    """Return a client by name; ours without the probe, which a sink would not pass."""
    if name == "boto3":
        return PlainBoto3(endpoint)
    from skylog.clock import SystemClock
    from skylog.storage.s3.boto import BotoStore
    from skylog.storage.s3.carrier import build_data_path
    from skylog.storage.s3.client import Access
    from skylog.storage.s3.url import parse_location

    url = f"s3://{BUCKET}?endpoint={endpoint}&region=us-east-1&connections={AT_ONCE}"
    access = Access(parse_location(url))
    if name == "obstore":
        return build_data_path(access, SystemClock())
    return BotoStore(access, ThreadPoolExecutor(AT_ONCE))


async def measure(request: Callable[[int], Awaitable[Any]], count: int) -> dict[str, float]:
    """Make `count` requests, 8 at a time, after as many to warm up as run at once."""
    await asyncio.gather(*(request(number) for number in range(AT_ONCE)))
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await request(number)

    cpu_s, wall_s = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return {"cpu_ms": cpu_s / count * 1000, "per_second": count / wall_s}


async def measure_all(name: str, endpoint: str, objects: int, ranges: int) -> dict[str, dict[str, float]]:
    """Measure one client in this process."""
    client = build(name, endpoint)
    data = os.urandom(OBJECT_BYTES)
    places = OBJECT_BYTES // RANGE_BYTES

    def put(number: int) -> Awaitable[Any]:
        return client.put(f"object-{number % 16}", data)

    def get(number: int) -> Awaitable[Any]:
        return client.get(f"object-{number % 8}")

    def get_range(number: int) -> Awaitable[Any]:
        return client.get_range(f"object-{number % 8}", number % places * RANGE_BYTES, RANGE_BYTES)

    return {
        "put": await measure(put, objects),
        "get": await measure(get, objects),
        "range": await measure(get_range, ranges),
    }


def run(name: str, endpoint: str, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Measure one client in a process of its own."""
    command = [sys.executable, __file__, "--client", name, "--endpoint", endpoint]
    command += ["--objects", str(options.objects), "--ranges", str(options.ranges)]
    environment = {**os.environ, **KEYS, **ELSEWHERE}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def report(results: dict[str, list[dict[str, dict[str, float]]]], server: str) -> None:
    """Print the table of docs/performance.md."""
    print(f"client CPU against {server}, 8 requests at a time, median (range)\n")
    print(
        "| client | PUT 8 MiB, CPU s/GiB | GET 8 MiB, CPU s/GiB | GET 64 KiB, CPU ms | PUT/s | GET 64 KiB/s |"
    )
    print("|---|---|---|---|---|---|")
    per_gib = GIB / OBJECT_BYTES / 1000
    for name, rounds in results.items():
        cells = [
            spread([figures["put"]["cpu_ms"] * per_gib for figures in rounds]),
            spread([figures["get"]["cpu_ms"] * per_gib for figures in rounds]),
            spread([figures["range"]["cpu_ms"] for figures in rounds]),
            f"{statistics.median(figures['put']['per_second'] for figures in rounds):.0f}",
            f"{statistics.median(figures['range']['per_second'] for figures in rounds):.0f}",
        ]
        print(f"| {CLIENTS[name]} | {' | '.join(cells)} |")


def spread(values: list[float]) -> str:
    """Return the median with its range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def compare(options: argparse.Namespace) -> None:
    """Run all clients in turns."""
    with ExitStack() as stack:
        if options.seaweedfs:
            from stores.seaweed import SeaweedFS

            directory = stack.enter_context(tempfile.TemporaryDirectory())
            server = stack.enter_context(SeaweedFS(Path(directory))).endpoint
            server.create_bucket(BUCKET)
            endpoint, named = server.url, "SeaweedFS on the same 2 cores"
        else:
            endpoint, named = stack.enter_context(Sink()).endpoint, "a sink"
        results: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in CLIENTS}
        for _ in range(options.rounds):
            for name, rounds in results.items():
                rounds.append(run(name, endpoint, options))
    report(results, named)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seaweedfs", action="store_true", help="against a real server")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--objects", type=int, default=64, help="PUTs and GETs of 8 MiB")
    parser.add_argument("--ranges", type=int, default=1000, help="GETs of 64 KiB")
    parser.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client is None:
        compare(options)
    else:
        work = measure_all(options.client, options.endpoint, options.objects, options.ranges)
        print(json.dumps(asyncio.run(work)))


if __name__ == "__main__":
    main()
