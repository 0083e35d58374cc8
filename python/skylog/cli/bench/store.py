"""``skylog bench store``."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.markup import escape

from skylog.bench.machine import describe_machine
from skylog.bench.sizes import MIB, parse_size, parse_sizes
from skylog.bench.store.advice import Demand, advise
from skylog.bench.store.plan import QUICK, Cell, Plan
from skylog.bench.store.prices import sheet_for
from skylog.bench.store.report import COLUMNS, OPTION_COLUMNS, Report
from skylog.bench.store.session import Outcome, measure
from skylog.cli.bench.output import INTERRUPTED, Html, Json, Shown, run, write_reports
from skylog.cli.console import console, table
from skylog.clock import SystemClock, SystemEntropy
from skylog.errors import InvalidConfig, Unavailable
from skylog.storage.metered import Metered
from skylog.storage.open import open_store
from skylog.storage.prices import load_prices


def store(
    url: Annotated[str, typer.Argument(metavar="URL", help="As for `skylog serve --store`.")],
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A small grid, about half a minute.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Of all requests together. Default: 120.")] = None,
    bytes_max: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Up and down together. Default: 8GiB.")
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(metavar="SIZE,…", help="Of objects and ranges. Default: 4KiB to 64MiB.")
    ] = None,
    concurrency: Annotated[
        str | None, typer.Option(metavar="N,…", help="Requests at a time. Default: 1,4,16,64.")
    ] = None,
    throughput: Annotated[float, typer.Option(min=0.001, help="MiB/s that the advice is for.")] = 10.0,
    retention_days: Annotated[float, typer.Option(min=0, help="Days kept, for the money.")] = 7.0,
    prices: Annotated[
        str | None,
        typer.Option(metavar="SHEET", help="aws, gcp, azure, none or a FILE.toml. Default: by the URL."),
    ] = None,
    json_file: Json = None,
    report: Html = None,
) -> None:
    """Measure what a store gives and say how to set a broker up on it: PUT, GET, ranged GET, LIST, DELETE.

    All objects lie below one random prefix of bench/ and are removed at the end, after Ctrl-C and errors too.
    Requests are made as they are, without the broker's retries and hedges, and cost what the store charges.

    [bold]Examples[/bold]

    skylog bench store file:///srv/skylog/objects --quick

    skylog bench store "s3://bucket/prefix?region=eu-central-1" --throughput 50 --report store.html

    skylog bench store "memory:?put_ms=100&put_p99_ms=400" --sizes 1MiB,8MiB --concurrency 1,8 --seconds 30
    """
    plan = _plan(quick, seconds, bytes_max, sizes, concurrency)
    sheet = load_prices(prices) if prices else sheet_for(url)
    clock, entropy = SystemClock(), SystemEntropy()
    metered, machine = Metered(open_store(url), clock), describe_machine(clock)
    with Shown(len(plan.cells()), "cells") as shown:

        def begin(cell: Cell | None, number: int, _: int) -> None:
            shown.update("removing objects" if cell is None else str(cell), number if cell else None)

        async def work(stop: asyncio.Event) -> Outcome:
            return await measure(plan, metered, stop, clock=clock, entropy=entropy, progress=begin)

        outcome = run(work)
    demand = Demand(throughput * MIB, retention_days)
    made = Report(outcome, metered.usage, sheet, advise(outcome.cells, demand, sheet), machine)
    _print_store(made)
    write_reports(json_file, report, made.to_json, made.to_html)
    if outcome.leftover:
        raise Unavailable(outcome.leftover)
    if outcome.stopped:
        raise typer.Exit(INTERRUPTED)


def _plan(
    quick: bool, seconds: float | None, bytes_max: str | None, sizes: str | None, concurrency: str | None
) -> Plan:
    base = QUICK if quick else Plan()
    wanted: dict[str, Any] = {}
    if seconds is not None:
        wanted["seconds"] = seconds
    if bytes_max is not None:
        wanted["bytes_max"] = parse_size(bytes_max, "--bytes-max")
    if sizes is not None:
        wanted["sizes"] = parse_sizes(sizes, "--sizes")
    if concurrency is not None:
        wanted["concurrencies"] = _numbers(concurrency)
    return replace(base, **wanted)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(each) for each in text.split(",")}))
    except ValueError:
        raise InvalidConfig(f"--concurrency: expected numbers such as 1,4,16, found {text!r}") from None


def _print_store(made: Report) -> None:
    out = console()
    out.print(table(COLUMNS, made.rows()))
    for note in made.notes():
        out.print(escape(note))
    if options := made.option_rows():
        out.print(table(OPTION_COLUMNS, options, title="By rate of PUTs"))
    for sentence in made.advice():
        out.print(escape(sentence))
