"""``skylog demo``."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from skylog.cli.console import console, format_bytes
from skylog.cli.demo import traffic
from skylog.cli.demo.process import BrokerProcess
from skylog.cli.demo.workload import Workload
from skylog.errors import SkylogError, Unavailable
from skylog.storage.keys import SEGMENT_PREFIX
from skylog.storage.metered import StoreUsage
from skylog.storage.open import open_store

TOPIC = "demo"
SLOW_TOPIC = "demo-latency"
SLOW_RECORDS = 100
SLOW_PAUSE_S = 0.02
MEMBERS = 2


def demo(
    records: Annotated[int, typer.Option(min=1, help="How many records of 1,000 bytes.")] = 200_000,
    partitions: Annotated[int, typer.Option(min=1, max=1000, help="Of the topic.")] = 6,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the broker running until Ctrl-C, and its data for good.")
    ] = False,
) -> None:
    """Start a broker, send records through it, check every one that comes back, show figures.

    The broker runs on the embedded default (a directory and SQLite) with fresh
    data, on a free port. The exit code is 0 only if every record came back as it
    was sent, once, in order.

    [bold]Examples[/bold]

    skylog demo

    skylog demo --records 1000000 --partitions 24

    skylog demo --keep
    """
    traffic.require_client()
    directory = Path(tempfile.mkdtemp(prefix="skylog-demo-"))
    try:
        with _ending_on_sigterm():
            faults = _run(console(), directory, Workload(TOPIC, records, partitions), keep)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    raise typer.Exit(1 if faults else 0)


@dataclass(frozen=True, slots=True)
class _Figures:
    slow_ms: array[float]
    produced: traffic.Produced
    consumed: traffic.Consumed
    usage: StoreUsage
    sizes: list[int]


def _run(out: Console, directory: Path, workload: Workload, keep: bool) -> list[str]:
    with BrokerProcess(directory) as broker:
        out.print(
            f"a broker listens on [bold]{broker.bootstrap}[/bold], its data in {escape(str(directory))}"
        )
        try:
            figures = _measure(out, broker, workload)
        except SkylogError:
            raise
        except Exception as error:
            # Whatever a foreign client library raises, it comes down to one line.
            raise Unavailable(f"the client gave up: {error}") from error
        _show(out, workload, figures)
        if keep:
            _linger(out, broker)
    if not keep:
        out.print(
            "\nTo use it: [bold]skylog serve[/bold], and any Kafka client at bootstrap.servers=127.0.0.1:9092"
        )
    return figures.consumed.check.faults


def _measure(out: Console, broker: BrokerProcess, workload: Workload) -> _Figures:
    for topic, partitions in ((workload.topic, workload.partitions), (SLOW_TOPIC, 1)):
        traffic.create_topic(broker.bootstrap, topic, partitions)
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:

        def bar(text: str, total: int) -> traffic.Progress:
            task = progress.add_task(text, total=total)

            def update(done: int) -> None:
                broker.require_running()
                progress.update(task, completed=done)

            return update

        slow = traffic.produce_slowly(
            broker.bootstrap,
            SLOW_TOPIC,
            SLOW_RECORDS,
            SLOW_PAUSE_S,
            bar("one record at a time", SLOW_RECORDS),
        )
        produced = traffic.produce_all(
            broker.bootstrap, workload, SLOW_TOPIC, bar("produce", workload.records)
        )
        consumed = traffic.consume_all(
            broker.bootstrap, workload, MEMBERS, bar(f"consume, group of {MEMBERS}", workload.records)
        )
    return _Figures(slow, produced, consumed, broker.usage(), asyncio.run(_object_sizes(broker.objects)))


async def _object_sizes(directory: Path) -> list[int]:
    store = open_store(f"file://{directory}")
    try:
        return [found.size async for found in store.list(SEGMENT_PREFIX)]
    finally:
        await store.close()


def _show(out: Console, workload: Workload, figures: _Figures) -> None:
    check, usage = figures.consumed.check, figures.usage
    rows = [
        ("produced", _rate(workload, figures.produced.seconds)),
        ("consumed", f"{_rate(workload, figures.consumed.seconds)}, each record checked"),
        (
            "acknowledged, alone",
            f"{_latencies(figures.slow_ms)}  (one record at a time, {SLOW_RECORDS} of them)",
        ),
        (
            "acknowledged, loaded",
            f"{_latencies(figures.produced.latencies_ms)}  (flat out, the client's queue included)",
        ),
        (
            "objects",
            f"{len(figures.sizes):,} of {format_bytes(sum(figures.sizes))} in all, {usage.puts:,} PUTs, "
            f"{usage.gets:,} GETs",
        ),
    ]
    out.print()
    for name, text in rows:
        out.print(f"  [bold]{name:<22}[/bold]{text}")
    for fault in check.faults:
        out.print(f"  [bold red]fault[/bold red]                 {escape(fault)}")
    if not check.faults:
        again = f", {check.again:,} delivered again after a rebalance" if check.again else ""
        out.print(
            f"  [bold green]all right[/bold green]             {workload.records:,} records in "
            f"{workload.partitions} partitions: none missing, none doubled, in order, byte for byte{again}"
        )


def _linger(out: Console, broker: BrokerProcess) -> None:
    address = broker.bootstrap
    out.print(f"\nPoint any Kafka client at [bold]bootstrap.servers={address}[/bold], for instance")
    out.print(f"  kcat -b {address} -C -t {TOPIC} -o -5 -e")
    out.print("Ctrl-C stops the broker.")
    try:
        broker.wait()
    except KeyboardInterrupt:
        data = broker.directory / "data"
        out.print(f"\nstopped; go on with [bold]skylog serve --data {escape(str(data))}[/bold]")


def _rate(workload: Workload, seconds: float) -> str:
    seconds = max(seconds, 1e-6)
    return (
        f"{workload.records:,} records in {seconds:.2f} s: {workload.records / seconds:,.0f} records/s, "
        f"{format_bytes(workload.size / seconds)}/s"
    )


def _latencies(latencies_ms: array[float]) -> str:
    p50, p99 = (traffic.percentile(latencies_ms, percent) for percent in (50, 99))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, so that the broker is stopped too."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
