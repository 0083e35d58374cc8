"""``skylog bench log``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.markup import escape

from skylog.bench.log.plan import Plan, parse_rate
from skylog.bench.log.produce import Generator
from skylog.bench.log.report import COLUMNS, Report
from skylog.bench.log.session import Outcome, Session
from skylog.bench.machine import describe_machine
from skylog.bench.sizes import parse_size
from skylog.bulk.addresses import parse_bootstrap
from skylog.cli.bench.output import INTERRUPTED, Html, Json, Shown, run, write_reports
from skylog.cli.console import console, table
from skylog.clock import SystemClock, SystemEntropy
from skylog.errors import InvalidConfig, Unavailable

FINDING = 3
"""Exit code if records were lost, duplicated or reordered."""


def log(
    bootstrap: Annotated[str, typer.Argument(metavar="BOOTSTRAP", help="HOST:PORT of any Kafka broker.")],
    *,
    rate: Annotated[str, typer.Option(metavar="RATE", help="Records a second, or 10MiB/s.")] = "10MiB/s",
    record_bytes: Annotated[str, typer.Option(metavar="SIZE", help="Of a record's value.")] = "1KiB",
    partitions: Annotated[int, typer.Option("--partitions", "-p", help="Of the topic.")] = 16,
    fan_out: Annotated[int, typer.Option(help="Consumers, each of which reads everything.")] = 1,
    producers: Annotated[int, typer.Option(help="Connections that write.")] = 1,
    batch_bytes: Annotated[
        str, typer.Option(metavar="SIZE", help="Records for one partition before the next one's turn.")
    ] = "64KiB",
    linger_ms: Annotated[float, typer.Option(help="How often records that are due are sent.")] = 5.0,
    in_flight: Annotated[
        int | None,
        typer.Option(help="Requests of a producer without an answer. Default: 100, 5 with --idempotent."),
    ] = None,
    idempotent: Annotated[
        bool, typer.Option("--idempotent", help="Producers with an identity, as ordinary clients are.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="Measured.")] = 30.0,
    warm_up: Annotated[float, typer.Option(help="Seconds before that, not measured.")] = 5.0,
    bytes_max: Annotated[str, typer.Option(metavar="SIZE", help="Produced at most.")] = "32GiB",
    broker_pid: Annotated[
        int | None, typer.Option(metavar="PID", help="Account for its processor time too.")
    ] = None,
    json_file: Json = None,
    report: Html = None,
) -> None:
    """Measure the whole way of records at a given rate: produced, acknowledged, fetched, read.

    Records are due at even intervals whether or not the broker keeps up, and their latency counts from then.
    Each carries its moment and its number: what is lost, doubled or out of order is found, and ends the
    command with exit code 3. The topic is the bench's own and is deleted at the end, after Ctrl-C too.

    [bold]Examples[/bold]

    skylog bench log 127.0.0.1:9092

    skylog bench log broker:9092 --rate 50MiB/s --partitions 64 --fan-out 3 --seconds 60 --report log.html

    skylog bench log 127.0.0.1:9092 --rate 500 --record-bytes 100 --idempotent --broker-pid $(pgrep -n skylog)
    """
    _check_bootstrap(bootstrap)
    size = parse_size(record_bytes, "--record-bytes")
    plan = Plan(
        rate=parse_rate(rate, size),
        record_bytes=size,
        partitions=partitions,
        producers=producers,
        fan_out=fan_out,
        batch_bytes=max(size, parse_size(batch_bytes, "--batch-bytes")),
        linger_ms=linger_ms,
        in_flight=in_flight or (5 if idempotent else 100),
        idempotent=idempotent,
        seconds=seconds,
        warm_up_seconds=warm_up,
        bytes_max=parse_size(bytes_max, "--bytes-max"),
    )
    clock, entropy = SystemClock(), SystemEntropy()
    machine = describe_machine(clock)
    with Shown(seconds + warm_up, "s") as shown:

        def show(what: str, elapsed: float, generator: Generator | None) -> None:
            latency = f", p99 {generator.latency.quantile(0.99):,.0f} ms" if generator else ""
            shown.update(what + latency, min(elapsed, seconds + warm_up) if generator else None)

        async def work(stop: asyncio.Event) -> Outcome:
            session = Session(
                bootstrap, plan, stop, clock=clock, entropy=entropy, progress=show, broker_pid=broker_pid
            )
            return await session.run()

        outcome = run(work)
    made = Report(outcome, machine)
    _print(made)
    write_reports(json_file, report, made.to_json, made.to_html)
    _end(outcome)


def _check_bootstrap(bootstrap: str) -> None:
    try:
        parse_bootstrap(bootstrap)
    except ValueError as error:
        raise InvalidConfig(str(error)) from None


def _print(made: Report) -> None:
    out = console()
    out.print(table(COLUMNS, made.rows()))
    for note in made.notes():
        out.print(escape(note))


def _end(outcome: Outcome) -> None:
    if outcome.leftover:
        raise Unavailable(outcome.leftover)
    if outcome.findings:
        raise typer.Exit(FINDING)
    if outcome.stopped:
        raise typer.Exit(INTERRUPTED)
